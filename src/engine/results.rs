//! What engines have to say to a call, and the queues between them. Must not know what a result is used for.

use std::sync::mpsc::{SyncSender, TrySendError};

use tokio::sync::mpsc::{OwnedPermit, Sender};

use super::{EngineError, Speech, Transcript};
use crate::dialogue::Usage;
use crate::ids::{Asked, ChunkId, ReadingId, TurnId, UtteranceId};
use crate::units::CallTime;

/// What an engine has to say to a call.
#[derive(Debug)]
pub enum EngineResult {
    /// An utterance as text.
    Transcribed {
        /// Which utterance, and which transcription of it.
        utterance: UtteranceId,
        /// The number it was asked with.
        pass: u32,
        /// The moment up to which the caller was heard, as it was asked with.
        heard_until: CallTime,
        /// Its text, or why there is none.
        result: Result<Transcript, EngineError>,
    },
    /// A token of a reply.
    Token {
        /// Whose.
        turn: TurnId,
        /// Its text.
        text: String,
    },
    /// How likely it is that the caller's turn ends with the words that were read.
    EndOfTurn {
        /// Of which conversation.
        asked: Asked,
        /// From 0 to 1, to the language model.
        probability: f32,
    },
    /// A prompt was read ahead, or could not be.
    ReadAhead {
        /// Which.
        reading: ReadingId,
        /// Why it was not.
        result: Result<(), EngineError>,
    },
    /// A reply is complete, or failed.
    Generated {
        /// Whose.
        turn: TurnId,
        /// Counts of tokens, or why there is no more.
        result: Result<Usage, EngineError>,
    },
    /// A piece was spoken.
    Synthesized {
        /// Which.
        chunk: ChunkId,
        /// Its sound at the rate of the phone, or why there is none.
        result: Result<Speech, EngineError>,
    },
}

/// Results wait here until the call takes them.
pub type Results = Sender<EngineResult>;

/// A queue of work was full: the machine is overloaded.
#[derive(Debug, thiserror::Error)]
#[error("the queue of the {0} is full")]
pub struct QueueFull(pub(super) &'static str);

impl QueueFull {
    /// A rung of the ladder that does not exist holds nothing.
    pub(super) fn no_model() -> Self {
        Self("language model that does not exist")
    }
}

/// A place for one result, so that the engine never waits for the call.
pub(super) fn reserve(results: &Results) -> Result<OwnedPermit<EngineResult>, QueueFull> {
    results.clone().try_reserve_owned().map_err(|_| QueueFull("call's results"))
}

pub(super) fn send<T>(queue: &SyncSender<T>, job: T, name: &'static str) -> Result<(), QueueFull> {
    queue.try_send(job).map_err(|error| match error {
        TrySendError::Full(_) | TrySendError::Disconnected(_) => QueueFull(name),
    })
}
