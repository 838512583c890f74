//! Tests of replies that think. A model whose greedy tokens are known is written once more, with two of these
//! tokens named as the marks of a thought.

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;

use super::*;
use crate::test_model::{TestModel, options};
use crate::{LlmEngine, LlmOptions, load};

const TOKENS: usize = 24;

fn engine_of(model: &TestModel, thinking: bool) -> LlmEngine {
    let (_folder, path) = model.write();
    load(&LlmOptions { thinking, ..options(&path) }).unwrap()
}

/// A reply, the text that it gave out, and the tokens that it chose.
/// There is no penalty for repeats: it looks at what was said, of which a thought is no part.
fn replied(engine: &LlmEngine) -> (Reply, String, Vec<u32>) {
    let sampling = Sampling { max_tokens: TOKENS, ..Sampling::default() };
    let mut reply = engine.continuation("hello world", &sampling).unwrap();
    let (mut text, mut tokens) = (String::new(), Vec::new());
    loop {
        match reply.step().unwrap() {
            Step::Prefilled => {}
            Step::Text(piece) => text.push_str(&piece),
            Step::Done(_) => return (reply, text, tokens),
        }
        if let State::Following(token) = reply.state {
            tokens.push(token);
        }
    }
}

/// The model with these tokens named as the marks of a thought.
fn with_marks(mut model: TestModel, marks: [(u32, &str); 2]) -> TestModel {
    for (id, text) in marks {
        for (key, value) in [
            ("tokenizer.ggml.tokens", Value::String(text.to_owned())),
            ("tokenizer.ggml.token_type", Value::I32(4)),
        ] {
            let Some(Value::Array(all)) = model.metadata.get_mut(key) else { panic!("{key}") };
            all[id as usize] = value;
        }
    }
    model
}

/// Two tokens that were chosen once each, with others between and after them.
fn once(tokens: &[u32]) -> (usize, usize) {
    let single = |at: &usize| tokens.iter().filter(|token| **token == tokens[*at]).count() == 1;
    let all: Vec<usize> = (1..tokens.len() - 2).filter(single).collect();
    let first = all[0];
    let second = *all.iter().find(|at| **at > first + 2).expect("enough tokens that differ");
    (first, second)
}

#[test]
fn a_thought_is_neither_given_out_nor_part_of_what_was_said() {
    let model = || TestModel::phi3(GgmlDType::Q8_0);
    let (_, _, tokens) = replied(&engine_of(&model(), true));
    let (open, close) = once(&tokens);
    let marked = with_marks(model(), [(tokens[open], "<think>"), (tokens[close], "</think>")]);
    let engine = engine_of(&marked, true);
    let (reply, text, same) = replied(&engine);
    assert_eq!(same, tokens, "only the names of two tokens changed");

    let mut decoder = Detokenizer::continuing();
    let mut texts = |range: std::ops::Range<usize>| -> String {
        tokens[range].iter().map(|token| decoder.push(&engine.shared().vocabulary, *token)).collect()
    };
    let before = texts(0..open);
    let thought = texts(open + 1..close);
    let after = texts(close + 1..tokens.len());
    assert!(!thought.is_empty());
    assert!(text.starts_with(&before) && text.len() >= before.len() + after.trim_start().len(), "{text:?}");
    assert!(
        text[before.len()..].starts_with(after.trim_start()),
        "{before:?} {thought:?} {after:?} {text:?}"
    );
    // The last token ends the reply and is not followed.
    let said = &reply.spoken.tokens;
    let expected: Vec<u32> = [&tokens[..open], &tokens[close + 1..]].concat();
    assert!(said.starts_with(&expected) && said.len() <= expected.len() + 1, "{said:?} {expected:?}");
}

#[test]
fn a_model_that_is_not_to_think_never_chooses_the_mark_of_a_thought() {
    let model = || TestModel::phi3(GgmlDType::Q8_0);
    let (_, _, tokens) = replied(&engine_of(&model(), true));
    let (open, close) = once(&tokens);
    let marked = with_marks(model(), [(tokens[open], "<think>"), (tokens[close], "</think>")]);
    let (_, _, others) = replied(&engine_of(&marked, false));
    assert_eq!(others[..open], tokens[..open]);
    assert!(!others.contains(&tokens[open]) && !others.contains(&tokens[close]), "{others:?}");
}
