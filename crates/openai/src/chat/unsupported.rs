//! What the API knows and this server does not do. A field is accepted with the value that asks for nothing;
//! with any other it is refused, because the client would wait for something that does not come. Fields that
//! are in no list (`user`, `metadata`, `store`, …) change no answer, and are ignored.

use crate::error::ApiError;
use crate::input::{Fields, Json};

/// A field, whether its value asks for nothing, and what to tell if it does not.
type Row = (&'static str, fn(&Json) -> bool, &'static str);

const ROWS: [Row; 12] = [
    ("functions", is_empty, NO_FUNCTIONS),
    ("function_call", is_no_choice, NO_FUNCTIONS),
    ("n", |value| value.is_number(1.0), "one answer is given to each request; leave it out or send 1"),
    ("presence_penalty", is_zero, NO_PENALTY),
    ("frequency_penalty", is_zero, NO_PENALTY),
    ("logit_bias", is_empty, "single tokens cannot be weighted; leave it out"),
    ("logprobs", |value| *value == Json::Flag(false), NO_LOGPROBS),
    ("top_logprobs", is_zero, NO_LOGPROBS),
    ("modalities", is_text_only, "only text is answered; leave it out or send [\"text\"]"),
    ("audio", nothing, "only text is answered; leave it out, and send the text to /v1/audio/speech"),
    ("web_search_options", nothing, "the web is not searched; leave it out"),
    ("moderation", nothing, "texts are not moderated; leave it out"),
];

const NO_FUNCTIONS: &str = "functions have been replaced by tools; send 'tools' and 'tool_choice'";
const NO_PENALTY: &str = "penalties are not supported; leave it out or send 0";
const NO_LOGPROBS: &str = "log probabilities are not given; leave it out";

/// Refuses what would not be done.
pub(super) fn refuse(fields: &mut Fields) -> Result<(), ApiError> {
    for (name, asks_nothing, told) in ROWS {
        if let Some(at) = fields.take(name)
            && !asks_nothing(&at.value)
        {
            return Err(ApiError::unsupported(name, format!("'{name}': {told}")));
        }
    }
    Ok(())
}

fn nothing(_: &Json) -> bool {
    false
}

fn is_zero(value: &Json) -> bool {
    value.is_number(0.0)
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::List(values) => values.is_empty(),
        Json::Object(values) => values.is_empty(),
        Json::Null | Json::Flag(_) | Json::Number(_) | Json::Text(_) => false,
    }
}

fn is_no_choice(value: &Json) -> bool {
    value.is_text("none") || value.is_text("auto")
}

fn is_text_only(value: &Json) -> bool {
    matches!(value, Json::List(values) if values.iter().all(|value| value.is_text("text")))
}
