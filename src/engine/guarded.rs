//! Engines whose jobs are told to their health, and fail at once when the engine is left alone or does not
//! come back. Must not know what is done then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::health::{EngineHealth, JobInProgress};
use super::ports::{Deliver, Hear, HearRequest, Speak, SpeakRequest, SpeakSink};
use super::ports::{Think, ThinkRequest, ThinkSink};
use super::queue::QueueFull;
use super::{EngineError, Rooms, Speech, Task, Transcript};
use crate::dialogue::Usage;

/// An engine, and its health.
struct Guarded<E: ?Sized> {
    engine: Arc<E>,
    health: EngineHealth,
}

/// A recogniser whose health is watched.
#[must_use]
pub fn hear(engine: Arc<dyn Hear>, health: EngineHealth) -> Arc<dyn Hear> {
    Arc::new(Guarded { engine, health })
}

/// A language model whose health is watched.
#[must_use]
pub fn think(engine: Arc<dyn Think>, health: EngineHealth) -> Arc<dyn Think> {
    Arc::new(Guarded { engine, health })
}

/// A voice whose health is watched, without another that stands in for it.
#[must_use]
pub fn speak(engine: Arc<dyn Speak>, health: EngineHealth) -> Arc<dyn Speak> {
    Arc::new(Guarded { engine, health })
}

/// Where the outcome of a job goes; empty once it was told.
type Slot<T> = Arc<Mutex<Option<T>>>;

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    // A slot is full or empty at any time.
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hear for Guarded<dyn Hear> {
    fn hear(&self, request: HearRequest, done: Deliver<Transcript>) -> Result<(), QueueFull> {
        let slot: Slot<Deliver<Transcript>> = Arc::new(Mutex::new(Some(done)));
        let tell = {
            let slot = slot.clone();
            move |outcome| {
                let done = lock(&slot).take();
                if let Some(done) = done {
                    done(outcome);
                }
            }
        };
        if request.partial && !self.health.is_trusted() {
            // A try that a caller waits for must not find another one in its way.
            tell(Err(EngineError::Cancelled));
            return Ok(());
        }
        let (fail, cancel) = (tell.clone(), request.cancel.clone());
        let fail = move |error| {
            // It may still wait in the queue of the recognisers.
            cancel.cancel();
            fail(Err(error));
        };
        match self.health.begin(!request.partial, fail) {
            Ok(job) => self.engine.hear(
                request,
                Box::new(move |outcome| {
                    job.ended(&outcome);
                    tell(outcome);
                }),
            ),
            Err(error) => {
                tell(Err(error));
                Ok(())
            }
        }
    }
}

/// A sink that can be told that its job failed.
trait TakesFailure: Send {
    fn failed(&mut self, error: EngineError);
}

impl TakesFailure for dyn ThinkSink {
    fn failed(&mut self, error: EngineError) {
        self.done(Err(error));
    }
}

impl TakesFailure for dyn SpeakSink {
    fn failed(&mut self, error: EngineError) {
        self.done(Err(error));
    }
}

/// The sink of a job: what comes goes on to the call, until the job is over or was failed.
struct Relay<S: ?Sized> {
    job: Option<JobInProgress>,
    slot: Slot<Box<S>>,
}

impl<S: TakesFailure + ?Sized + 'static> Relay<S> {
    /// The sink of a job of this engine; `None` if the job was failed, because the engine is left alone.
    fn of(health: &EngineHealth, urgent: bool, sink: Box<S>) -> Option<Self> {
        let slot: Slot<Box<S>> = Arc::new(Mutex::new(Some(sink)));
        let fail = {
            let slot = slot.clone();
            move |error| {
                let sink = lock(&slot).take();
                if let Some(mut sink) = sink {
                    sink.failed(error);
                }
            }
        };
        if !urgent && !health.is_trusted() {
            // A try that a caller waits for must not find another one in its way.
            fail(EngineError::Cancelled);
            return None;
        }
        match health.begin(urgent, fail.clone()) {
            Ok(job) => Some(Self { job: Some(job), slot }),
            Err(error) => {
                fail(error);
                None
            }
        }
    }

    /// The end of the job. Returns where it is told, if it was not failed.
    fn ended<T>(&mut self, outcome: &Result<T, EngineError>) -> Option<Box<S>> {
        if let Some(job) = self.job.take() {
            job.ended(outcome);
        }
        lock(&self.slot).take()
    }
}

impl Think for Guarded<dyn Think> {
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        let urgent = request.task == Task::Answer && request.wanted.is_set();
        let relay = Relay::of(&self.health, urgent, sink);
        relay.map_or(Ok(()), |relay| self.engine.begin(request, Box::new(relay)))
    }

    fn end_session(&self, session: &str) {
        self.engine.end_session(session);
    }

    fn rooms(&self) -> &Rooms {
        self.engine.rooms()
    }
}

impl ThinkSink for Relay<dyn ThinkSink> {
    fn has_room(&self) -> bool {
        lock(&self.slot).as_ref().is_none_or(|sink| sink.has_room())
    }

    fn is_closed(&self) -> bool {
        lock(&self.slot).as_ref().is_none_or(|sink| sink.is_closed())
    }

    fn text(&mut self, text: String) {
        if let Some(sink) = &mut *lock(&self.slot) {
            sink.text(text);
        }
    }

    fn end_of_turn(&mut self, probability: f32) {
        if let Some(sink) = &mut *lock(&self.slot) {
            sink.end_of_turn(probability);
        }
    }

    fn done(&mut self, outcome: Result<Usage, EngineError>) {
        if let Some(mut sink) = self.ended(&outcome) {
            sink.done(outcome);
        }
    }
}

impl Speak for Guarded<dyn Speak> {
    fn speak(&self, request: SpeakRequest, sink: Box<dyn SpeakSink>) -> Result<(), QueueFull> {
        let relay = Relay::of(&self.health, request.wanted.is_set(), sink);
        relay.map_or(Ok(()), |relay| self.engine.speak(request, Box::new(relay)))
    }
}

impl SpeakSink for Relay<dyn SpeakSink> {
    fn part(&mut self, part: Speech) {
        if let Some(sink) = &mut *lock(&self.slot) {
            sink.part(part);
        }
    }

    fn done(&mut self, outcome: Result<Speech, EngineError>) {
        if let Some(mut sink) = self.ended(&outcome) {
            sink.done(outcome);
        }
    }

    fn is_closed(&self) -> bool {
        lock(&self.slot).as_ref().is_none_or(|sink| sink.is_closed())
    }
}
