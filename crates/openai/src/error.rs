//! The one form of all refusals: `{"error": {"message", "type", "param", "code"}}` and a status. Must not
//! know what was asked for. A message says what was wrong, what was expected and what to do; what it repeats
//! of a client's text went through [`shown`].

use serde::Serialize;

use crate::out;
use crate::text::shown;

/// The most names of models in a message.
const MOST_NAMED: usize = 20;

/// Whose fault it was: `type` in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request: `invalid_request_error`. OpenAI says this of wrong keys, too.
    InvalidRequest,
    /// Too many requests, or too large ones: `requests`.
    Requests,
    /// The server: `server_error`.
    Server,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::Requests => "requests",
            Self::Server => "server_error",
        }
    }
}

/// Why a request was refused, or an answer broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The status of HTTP.
    pub status: u16,
    /// Whose fault it was.
    pub kind: Kind,
    /// For programs: a word such as `model_not_found`.
    pub code: Option<&'static str>,
    /// The part of the request that was wrong, as a path: `messages[2].content`.
    pub param: Option<String>,
    /// For people.
    pub message: String,
    /// After so many seconds, another try makes sense (the header Retry-After).
    pub retry_after_s: Option<u64>,
}

impl ApiError {
    fn new(status: u16, kind: Kind, code: Option<&'static str>, message: String) -> Self {
        Self { status, kind, code, param: None, message, retry_after_s: None }
    }

    /// The same, with the part of the request that was wrong.
    fn at(self, param: &str) -> Self {
        Self { param: Some(param.to_owned()), ..self }
    }

