//! What the language model was given of the words of one utterance, and what it said of their end. Must not know a
//! conversation.

use crate::ids::{Asked, ReadingId};
use crate::language::words::plain_words;

/// Prefills of one utterance that are remembered: a model that is far behind says nothing of use.
const MOST: usize = 8;

/// What the model was given of the words of one utterance, and what it said of them.
#[derive(Debug, Default)]
pub(super) struct Prefills(Vec<Given>);

#[derive(Debug)]
struct Given {
    asked: Asked,
    /// All that the caller has said, as the prompt has it.
    heard: String,
    /// That the turn ends with it, if that is known.
    probability: Option<f32>,
}

impl Prefills {
    /// The model is given these words.
    pub(super) fn given(&mut self, asked: Asked, heard: &str) {
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(Given { asked, heard: heard.to_owned(), probability: None });
    }

    /// They were not read.
    pub(super) fn forget(&mut self, reading: ReadingId) {
        self.0.retain(|given| given.asked != Asked::Reading(reading));
    }

    /// The utterance is over: what comes now is of old words.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn newest(&self) -> Option<&str> {
        self.0.last().map(|given| given.heard.as_str())
    }

    /// True if somebody waits for it.
    pub(super) fn scored(&mut self, asked: Asked, probability: f32) -> bool {
        let given = self.0.iter_mut().find(|given| given.asked == asked);
        given.map(|given| given.probability = Some(probability)).is_some()
    }

    /// What is known of the end of these words. A comma more or less makes them no others.
    pub(super) fn probability_of(&self, heard: &str) -> Option<f32> {
        let words = plain_words(heard);
        let same = |given: &&Given| given.probability.is_some() && plain_words(&given.heard) == words;
        self.0.iter().rev().find(same).and_then(|given| given.probability)
    }
}
