//! A transcription as a stream of events. If it breaks off, [`ApiError::event`](crate::ApiError::event) is
//! the last event instead of [`done`].

use serde::Serialize;

use crate::out;

/// The next text. An empty text is no event: the result is empty, too.
#[must_use]
pub fn delta(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    out::event(&Delta { r#type: "transcript.text.delta", delta: text })
}

/// The last events: the whole text, and `[DONE]`. There is no usage: in this event, the API counts tokens
/// only, and a recogniser of ours is measured in seconds.
#[must_use]
pub fn done(text: &str) -> String {
    out::event(&Done { r#type: "transcript.text.done", text: text.trim() }) + out::DONE
}

#[derive(Serialize)]
struct Delta<'a> {
    r#type: &'static str,
    delta: &'a str,
}

#[derive(Serialize)]
struct Done<'a> {
    r#type: &'static str,
    text: &'a str,
}
