//! The forms of answers, whole and as a stream.

use offhook_openai::ApiError;
use offhook_openai::chat::{Chunks, Completion, Finish, Tokens};
use serde_json::json;

use super::{data, json as read};

const TOKENS: Tokens = Tokens { prompt: 12, completion: 5, cached: 8 };

/// An answer with all that is hard to write.
pub(super) fn completion(text: &str) -> Completion<'_> {
    let (id, model) = ("chatcmpl-1", "front-desk");
    Completion { id, created: 1_780_000_000, model, text, calls: &[], finish: Finish::Stop, tokens: TOKENS }
}

/// A whole stream of events.
pub(super) fn stream(include_usage: bool) -> String {
    let chunks = Chunks::new("chatcmpl-1", 1_780_000_000, "front-desk", include_usage);
    let texts = ["We are open\n\n", "until \"six\".", " data: [DONE]"].map(|text| chunks.text(text));
    [chunks.first(), texts.concat(), chunks.last(Finish::Length, TOKENS)].concat()
}

/// A stream that breaks off.
pub(super) fn broken() -> String {
    let chunks = Chunks::new("chatcmpl-1", 1_780_000_000, "front-desk", true);
    [chunks.first(), chunks.text("We are"), ApiError::server_failed("the model failed").event()].concat()
}

#[test]
fn an_answer_has_its_text_its_end_and_its_tokens() {
    let body = read(&completion("Hello\n\"you\"").body());
    let expected = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_780_000_000, "model": "front-desk",
        "choices": [{
            "index": 0, "finish_reason": "stop", "logprobs": null,
            "message": {"role": "assistant", "content": "Hello\n\"you\"", "refusal": null}
        }],
        "usage": {
            "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 8}
        }
    });
    assert_eq!(body, expected);
}

#[test]
fn an_answer_that_reached_its_limit_says_length() {
    let body = read(&Completion { finish: Finish::Length, ..completion("x") }.body());
    assert_eq!(body["choices"][0]["finish_reason"], "length");
}

#[test]
fn no_more_tokens_were_cached_than_there_were_and_no_sum_overflows() {
    let tokens = Tokens { prompt: u64::MAX, completion: 1, cached: u64::MAX };
    let usage = &read(&Completion { tokens, ..completion("x") }.body())["usage"];
    assert_eq!(usage["total_tokens"], json!(u64::MAX));
    let tokens = Tokens { prompt: 3, completion: 1, cached: 4 };
    let usage = &read(&Completion { tokens, ..completion("x") }.body())["usage"];
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 3);
}

#[test]
fn a_stream_says_who_speaks_then_what_then_why_it_ended() {
    let stream = stream(false);
    let (done, events) = data(&stream).split_last().map(|(&done, events)| (done, events.to_vec())).unwrap();
    assert_eq!(done, "[DONE]");
    let events: Vec<_> = events.into_iter().map(read).collect();
    let deltas: Vec<_> = events.iter().map(|event| event["choices"][0]["delta"].clone()).collect();
    let expected = [
        json!({"role": "assistant", "content": ""}),
        json!({"content": "We are open\n\n"}),
        json!({"content": "until \"six\"."}),
        json!({"content": " data: [DONE]"}),
        json!({}),
    ];
    assert_eq!(deltas, expected);
    let ends: Vec<_> = events.iter().map(|event| event["choices"][0]["finish_reason"].clone()).collect();
    assert_eq!(ends, [json!(null), json!(null), json!(null), json!(null), json!("length")]);
    for event in &events {
        assert_eq!((&event["id"], &event["object"]), (&json!("chatcmpl-1"), &json!("chat.completion.chunk")));
        assert!(event.get("usage").is_none(), "nobody asked for usage");
    }
}

#[test]
fn usage_comes_in_an_event_without_choices_and_is_null_before() {
    let stream = stream(true);
    let events = data(&stream);
    assert_eq!(events.len(), 7);
    for event in &events[..5] {
        assert_eq!(read(event).get("usage"), Some(&json!(null)));
    }
    let usage = read(events[5]);
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["total_tokens"], 17);
    assert_eq!(events[6], "[DONE]");
}

#[test]
fn an_empty_text_is_no_event() {
    assert_eq!(Chunks::new("a", 0, "m", false).text(""), "");
}

#[test]
fn a_stream_that_breaks_off_ends_with_the_error_and_is_not_done() {
    let broken = broken();
    let events = data(&broken);
    assert_eq!(read(events[2])["error"]["type"], "server_error");
    assert_eq!(events.len(), 3);
}
