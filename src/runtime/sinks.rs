//! Where engines deliver their outcomes: sinks that know the call's id of the job, and the queue in which
//! outcomes wait for the call. Must not know what becomes of them.

use tokio::sync::mpsc::Sender;

use crate::call::{JobId, Outcome};
use crate::dialogue::Usage;
use crate::engine::EngineError;
use crate::engine::ports::{Deliver, ThinkSink};
use crate::engine::queue::QueueFull;

/// The most outcomes that wait for a call: tokens, transcripts and speech of some seconds.
pub(super) const QUEUE: usize = 256;

/// The queue of outcomes that wait for the call.
pub(super) type Outcomes = Sender<(JobId, Outcome)>;

/// Reserves a place in the queue for one outcome, so that no engine waits for the call.
///
/// # Errors
/// If the queue is full.
pub(super) fn deliver<T: 'static>(
    outcomes: &Outcomes,
    job: JobId,
    outcome: impl FnOnce(T) -> Outcome + Send + 'static,
) -> Result<Deliver<T>, QueueFull> {
    let place = outcomes.clone().try_reserve_owned().map_err(|_| QueueFull("call's results"))?;
    Ok(Box::new(move |result| {
        place.send((job, result.map_or_else(failure, outcome)));
    }))
}

fn failure(error: EngineError) -> Outcome {
    match error {
        EngineError::Cancelled => Outcome::GaveWay,
        EngineError::BadInput(_) | EngineError::Failed(_) => Outcome::Failed(error.to_string()),
    }
}

/// Takes the output of a language model for a call.
pub(super) struct Thoughts {
    pub(super) job: JobId,
    pub(super) outcomes: Outcomes,
    /// Whether its text is wanted; a prefill has none.
    pub(super) speaks: bool,
}

impl Thoughts {
    fn tell(&self, outcome: Outcome) {
        if self.outcomes.try_send((self.job, outcome)).is_err() {
            tracing::debug!("an outcome was dropped: its call has ended or its queue is full");
        }
    }
}

impl ThinkSink for Thoughts {
    /// The model checks this before a step. Only the model and the reserved places of the call's own jobs
    /// fill the queue; a call that has ended accepts nothing.
    fn has_room(&self) -> bool {
        self.outcomes.capacity() >= 3
    }

    fn is_closed(&self) -> bool {
        self.outcomes.is_closed()
    }

    fn text(&mut self, text: String) {
        if self.speaks {
            self.tell(Outcome::Token(text));
        }
    }

    fn end_of_turn(&mut self, probability: f32) {
        self.tell(Outcome::EndOfTurn(probability));
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        self.tell(outcome.map_or_else(failure, Outcome::Done));
    }
}
