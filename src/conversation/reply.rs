//! One answer of the agent, from the first token to the last mark. Knows no history and no caller.

use std::time::Duration;

use super::chunker::{Chunker, Piece};
use super::latency::{Milestones, TurnReport};
use super::playback::Ledger;
use crate::ids::TurnId;
use crate::units::CallTime;

/// A reply in the making or being spoken.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) turn: TurnId,
    /// What the caller said; empty for the greeting.
    pub(super) heard: String,
    pub(super) chunker: Chunker,
    pub(super) ledger: Ledger,
    pub(super) milestones: Milestones,
    /// No more text will come.
    pub(super) complete: bool,
    /// It is the fallback phrase.
    pub(super) failed: bool,
    /// The pause that the piece before the next one asks for.
    pub(super) pause: Duration,
}

impl Reply {
    pub(super) fn new(turn: TurnId, heard: &str, milestones: Milestones) -> Self {
        Self {
            turn,
            heard: heard.to_owned(),
            chunker: Chunker::default(),
            ledger: Ledger::default(),
            milestones,
            complete: false,
            failed: false,
            pause: Duration::ZERO,
        }
    }

    /// The pieces of a text that is not generated.
    pub(super) fn take_all(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = self.chunker.push(text);
        pieces.extend(self.chunker.finish());
        self.complete = true;
        pieces
    }

    /// True if the agent was speaking, or about to, at `at`.
    pub(super) fn is_heard_at(&self, at: CallTime) -> bool {
        !self.complete || self.ledger.plays_until(at) > at
    }

    /// True if everything that was to be said was heard or lost.
    pub(super) fn is_over(&self) -> bool {
        self.complete && self.ledger.is_over()
    }

    pub(super) fn report(&self, reply: String, interrupted: bool) -> TurnReport {
        TurnReport {
            turn: self.turn,
            heard: self.heard.clone(),
            reply,
            speech_end: self.milestones.speech_end,
            stages: self.milestones.stages(),
            interrupted,
            failed: self.failed,
        }
    }
}
