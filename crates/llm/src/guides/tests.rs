//! Tests of grammars over whole vocabularies: what random logits write under them, what is refused, and how
//! long a mask takes.
#![expect(clippy::disallowed_methods, reason = "measures how long schemas take")]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::architecture::Architecture;
use super::super::test_model::Random;
use super::super::vocabulary::{Kind, Piece};
use super::*;
use crate::dialogue::tools::{CallReader, MOST_CALLS, Said};

/// Bytes, an end, and pieces that cross the borders of signs.
fn vocabulary(more: impl IntoIterator<Item = String>) -> Vocabulary {
    let piece = |text: String, kind| Piece { text, score: 0.0, kind };
    let mut pieces = vec![piece("</s>".into(), Kind::Control), piece("<|user|>".into(), Kind::Control)];
    pieces.extend((0..=255_u8).map(|byte| piece(format!("<0x{byte:02X}>"), Kind::Byte(byte))));
    let words =
        ["{\"", "\": ", "\", \"", "\"}", "}}", "\": {\"", "true", "12", "a name", "<tool", "_call>", "\n{\""];
    pieces.extend(words.map(|word| piece(word.replace(' ', "\u{2581}"), Kind::Normal)));
    pieces.extend(more.into_iter().map(|word| piece(word, Kind::Normal)));
    let mut vocabulary = Vocabulary::new(pieces, Architecture::Llama);
    vocabulary.end = Some(0);
    vocabulary
}

/// What random logits write, up to so many tokens. Signs are likelier the longer it takes, so that it ends.
fn written(vocabulary: &Vocabulary, guide: &Guide, seed: u64, most: usize) -> (String, bool) {
    let (mut random, mut guided, mut bytes) = (Random(seed | 1), guide.begin(false), Vec::new());
    let all = u32::try_from(vocabulary.len()).unwrap();
    let signs: Vec<f32> = (0..all)
        .map(|id| f32::from(u8::from(vocabulary.bytes_of(id).iter().all(|byte| b"\"}],".contains(byte)))))
        .collect();
    for step in 0..most {
        let weight = step as f32 / 20.0;
        let mut logits: Vec<f32> = signs.iter().map(|sign| random.next() + sign * weight).collect();
        guided.mask(&mut logits).unwrap();
        let best = (0..all).max_by(|a, b| logits[*a as usize].total_cmp(&logits[*b as usize])).unwrap();
        assert!(logits[best as usize] > f32::NEG_INFINITY);
        if vocabulary.ends_reply(best) {
            return (String::from_utf8(bytes).unwrap(), true);
        }
        guided.take(best, "").unwrap();
        bytes.extend(vocabulary.bytes_of(best));
        if guided.is_complete() {
            return (String::from_utf8(bytes).unwrap(), true);
        }
    }
    (String::from_utf8_lossy(&bytes).into_owned(), false)
}

/// Whether a value fits a schema of the small family below.
fn fits(value: &Value, schema: &Value) -> bool {
    if let Some(choices) = schema.get("enum") {
        return choices.as_array().unwrap().contains(value);
    }
    match schema["type"].as_str().unwrap() {
        "boolean" => value.is_boolean(),
        "string" => value.as_str().is_some_and(|text| text.chars().count() <= 5),
        // Minus zero is an integer, too.
        "integer" => {
            value.as_f64().is_some_and(|number| number.fract() == 0.0 && (-3.0..=120.0).contains(&number))
        }
        "array" => value
            .as_array()
            .is_some_and(|items| items.len() <= 3 && items.iter().all(|item| fits(item, &schema["items"]))),
        _ => value.as_object().is_some_and(|fields| {
            let properties = schema["properties"].as_object().unwrap();
            fields.len() == properties.len()
                && fields.iter().all(|(name, field)| properties.get(name).is_some_and(|of| fits(field, of)))
        }),
    }
}

fn schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "boolean"})),
        Just(json!({"type": "string", "maxLength": 5})),
        Just(json!({"type": "integer", "minimum": -3, "maximum": 120})),
        Just(json!({"enum": ["red", "a \"name\"", 4, null]})),
    ];
    let any = leaf.prop_recursive(3, 12, 4, |inner| {
        let fields = prop::collection::btree_map("[a-c \"é]{1,3}", inner.clone(), 1..4);
        prop_oneof![
            inner.prop_map(|items| json!({"type": "array", "items": items, "maxItems": 3})),
            fields.prop_map(|fields| {
                let required: Vec<&String> = fields.keys().collect();
                json!({"type": "object", "properties": fields, "required": required,
                    "additionalProperties": false})
            }),
        ]
    });
    prop::collection::btree_map("[a-z]{1,4}", any, 1..4).prop_map(|fields| {
        let required: Vec<&String> = fields.keys().collect();
        json!({"type": "object", "properties": fields, "required": required})
    })
}