    fn again_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// 400: a value that is not allowed. A client's text in the message must have gone through [`shown`].
    #[must_use]
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self::new(400, Kind::InvalidRequest, Some("invalid_value"), message.into()).at(param)
    }

    /// 400: a value of the wrong type.
    pub(crate) fn wrong_type(param: &str, message: String) -> Self {
        Self::new(400, Kind::InvalidRequest, Some("invalid_type"), message).at(param)
    }

    /// 400: something is missing.
    #[must_use]
    pub fn missing(param: &str, expected: &str) -> Self {
        let message = format!("'{param}' is missing; send {expected}");
        Self::new(400, Kind::InvalidRequest, Some("missing_required_parameter"), message).at(param)
    }

    /// 400: more than may be.
    pub(crate) fn too_long(param: &str, message: String) -> Self {
        Self::new(400, Kind::InvalidRequest, Some("above_max_length"), message).at(param)
    }

    /// 400: something that the API knows and this server does not do.
    #[must_use]
    pub fn unsupported(param: &str, message: impl Into<String>) -> Self {
        Self::new(400, Kind::InvalidRequest, Some("unsupported_value"), message.into()).at(param)
    }

    /// 400: a body that cannot be read.
    #[must_use]
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new(400, Kind::InvalidRequest, None, message.into())
    }

    /// 404: a model that is not served here. `served` are the names of those that are.
    #[must_use]
    pub fn unknown_model<'a>(asked: &str, served: impl IntoIterator<Item = &'a str>) -> Self {
        let mut served = served.into_iter();
        let mut names: Vec<&str> = served.by_ref().take(MOST_NAMED).collect();
        if served.next().is_some() {
            names.push("…");
        }
        let names = if names.is_empty() { "there are none".to_owned() } else { names.join(", ") };
        let message =
            format!("the model '{}' is not served here; choose one of GET /v1/models: {names}", shown(asked));
        Self::new(404, Kind::InvalidRequest, Some("model_not_found"), message).at("model")
    }

    /// 401: no key, or one that is not known here (`wrong`). The key itself is never repeated.
    #[must_use]
    pub fn not_authenticated(wrong: bool) -> Self {
        let message = if wrong {
            "the API key is not known here; send one that the operator of this server gave you"
        } else {
            "no API key was sent; send the header 'Authorization: Bearer KEY'"
        };
        Self::new(401, Kind::InvalidRequest, Some("invalid_api_key"), message.to_owned())
    }

    /// 429: a quota or a rate is reached. `what` names the limit: "60 requests a minute".
    #[must_use]
    pub fn rate_limited(what: &str, wait_s: u64) -> Self {
        let message = format!("the limit is reached: {what}; try again in {wait_s} s, or ask for less");
        Self::new(429, Kind::Requests, Some("rate_limit_exceeded"), message).again_after(wait_s)
    }

    /// 503: the server has enough to do.
    #[must_use]
    pub fn too_busy(wait_s: u64) -> Self {
        let message = format!("the server is too busy to take more work; try again in {wait_s} s");
        Self::new(503, Kind::Server, Some("server_is_overloaded"), message).again_after(wait_s)
    }

    /// 503: the server is being stopped, and the work was not done, or is broken off.
    #[must_use]
    pub fn stopping(wait_s: u64) -> Self {
        let message = format!("the server is being stopped; try again in {wait_s} s");
        Self::new(503, Kind::Server, Some("server_is_stopping"), message).again_after(wait_s)
    }

    /// 413: a body that is larger than may be.
    #[must_use]
    pub fn too_large(most_bytes: u64) -> Self {
        let message =
            format!("the body is too large: at most {most_bytes} bytes are taken; send less at once");
        Self::new(413, Kind::InvalidRequest, Some("request_too_large"), message)
    }

    /// 400: prompt and answer do not fit into the model's context, all in tokens.
    #[must_use]
    pub fn context_too_long(prompt: u64, answer: u64, most: u64) -> Self {
        let message = format!(
            "the model's context holds {most} tokens, but the messages take {prompt} and the answer may take \
             {answer}; send fewer or shorter messages, or ask for a shorter answer"
        );
        Self::new(400, Kind::InvalidRequest, Some("context_length_exceeded"), message).at("messages")
    }

    /// 415: a body of another media type than `expected`.
    #[must_use]
    pub fn unsupported_media(found: &str, expected: &str) -> Self {
        let found = if found.is_empty() { "nothing".to_owned() } else { format!("'{}'", shown(found)) };
        let message = format!("the header Content-Type says {found}; send the body as {expected}");
        Self::new(415, Kind::InvalidRequest, Some("unsupported_media_type"), message)
    }

    /// 405: a method that this path has not. The caller sets the header Allow.
    #[must_use]
    pub fn method_not_allowed(method: &str, allowed: &str) -> Self {
        let message = format!("this path has no {}; choose {allowed}", shown(method));
        Self::new(405, Kind::InvalidRequest, Some("method_not_supported"), message)
    }

    /// 404: a path that is not served.
    #[must_use]
    pub fn not_found(path: &str) -> Self {
        let message = format!(
            "there is no '{}' here; the API has /v1/chat/completions, /v1/audio/speech, \
             /v1/audio/transcriptions and /v1/models",
            shown(path)
        );
        Self::new(404, Kind::InvalidRequest, Some("unknown_url"), message)
    }

    /// 500: the server failed. `what` is ours, for people, and names no internals: "the voice failed".
    #[must_use]
    pub fn server_failed(what: &str) -> Self {
        let message = format!("{what}; try again, and tell the operator if it stays so: the log says more");
        Self::new(500, Kind::Server, None, message)
    }

    /// The document: `{"error": {"message", "type", "param", "code"}}`.
    #[must_use]
    pub fn body(&self) -> String {
        out::json(&self.document())
    }

    /// The document as a server-sent event, for a stream that has already begun. No `[DONE]` may follow: a
    /// client would take the answer for whole.
    #[must_use]
    pub fn event(&self) -> String {
        out::event(&self.document())
    }

    fn document(&self) -> Document<'_> {
        let Self { kind, code, param, message, .. } = self;
        Document { error: Told { message, r#type: kind.name(), param: param.as_deref(), code: *code } }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'a str>,
    code: Option<&'static str>,
}
