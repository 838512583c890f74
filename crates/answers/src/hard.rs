//! Which words of a caller are hard to answer: for a larger model, where there are two. Must not know models.

use crate::normal::normal;
use crate::patterns::Patterns;
use crate::words::phrase;

/// A question that no template fits is hard from so many words on. Measured: docs/models.md.
const LONG: usize = 12;

/// Why an answer is hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hard {
    /// It takes a reason, a comparison or advice.
    Reason,
    /// Several things are asked at once.
    Several,
    /// It is long, and of no known kind.
    Long,
}

impl Hard {
    /// What is hard in the words of a caller; `None` if nothing is: a question of a known kind, a short
    /// one, or none at all.
    #[must_use]
    pub fn of(text: &str, patterns: &Patterns) -> Option<Self> {
        let words = &patterns.words;
        let question = normal(text, words);
        if patterns.meaning(&question).is_some() {
            return None;
        }
        let said = phrase(text);
        let begins = question.first().is_some_and(|first| words.asks.contains(first));
        let questions = text.matches('?').count().max(usize::from(begins));
        let has = |wanted: &[String]| said.windows(wanted.len()).any(|run| run == wanted);
        if questions > 0 && words.reasons.iter().any(|wanted| !wanted.is_empty() && has(wanted)) {
            Some(Self::Reason)
        } else if questions > 1 {
            Some(Self::Several)
        } else if questions > 0 && question.len() >= LONG {
            Some(Self::Long)
        } else {
            None
        }
    }

    /// The word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reason => "reason",
            Self::Several => "several",
            Self::Long => "long",
        }
    }
}
