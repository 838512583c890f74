//! One chunk of a reply on its way to the ear, and how far it has come. Must not know the other chunks.

use std::time::Duration;

use crate::ids::{ChunkId, MarkId};
use crate::turns::word_timing::Sound;
use crate::units::CallTime;

/// One chunk of a reply on its way to the ear.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) chunk: ChunkId,
    pub(super) text: String,
    /// The pause before it.
    pub(super) silence: Duration,
    /// The length of its audio, as far as that has come.
    pub(super) lasts: Duration,
    /// Spoken to bridge a wait: heard, but no part of the answer.
    pub(super) filler: bool,
    pub(super) state: State,
}

#[derive(Debug, Clone)]
pub(super) enum State {
    /// Given to the synthesiser.
    Asked,
    /// Synthesised and held back; the audio before `from` was heard.
    Ready { sound: Sound, from: Duration },
    /// Queued for the gateway, from `from` on.
    Queued { sound: Sound, from: Duration, mark: MarkId, started: Option<CallTime> },
    /// Heard to its end, or never to be heard.
    Over { heard: bool },
}

impl Piece {
    pub(super) fn new(chunk: ChunkId, text: &str, silence: Duration, filler: bool) -> Self {
        let lasts = Duration::ZERO;
        Self { chunk, text: text.to_owned(), silence, lasts, filler, state: State::Asked }
    }

    /// True if its audio, or a part of it, is still to come.
    pub(super) fn awaits_sound(&self) -> bool {
        match &self.state {
            State::Asked => true,
            State::Ready { sound, .. } | State::Queued { sound, .. } => sound.grows,
            State::Over { .. } => false,
        }
    }

    /// No more audio will come: the text without audio is never heard.
    pub(super) fn ends_here(&mut self) {
        match &mut self.state {
            State::Asked => self.state = State::Over { heard: false },
            State::Ready { sound, .. } | State::Queued { sound, .. } if sound.grows => {
                self.text = sound.beginning(&self.text, sound.duration).to_owned();
                sound.grows = false;
            }
            State::Ready { .. } | State::Queued { .. } | State::Over { .. } => {}
        }
    }
}
