//! Items that a client adds to the conversation: lines of text. Must not know what becomes of them.

use serde_json::{Value, json};

use crate::dialogue::Role;
use crate::streams::fields::Fields;
use crate::streams::{Refusal, RefusalCode};

/// The most characters of a line.
const LONGEST: usize = 20_000;

/// A line that a client adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The client's own name for it.
    pub(super) id: Option<String>,
    pub(super) role: Role,
    pub(super) text: String,
}

impl Item {
    /// Reads a line of the conversation.
    ///
    /// # Errors
    /// If it is none, or holds more than text.
    pub(super) fn read(item: &Fields<'_>) -> Result<Self, Refusal> {
        let kind = item.optional_id("type")?.unwrap_or("message");
        if kind != "message" {
            return Err(Refusal::not_done("item.type", format!("{kind:?}: only \"message\" is taken")));
        }
        let role = match item.id("role")? {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            other => {
                let problem = format!("{other:?} is not one of user, assistant, system");
                return Err(Refusal::new(RefusalCode::Malformed, format!("item.role: {problem}")));
            }
        };
        let wrong = |problem| Refusal::new(RefusalCode::Malformed, format!("item.content: {problem}"));
        let parts = item.get("content").and_then(Value::as_array).ok_or_else(|| wrong("is not a list"))?;
        let mut text = String::new();
        for part in parts {
            let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
            if !["input_text", "output_text", "text"].contains(&kind) {
                return Err(Refusal::not_done(
                    "item.content.type",
                    "only input_text and output_text are taken",
                ));
            }
            let words = part.get("text").and_then(Value::as_str);
            text.push_str(words.ok_or_else(|| wrong("a part has no text"))?);
        }
        let text = text.trim().to_owned();
        let count = text.chars().count();
        if count > LONGEST {
            let reason = format!("item.content: {count} characters, at most {LONGEST} are taken");
            return Err(Refusal::new(RefusalCode::TooLarge, reason));
        }
        if text.is_empty() {
            return Err(wrong("has no words"));
        }
        Ok(Self { id: item.optional_id("id")?.map(str::to_owned), role, text })
    }

    /// The item as it is told back, under its name.
    pub(super) fn told(&self, id: &str) -> Value {
        let (role, kind) = match self.role {
            Role::User => ("user", "input_text"),
            Role::System => ("system", "input_text"),
            Role::Assistant => ("assistant", "output_text"),
            Role::Tool => ("tool", "output_text"),
        };
        json!({
            "object": "realtime.item", "id": id, "type": "message", "role": role, "status": "completed",
            "content": [{"type": kind, "text": self.text}],
        })
    }
}
