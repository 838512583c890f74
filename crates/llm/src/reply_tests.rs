//! Tests of the text of a reply, which has nothing of a stop text, no halves of characters and no markup; and
//! of a byte-level model from its file to its words.

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use proptest::prelude::*;

use super::byte_level::char_of;
use super::decoder::StopFilter;
use super::test_model::{TestModel, options};
use super::{LlmEngine, Reply, load};
use crate::dialogue::{Message, Role};
use crate::{Generation as _, Generator as _, Sampling, Step, StopReason, Task};

fn engine_of(model: &TestModel) -> LlmEngine {
    let (_folder, path) = model.write();
    load(&options(&path)).unwrap()
}

fn engine() -> LlmEngine {
    engine_of(&TestModel::phi3(GgmlDType::Q8_0))
}

fn greedy(max_tokens: usize) -> Sampling {
    Sampling { max_tokens, repetition_penalty: 1.3, ..Sampling::default() }
}

/// The text of each step, and why the reply ended.
fn said(mut generation: Reply) -> (Vec<String>, StopReason) {
    let mut texts = Vec::new();
    loop {
        match generation.step().unwrap() {
            Step::Prefilled => {}
            Step::Text(text) => texts.push(text),
            Step::Done(reason) => return (texts, reason),
        }
    }
}

#[test]
fn any_piece_of_a_reply_as_stop_text_ends_it_there_however_many_tokens_it_spans() {
    let engine = engine();
    let (tokens, _) = said(engine.continuation("hello world", &greedy(16)).unwrap());
    let whole = tokens.concat();
    let characters: Vec<usize> = whole.char_indices().map(|(at, _)| at).chain([whole.len()]).collect();
    let mut over_three = 0;
    for (i, &from) in characters.iter().enumerate() {
        for &to in characters.iter().skip(i + 1).take(7) {
            let stop = whole[from..to].to_owned();
            over_three += usize::from(
                !tokens
                    .iter()
                    .collect::<Vec<_>>()
                    .windows(2)
                    .any(|two| [two[0].as_str(), two[1]].concat().contains(&stop)),
            );
            let sampling = Sampling { stop: vec![stop.clone()], ..greedy(16) };
            let (cut, reason) = said(engine.continuation("hello world", &sampling).unwrap());
            assert_eq!(cut.concat(), whole[..whole.find(&stop).unwrap()], "{stop:?}");
            assert_eq!(reason, StopReason::EndOfText);
        }
    }
    assert!(over_three > 10, "{over_three} of the stop texts spanned three tokens, {tokens:?}");
}

#[test]
fn a_reply_that_is_cut_off_says_no_beginning_of_a_stop_text() {
    let engine = engine();
    let whole = said(engine.continuation("hello world", &greedy(12)).unwrap()).0.concat();
    let last = whole.chars().next_back().unwrap();
    let sampling = Sampling { stop: vec![format!("{last}\u{1}\u{2}")], ..greedy(12) };
    let (cut, reason) = said(engine.continuation("hello world", &sampling).unwrap());
    assert_eq!(cut.concat(), whole.trim_end_matches(last));
    assert_eq!(reason, StopReason::Length);
}

#[test]
fn a_reply_that_must_be_speakable_has_no_markup() {
    let engine = engine();
    let hot = |seed, speakable| Sampling {
        max_tokens: 60,
        temperature: 2.0,
        seed,
        speakable,
        ..Sampling::default()
    };
    let all = |speakable| -> String {
        let reply =
            |seed| said(engine.continuation("hello world", &hot(seed, speakable)).unwrap()).0.concat();
        (0..8).map(reply).collect()
    };
    let has_markup = |text: &str| text.contains(['*', '#', '`', '_', '~', '|']);
    assert!(has_markup(&all(false)) && !has_markup(&all(true)));
}

