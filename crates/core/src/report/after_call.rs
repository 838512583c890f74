//! What is made of a call after its end: a summary, and the fields that somebody wants to know. Must not know
//! who makes it, nor how.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AfterState {
    /// Nothing is made of the call.
    #[default]
    None,
    /// It waits, or is being made.
    Pending,
    /// All that was wanted was made.
    Done,
    /// Not all was made: `code` and `reason` say why, and what was made is there all the same.
    Failed,
}

impl AfterState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// The state of a name; [`Self::None`] for any other text.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let all = [Self::Pending, Self::Done, Self::Failed];
        all.into_iter().find(|state| state.name() == name).unwrap_or_default()
    }
}

/// What is made of a call after its end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AfterCall {
    /// How far it is.
    pub state: AfterState,
    /// Why it failed, in a word for programs.
    pub code: Option<String>,
    /// Why it failed, in a sentence.
    pub reason: Option<String>,
    /// What the call was about, in a few sentences of a language model.
    pub summary: Option<String>,
    /// The fields that were wanted, as a language model found them in the call; null where it said nothing of
    /// one.
    #[cfg_attr(feature = "schema", schema(value_type = Option<Object>))]
    pub fields: Option<Map<String, Value>>,
}

impl AfterCall {
    /// It is going to be made.
    #[must_use]
    pub fn pending() -> Self {
        Self { state: AfterState::Pending, ..Self::default() }
    }

    /// Nothing came of it, or not all.
    #[must_use]
    pub fn failed(self, code: &str, reason: impl Into<String>) -> Self {
        let (code, reason) = (Some(code.to_owned()), Some(reason.into()));
        Self { state: AfterState::Failed, code, reason, ..self }
    }

    /// Whether nothing more will come.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self.state {
            AfterState::None | AfterState::Pending => false,
            AfterState::Done | AfterState::Failed => true,
        }
    }
}
