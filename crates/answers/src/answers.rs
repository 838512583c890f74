//! The answers that are kept. Must not know how a question is understood.

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroUsize;

use lru::LruCache;
use offhook_core::dialogue::{CachedBy, tools};
use serde::Serialize;

use crate::asked::Asked;

/// The longest answer that is kept, in bytes.
const LONGEST: usize = 1_000;

/// Why an answer is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// Something else was said in its conversation, which it may depend on.
    #[error("it may depend on what was said before")]
    NotFirst,
    /// It has no words, or too many.
    #[error("it is empty or longer than {LONGEST} bytes")]
    Length,
    /// It asks something in particular.
    #[error("it asks the caller something")]
    Asks,
    /// It calls a tool.
    #[error("it calls a tool")]
    Acts,
}

/// An answer that was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its words.
    pub text: String,
    /// How the question was recognised.
    pub by: CachedBy,
    /// The tokens that were generated for it.
    pub tokens: usize,
}

/// How often answers were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Statistics {
    /// Questions that were looked up.
    pub asked: u64,
    /// Answers to the same words.
    pub exact: u64,
    /// Answers to other words of the same meaning.
    pub pattern: u64,
    /// Answers that were kept.
    pub kept: u64,
}

/// A question to an agent: to other instructions, it is another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    instructions: u64,
    question: String,
}

/// Answers by their questions; of too many, those are forgotten that were not asked for the longest time. All
/// operations take the same time, however many there are.
#[derive(Debug)]
pub struct Answers {
    by_question: LruCache<Key, (String, usize)>,
    statistics: Statistics,
    /// Nobody can think up instructions that look like others.
    versions: RandomState,
}

impl Answers {
    /// Keeps at most so many answers.
    #[must_use]
    pub fn new(most: NonZeroUsize) -> Self {
        // One by its words, and one by its meaning.
        let by_question = LruCache::new(most.saturating_mul(NonZeroUsize::MIN.saturating_add(1)));
        Self { by_question, statistics: Statistics::default(), versions: RandomState::new() }
    }

    /// The answer that was given to this question before, if it has no more tokens than these.
    pub fn find(&mut self, asked: &Asked, most_tokens: usize) -> Option<Found> {
        let found = self.peek(asked).filter(|found| found.tokens <= most_tokens);
        self.statistics.asked += 1;
        match found.as_ref().map(|found| found.by) {
            None => {}
            Some(CachedBy::Exact) => self.statistics.exact += 1,
            Some(CachedBy::Pattern) => self.statistics.pattern += 1,
        }
        found
    }

    /// The same, without counting it.
    pub fn peek(&mut self, asked: &Asked) -> Option<Found> {
        // Behind other words, only a template shows that the question needs none of them.
        if !asked.first && asked.meaning.is_none() {
            return None;
        }
        let instructions = self.versions.hash_one(&asked.instructions);
        let mut get = |question: String| self.by_question.get(&Key { instructions, question }).cloned();
        if let Some((text, tokens)) = get(asked.question.clone()) {
            return Some(Found { text, by: CachedBy::Exact, tokens });
        }
        let (text, tokens) = get(marked(asked)?)?;
        Some(Found { text, by: CachedBy::Pattern, tokens })
    }

    /// Keeps an answer for which so many tokens were generated.
    ///
    /// # Errors
    /// Why it is not given again.
    pub fn keep(&mut self, asked: &Asked, answer: &str, tokens: usize) -> Result<(), NotKept> {
        let answer = answer.trim();
        if !asked.first {
            return Err(NotKept::NotFirst);
        }
        if answer.is_empty() || answer.len() > LONGEST {
            return Err(NotKept::Length);
        }
        if answer.contains(tools::OPEN) {
            return Err(NotKept::Acts);
        }
        if answer.ends_with('?') {
            return Err(NotKept::Asks);
        }
        let instructions = self.versions.hash_one(&asked.instructions);
        for question in [Some(asked.question.clone()), marked(asked)].into_iter().flatten() {
            self.by_question.put(Key { instructions, question }, (answer.to_owned(), tokens));
        }
        self.statistics.kept += 1;
        Ok(())
    }

    /// How often answers were found.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }
}

/// The key of a meaning: no question has such words.
fn marked(asked: &Asked) -> Option<String> {
    asked.meaning.as_ref().map(|meaning| format!("= {meaning}"))
}
