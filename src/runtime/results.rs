//! What engines have to say to a call: sinks that put a call's own names on it, and the queue in which it waits. Must not
//! know what becomes of it.

use tokio::sync::mpsc::Sender;

use crate::dialogue::Usage;
use crate::engine::ports::{Deliver, ThinkSink};
use crate::engine::queue::QueueFull;
use crate::engine::{EngineError, Speech, Transcript};
use crate::ids::{Asked, ChunkId, ReadingId, TurnId, UtteranceId};
use crate::units::CallTime;

/// Results that may wait for a call: its tokens, transcripts and pieces of some seconds.
pub(super) const QUEUE: usize = 256;

/// What an engine has to say to a call.
#[derive(Debug)]
pub(super) enum EngineResult {
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
pub(super) type Results = Sender<EngineResult>;

/// Reserves a place for one result, so that no engine waits for the call; `name` puts the call's names on it.
///
/// # Errors
/// If the call has more to do than it can hold.
pub(super) fn deliver<T: 'static>(
    results: &Results,
    name: impl FnOnce(Result<T, EngineError>) -> EngineResult + Send + 'static,
) -> Result<Deliver<T>, QueueFull> {
    let place = results.clone().try_reserve_owned().map_err(|_| QueueFull("call's results"))?;
    Ok(Box::new(move |outcome| {
        place.send(name(outcome));
    }))
}

/// Takes what a language model says to a call.
pub(super) struct Thoughts {
    pub(super) asked: Asked,
    pub(super) results: Results,
}

impl Thoughts {
    fn tell(&self, result: EngineResult) {
        if self.results.try_send(result).is_err() {
            tracing::debug!("a result came for a call that takes none");
        }
    }
}

impl ThinkSink for Thoughts {
    /// The places are seen to be free before a step, and only the model and the call's own reserved jobs fill them; a
    /// call that has ended takes nothing.
    fn has_room(&self) -> bool {
        self.results.capacity() >= 3
    }

    fn is_closed(&self) -> bool {
        self.results.is_closed()
    }

    fn text(&mut self, text: String) {
        if let Asked::Turn(turn) = self.asked {
            self.tell(EngineResult::Token { turn, text });
        }
    }

    fn end_of_turn(&mut self, probability: f32) {
        self.tell(EngineResult::EndOfTurn { asked: self.asked, probability });
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        self.tell(match self.asked {
            Asked::Turn(turn) => EngineResult::Generated { turn, result: outcome },
            Asked::Reading(reading) => EngineResult::ReadAhead { reading, result: outcome.map(drop) },
        });
    }
}
