//! Which questions stand alone, which mean the same, what is kept, and what a day of calls makes of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod asking;
mod day;
mod foreseeing;
mod hard;
mod keeping;

use offhook_answers::{Asked, OwnAnswer, Patterns};
use offhook_core::dialogue::{Message, Role};

const PROMPT: &str = "You are the front desk of Smile Dental. Cleaning: $110.";

fn message(role: Role, text: &str) -> Message {
    Message { role, text: text.to_owned() }
}

/// A conversation with these lines, the caller's first and last.
fn conversation(lines: &[&str]) -> Vec<Message> {
    let mut messages = vec![
        message(Role::System, PROMPT),
        message(Role::Assistant, "Hello, this is Smile Dental. How can I help you?"),
    ];
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    messages.extend(lines.iter().zip(roles).map(|(text, role)| message(role, text)));
    messages
}

/// The question of a call that begins with it, without a greeting.
fn alone(text: &str) -> Asked {
    let messages = [message(Role::System, PROMPT), message(Role::User, text)];
    Asked::read(&messages, &Patterns::english().unwrap()).unwrap()
}

fn asked(lines: &[&str]) -> Result<Asked, OwnAnswer> {
    Asked::read(&conversation(lines), &Patterns::english().unwrap())
}
