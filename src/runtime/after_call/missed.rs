//! Why nothing was made of a call after its end, or not all.

/// Why nothing was made of a call, or not all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// Too many others waited.
    Dropped,
    /// It took too long: calls left no time.
    Late,
    /// The server was stopped.
    Stopped,
    /// The language model failed.
    EngineFailed,
    /// The answer is of no use.
    Unusable,
    /// The context has no room for the call.
    TooLong,
    /// The language model cannot be held to the schema.
    NotHeld,
}

impl Missed {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Dropped,
        Self::Late,
        Self::Stopped,
        Self::EngineFailed,
        Self::Unusable,
        Self::TooLong,
        Self::NotHeld,
    ];

    /// A word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Late => "late",
            Self::Stopped => "server_stopped",
            Self::EngineFailed => "engine_failed",
            Self::Unusable => "unusable",
            Self::TooLong => "too_long",
            Self::NotHeld => "not_held",
        }
    }
}
