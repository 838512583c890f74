//! The language model's thread: one step of each reply in turn, so that none waits for the end of
//! another; what nobody waits for yet steps aside. Must not know what a reply is used for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::runway::Runway;
use super::workers::{EngineResult, Results, lower_priority, survive};
use super::{CancelFlag, EngineError, Generation, Generator, Message, Sampling, Step};
use crate::ids::{CallId, TurnId};

/// Whether a reply is wanted, or only prepared because it may be: set by the call, read by the threads
/// that work on it.
#[derive(Debug, Clone, Default)]
pub struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// From now on somebody waits for it.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody waits for it.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the language model is asked.
#[derive(Debug)]
pub struct Question {
    /// Whose history the answer continues.
    pub call: CallId,
    /// The turn that is answered.
    pub turn: TurnId,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// How the answer is chosen.
    pub sampling: Sampling,
    /// Ends it early.
    pub cancel: CancelFlag,
    /// Whether the answer is wanted for certain.
    pub wanted: Wanted,
    /// How long the call's voice can go on: short ones are served first.
    pub runway: Runway,
}

/// Work for the language model.
pub(super) enum Job {
    /// Answer.
    Begin(Question, Results),
    /// Read what a call's next prompt begins with.
    Prefill { call: CallId, messages: Vec<Message>, sampling: Sampling, cancel: CancelFlag },
    /// Forget a call.
    End(CallId),
}

/// With less than this left to play in one call, nothing is prepared for others.
const PREPARE_ONLY_ABOVE: Duration = Duration::from_millis(300);

/// A reply in the making, or a prompt that is read ahead.
struct Active {
    turn: TurnId,
    generation: Box<dyn Generation>,
    prefilling: bool,
    cancel: CancelFlag,
    wanted: Wanted,
    runway: Runway,
    /// From the moment it is wanted, and, once it is, when that is over.
    time_limit: Option<Duration>,
    due: Option<Duration>,
    /// `None` if only the prompt is read.
    results: Option<Results>,
}

impl Active {
    fn is_ended(&self) -> bool {
        self.cancel.is_cancelled() || self.results.as_ref().is_some_and(Results::is_closed)
    }

    /// Two places: for what a step brings, and for the end.
    fn has_room(&self) -> bool {
        self.results.as_ref().is_none_or(|results| results.capacity() >= 2)
    }

    fn work(&self, cores: &Cores) -> Work {
        match self.results {
            None => Work::Idle,
            Some(_) if !self.wanted.is_set() => Work::Speculation,
            Some(_) if self.prefilling => Work::Prefill,
            Some(_) => Work::decode(self.runway.left(cores.now())),
        }
    }

    fn is_over_time(&mut self, now: Duration) -> bool {
        let Some(limit) = self.time_limit.filter(|_| self.wanted.is_set()) else { return false };
        now >= *self.due.get_or_insert(now + limit)
    }

    fn is_pressed(&self, now: Duration) -> bool {
        self.wanted.is_set() && self.runway.left(now).is_some_and(|left| left < PREPARE_ONLY_ABOVE)
    }
}

