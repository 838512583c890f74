//! Whatever a client sends, it gets an answer or a refusal of the API's form, and nothing panics.

use offhook_openai::ApiError;
use offhook_openai::chat::ChatRequest;
use offhook_openai::chat::{Chunks, Completion, Finish, MOST_STOPS, Tokens};
use offhook_openai::speech::{SpeechRequest, delta};
use offhook_openai::transcription::TranscriptionRequest;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{data, json as read_json, well_formed};

/// How many random cases each property is tried with.
pub(super) fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Any value, with some depth.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-2.0..3.0).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(vec![
            "user",
            "system",
            "tool",
            "function",
            "json_schema",
            "auto",
            "text",
            "image_url",
            "mp3",
            "sse",
            "none"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let keys = proptest::sample::select(vec![
            "role",
            "content",
            "type",
            "text",
            "id",
            "include_usage",
            "function",
            "name",
            "parameters",
            "json_schema",
            "schema",
            "tool_calls",
            "tool_call_id",
            "arguments",
        ]);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((keys, inner), 0..4).prop_map(|fields| {
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

/// A request that could be right, with some fields of which anything may be wrong.
fn request() -> impl Strategy<Value = Value> {
    let names = [
        "model",
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "n",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "logprobs",
        "input",
        "voice",
        "speed",
        "pitch",
        "stream_format",
        "instructions",
        "other",
    ];
    let fields = proptest::collection::vec((proptest::sample::select(names.to_vec()), value()), 0..4);
    fields.prop_map(|fields| {
        let mut request = json!({
            "model": "m", "messages": [{"role": "user", "content": "Hi"}], "input": "Hi", "voice": "v"
        });
        for (name, value) in fields {
            request[name] = value;
        }
        request
    })
}

fn check_chat(found: Result<ChatRequest, ApiError>) {
    match found {
        Ok(request) => {
            assert!(!request.messages.is_empty() && !request.model.is_empty());
            assert!(request.stop.len() <= MOST_STOPS && request.stop.iter().all(|stop| !stop.is_empty()));
            assert!(request.temperature.is_none_or(|t| (0.0..=2.0).contains(&t)));
            assert!(request.top_p.is_none_or(|p| (0.0..=1.0).contains(&p)));
            assert!(request.max_tokens != Some(0));
        }
        Err(error) => drop(well_formed(&error)),
    }
}

fn check_speech(found: Result<SpeechRequest, ApiError>) {
    match found {
        Ok(request) => {
            assert!((1..=4096).contains(&request.input.chars().count()) && !request.voice.is_empty());
            assert!((0.25..=4.0).contains(&request.speed) && (-12.0..=12.0).contains(&request.pitch));
        }
        Err(error) => drop(well_formed(&error)),
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check_chat(ChatRequest::read(&bytes));
        check_speech(SpeechRequest::read(&bytes));
    }

    #[test]
    fn any_text_is_read_or_refused(text in r#"[\{\}\[\]":,0-9eE.+\-\\umodelsg truefalsn]{0,60}"#) {
        check_chat(ChatRequest::read(text.as_bytes()));
        check_speech(SpeechRequest::read(text.as_bytes()));
    }

    #[test]
    fn any_request_is_read_or_refused(request in request()) {
        let body = request.to_string();
        check_chat(ChatRequest::read(body.as_bytes()));
        check_speech(SpeechRequest::read(body.as_bytes()));
    }

    #[test]
    fn a_request_that_was_cut_off_or_changed_is_read_or_refused(
        request in request(), cut in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut body = request.to_string().into_bytes();
        let at = cut.index(body.len());
        check_chat(ChatRequest::read(&body[..at]));
        body[at] = byte;
        check_chat(ChatRequest::read(&body));
        check_speech(SpeechRequest::read(&body));
    }

    #[test]
    fn any_form_is_read_or_refused(
        fields in proptest::collection::vec(
            (
                prop_oneof![
                    proptest::sample::select(vec![
                        "language", "prompt", "response_format", "temperature", "stream", "model[]",
                        "timestamp_granularities[]", "include[]",
                    ]).prop_map(str::to_owned),
                    any::<String>(),
                ],
                prop_oneof![
                    proptest::sample::select(vec!["json", "verbose_json", "word", "true", "0.5", "en", "-1"])
                        .prop_map(str::to_owned),
                    any::<String>(),
                ],
            ),
            0..6,
        )
    ) {
        let model = ("model".to_owned(), "m".to_owned());
        if let Err(error) = TranscriptionRequest::read(std::iter::once(model).chain(fields)) {
            well_formed(&error);
        }
    }

    #[test]
    fn any_text_comes_through_answers_and_streams(text in any::<String>()) {
        let tokens = Tokens::default();
        let (id, model, finish) = (text.as_str(), text.as_str(), Finish::Stop);
        let completion = Completion { id, created: 0, model, text: &text, calls: &[], finish, tokens };
        let body = read_json(&completion.body());
        prop_assert_eq!(&body["choices"][0]["message"]["content"], &json!(text));
        let events = Chunks::new(id, 0, model, true).text(&text);
        if !text.is_empty() {
            let event = read_json(data(&events)[0]);
            prop_assert_eq!(&event["choices"][0]["delta"]["content"], &json!(text));
        }
        let audio = delta(text.as_bytes());
        prop_assert_eq!(audio.is_empty(), text.is_empty());
    }
}
