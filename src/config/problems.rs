//! The problems of a configuration, and whether its secrets are read. Must not know how it is parsed.

use std::fmt;

/// All problems of a configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the configuration was read from.
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
    /// Only the references to them are checked: for a machine that does not have the secrets.
    Leave,
}

/// One problem of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key with its section, such as `vad.start_ms`.
    pub key: String,
    /// The value as written; empty if the problem is not about a value.
    pub value: String,
    /// The allowed values.
    pub allowed: String,
    /// The line of the key, counted from 1; `None` if the key is not in the file.
    pub line: Option<usize>,
}

impl Problem {
    /// A wrong value of `key`, and the allowed values.
    #[must_use]
    pub fn of(key: &str, value: String, allowed: String) -> Self {
        Self { key: key.to_owned(), value, allowed, line: None }
    }

    /// A problem of `key` that is not about its value.
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
