//! Where engines deliver their outcomes: sinks that know the call's id of the job, and the queue in which
//! outcomes wait for the call. Must not know what becomes of them.

use tokio::sync::mpsc::{OwnedPermit, Sender};

use crate::call::{JobId, Outcome, SpokenPart};
use crate::dialogue::Usage;
use crate::engine::ports::{Deliver, SpeakSink, ThinkSink};
use crate::engine::queue::QueueFull;
use crate::engine::{EngineError, Speech};

/// The most outcomes that wait for a call: tokens, transcripts and speech of some seconds.
pub(super) const QUEUE: usize = 256;

/// The queue of outcomes that wait for the call.
pub(super) type Outcomes = Sender<(JobId, Outcome)>;

/// A reserved place in it.
type Place = OwnedPermit<(JobId, Outcome)>;

fn reserve(outcomes: &Outcomes) -> Result<Place, QueueFull> {
    outcomes.clone().try_reserve_owned().map_err(|_| QueueFull("call's results"))
}

/// Reserves a place in the queue for one outcome, so that no engine waits for the call.
///
/// # Errors
/// If the queue is full.
pub(super) fn deliver<T: 'static>(
    outcomes: &Outcomes,
    job: JobId,
    outcome: impl FnOnce(T) -> Outcome + Send + 'static,
) -> Result<Deliver<T>, QueueFull> {
    let place = reserve(outcomes)?;
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
    job: JobId,
    outcomes: Outcomes,
    /// Whether its text is wanted; a prefill has none.
    speaks: bool,
    /// Where the passages stand that were looked up for it.
    sources: Vec<String>,
    // Places for the last text, the score and the end, which may come when the queue has no other.
    text: Option<Place>,
    score: Option<Place>,
    end: Option<Place>,
}

impl Thoughts {
    /// Reserves places in the queue.
    ///
    /// # Errors
    /// If the queue is full.
    pub(super) fn new(
        outcomes: &Outcomes,
        job: JobId,
        speaks: bool,
        sources: Vec<String>,
    ) -> Result<Self, QueueFull> {
        let [text, score, end] = [reserve(outcomes)?, reserve(outcomes)?, reserve(outcomes)?].map(Some);
        Ok(Self { job, outcomes: outcomes.clone(), speaks, sources, text, score, end })
    }
}

/// Sends an outcome, to the reserved place if there is no other.
fn send(outcomes: &Outcomes, reserved: &mut Option<Place>, outcome: (JobId, Outcome)) {
    if let Ok(place) = outcomes.try_reserve() {
        place.send(outcome);
    } else if let Some(place) = reserved.take() {
        place.send(outcome);
    } else {
        tracing::debug!("an outcome was dropped: its call has ended or its queue is full");
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
            send(&self.outcomes, &mut self.text, (self.job, Outcome::Token(text)));
        }
    }

    fn end_of_turn(&mut self, probability: f32) {
        send(&self.outcomes, &mut self.score, (self.job, Outcome::EndOfTurn(probability)));
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        let sources = std::mem::take(&mut self.sources);
        let outcome = outcome.map_or_else(failure, |usage| Outcome::Done(Usage { sources, ..usage }));
        send(&self.outcomes, &mut self.end, (self.job, outcome));
    }
}

/// Takes the speech of a text for a call. The last part has a reserved place; a part that finds no room waits
/// for the next one.
pub(super) struct Sounds {
    job: JobId,
    outcomes: Outcomes,
    last: Option<Place>,
    unsent: SpokenPart,
}

impl Sounds {
    /// Reserves a place in the queue.
    ///
    /// # Errors
    /// If the queue is full.
    pub(super) fn new(outcomes: &Outcomes, job: JobId) -> Result<Self, QueueFull> {
        let last = Some(reserve(outcomes)?);
        Ok(Self { job, outcomes: outcomes.clone(), last, unsent: SpokenPart::default() })
    }

    /// All that was not sent, with this part.
    fn with(&mut self, part: Speech) -> SpokenPart {
        let mut unsent = std::mem::take(&mut self.unsent);
        unsent.samples.extend(part.samples);
        unsent.words.extend(part.words);
        unsent
    }
}

impl SpeakSink for Sounds {
    fn part(&mut self, part: Speech) {
        let part = self.with(part);
        match self.outcomes.try_reserve() {
            Ok(place) => place.send((self.job, Outcome::Speaking(part))),
            Err(_) => self.unsent = part,
        }
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        let outcome = outcome.map_or_else(failure, |part| Outcome::Spoken(self.with(part)));
        if let Some(place) = self.last.take() {
            place.send((self.job, outcome));
        }
    }
}

impl Drop for Sounds {
    /// A job that is dropped in a queue ends, too: the call must not wait for it.
    fn drop(&mut self) {
        if let Some(place) = self.last.take() {
            place.send((self.job, Outcome::GaveWay));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech(samples: &[i16]) -> Speech {
        Speech { samples: samples.to_vec(), rate: 8000, words: Vec::new() }
    }

    #[test]
    fn an_answer_that_ends_when_the_queue_is_full_brings_its_last_text_its_score_and_its_end() {
        let (outcomes, mut queue) = tokio::sync::mpsc::channel(4);
        let mut sink = Thoughts::new(&outcomes, JobId::default(), true, Vec::new()).expect("room");
        outcomes.try_send((JobId::default(), Outcome::GaveWay)).expect("room");
        assert!(!sink.has_room());
        sink.end_of_turn(0.5);
        sink.text("the rest".to_owned());
        sink.done(Ok(Usage::default()));
        drop(outcomes);
        drop(sink);
        let told: Vec<Outcome> = std::iter::from_fn(|| queue.blocking_recv()).map(|(_, told)| told).collect();
        assert!(
            matches!(&told[..], [_, Outcome::EndOfTurn(_), Outcome::Token(_), Outcome::Done(_)]),
            "{told:?}"
        );
    }

    #[test]
    fn a_part_that_finds_no_room_comes_with_the_next_one_and_the_last_one_has_a_place() {
        let (outcomes, mut queue) = tokio::sync::mpsc::channel(2);
        let mut sink = Sounds::new(&outcomes, JobId::default()).expect("room");
        for part in [[1], [2], [3]] {
            sink.part(speech(&part));
        }
        sink.done(Ok(speech(&[4])));
        let sounds = |outcome| match outcome {
            Some((_, Outcome::Speaking(part) | Outcome::Spoken(part))) => part.samples,
            other => panic!("{other:?}"),
        };
        assert_eq!(sounds(queue.try_recv().ok()), [1]);
        assert_eq!(sounds(queue.try_recv().ok()), [2, 3, 4]);
    }
}
