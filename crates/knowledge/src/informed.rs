//! What is looked up for the last question of a conversation, and where it stands there. Must not know where
//! the conversation goes.

use offhook_core::dialogue::{Message, Role};

use crate::index::{Found, IndexError, Knowledge};
use crate::passages::Passage;

/// Told where nothing was found. It does not name the thing: a small model takes what it reads for a fact.
const NOTHING: &str = "This is not in the documents. If it is not said above, say that you do not know it.";

/// Told behind what was found: it may not be the answer.
const NO_MORE: &str = "What is not said here or above, you do not know.";

/// What was looked up for a question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookedUp {
    /// What the model is told.
    told: Option<String>,
    /// Where it stands in the folder, the best passage first.
    pub sources: Vec<String>,
}

impl LookedUp {
    /// Puts it before the caller's last words, as a message of the system. Only the last question gets
    /// passages: those of earlier ones would fill the prompt.
    #[must_use]
    pub fn inform(&self, mut messages: Vec<Message>) -> Vec<Message> {
        if let (Some(told), Some(at)) = (&self.told, last_question(&messages)) {
            messages.insert(at, Message { role: Role::System, text: told.clone() });
        }
        messages
    }
}

impl Knowledge {
    /// Looks up what the caller says last, at most so many characters.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub fn look_up(&self, messages: &[Message], most: usize) -> Result<LookedUp, IndexError> {
        let Some((last, before)) = last_question(messages).map(|at| (&messages[at], &messages[..at])) else {
            return Ok(LookedUp::default());
        };
        let mut found = self.find(&last.text)?;
        let before = last_question(before).map(|at| &before[at]);
        let goes_on = self.goes_on(&last.text) && !matches!(found, Found::Passages(_));
        if let Some(before) = before.filter(|_| goes_on) {
            let both = self.find(&[before.text.as_str(), &last.text].join(" "))?;
            if let Found::Passages(_) = both {
                found = both;
            }
        }
        Ok(match found {
            Found::Passages(passages) => told(&passages, most),
            Found::Nothing => LookedUp { told: Some(NOTHING.to_owned()), sources: Vec::new() },
            Found::NotAsked => LookedUp::default(),
        })
    }
}

/// As many of the passages as there is room for; the first is cut if it has to be.
fn told(passages: &[&Passage], most: usize) -> LookedUp {
    let mut looked_up = LookedUp::default();
    let mut text = String::new();
    for passage in passages {
        let next = passage.told();
        let room = most.saturating_sub(text.chars().count());
        if looked_up.sources.is_empty() {
            text.extend(next.chars().take(room));
        } else if next.chars().count() < room {
            text.push('\n');
            text.push_str(&next);
        } else {
            continue;
        }
        looked_up.sources.push(passage.source());
    }
    text.push('\n');
    text.push_str(NO_MORE);
    looked_up.told = Some(text);
    looked_up
}

/// Where the caller's last words stand.
fn last_question(messages: &[Message]) -> Option<usize> {
    messages.iter().rposition(|message| message.role == Role::User)
}
