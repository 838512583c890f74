//! What was said, as the language model will see it: only what the caller said and what the
//! caller heard. Knows no tokens and no audio.

use crate::engine::{Message, Role};

/// More lines than any context holds; the oldest go first, so that a call of hours does not grow.
const MAX_LINES: usize = 400;

/// The lines of one call after its system prompt.
#[derive(Debug, Clone)]
pub struct History {
    system: String,
    lines: Vec<Message>,
}

impl History {
    /// A history that begins with `system_prompt`.
    #[must_use]
    pub fn new(system_prompt: &str) -> Self {
        Self { system: system_prompt.to_owned(), lines: Vec::new() }
    }

    /// The caller said `text`. If nothing of the agent was heard since the caller spoke last, it is
    /// the rest of that: a sentence with a long pause in it stays one line.
    pub fn caller_said(&mut self, text: &str) {
        self.add(Role::User, text);
    }

    /// The caller heard the agent say `text`.
    pub fn agent_was_heard(&mut self, text: &str) {
        self.add(Role::Assistant, text);
    }

    /// System prompt and lines, for the language model.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        let system = Message { role: Role::System, text: self.system.clone() };
        let system = Some(system).filter(|m| !m.text.is_empty());
        system.into_iter().chain(self.lines.iter().cloned()).collect()
    }

    /// The lines without the system prompt.
    #[must_use]
    pub fn lines(&self) -> &[Message] {
        &self.lines
    }

    /// What the caller has said since the agent was last heard.
    #[must_use]
    pub fn pending_caller_text(&self) -> &str {
        self.lines.last().filter(|line| line.role == Role::User).map_or("", |line| &line.text)
    }

    fn add(&mut self, role: Role, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match self.lines.last_mut().filter(|line| line.role == role) {
            Some(line) => {
                line.text.push(' ');
                line.text.push_str(text);
            }
            None => self.lines.push(Message { role, text: text.to_owned() }),
        }
        if self.lines.len() > MAX_LINES {
            self.lines.drain(..2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_caller_adds_before_hearing_anything_joins_the_line() {
        let mut history = History::new("You help.");
        history.caller_said("I would like to book");
        history.agent_was_heard("");
        history.caller_said("on Tuesday.");
        assert_eq!(history.pending_caller_text(), "I would like to book on Tuesday.");
        history.agent_was_heard("Sure.");
        assert_eq!(history.pending_caller_text(), "");
        assert_eq!(history.messages().len(), 3);
    }

    #[test]
    fn a_call_of_hours_does_not_grow() {
        let mut history = History::new("");
        for _ in 0..10_000 {
            history.caller_said("yes");
            history.agent_was_heard("okay");
        }
        assert!(history.lines().len() <= MAX_LINES);
        assert_eq!(history.lines()[0].role, Role::User);
    }
}
