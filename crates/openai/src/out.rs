//! Documents and server-sent events as text. Must not know what they say.

use serde::Serialize;

/// The media type of a stream of events.
pub const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

/// The media type of a document.
pub const JSON: &str = "application/json";

/// Ends a stream of events.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// A document. Only our own structures come here: their keys are texts, so that writing them cannot fail.
pub(crate) fn json(document: &impl Serialize) -> String {
    let written = serde_json::to_string(document);
    debug_assert!(written.is_ok(), "{written:?}");
    written.unwrap_or_default()
}

/// One server-sent event with a document. JSON escapes all line ends, so one line of data is enough.
pub(crate) fn event(document: &impl Serialize) -> String {
    format!("data: {}\n\n", json(document))
}

/// A figure that JSON can hold: what is no number, or not finite, is 0.
pub(crate) fn finite(figure: f64) -> f64 {
    if figure.is_finite() { figure } else { 0.0 }
}
