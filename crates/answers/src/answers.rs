//! The answers that are kept. Must not know how a question is understood.

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroUsize;

use lru::LruCache;
use offhook_core::dialogue::{CachedBy, tools};
use serde::Serialize;

use crate::asked::Asked;
use crate::patterns::Patterns;
use crate::wording::says_the_same;

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

/// The most wordings of an answer, and how often the model is asked for another one.
const MOST_WORDINGS: usize = 3;
const MOST_TRIES: usize = 4;

/// The wordings of an answer, which are given in turn.
#[derive(Debug, Clone)]
struct Kept {
    /// With the tokens of each.
    wordings: Vec<(String, usize)>,
    /// The one that was given last.
    last: Option<usize>,
    /// How often another wording was asked for.
    tries: usize,
}

impl Kept {
    fn new(text: String, tokens: usize) -> Self {
        Self { wordings: vec![(text, tokens)], last: None, tries: 0 }
    }

    /// The next wording that has no more tokens than these.
    fn next(&mut self, most: usize) -> Option<(String, usize)> {
        let first = self.last.map_or(0, |last| last + 1);
        let mut in_turn = (first..first + self.wordings.len()).map(|at| at % self.wordings.len());
        let next = in_turn.find(|at| self.wordings[*at].1 <= most)?;
        self.last = Some(next);
        self.wordings.get(next).cloned()
    }
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
    by_question: LruCache<Key, Kept>,
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

    /// The answer that was given to this question before, if it has no more tokens than these: of its
    /// wordings, the one whose turn it is.
    pub fn find(&mut self, asked: &Asked, most_tokens: usize) -> Option<Found> {
        let found = self.kept(asked).and_then(|(by, kept)| {
            let (text, tokens) = kept.next(most_tokens)?;
            Some(Found { text, by, tokens })
        });
        self.statistics.asked += 1;
        match found.as_ref().map(|found| found.by) {
            None => {}
            Some(CachedBy::Exact) => self.statistics.exact += 1,
            Some(CachedBy::Pattern) => self.statistics.pattern += 1,
        }
        found
    }

    /// The same, without counting it or taking its turn.
    pub fn peek(&mut self, asked: &Asked) -> Option<Found> {
        let (by, kept) = self.kept(asked)?;
        let (text, tokens) = kept.clone().next(usize::MAX)?;
        Some(Found { text, by, tokens })
    }

    /// Whether another wording of the answer to this question is wanted: few are there, and the model was
    /// not asked for one too often. It counts as asked.
    pub fn wants_another_wording(&mut self, asked: &Asked) -> bool {
        let Some((_, kept)) = self.kept(asked) else { return false };
        let wants = kept.wordings.len() < MOST_WORDINGS && kept.tries < MOST_TRIES;
        kept.tries += usize::from(wants);
        wants
    }

    /// Keeps another wording of an answer, if it says the same.
    pub fn vary(&mut self, asked: &Asked, answer: &str, tokens: usize, patterns: &Patterns) {
        let answer = answer.trim();
        let instructions = self.versions.hash_one(&asked.instructions);
        for question in [Some(asked.question.clone()), marked(asked)].into_iter().flatten() {
            let Some(kept) = self.by_question.peek_mut(&Key { instructions, question }) else { continue };
            let is_new = kept.wordings.len() < MOST_WORDINGS
                && kept.wordings.iter().all(|(wording, _)| wording != answer)
                && kept.wordings.iter().all(|(wording, _)| says_the_same(wording, answer, &patterns.words));
            if is_new {
                kept.wordings.push((answer.to_owned(), tokens));
            }
        }
    }

    fn kept(&mut self, asked: &Asked) -> Option<(CachedBy, &mut Kept)> {
        // Behind other words, only a template shows that the question needs none of them.
        if !asked.first && asked.meaning.is_none() {
            return None;
        }
        let instructions = self.versions.hash_one(&asked.instructions);
        let exact = Key { instructions, question: asked.question.clone() };
        if self.by_question.contains(&exact) {
            return Some((CachedBy::Exact, self.by_question.get_mut(&exact)?));
        }
        let alike = Key { instructions, question: marked(asked)? };
        Some((CachedBy::Pattern, self.by_question.get_mut(&alike)?))
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
            self.by_question.put(Key { instructions, question }, Kept::new(answer.to_owned(), tokens));
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
