//! What all calls share of a loaded model, and how many of them find room. Must not know how a reply is made.

use std::sync::{Arc, Mutex};

use super::end_of_turn_score::SentenceMarks;
use super::pool::PAGE;
use super::sessions::Sessions;
use super::template::ChatTemplate;
use super::vocabulary::Vocabulary;
use super::weights::Weights;

/// What all calls share.
pub(super) struct Shared {
    pub(super) weights: Arc<Weights>,
    pub(super) vocabulary: Vocabulary,
    /// Keeps out of a reply what no voice can speak.
    pub(super) markup: Arc<[(u32, f32)]>,
    pub(super) marks: SentenceMarks,
    pub(super) template: Option<ChatTemplate>,
    pub(super) sessions: Mutex<Sessions>,
}

/// Tokens that a call is promised room for: a context, and the page in which it parts from the prompt that
/// all share.
pub(super) fn room_tokens(positions: usize) -> usize {
    positions + PAGE
}

/// Calls that find room at once.
pub(super) fn calls_in(weights: &Weights) -> usize {
    weights.pool().pages() / weights.pool().pages_for(room_tokens(weights.positions()))
}
