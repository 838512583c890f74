//! What is wrong with a configuration, and whether secrets are looked for. Must not know how it is read.

use std::fmt;

/// What is wrong with a configuration, all of it at once.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it was read.
    pub source: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration {}:", self.source)?;
        self.problems.iter().try_for_each(|problem| match problem.line {
            Some(line) => write!(f, "\n  line {line}: {problem}"),
            None => write!(f, "\n  {problem}"),
        })
    }
}

/// Whether the secrets that a configuration names are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// From the environment and from files.
    #[default]
    Read,
    /// That they are named rightly is checked, and no more: for a machine that does not have them.
    Leave,
}

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key with its section, such as `vad.start_ms`.
    pub key: String,
    /// The value as written; empty if the problem is not about a value.
    pub value: String,
    /// What would be right.
    pub allowed: String,
    /// The line that the key stands on, counted from 1; `None` if it is not written down.
    pub line: Option<usize>,
}

impl Problem {
    /// What is wrong with the value of `key`, and what would be right.
    #[must_use]
    pub fn of(key: &str, value: String, allowed: String) -> Self {
        Self { key: key.to_owned(), value, allowed, line: None }
    }

    /// Something about `key` that is no matter of a value.
    #[must_use]
    pub fn about(key: &str, what: String) -> Self {
        Self::of(key, String::new(), what)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value.is_empty() {
            write!(f, "{}: {}", self.key, self.allowed)
        } else {
            write!(f, "{} = {}: allowed is {}", self.key, self.value, self.allowed)
        }
    }
}
