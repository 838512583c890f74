//! The parts of a loaded model that all calls share, and the number of calls that find room. Must not know
//! how a reply is made.

use std::sync::{Arc, Mutex};

use super::end_of_turn_score::SentenceMarks;
use super::pool::PAGE;
use super::sessions::Sessions;
use super::template::ChatTemplate;
use super::vocabulary::Vocabulary;
use super::weights::Weights;

/// The parts of a model that all calls share.
pub(super) struct Shared {
    pub(super) weights: Arc<Weights>,
    pub(super) vocabulary: Vocabulary,
    /// Biases that keep tokens which no voice can speak out of replies, and all in `thoughts`.
    pub(super) markup: Arc<[(u32, f32)]>,
    /// Biases that keep a model from thinking; none if it may.
    pub(super) thoughts: Arc<[(u32, f32)]>,
    pub(super) marks: SentenceMarks,
    pub(super) template: Option<ChatTemplate>,
    pub(super) sessions: Mutex<Sessions>,
}

/// Tokens that a call is promised room for: its context, and the page in which it parts from the prompt that
/// all calls share.
pub(super) fn room_tokens(positions: usize) -> usize {
    positions + PAGE
}

/// The number of calls that find room at once.
pub(super) fn calls_in(weights: &Weights) -> usize {
    weights.pool().pages() / weights.pool().pages_for(room_tokens(weights.positions()))
}
