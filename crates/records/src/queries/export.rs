//! A whole call for other programs and for people. PURE. Must not know the database.

use serde::Serialize;
use serde_json::Value;

use super::calls::Call;
use super::whole::{Event, FullCall, Turn};

/// The version of the form of [`FullCall::export`]. Fields may be added to a version; none is removed or
/// renamed.
pub const FORM: u32 = 1;

/// A whole call: what is known of it, its turns, and what happened in it. What is not known is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Export<'a> {
    /// The version of this form, which is 1. Fields may be added to a version; none is removed or renamed.
    pub offhook_call: u32,
    /// The call.
    pub call: &'a Call,
    /// Its turns, in order.
    pub turns: &'a [Turn],
    /// What happened, in order.
    pub events: &'a [Event],
}

impl FullCall {
    /// The call in the form of [`Export`]: `{"offhook_call": 1, "call": {…}, "turns": […], "events": […]}`,
    /// with the fields of [`FullCall`] by their names.
    ///
    /// # Errors
    /// None that is known: there is no value in a call that JSON has not.
    pub fn export(&self) -> serde_json::Result<Value> {
        let Self { call, turns, events } = self;
        serde_json::to_value(Export { offhook_call: FORM, call, turns, events })
    }

    /// What was said, a line for each side of a turn: `caller: …`, `agent: …`. Empty if words are not kept.
    #[must_use]
    pub fn transcript(&self) -> String {
        let mut lines = String::new();
        for turn in &self.turns {
            for (speaker, words) in [("caller", &turn.heard), ("agent", &turn.reply)] {
                // A line break in words would begin a line of nobody.
                let words =
                    words.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
                if !words.is_empty() {
                    lines.extend([speaker, ": ", &words, "\n"]);
                }
            }
        }
        lines
    }
}