fn tool(name: &str, parameters: Value) -> Tool {
    Tool { name: name.to_owned(), description: None, parameters, own: None }
}

/// The whole calls in a reply that is calls.
fn calls(text: &str) -> Vec<(String, String)> {
    let (mut reader, mut calls, mut whole) = (CallReader::default(), Vec::new(), 0);
    for part in reader.push(text) {
        match part {
            Said::Text(_) => panic!("{part:?} in {text}"),
            Said::Call(name) => calls.push((name, String::new())),
            Said::Arguments(more) => calls.last_mut().unwrap().1.push_str(&more),
            Said::End => whole += 1,
        }
    }
    calls.truncate(whole);
    calls
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_the_logits_are_a_reply_is_json_that_fits_its_schema(schema in schemas(), seed in any::<u64>()) {
        let vocabulary = vocabulary([]);
        let maker = Maker::new(&vocabulary, &[]).unwrap();
        let guide = maker.make(&Form::Schema(schema.clone())).unwrap();
        let (text, whole) = written(&vocabulary, &guide, seed, 3000);
        prop_assert!(whole, "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        prop_assert!(fits(&value, &schema), "{text} of {schema}");
    }

    #[test]
    fn whatever_the_logits_are_calls_are_of_tools_that_there_are_with_arguments_that_fit(
        schema in schemas(), parallel in any::<bool>(), seed in any::<u64>(),
    ) {
        let vocabulary = vocabulary([]);
        let maker = Maker::new(&vocabulary, &[]).unwrap();
        let tools = vec![tool("book", schema.clone()), tool("b_2", json!({"type": "object"})),
            tool("none", json!({"type": "object", "properties": {}}))];
        let wanted = ToolUse { required: true, parallel };
        let guide = maker.make(&Form::Tools(tools, wanted)).unwrap();
        let (text, whole) = written(&vocabulary, &guide, seed, 6000);
        let calls = calls(&text);
        if whole {
            prop_assert!(!calls.is_empty() && calls.len() <= if parallel { MOST_CALLS } else { 1 }, "{text}");
        }
        for (name, arguments) in calls {
            let arguments: Value = serde_json::from_str(&arguments).unwrap();
            match name.as_str() {
                "book" => prop_assert!(fits(&arguments, &schema), "{text} of {schema}"),
                "b_2" => prop_assert!(arguments.is_object()),
                _ => prop_assert_eq!(arguments, json!({})),
            }
        }
    }
}

/// Whether a reply may be this text and end there.
fn allows(vocabulary: &Vocabulary, guide: &Guide, text: &str) -> bool {
    let mut guided = guide.begin(false);
    let byte = |byte: u8| vocabulary.byte(byte).unwrap();
    let fits = text.bytes().map(byte).all(|token| {
        let mut logits = vec![0.0; vocabulary.len()];
        !guided.is_complete()
            && guided.mask(&mut logits).is_ok()
            && logits[token as usize] == 0.0
            && guided.take(token, "").is_ok()
    });
    let mut logits = vec![0.0; vocabulary.len()];
    fits && (guided.is_complete() || guided.mask(&mut logits).is_ok() && logits[0] == 0.0)
}

#[test]
fn a_reply_that_may_call_tools_is_text_or_calls_and_after_the_mark_nothing_but_a_call() {
    let vocabulary = vocabulary([]);
    let maker = Maker::new(&vocabulary, &[]).unwrap();
    let parameters = json!({"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"],
        "$defs": {"n": {"type": "integer"}}});
    let call =
        |n: &str| format!("<tool_call>\n{{\"name\": \"f\", \"arguments\": {{\"n\": {n}}}}}\n</tool_call>");
    for (parallel, two) in [(false, false), (true, true)] {
        let wanted = ToolUse { required: false, parallel };
        let guide = maker.make(&Form::Tools(vec![tool("f", parameters.clone())], wanted)).unwrap();
        let allows = |text: &str| allows(&vocabulary, &guide, text);
        assert!(allows("We are open {until} six.\nAnd < then <tool> closed."));
        assert!(allows(&call("1")) && allows(&format!("Let me see.\n{}", call("-20"))));
        assert_eq!(allows(&format!("{}\n{}", call("1"), call("2"))), two);
        for wrong in [
            "<tool_call>",
            "<tool_call> no",
            &call("\"x\""),
            &call("1").replace("\"f\"", "\"g\""),
            &format!("{} and then", call("1")),
            &format!("Well: {}", &call("1")[..40]),
        ] {
            assert!(!allows(wrong), "{wrong}");
        }
    }
}

