//! Why a message of a peer was refused: a kind for programs, and a reason for people. Must not know the
//! protocols.

use std::fmt;

/// Why a message was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Refusal {
    /// The kind, for programs and metrics.
    pub code: RefusalCode,
    /// The field and what is wrong with it. Never holds the caller's words or audio.
    pub reason: String,
}

impl Refusal {
    pub(super) fn new(code: RefusalCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(super) fn malformed(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(RefusalCode::Malformed, format!("{field}: {problem}"))
    }

    /// The refusal of something that the protocol has and this server does not do.
    pub(super) fn not_done(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(RefusalCode::Unsupported, format!("{field}: {problem}"))
    }
}

/// The kinds of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefusalCode {
    /// Not JSON, or a field is missing or of the wrong kind.
    Malformed,
    /// A well-formed message at the wrong time.
    OutOfOrder,
    /// An audio format that this server does not speak.
    UnsupportedFormat,
    /// A version of the protocol that this server does not speak.
    UnsupportedVersion,
    /// More in one message than the server accepts.
    TooLarge,
    /// A message of another stream.
    WrongStream,
    /// A dialect that this socket may not speak.
    NotAllowed,
    /// Something that the protocol has and this server does not do.
    Unsupported,
}

impl RefusalCode {
    /// The word used on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::OutOfOrder => "out_of_order",
            Self::UnsupportedFormat => "unsupported_format",
            Self::UnsupportedVersion => "unsupported_version",
            Self::TooLarge => "too_large",
            Self::WrongStream => "wrong_stream",
            Self::NotAllowed => "not_allowed",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
