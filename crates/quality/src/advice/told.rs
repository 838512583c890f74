//! One advice. Must not know when it is given.

use std::fmt;

use serde::Serialize;

/// What to change, and why. Its text is a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// The key of the configuration, such as `llm.threads`.
    pub key: &'static str,
    /// A word for programs: which rule speaks.
    pub id: &'static str,
    /// The measured figure.
    pub because: String,
    /// What to do.
    pub change: String,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, because, change, .. } = self;
        write!(f, "{because}: {change} ({key})")
    }
}