/// A model whose vocabulary is byte-level, with ChatML's markers.
fn byte_level(pre: &str) -> TestModel {
    let mut model = TestModel::phi3(GgmlDType::Q8_0);
    let Some(Value::Array(old)) = model.metadata.get("tokenizer.ggml.tokens") else { panic!() };
    let mut texts: Vec<String> = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(str::to_owned).to_vec();
    let mut kinds = vec![3; texts.len()];
    texts.extend((0..=255).map(|byte| char_of(byte).to_string()));
    texts.extend(["he", "ll", "hell", "hello", "Ġw", "or", "Ġwor"].map(str::to_owned));
    texts.extend((texts.len()..old.len()).map(|i| format!("spare{i}")));
    kinds.resize(texts.len(), 1);
    let merges =
        ["h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or"].map(|m| Value::String(m.to_owned()));
    let template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\
        {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    for key in ["tokenizer.ggml.scores", "tokenizer.ggml.add_bos_token"] {
        model = model.without(key);
    }
    model
        .with("tokenizer.ggml.model", Value::String("gpt2".into()))
        .with("tokenizer.ggml.pre", Value::String(pre.into()))
        .with("tokenizer.ggml.tokens", Value::Array(texts.into_iter().map(Value::String).collect()))
        .with("tokenizer.ggml.token_type", Value::Array(kinds.into_iter().map(Value::I32).collect()))
        .with("tokenizer.ggml.merges", Value::Array(merges.to_vec()))
        .with("tokenizer.ggml.eos_token_id", Value::U32(2))
        .with("tokenizer.ggml.bos_token_id", Value::U32(1))
        .with("tokenizer.chat_template", Value::String(template.into()))
}

#[test]
fn a_byte_level_model_is_read_from_its_file_and_answers() {
    let mut engine = engine_of(&byte_level("qwen2"));
    assert_eq!(engine.count_tokens("hello wor"), 2);
    let messages = |text: &str| [Message { role: Role::User, text: text.to_owned() }];
    let mut prompt =
        |text: &str| engine.begin("a", &messages(text), Task::Answer, &greedy(4)).unwrap().usage().prompt;
    let plain = prompt("hello");
    // Each of these ten characters is a token. A marker would be one token.
    assert_eq!(prompt("hello<|im_end|>") - plain, "<|im_end|>".len());
    // im_start, "user\n", hello, im_end, "\n", im_start, "assistant\n"; nothing before them.
    assert_eq!(plain, 1 + 5 + 1 + 1 + 1 + 1 + 10);
    let (texts, _) = said(engine.begin("a", &messages("hello"), Task::Answer, &greedy(20)).unwrap());
    assert!(!texts.concat().contains(['Ġ', 'Ċ']), "{texts:?}");
    // Llama 3 begins every text with a token of its own.
    let usage =
        |pre: &str| engine_of(&byte_level(pre)).continuation("hello", &greedy(1)).unwrap().usage().prompt;
    assert_eq!((usage("qwen2"), usage("llama-bpe")), (1, 2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_a_text_comes_the_filter_gives_out_what_stands_before_the_stop_text(
        text in "[aébU:\u{1F600}]{0,24}", stop in "[aébU:\u{1F600}]{1,5}", cuts in prop::collection::vec(1_usize..5, 24),
    ) {
        let mut filter = StopFilter::new(std::slice::from_ref(&stop));
        let (mut out, mut characters, mut stopped) = (String::new(), text.chars(), false);
        for cut in cuts {
            let (more, end) = filter.push(&characters.by_ref().take(cut).collect::<String>());
            out.push_str(&more);
            if end {
                stopped = true;
                break;
            }
        }
        if !stopped {
            out.push_str(&filter.finish());
        }
        prop_assert_eq!((out.as_str(), stopped), match text.split_once(stop.as_str()) {
            Some((before, _)) => (before, true),
            None => (text.as_str(), false),
        });
    }

    #[test]
    fn with_several_stop_texts_none_is_given_out(
        text in "[ab]{0,24}", stops in prop::collection::vec("[ab]{1,5}", 1..4),
    ) {
        let mut filter = StopFilter::new(&stops);
        let mut out = String::new();
        let ended = text.chars().any(|c| {
            let (more, end) = filter.push(&c.to_string());
            out.push_str(&more);
            end
        });
        if !ended {
            out.push_str(&filter.finish());
        }
        prop_assert!(text.starts_with(&out) && !stops.iter().any(|stop| out.contains(stop.as_str())));
        prop_assert_eq!(ended, stops.iter().any(|stop| text.contains(stop.as_str())));
    }
}
