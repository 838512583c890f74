//! Where engines deliver: sinks that know a call's name of the job, and the queue in which outcomes wait for the call.
//! Must not know what becomes of them.

use tokio::sync::mpsc::Sender;

use crate::call::{JobId, Outcome};
use crate::dialogue::Usage;
use crate::engine::EngineError;
use crate::engine::ports::{Deliver, ThinkSink};
use crate::engine::queue::QueueFull;

/// Outcomes that may wait for a call: its tokens, transcripts and pieces of some seconds.
pub(super) const QUEUE: usize = 256;

/// Outcomes wait here until the call takes them.
pub(super) type Outcomes = Sender<(JobId, Outcome)>;

/// Reserves a place for one outcome, so that no engine waits for the call.
///
/// # Errors
/// If the call has more to do than it can hold.
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

/// Takes what a language model says to a call.
pub(super) struct Thoughts {
    pub(super) job: JobId,
    pub(super) outcomes: Outcomes,
    /// Its text is wanted, and not only that it was read.
    pub(super) speaks: bool,
}

impl Thoughts {
    fn tell(&self, outcome: Outcome) {
        if self.outcomes.try_send((self.job, outcome)).is_err() {
            tracing::debug!("an outcome came for a call that takes none");
        }
    }
}

impl ThinkSink for Thoughts {
    /// The places are seen to be free before a step, and only the model and the call's own reserved jobs fill them; a
    /// call that has ended takes nothing.
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
