//! The end of a caller's turn, as a model sees it: its place in a prompt, and its probability. Must not know
//! caches, calls, or what a pause is.
//!
//! A recogniser puts a full stop after anything, and after a full stop every model takes the turn to be over.
//! So the model is asked before the marks at the end: how likely is it that a mark which ends a sentence
//! follows, or the end of the turn itself? (livekit's turn detector leaves out punctuation for this reason.)

use std::sync::Arc;

use super::sampler::probability_of;
use super::vocabulary::Vocabulary;

/// Where the caller's last words end in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TurnEnd {
    /// The number of tokens before the end.
    pub(super) at: usize,
    /// The marker that follows, by which the model says that a turn is over.
    pub(super) marker: u32,
}

/// The tokens that are a mark at the end of a sentence, and nothing else.
#[derive(Debug, Clone)]
pub(super) struct SentenceMarks(Arc<[u32]>);

impl SentenceMarks {
    pub(super) fn of(vocabulary: &Vocabulary) -> Self {
        let all = 0..u32::try_from(vocabulary.len()).unwrap_or(u32::MAX);
        let is_mark = |id: &u32| {
            let bytes = vocabulary.bytes_of(*id);
            std::str::from_utf8(&bytes).is_ok_and(|text| matches!(text.trim_start(), "." | "?" | "!"))
        };
        Self(all.filter(is_mark).collect())
    }

    /// The number of tokens up to and with the caller's last word.
    pub(super) fn last_word(&self, tokens: &[u32], turn: TurnEnd) -> usize {
        let marks = tokens[..turn.at.min(tokens.len())].iter().rev().take_while(|id| self.0.contains(id));
        turn.at.saturating_sub(marks.count()).max(1)
    }

    /// The probability, 0 to 1, that the turn ends, from the logits after its last word.
    pub(super) fn end_of_turn(&self, logits: &[f32], marker: u32) -> Option<f32> {
        let marks = self.0.iter().copied().filter(|&mark| mark != marker);
        probability_of(std::iter::once(marker).chain(marks), logits)
    }
}

#[cfg(test)]
mod tests {
    use super::super::architecture::Architecture;
    use super::super::vocabulary::{Kind, Piece};
    use super::*;

    fn marks() -> SentenceMarks {
        let texts = ["word", ".", "\u{2581}?", "!", ",", "a.", "<|end|>"];
        let pieces = texts.map(|text| Piece { text: text.into(), score: 0.0, kind: Kind::Normal });
        SentenceMarks::of(&Vocabulary::new(pieces.into(), Architecture::Phi3))
    }

    #[test]
    fn the_last_word_is_before_the_marks_that_a_recogniser_writes_behind_anything() {
        let last_word = |tokens: &[u32]| marks().last_word(tokens, TurnEnd { at: tokens.len(), marker: 6 });
        assert_eq!(last_word(&[0, 0, 1]), 2);
        assert_eq!(last_word(&[0, 0, 2, 3]), 2);
        // A comma says that more is to come, so it belongs to the words.
        assert_eq!(last_word(&[0, 4]), 2);
        assert_eq!(last_word(&[5]), 1);
    }

    #[test]
    fn a_sentence_that_may_end_counts_as_a_turn_that_may_end() {
        let logits = [0.0; 8];
        let probability = marks().end_of_turn(&logits, 6).unwrap();
        assert!((probability - 0.5).abs() < 1e-6, "{probability}");
    }
}
