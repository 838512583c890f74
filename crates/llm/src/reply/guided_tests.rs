//! Tests of replies that are held to a grammar, of a whole model: with seeds, stop texts and limits, beside
//! thoughts, and for a voice.

use candle_core::quantized::GgmlDType;
use serde_json::{Value, json};

use super::*;
use crate::ToolUse;
use crate::dialogue::tools::Tool;
use crate::test_model::{TestModel, options};
use crate::{Form, Guide, LlmEngine, load};

fn engine() -> LlmEngine {
    let (_folder, path) = TestModel::phi3(GgmlDType::Q8_0).write();
    load(&options(&path)).unwrap()
}

fn small() -> Form {
    let field = json!({"enum": ["red", "green", "blue", "violet"]});
    Form::Schema(json!({"type": "object", "properties": {"first": field, "second": field},
        "required": ["first", "second"]}))
}

fn tools(required: bool) -> Form {
    let parameters = json!({"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]});
    let tool = Tool { name: "pick_one".to_owned(), description: None, parameters, own: None };
    Form::Tools(vec![tool], ToolUse { required, parallel: false })
}

fn hot(guide: &Guide, seed: u64) -> Sampling {
    let guide = Some(guide.clone());
    Sampling { max_tokens: 200, temperature: 1.5, seed, guide, ..Sampling::default() }
}

fn said(engine: &LlmEngine, sampling: &Sampling) -> (String, StopReason) {
    let mut reply = engine.continuation("hello world", sampling).unwrap();
    let mut all = String::new();
    loop {
        match reply.step().unwrap() {
            Step::Prefilled => {}
            Step::Text(text) => all.push_str(&text),
            Step::Done(reason) => return (all, reason),
        }
    }
}

#[test]
fn a_reply_fits_its_schema_whatever_the_seed_and_is_the_same_with_the_same_seed() {
    let engine = engine();
    let guide = engine.guides().make(&small()).unwrap();
    let all: Vec<String> = (0..6)
        .map(|seed| {
            let (text, reason) = said(&engine, &hot(&guide, seed));
            assert_eq!(reason, StopReason::EndOfText, "{text}");
            assert_eq!(said(&engine, &hot(&guide, seed)).0, text);
            text
        })
        .collect();
    for text in &all {
        let value: Value = serde_json::from_str(text).unwrap();
        let color = |name: &str| ["red", "green", "blue", "violet"].contains(&value[name].as_str().unwrap());
        assert!(color("first") && color("second") && value.as_object().unwrap().len() == 2, "{text}");
    }
    assert!(all.iter().any(|text| *text != all[0]), "the seed changes nothing");
}

#[test]
fn a_limit_and_a_stop_text_end_a_reply_that_is_held_to_a_schema() {
    let engine = engine();
    let guide = engine.guides().make(&small()).unwrap();
    let (whole, _) = said(&engine, &hot(&guide, 3));
    let (cut, reason) = said(&engine, &Sampling { max_tokens: 5, ..hot(&guide, 3) });
    assert_eq!(reason, StopReason::Length);
    assert!(whole.starts_with(&cut) && cut.len() < whole.len(), "{cut} of {whole}");
    let stop = Sampling { stop: vec!["second".to_owned()], ..hot(&guide, 3) };
    let (cut, reason) = said(&engine, &stop);
    assert_eq!((cut.as_str(), reason), (whole.split("second").next().unwrap(), StopReason::EndOfText));
}

#[test]
fn a_reply_that_must_call_a_tool_does_and_nothing_else() {
    let engine = engine();
    let guide = engine.guides().make(&tools(true)).unwrap();
    let (text, reason) = said(&engine, &hot(&guide, 1));
    assert_eq!(reason, StopReason::EndOfText);
    let expected = "<tool_call>\n{\"name\": \"pick_one\", \"arguments\": ";
    assert!(text.starts_with(expected) && text.ends_with("}\n</tool_call>"), "{text}");
}

#[test]
fn words_for_a_voice_have_no_markup_before_a_call_and_a_call_can_begin_all_the_same() {
    let engine = engine();
    let guide = engine.guides().make(&tools(false)).unwrap();
    let has_markup = |text: &str| text.contains(['*', '#', '`', '_', '~', '|']);
    let all = |speakable: bool| -> String {
        let sampling = |seed| Sampling { max_tokens: 60, temperature: 2.0, speakable, ..hot(&guide, seed) };
        (0..4).map(|seed| said(&engine, &sampling(seed)).0).collect()
    };
    assert!(has_markup(&all(false)) && !has_markup(&all(true)));

    // The mark has a sign that words must not have.
    let vocabulary = &engine.shared().vocabulary;
    let mut guided = guide.begin(true);
    let call = "Well. <tool_call>\n{\"name\": \"pick_one\", \"arguments\": {\"n\": 2}}\n</tool_call>";
    for byte in call.bytes() {
        let token = vocabulary.byte(byte).unwrap();
        let mut logits = vec![0.0; vocabulary.len()];
        guided.mask(&mut logits).unwrap();
        assert_eq!(logits[token as usize], 0.0, "{:?}", char::from(byte));
        guided.take(token, &char::from(byte).to_string()).unwrap();
    }
    assert!(guided.is_complete());
}

/// Fault: a schema that cannot be held was compiled again with each answer that was asked for.
#[test]
fn a_form_that_was_refused_is_refused_again_without_being_compiled() {
    let engine = engine();
    let bad = Form::Schema(json!({"type": "string", "pattern": "(?=a)"}));
    let first = engine.guides().make(&bad).map(drop).unwrap_err();
    assert!(engine.guides().knows_as_refused(&bad));
    assert_eq!(engine.clone().guides().make(&bad).map(drop).unwrap_err(), first);
    for length in 0..40 {
        let other = Form::Schema(json!({"type": "string", "pattern": format!("(?=a{{{length}}})")}));
        engine.guides().make(&other).map(drop).unwrap_err();
    }
    assert!(!engine.guides().knows_as_refused(&bad), "the oldest are forgotten");
}

#[test]
fn a_grammar_is_made_once_and_holds_replies_of_its_own_model_only() {
    let (engine, other) = (engine(), engine());
    let guide = engine.guides().make(&small()).unwrap();
    assert_eq!(engine.clone().guides().make(&small()).unwrap(), guide);
    let Form::Schema(schema) = small() else { panic!() };
    let turned = json!({"type": "object", "properties": {"second": schema["properties"]["second"],
        "first": schema["properties"]["first"]}, "required": ["first", "second"]});
    assert_ne!(engine.guides().make(&Form::Schema(turned)).unwrap(), guide, "the order of fields counts");
    for _ in 0..2 {
        let refused = other.continuation("hello", &hot(&guide, 1)).map(drop).unwrap_err();
        assert!(refused.to_string().contains("another model"), "{refused}");
        other.guides().make(&small()).unwrap();
    }
}
