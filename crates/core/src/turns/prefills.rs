//! The words of one utterance that the language model was given, and its scores of their end. Must not know
//! a conversation.

use crate::ids::{Asked, ReadingId};
use crate::language::words::plain_words;

/// How many prefills of one utterance are remembered: a model further behind gives no useful score.
const MOST: usize = 8;

/// The words of one utterance that the model was given, with its scores.
#[derive(Debug, Default)]
pub(super) struct Prefills(Vec<Given>);

#[derive(Debug)]
struct Given {
    asked: Asked,
    /// All of the caller's words, as they are in the prompt.
    heard: String,
    /// The probability that the turn ends with these words, if it is known.
    probability: Option<f32>,
}

impl Prefills {
    /// The model is given the words `heard`.
    pub(super) fn given(&mut self, asked: Asked, heard: &str) {
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(Given { asked, heard: heard.to_owned(), probability: None });
    }

    /// The words of `reading` were not read.
    pub(super) fn forget(&mut self, reading: ReadingId) {
        self.0.retain(|given| given.asked != Asked::Reading(reading));
    }

    /// The utterance is over: scores that come now are of old words.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn newest(&self) -> Option<&str> {
        self.0.last().map(|given| given.heard.as_str())
    }

    /// Takes a score. True if its words are remembered.
    pub(super) fn scored(&mut self, asked: Asked, probability: f32) -> bool {
        let given = self.0.iter_mut().find(|given| given.asked == asked);
        given.map(|given| given.probability = Some(probability)).is_some()
    }

    /// The probability that the turn ends with these words, if it is known. Commas make no difference.
    pub(super) fn probability_of(&self, heard: &str) -> Option<f32> {
        let words = plain_words(heard);
        let same = |given: &&Given| given.probability.is_some() && plain_words(&given.heard) == words;
        self.0.iter().rev().find(same).and_then(|given| given.probability)
    }
}
