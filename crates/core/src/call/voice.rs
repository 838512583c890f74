//! The agent's voice in one call: texts that wait for the synthesiser, the spoken words of those in
//! synthesis, and the audio of synthesised chunks, which is kept as long as it may be played again. Must not
//! know why a text is spoken.

use std::collections::{BTreeMap, VecDeque};

use crate::dialogue::WordTime;
use crate::ids::{ChunkId, TurnId};
use crate::speakable::Spoken;

/// The most chunks of one call in synthesis: while one is synthesised, the next one waits in the queue of the
/// voice. All calls share this queue, so no call may take all of it.
pub(super) const AT_A_TIME: usize = 2;

/// A chunk of a reply that is to be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) turn: TurnId,
    pub(super) chunk: ChunkId,
    pub(super) text: String,
    /// The first chunk of its reply.
    pub(super) first: bool,
}

/// Texts and audio of one call.
#[derive(Debug, Default)]
pub(super) struct Voice {
    waiting: VecDeque<Text>,
    /// The written and the spoken words of the chunks in synthesis.
    speaking: BTreeMap<ChunkId, (TurnId, String, Spoken)>,
    spoken: BTreeMap<ChunkId, (TurnId, Vec<i16>)>,
}

impl Voice {
    /// Queues a text in the order of speaking: a chunk that is synthesised again comes before later chunks.
    pub(super) fn wait(&mut self, text: Text) {
        let place = self.waiting.partition_point(|other| (other.turn, other.chunk) < (text.turn, text.chunk));
        self.waiting.insert(place, text);
    }

    pub(super) fn next(&mut self) -> Option<Text> {
        self.waiting.pop_front()
    }

    /// Drops the texts of a reply that was given up. Its synthesised audio stays, because another reply may
    /// begin with it.
    pub(super) fn give_up(&mut self, turn: TurnId) {
        self.waiting.retain(|text| text.turn != turn);
        self.speaking.retain(|_, (of, ..)| *of != turn);
    }

    /// A text was given to the synthesiser, in these words.
    pub(super) fn speaks(&mut self, turn: TurnId, chunk: ChunkId, written: String, spoken: Spoken) {
        self.speaking.insert(chunk, (turn, written, spoken));
    }

    /// When the written words of a chunk end, from the times of its spoken words.
    pub(super) fn written_times(&self, chunk: ChunkId, words: &[WordTime]) -> Vec<WordTime> {
        let of_chunk = self.speaking.get(&chunk);
        of_chunk.map_or_else(Vec::new, |(_, written, spoken)| spoken.written_times(written, words))
    }

    pub(super) fn spoken(&mut self, turn: TurnId, chunk: ChunkId, samples: Vec<i16>) {
        self.speaking.remove(&chunk);
        self.spoken.insert(chunk, (turn, samples));
    }

    /// The audio of a chunk.
    pub(super) fn sound_of(&self, chunk: ChunkId) -> Option<&[i16]> {
        self.spoken.get(&chunk).map(|(_, samples)| samples.as_slice())
    }

    /// Ends a turn: the audio of this turn and of earlier turns is not played again.
    pub(super) fn over(&mut self, turn: TurnId) {
        self.spoken.retain(|_, (of, _)| *of > turn);
        self.speaking.retain(|_, (of, ..)| *of > turn);
    }

    /// Drops all audio: nothing is played again.
    pub(super) fn forget(&mut self) {
        self.spoken.clear();
    }
}
