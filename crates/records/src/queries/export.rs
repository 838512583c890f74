//! A whole call for other programs and for people. PURE. Must not know the database.

use serde_json::{Value, json};

use super::whole::FullCall;

/// The version of the form of [`FullCall::export`]. Fields may be added to a version; none is removed or
/// renamed.
pub const FORM: u32 = 1;

impl FullCall {
    /// The call as one JSON object: `{"offhook_call": 1, "call": {…}, "turns": […], "events": […]}`, with the
    /// fields of [`FullCall`] by their names. What is not known is null.
    ///
    /// # Errors
    /// None that is known: there is no value in a call that JSON has not.
    pub fn export(&self) -> serde_json::Result<Value> {
        let mut value = serde_json::to_value(self)?;
        if let Value::Object(fields) = &mut value {
            fields.insert("offhook_call".to_owned(), json!(FORM));
        }
        Ok(value)
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