/// Serves until the queue is closed.
pub(super) fn serve(mut generator: Box<dyn Generator>, jobs: &Receiver<Job>, cores: &Cores, threads: usize) {
    lower_priority();
    let mut active: Vec<Active> = Vec::new();
    loop {
        let job = next_job(jobs, active.is_empty());
        // What these have computed is given back to their calls before the next question begins.
        active.retain(|reply| !reply.is_ended());
        match job {
            Err(()) => return,
            Ok(Some(Job::End(call))) => generator.end_session(call.as_str()),
            Ok(Some(Job::Begin(question, results))) => {
                active.extend(begin(generator.as_mut(), question, results));
            }
            Ok(Some(Job::Prefill { call, messages, sampling, cancel })) => {
                active.extend(begin_reading(generator.as_mut(), &call, &messages, &sampling, cancel));
            }
            Ok(None) => {}
        }
        let before = active.len();
        let now = cores.now();
        let pressed = active.iter().any(|reply| reply.is_pressed(now));
        let mut waiting = 0;
        active.retain_mut(|reply| {
            if reply.is_ended() {
                return false;
            }
            if !reply.has_room() || (pressed && !reply.wanted.is_set()) {
                waiting += 1;
                return true;
            }
            if reply.is_over_time(now) {
                give_up(reply);
                return false;
            }
            step(reply, cores, threads)
        });
        if waiting > 0 && waiting == before {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn next_job(jobs: &Receiver<Job>, wait: bool) -> Result<Option<Job>, ()> {
    if wait {
        return jobs.recv().map(Some).map_err(drop);
    }
    match jobs.try_recv() {
        Ok(job) => Ok(Some(job)),
        Err(TryRecvError::Empty) => Ok(None),
        Err(TryRecvError::Disconnected) => Err(()),
    }
}

fn begin(generator: &mut dyn Generator, question: Question, results: Results) -> Option<Active> {
    let Question { call, turn, messages, sampling, cancel, wanted, runway } = question;
    match survive("language model", || generator.begin(call.as_str(), &messages, &sampling)) {
        Ok(generation) => {
            let (results, time_limit, due) = (Some(results), sampling.time_limit, None);
            Some(Active {
                turn,
                generation,
                prefilling: true,
                cancel,
                wanted,
                runway,
                time_limit,
                due,
                results,
            })
        }
        Err(error) => {
            tell(&results, EngineResult::Generated { turn, result: Err(error) });
            None
        }
    }
}

/// What a prompt begins with is read into the call's cache; there is nobody to tell if it fails, the
/// next answer only takes longer.
fn begin_reading(
    generator: &mut dyn Generator,
    call: &CallId,
    messages: &[Message],
    sampling: &Sampling,
    cancel: CancelFlag,
) -> Option<Active> {
    let begun = survive("language model", || generator.begin(call.as_str(), messages, sampling));
    let generation = begun.map_err(|error| tracing::debug!(%error, "nothing was read ahead")).ok()?;
    let (wanted, runway) = (Wanted::default(), Runway::default());
    let (turn, time_limit, due, results) = (TurnId(0), None, None, None);
    Some(Active { turn, generation, prefilling: true, cancel, wanted, runway, time_limit, due, results })
}

/// Ends a reply that takes too long, with what it has said; if that is nothing, it has failed.
fn give_up(reply: &Active) {
    let Some(results) = &reply.results else { return };
    let result = if reply.prefilling {
        Err(EngineError::Failed("the reply took longer than llm.reply_timeout_ms to begin".to_owned()))
    } else {
        Ok(reply.generation.usage())
    };
    tell(results, EngineResult::Generated { turn: reply.turn, result });
}

/// Does one step; false when the reply is over.
fn step(reply: &mut Active, cores: &Cores, threads: usize) -> bool {
    let turn = reply.turn;
    let result = {
        let _held = cores.acquire(reply.work(cores), threads);
        survive("language model", || reply.generation.step())
    };
    let Some(results) = &reply.results else { return matches!(result, Ok(Step::Prefilled)) };
    let end = match result {
        Ok(Step::Prefilled) => return true,
        Ok(Step::Text(text)) => {
            reply.prefilling = false;
            if !text.is_empty() {
                tell(results, EngineResult::Token { turn, text });
            }
            return true;
        }
        Ok(Step::Done(_)) => Ok(reply.generation.usage()),
        Err(error) => Err(error),
    };
    tell(results, EngineResult::Generated { turn, result: end });
    false
}

/// The place was seen to be free before the step, and only this thread and the call's own reserved
/// jobs fill it; a call that has ended takes nothing.
fn tell(results: &Results, result: EngineResult) {
    if results.try_send(result).is_err() {
        tracing::debug!("a result came for a call that takes none");
    }
}

#[cfg(test)]
#[path = "generating_tests.rs"]
mod tests;
