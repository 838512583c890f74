//! The values that the conversation and the engines exchange: messages for a language model, tools, the times
//! of spoken words, token counts. Plain values.

pub mod tools;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The speaker of a line of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The instructions and facts.
    System,
    /// The caller.
    User,
    /// The agent.
    Assistant,
    /// The result of a tool that the agent called.
    Tool,
}

/// One line of the conversation, as the language model sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The speaker.
    pub role: Role,
    /// The words, as plain text.
    pub text: String,
}

impl Message {
    /// The words as a language model reads them: a result stands between marks.
    #[must_use]
    pub fn as_read(&self) -> Cow<'_, str> {
        self.role.as_read(&self.text)
    }
}

impl Role {
    /// Words of this speaker as a language model reads them.
    #[must_use]
    pub fn as_read(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::System | Self::User | Self::Assistant => Cow::Borrowed(text),
            Self::Tool => Cow::Owned(tools::result(text)),
        }
    }
}

/// When a word ends, counted from the start of the speech that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordTime {
    /// The word as written in the text.
    pub word: String,
    /// Where it ends in the audio.
    #[serde(with = "crate::units::as_micros")]
    pub end: Duration,
}

/// How an answer was found that was given before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum CachedBy {
    /// The question had the same words.
    Exact,
    /// The question had other words of the same meaning.
    Pattern,
}

impl CachedBy {
    /// The word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Pattern => "pattern",
        }
    }
}

/// Token counts of one generation, and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens in the prompt.
    pub prompt: usize,
    /// Prompt tokens that came from the cache and were not computed again.
    pub reused: usize,
    /// Tokens that were prefilled while the caller spoke, since the previous answer.
    pub read_ahead: usize,
    /// Prefilled tokens that were wasted because the words changed.
    pub read_in_vain: usize,
    /// Tokens generated.
    pub generated: usize,
    /// The text is cut off: no more tokens, or no more time, were allowed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Nothing was computed: the answer was given before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<CachedBy>,
    /// Where the passages stand that were looked up for it in the agent's knowledge, the best one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

/// Counts the tokens of a text as the language model does. Cheap to clone.
#[derive(Clone)]
pub struct CountTokens(Arc<dyn Fn(&str) -> usize + Send + Sync>);

impl CountTokens {
    /// A counter that uses `count`.
    #[must_use]
    pub fn new(count: impl Fn(&str) -> usize + Send + Sync + 'static) -> Self {
        Self(Arc::new(count))
    }

    /// The number of tokens in `text`.
    #[must_use]
    pub fn of(&self, text: &str) -> usize {
        (self.0)(text)
    }
}

impl std::fmt::Debug for CountTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CountTokens")
    }
}
