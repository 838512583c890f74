//! What the forms of the API promise, for requests of the official client and for any bytes. Each test is a
//! sentence.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod any_bytes;
mod chat_answers;
mod chat_requests;
mod chat_tools;
mod errors;
mod golden;
mod models;
mod speech;
mod subtitles;
mod transcriptions;

use offhook_openai::ApiError;
use serde_json::Value;

/// A document.
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The data of all events of a stream, whose form is checked.
fn data(events: &str) -> Vec<&str> {
    assert!(events.ends_with("\n\n"), "{events:?}");
    let events = events.trim_end_matches('\n').split("\n\n");
    events
        .map(|event| {
            assert!(!event.contains('\n'), "{event:?} has several lines");
            event.strip_prefix("data: ").unwrap()
        })
        .collect()
}

/// Checks the form of a refusal, and that it says enough.
fn well_formed(error: &ApiError) -> Value {
    let body = json(&error.body());
    let told = body["error"].as_object().unwrap();
    let keys: Vec<&str> = told.keys().map(String::as_str).collect();
    assert_eq!(keys, ["message", "type", "param", "code"]);
    let message = told["message"].as_str().unwrap();
    assert!(message.len() > 20, "{message:?} says too little");
    assert!(!message.contains(char::is_control), "{message:?} has control characters");
    assert!(message.chars().count() < 600, "{message:?} is too long");
    assert!(told["type"].is_string());
    assert!(told["param"].is_string() || told["param"].is_null());
    assert!(told["code"].is_string() || told["code"].is_null());
    assert_eq!(json(data(&error.event())[0]), body);
    body
}

/// Checks that something is refused with 400, at this place and with these words.
fn refused<T: std::fmt::Debug>(found: Result<T, ApiError>, param: Option<&str>, words: &[&str]) {
    let error = found.unwrap_err();
    well_formed(&error);
    assert_eq!((error.status, error.param.as_deref()), (400, param), "{error:?}");
    for word in words {
        assert!(error.message.contains(word), "{:?} does not say {word:?}", error.message);
    }
}
