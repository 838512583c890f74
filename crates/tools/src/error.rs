//! What can go wrong: with a tool's description, and with a call. Every message says what happened and what
//! to do, and holds no secret, no address beyond the host, and no control character.

use std::time::Duration;

/// A tool whose description is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {what}")]
pub struct BadTool {
    /// The field of the options.
    pub key: &'static str,
    /// What is wrong with it, and what is expected.
    pub what: String,
}

impl BadTool {
    pub(crate) fn new(key: &'static str, what: impl Into<String>) -> Self {
        Self { key, what: what.into() }
    }
}

/// A call of a tool that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The arguments do not fit. Nothing was sent.
    #[error("the arguments do not fit: {0}. Nothing was sent; call it again with arguments that fit")]
    BadArguments(String),
    /// The server has no such tool. Nothing was sent.
    #[error("there is no tool `{0}` at this server now. Nothing was sent; read its list of tools again")]
    NoSuchTool(String),
    /// The request would go where it may not. Nothing was sent.
    #[error("{0}. Nothing was sent; change the address, or allow it in the configuration")]
    NotAllowed(String),
    /// As many calls as may be are in progress. Nothing was sent.
    #[error("{0} calls of it are in progress, which is the limit. Nothing was sent; ask again in a moment")]
    Busy(usize),
    /// No answer in time. What was asked may have been done.
    #[error(
        "no answer within {} ms, and what was asked may have been done all the same. Ask again with the same \
         idempotency key, or raise the time-out if it needs longer",
        .0.as_millis()
    )]
    Late(Duration),
    /// An answer that says no.
    #[error("the server refused with status {status}{}", reason(.said))]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The beginning of its text, on one line; empty if it sent none that can be read.
        said: String,
    },
    /// An answer that sends the client elsewhere.
    #[error(
        "the server answered with status {0}, which sends the client to another address. Redirects are not \
         followed: write the final address into the configuration"
    )]
    Redirected(u16),
    /// The tool itself says that it failed.
    #[error("the tool says that it failed{}", reason(.0))]
    Failed(String),
    /// The answer is longer than it may be. What was asked may have been done.
    #[error(
        "the answer is longer than {0} bytes, and was not read. Ask for less, or raise the limit of answers"
    )]
    TooLarge(usize),
    /// The answer is nothing that a language model reads.
    #[error("{0}: only JSON and plain text are taken. Let the server answer with one of them")]
    NoText(String),
    /// The server cannot be reached. Nothing was done.
    #[error("the server cannot be reached: {0}. See whether it runs, and whether its address is right")]
    Unreachable(String),
    /// The server broke off, or said what makes no sense. What was asked may have been done.
    #[error("{0}. What was asked may have been done all the same; look at the server's own log")]
    Broken(String),
}

fn reason(text: &str) -> String {
    if text.is_empty() { ", and did not say why".to_owned() } else { format!(": {text}") }
}

impl ToolError {
    /// Whether the tool may have done what was asked, although it brought no answer.
    #[must_use]
    pub fn may_have_been_done(&self) -> bool {
        match self {
            Self::Late(_) | Self::TooLarge(_) | Self::NoText(_) | Self::Broken(_) => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::BadArguments(_)
            | Self::NoSuchTool(_)
            | Self::NotAllowed(_)
            | Self::Busy(_)
            | Self::Redirected(_)
            | Self::Failed(_)
            | Self::Unreachable(_) => false,
        }
    }
}
