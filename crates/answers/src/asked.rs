//! The question at the end of a conversation: whether anybody could have asked it at any time. Must not know
//! what is answered.

use offhook_core::dialogue::{Message, Role};

use crate::normal::{is_courtesy, normal};
use crate::patterns::{Meaning, Patterns};
use crate::words::{Phrase, phrase};

/// Longer questions hardly come back, in bytes.
const LONGEST: usize = 300;

/// Without a template, shorter ones mean something by what was said before, in words.
const SHORTEST: usize = 4;

/// Why the answer of a turn is this caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OwnAnswer {
    /// There are no instructions, or no words of a caller at the end.
    #[error("the conversation does not end with words of the caller")]
    NoQuestion,
    /// The caller answers a question of the agent.
    #[error("the agent has asked something")]
    Awaited,
    /// The words are no question.
    #[error("it is no question")]
    NotAsked,
    /// It is too long, or says too little.
    #[error("it is too long or too short to come back")]
    Length,
    /// It depends on the caller.
    #[error("it depends on the caller")]
    Caller,
    /// It depends on what was said before.
    #[error("it depends on what was said before")]
    Before,
    /// It depends on the time, or on how things stand.
    #[error("it depends on the time at which it is asked")]
    Time,
    /// Something else was said with it.
    #[error("the caller says more than a question")]
    More,
    /// The caller has asked it before, and wants another answer.
    #[error("it was asked before in this conversation")]
    Again,
}

/// A question that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The instructions and facts that the agent has, whole, and what was looked up for the question: other
    /// ones give other answers.
    pub instructions: String,
    /// The question without what does not change it.
    pub question: String,
    /// What it means, if a template fits.
    pub meaning: Option<Meaning>,
    /// The conversation has no words but these and the instructions: its answer depends on nothing else.
    pub first: bool,
}

impl Asked {
    /// The question at the end of `messages`.
    ///
    /// # Errors
    /// Why its answer is this caller's own.
    pub fn read(messages: &[Message], patterns: &Patterns) -> Result<Self, OwnAnswer> {
        let (Some((instructions, said)), true) = (messages.split_first(), messages.len() > 1) else {
            return Err(OwnAnswer::NoQuestion);
        };
        let Some((last, before)) = said.split_last() else { return Err(OwnAnswer::NoQuestion) };
        if instructions.role != Role::System || last.role != Role::User {
            return Err(OwnAnswer::NoQuestion);
        }
        // What was looked up for the question stands before it.
        let (looked_up, before) = match before.split_last() {
            Some((looked_up, before)) if looked_up.role == Role::System => (Some(looked_up), before),
            Some(_) | None => (None, before),
        };
        if before.iter().any(|message| message.role == Role::System) {
            // What the agent is told in between is about this caller.
            return Err(OwnAnswer::Caller);
        }
        if before.last().is_some_and(|line| line.role == Role::Tool || awaits(line, patterns)) {
            return Err(OwnAnswer::Awaited);
        }
        let (question, meaning) = read(&last.text, patterns)?;
        let earlier = |message: &&Message| message.role == Role::User;
        let again = before.iter().filter(earlier).any(|message| {
            let words = normal(&message.text, &patterns.words);
            words == question || meaning.is_some() && patterns.meaning(&words) == meaning
        });
        if again {
            return Err(OwnAnswer::Again);
        }
        Ok(Self {
            instructions: std::iter::once(instructions)
                .chain(looked_up)
                .map(|message| message.text.as_str())
                .collect::<Vec<_>>()
                .join("\n"),
            question: question.join(" "),
            meaning,
            first: before.is_empty(),
        })
    }
}

/// The words of a question that stands alone, and what they mean.
fn read(text: &str, patterns: &Patterns) -> Result<(Phrase, Option<Meaning>), OwnAnswer> {
    let words = &patterns.words;
    if text.len() > LONGEST {
        return Err(OwnAnswer::Length);
    }
    // Also where it looks like a greeting.
    if phrase(text).iter().any(|word| words.times.contains(word)) {
        return Err(OwnAnswer::Time);
    }
    let mut sentences = text.split_inclusive(['.', '!', '?']).rev();
    // "Dr. Lee" is no sentence of its own: what stands before a full stop counts if it is a whole one.
    let last = sentences.find(|part| part.contains(char::is_alphabetic)).unwrap_or_default();
    let question = normal(text, words);
    if let Some(meaning) = patterns.meaning(&question) {
        let slots: Phrase = meaning.slots.values().flat_map(|slot| phrase(slot)).collect();
        anybodys(&slots, patterns)?;
        return Ok((question, Some(meaning)));
    }
    if sentences.any(|earlier| !is_courtesy(earlier, words)) && !last.is_empty() {
        return Err(OwnAnswer::More);
    }
    if !question.first().is_some_and(|first| words.asks.contains(first)) {
        Err(OwnAnswer::NotAsked)
    } else if question.len() < SHORTEST {
        Err(OwnAnswer::Length)
    } else {
        anybodys(&question, patterns)?;
        Ok((question, None))
    }
}

/// Nothing among these words is the caller's own, of before, or about how things stand.
fn anybodys(some: &[String], patterns: &Patterns) -> Result<(), OwnAnswer> {
    let words = &patterns.words;
    let has = |list: &Phrase| some.iter().any(|word| list.contains(word));
    if has(&words.own) {
        Err(OwnAnswer::Caller)
    } else if has(&words.before) {
        Err(OwnAnswer::Before)
    } else if has(&words.states) {
        Err(OwnAnswer::Time)
    } else {
        Ok(())
    }
}

/// Whether the agent waits for something in particular.
fn awaits(line: &Message, patterns: &Patterns) -> bool {
    let text = line.text.trim_end();
    let last = text.split_inclusive(['.', '!', '?']).next_back().unwrap_or(text).to_lowercase();
    text.ends_with('?') && !patterns.words.open_questions.iter().any(|open| last.contains(open.as_str()))
}
