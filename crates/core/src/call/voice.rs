//! The agent's voice in one call: texts that wait for the synthesiser, the spoken words of those in
//! synthesis, and the audio of synthesised chunks, which is kept as long as it may be played again. Must not
//! know why a text is spoken.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::SpokenPart;
use crate::dialogue::WordTime;
use crate::ids::{ChunkId, TurnId};
use crate::speakable::Spoken;
use crate::units::{PHONE_RATE, duration_of};

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
    /// It fills a silence, in which the other texts of the call may hang.
    pub(super) urgent: bool,
}

/// The audio of a chunk, as far as it is synthesised.
#[derive(Debug)]
struct Sound {
    turn: TurnId,
    written: String,
    /// The peer was told that it is going to be played.
    told: bool,
    spoken: Spoken,
    samples: Vec<i16>,
    /// The spoken words that have ended.
    words: Vec<WordTime>,
    /// More of it is to come.
    grows: bool,
}

/// Texts and audio of one call.
#[derive(Debug, Default)]
pub(super) struct Voice {
    waiting: VecDeque<Text>,
    sounds: BTreeMap<ChunkId, Sound>,
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

    /// The next text that fills a silence: it waits for no other.
    pub(super) fn next_urgent(&mut self) -> Option<Text> {
        let at = self.waiting.iter().position(|text| text.urgent)?;
        self.waiting.remove(at)
    }

    /// Drops the texts of a reply that was given up. Its synthesised audio stays, because another reply may
    /// begin with it.
    pub(super) fn give_up(&mut self, turn: TurnId) {
        self.waiting.retain(|text| text.turn != turn);
    }

    /// The synthesis of a chunk begins: of the `written` text, in these spoken words.
    pub(super) fn begins(&mut self, turn: TurnId, chunk: ChunkId, written: String, spoken: Spoken) {
        let (samples, words) = (Vec::new(), Vec::new());
        let told = false;
        self.sounds.insert(chunk, Sound { turn, written, told, spoken, samples, words, grows: true });
    }

    /// The next part of a chunk's audio. It is dropped if the chunk's audio was dropped before.
    pub(super) fn spoken(&mut self, chunk: ChunkId, part: SpokenPart) {
        if let Some(sound) = self.sounds.get_mut(&chunk) {
            sound.samples.extend(part.samples);
            sound.words.extend(part.words);
        }
    }

    /// The audio of a chunk ends here.
    pub(super) fn is_complete(&mut self, chunk: ChunkId) {
        if let Some(sound) = self.sounds.get_mut(&chunk) {
            sound.grows = false;
        }
    }

    /// The chunks of this turn whose audio is not complete.
    pub(super) fn growing(&self, turn: TurnId) -> Vec<ChunkId> {
        let growing = self.sounds.iter().filter(|(_, sound)| sound.turn == turn && sound.grows);
        growing.map(|(chunk, _)| *chunk).collect()
    }

    /// The turn of a chunk and its text, the first time that it is asked for.
    pub(super) fn tell(&mut self, chunk: ChunkId) -> Option<(TurnId, String)> {
        let sound = self.sounds.get_mut(&chunk).filter(|sound| !sound.told)?;
        sound.told = true;
        Some((sound.turn, sound.written.clone()))
    }

    /// The audio of a chunk so far, and whether more is to come.
    pub(super) fn sound_of(&self, chunk: ChunkId) -> Option<(&[i16], bool)> {
        self.sounds.get(&chunk).map(|sound| (sound.samples.as_slice(), sound.grows))
    }

    /// The duration of a chunk's audio so far, and when the written words in it end.
    pub(super) fn timing_of(&self, chunk: ChunkId) -> Option<(Duration, Vec<WordTime>)> {
        let sound = self.sounds.get(&chunk)?;
        let words = sound.spoken.written_times(&sound.written, &sound.words);
        Some((duration_of(sound.samples.len(), PHONE_RATE), words))
    }

    /// Ends a turn: the audio of this turn and of earlier turns is not played again.
    pub(super) fn over(&mut self, turn: TurnId) {
        self.sounds.retain(|_, sound| sound.turn > turn);
    }

    /// Drops all complete audio: it is not played again.
    pub(super) fn forget(&mut self) {
        self.sounds.retain(|_, sound| sound.grows);
    }
}