#[test]
fn properties_come_in_the_order_of_the_schema() {
    let vocabulary = vocabulary([]);
    let maker = Maker::new(&vocabulary, &[]).unwrap();
    let schema = r#"{"type": "object", "properties": {"z": {"type": "null"}, "a": {"type": "null"}},
        "required": ["z", "a"]}"#;
    let guide = maker.make(&Form::Schema(serde_json::from_str(schema).unwrap())).unwrap();
    assert!(allows(&vocabulary, &guide, r#"{"z": null, "a": null}"#));
    assert!(!allows(&vocabulary, &guide, r#"{"a": null, "z": null}"#));
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!({"type": "null"}), |inner, _| json!({"type": "array", "items": inner}))
}

#[test]
fn hostile_schemas_are_refused_in_words_or_held_to_and_take_no_longer_than_others() {
    let maker = Maker::new(&vocabulary([]), &[]).unwrap();
    let of = |pattern: String| json!({"type": "string", "pattern": pattern});
    let refused = [
        ("a loop", json!({"$ref": "#"})),
        (
            "a loop of two",
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        ),
        ("depth", nested(60)),
        ("size", json!({"type": "string", "description": "x".repeat(1 << 20)})),
        ("values", json!({"enum": (0..9000).collect::<Vec<_>>()})),
        ("a lookahead", of("(?=a)b".into())),
        ("a lookbehind", of("(?<!a)b".into())),
        ("a back reference", of(r"(a)\1".into())),
        ("no expression", of("(((".into())),
        ("a long expression", of("a?".repeat(1000))),
        ("another document", json!({"$ref": "https://example.com/schema"})),
        ("nowhere", json!({"$ref": "#/$defs/none"})),
        ("nothing", json!({"type": "string", "enum": []})),
        ("an unknown type", json!({"type": "letter"})),
        ("a negation", json!({"not": {"type": "null"}})),
        ("a count", json!({"type": "array", "minItems": 1_000_000_000_u64})),
    ];
    for (what, schema) in refused {
        let error = maker.make(&Form::Schema(schema)).map(|_| ()).expect_err(what);
        assert!((10..400).contains(&error.problem.len()), "{what}: {error}");
        assert!(
            !error.problem.contains(char::is_control) && !error.problem.contains("panic"),
            "{what}: {error}"
        );
    }
}

/// Schemas that are small to send and large to follow. They may be refused or not.
fn bombs() -> Vec<Value> {
    let of = |pattern: &str| json!({"type": "string", "pattern": pattern});
    let fields = |n: u32| json!({"properties": {format!("p{n}"): {"type": "null"}}});
    let choices = json!({"anyOf": (0..20).map(fields).collect::<Vec<_>>()});
    let next =
        |n: u32| json!({"type": "object", "properties": {"x": {"$ref": format!("#/$defs/d{}", n + 1)}}});
    let mut chain: serde_json::Map<String, Value> = (0..800).map(|n| (format!("d{n}"), next(n))).collect();
    chain.insert("d800".into(), json!({"type": "null"}));
    let aliases = (0..2000).map(|n| (format!("d{n}"), json!({"$ref": format!("#/$defs/d{}", n + 1)})));
    let mut aliases: serde_json::Map<String, Value> = aliases.collect();
    aliases.insert("d2000".into(), json!({"type": "null"}));
    vec![
        of("(a{1,1000}){1,1000}"),
        of("(.*a){400}"),
        of(&"a?".repeat(200)),
        of("(a|b|ab){9}(a?){100}a{100}"),
        of("^(([a-z])+.)+[A-Z]([a-z])+$"),
        of(r"(\p{L}{1,200}x){50}"),
        json!({"type": "array", "minItems": 9_999, "items": {"type": "array", "minItems": 9_999}}),
        json!({"type": "string", "minLength": 9_999}),
        json!({"type": "object", "minProperties": 9_999}),
        json!({"allOf": vec![choices; 12]}),
        json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": chain}),
        json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": aliases}),
        json!({"enum": (0..2000).map(|n| format!("{n:09}")).collect::<Vec<_>>()}),
        json!({"type": "object", "patternProperties": {"^(a|b)*a(a|b){12}$": {"type": "null"}}}),
    ]
}

#[test]
fn a_schema_that_is_a_bomb_takes_a_moment_and_then_is_refused_or_followed() {
    let vocabulary = vocabulary([]);
    let maker = Maker::new(&vocabulary, &[]).unwrap();
    for schema in bombs() {
        let began = Instant::now();
        let shown: String = schema.to_string().chars().take(70).collect();
        let (mut random, mut steps) = (Random(9), 0);
        let made = maker.make(&Form::Schema(schema));
        let compiled = began.elapsed();
        let end = match made {
            Err(refused) => refused.problem,
            Ok(guide) => {
                let mut guided = guide.begin(false);
                loop {
                    let mut logits = random.numbers(vocabulary.len());
                    if let Err(error) = guided.mask(&mut logits) {
                        break error.to_string();
                    }
                    let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
                    steps += 1;
                    if best == 0 || steps == 40 {
                        break String::new();
                    }
                    if let Err(error) = guided.take(u32::try_from(best).unwrap(), "") {
                        break error.to_string();
                    }
                    if guided.is_complete() {
                        break String::new();
                    }
                }
            }
        };
        eprintln!("{compiled:?} and {:?} of {steps} steps: {shown} {end}", began.elapsed() - compiled);
        assert!(!end.contains("panic") && end.len() < 400, "{shown}: {end}");
        // Some 50 times what the limits should let it take, for machines that are busy.
        assert!(began.elapsed() < Duration::from_secs(20), "{shown}: {:?}", began.elapsed());
    }
}

#[test]
fn a_tool_whose_parameters_are_wrong_is_named() {
    let maker = Maker::new(&vocabulary([]), &[]).unwrap();
    let tools = vec![tool("a", json!({"type": "object"})), tool("b", of_lookahead())];
    let wanted = ToolUse { required: false, parallel: true };
    assert_eq!(maker.make(&Form::Tools(tools, wanted)).map(|_| ()).unwrap_err().tool, Some(1));
}

fn of_lookahead() -> Value {
    json!({"type": "object", "properties": {"x": {"type": "string", "pattern": "(?=a)b"}}})
}

/// Prints what a mask costs over the vocabularies of small and of large models:
/// `cargo test --release -p offhook-llm what_a_mask_costs -- --ignored --nocapture`.
#[test]
#[ignore = "for figures only"]
fn what_a_mask_costs() {
    for tokens in [49_000, 150_000] {
        costs(tokens);
    }
}

fn costs(tokens: usize) {
    let mut random = Random(7);
    let mut letter = move || char::from(b"etaoinshrdlucmfw"[(random.bits() >> 60) as usize]);
    let words = (0..tokens).map(|n| {
        let word: String = (0..2 + n % 9).map(|_| letter()).collect();
        format!("{}{word}", if n.is_multiple_of(2) { "\u{2581}" } else { "" })
    });
    let vocabulary = vocabulary(words);
    let began = Instant::now();
    let maker = Maker::new(&vocabulary, &[]).unwrap();
    eprintln!("vocabulary of {} tokens: {:?}", vocabulary.len(), began.elapsed());
    let person = json!({"type": "object", "properties": {"name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0}, "tags": {"type": "array", "items": {"type": "string"}}},
        "required": ["name", "age", "tags"]});
    let tools = vec![tool("book", person.clone()), tool("cancel", person.clone())];
    let forms = [
        ("object", Form::Object),
        ("schema", Form::Schema(person)),
        ("tools, auto", Form::Tools(tools.clone(), ToolUse { required: false, parallel: true })),
        ("tools, required", Form::Tools(tools, ToolUse { required: true, parallel: true })),
    ];
    for (name, form) in forms {
        let began = Instant::now();
        let guide = maker.make(&form).unwrap();
        let compiled = began.elapsed();
        let mut masks: Vec<Duration> = Vec::new();
        for seed in 0..8 {
            let (mut random, mut guided) = (Random(seed + 1), guide.begin(false));
            for _ in 0..100 {
                let mut logits = random.numbers(vocabulary.len());
                let began = Instant::now();
                guided.mask(&mut logits).unwrap();
                masks.push(began.elapsed());
                let best = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
                if best == 0 {
                    break;
                }
                guided.take(u32::try_from(best).unwrap(), "").unwrap();
                if guided.is_complete() {
                    break;
                }
            }
        }
        masks.sort();
        let (median, last) = (masks[masks.len() / 2], masks[masks.len() - 1]);
        eprintln!("{name}: made in {compiled:?}; mask {median:?}, at most {last:?} ({} masks)", masks.len());
    }
}

#[test]
fn a_schema_is_checked_without_a_model() {
    let check = |of: Value| check(&Form::Schema(json!({"type": "object", "properties": {"x": of}})));
    assert_eq!(check(json!({"anyOf": [{"enum": ["a"]}, {"type": "null"}]})), Ok(()));
    assert!(check(json!({"$ref": "https://example.com"})).is_err());
    assert!(check(json!({"type": "string", "pattern": "(?=a)b"})).is_err());
}
