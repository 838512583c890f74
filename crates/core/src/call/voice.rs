//! The agent's voice in one call: texts that wait for the synthesiser, and the sound of those that were spoken, which
//! is kept for as long as it may be said again. Must not know why it is said.

use std::collections::{BTreeMap, VecDeque};

use crate::ids::{ChunkId, TurnId};

/// Pieces that are synthesised at a time: while one is made the next waits, and no call takes the whole queue of a
/// voice that all share.
pub(super) const AT_A_TIME: usize = 2;

/// A piece of a reply that is to be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) turn: TurnId,
    pub(super) chunk: ChunkId,
    pub(super) text: String,
    /// The first of its reply.
    pub(super) first: bool,
}

/// Texts and sounds of one call.
#[derive(Debug, Default)]
pub(super) struct Voice {
    waiting: VecDeque<Text>,
    spoken: BTreeMap<ChunkId, (TurnId, Vec<i16>)>,
}

impl Voice {
    /// In the order of speaking: what is made a second time is waited for by what follows it.
    pub(super) fn wait(&mut self, text: Text) {
        let place = self.waiting.partition_point(|other| (other.turn, other.chunk) < (text.turn, text.chunk));
        self.waiting.insert(place, text);
    }

    pub(super) fn next(&mut self) -> Option<Text> {
        self.waiting.pop_front()
    }

    /// Texts of a reply that was given up. What was spoken of it stays: it may be the beginning of another.
    pub(super) fn give_up(&mut self, turn: TurnId) {
        self.waiting.retain(|text| text.turn != turn);
    }

    pub(super) fn spoken(&mut self, turn: TurnId, chunk: ChunkId, samples: Vec<i16>) {
        self.spoken.insert(chunk, (turn, samples));
    }

    /// The sound of a piece.
    pub(super) fn sound_of(&self, chunk: ChunkId) -> Option<&[i16]> {
        self.spoken.get(&chunk).map(|(_, samples)| samples.as_slice())
    }

    /// A turn is over: nothing of it, or of one before it, is said again.
    pub(super) fn over(&mut self, turn: TurnId) {
        self.spoken.retain(|_, (of, _)| *of > turn);
    }

    /// Nothing is said again.
    pub(super) fn forget(&mut self) {
        self.spoken.clear();
    }
}
