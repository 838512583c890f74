//! What is asked of a tool, and what its answer may cost. Must not know how tools are reached.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::{BadTool, ToolError};

/// One call of a tool.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The arguments, by name. They are foreign: a language model wrote them.
    pub arguments: &'a Map<String, Value>,
    /// The same for every try of one call, and of no other: a server that knows it does nothing twice.
    /// At most 255 visible ASCII characters.
    pub idempotency_key: &'a str,
}

/// The longest arguments, in bytes of JSON.
const LONGEST_ARGUMENTS: usize = 64 << 10;

impl Asked<'_> {
    /// Whether it can be sent at all.
    pub(crate) fn check(&self) -> Result<(), ToolError> {
        let key = self.idempotency_key;
        if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = "the idempotency key is not of 1 to 255 visible ASCII characters";
            return Err(ToolError::BadArguments(why.to_owned()));
        }
        // Each counts with its quotes, colon and comma.
        let length = |(name, value): (&String, &Value)| name.len() + value.to_string().len() + 4;
        match self.arguments.iter().map(length).sum() {
            0..=LONGEST_ARGUMENTS => Ok(()),
            length => {
                let why = format!("they are {length} bytes of JSON, and {LONGEST_ARGUMENTS} are the most");
                Err(ToolError::BadArguments(why))
            }
        }
    }
}

/// What one call may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The whole call: name, connection, request and answer.
    pub timeout: Duration,
    /// The longest answer, in bytes as it comes. A longer one is an error.
    pub longest_answer: usize,
    /// The longest text that is handed on, in characters. A longer one is cut, and says so.
    pub longest_text: usize,
    /// Calls at once. One more is refused.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(5), longest_answer: 256 << 10, longest_text: 4000, at_once: 16 }
    }
}

impl Limits {
    /// Whether the figures make sense.
    pub(crate) fn check(&self) -> Result<(), BadTool> {
        let within = |key, value: usize, least: usize, most: usize| match value {
            value if (least..=most).contains(&value) => Ok(()),
            value => Err(BadTool::new(key, format!("is {value}, which is not within {least} and {most}"))),
        };
        let milliseconds = usize::try_from(self.timeout.as_millis()).unwrap_or(usize::MAX);
        within("timeout", milliseconds, 1, 600_000)?;
        within("longest_answer", self.longest_answer, 1, 16 << 20)?;
        within("longest_text", self.longest_text, 100, 1 << 20)?;
        within("at_once", self.at_once, 1, 1000)
    }
}
