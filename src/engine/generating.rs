//! A language model's thread: one batch a step over the replies of all calls, so that none waits for the
//! end of another; what nobody waits for yet steps aside. Must not know what a reply is used for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvError, TryRecvError};
use std::time::Duration;

use super::arbiter::Work;
use super::cores::Cores;
use super::generator::Share;
use super::results::{EngineResult, Results};
use super::runway::Runway;
use super::schedule::{Candidate, StepCost, plan};
use super::survive::survive;
use super::threads::lower_priority;
use super::{CancelFlag, EngineError, Generation, Generator, Sampling, Step, Task};
use crate::dialogue::Message;
use crate::ids::{Asked, CallId, ReadingId, TurnId};

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

/// What the language model is to read, so that an answer finds it read.
#[derive(Debug)]
pub struct Reading {
    /// Whose prompt it is.
    pub call: CallId,
    /// Comes back with what is found out.
    pub reading: ReadingId,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// It is the conversation in another form, for later; else it ends with the words of a caller who may
    /// go on.
    pub rebuild: bool,
    /// Tokens that the answer may have: the prompt leaves room for them.
    pub max_tokens: usize,
    /// Ends it early. What was read by then is kept.
    pub cancel: CancelFlag,
}

/// Work for the language model.
pub(super) enum Job {
    /// Answer.
    Begin(Question, Results),
    /// Read.
    Read(Reading, Results),
    /// Forget a call.
    End(CallId),
}

/// How steps are made.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    /// Threads of one.
    pub threads: usize,
    /// No step is made longer than this on purpose: who waits for a token waits for one step at most.
    pub longest: Duration,
}

/// So long cores are waited for, before it is looked whether something more urgent has come.
const PATIENCE: Duration = Duration::from_millis(5);

/// With less than this left to play in one call, nothing is prepared for others.
const PREPARE_ONLY_ABOVE: Duration = Duration::from_millis(300);

/// A reply in the making, or a prompt that is read ahead.
struct Active<G> {
    asked: Asked,
    task: Task,
    generation: G,
    /// It has given text.
    writes: bool,
    cancel: CancelFlag,
    wanted: Wanted,
    runway: Runway,
    /// From the moment it is wanted, and, once it is, when that is over.
    time_limit: Option<Duration>,
    due: Option<Duration>,
    last_step: u64,
    results: Results,
}

impl<G: Generation> Active<G> {
    fn is_ended(&self) -> bool {
        self.cancel.is_cancelled() || self.results.is_closed()
    }

    /// Three places: for what a step brings, for the end of the turn, and for the end.
    fn has_room(&self) -> bool {
        self.results.capacity() >= 3
    }

    fn work(&self, now: Duration) -> Work {
        match self.task {
            Task::Listen => Work::PartialPrefill,
            Task::Rebuild => Work::Idle,
            Task::Answer if !self.wanted.is_set() => Work::Speculation,
            Task::Answer if self.generation.unread() > 0 => Work::Prefill,
            Task::Answer => Work::decode(self.runway.left(now)),
        }
    }

    fn candidate(&self, now: Duration) -> Candidate {
        let (left, last_step) = (self.runway.left(now), self.last_step);
        Candidate { work: self.work(now), left, last_step, unread: self.generation.unread() }
    }

    fn is_over_time(&mut self, now: Duration) -> bool {
        let Some(limit) = self.time_limit.filter(|_| self.wanted.is_set()) else { return false };
        now >= *self.due.get_or_insert(now + limit)
    }

    fn is_pressed(&self, now: Duration) -> bool {
        self.wanted.is_set() && self.runway.left(now).is_some_and(|left| left < PREPARE_ONLY_ABOVE)
    }

    /// Takes what a step brought; false when it is over.
    fn stepped(&mut self, result: Result<Step, EngineError>) -> bool {
        let asked = self.asked;
        if let Some(probability) = self.generation.end_of_turn() {
            self.tell(EngineResult::EndOfTurn { asked, probability });
        }
        let end = match result {
            Ok(Step::Prefilled) => return true,
            Ok(Step::Text(text)) => {
                self.writes = true;
                if let (Asked::Turn(turn), false) = (asked, text.is_empty()) {
                    self.tell(EngineResult::Token { turn, text });
                }
                return true;
            }
            Ok(Step::Done(_)) => Ok(self.generation.usage()),
            Err(error) => Err(error),
        };
        self.tell(match asked {
            Asked::Turn(turn) => EngineResult::Generated { turn, result: end },
            Asked::Reading(reading) => EngineResult::ReadAhead { reading, result: end.map(drop) },
        });
        false
    }

    /// Ends a reply that takes too long, with what it has said; if that is nothing, it has failed.
    fn give_up(&self) {
        let Asked::Turn(turn) = self.asked else { return };
        let too_long = "the reply took longer than llm.reply_timeout_ms to begin";
        let result = if self.writes {
            Ok(self.generation.usage())
        } else {
            Err(EngineError::Failed(too_long.to_owned()))
        };
        self.tell(EngineResult::Generated { turn, result });
    }

    /// The place was seen to be free before the step, and only this thread and the call's own reserved
    /// jobs fill it; a call that has ended takes nothing.
    fn tell(&self, result: EngineResult) {
        tell(&self.results, result);
    }
}

/// A model with all that it works on.
struct Desk<'a, G: Generator> {
    generator: G,
    active: Vec<Active<G::Generation>>,
    cores: &'a Cores,
    steps: Steps,
    cost: StepCost,
    step: u64,
}

/// Serves until the queue is closed.
pub(super) fn serve<G: Generator>(generator: G, jobs: &Receiver<Job>, cores: &Cores, steps: Steps) {
    lower_priority();
    let mut desk = Desk { generator, active: Vec::new(), cores, steps, cost: StepCost::default(), step: 0 };
    while let Ok(()) = desk.take_jobs(jobs) {
        let rows = desk.plan();
        if rows.iter().any(|&rows| rows > 0) {
            desk.step(&rows);
        } else if !desk.active.is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl<G: Generator> Desk<'_, G> {
    /// Takes what waits; sleeps while there is nothing to do. The queue's end is an error.
    fn take_jobs(&mut self, jobs: &Receiver<Job>) -> Result<(), RecvError> {
        // What these have computed is given back to their calls before the next question begins.
        self.active.retain(|reply| !reply.is_ended());
        if self.active.is_empty() {
            self.take(jobs.recv()?);
        }
        loop {
            match jobs.try_recv() {
                Ok(job) => self.take(job),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
            }
        }
    }

    fn take(&mut self, job: Job) {
        self.active.retain(|reply| !reply.is_ended());
        match job {
            Job::End(call) => self.generator.end_session(call.as_str()),
            // What was cancelled in the queue must not take what its call has from it.
            Job::Begin(question, _) if question.cancel.is_cancelled() => {}
            Job::Read(reading, _) if reading.cancel.is_cancelled() => {}
            Job::Begin(question, results) => self.answer(question, results),
            Job::Read(reading, results) => self.read(reading, results),
        }
    }

    fn answer(&mut self, question: Question, results: Results) {
        let Question { call, turn, messages, sampling, cancel, wanted, runway } = question;
        match self.begin(&call, &messages, Task::Answer, &sampling) {
            Ok(generation) => {
                let (asked, time_limit) = (Asked::Turn(turn), sampling.time_limit);
                let active = self.active(asked, Task::Answer, generation, cancel, results);
                self.active.push(Active { wanted, runway, time_limit, ..active });
            }
            Err(error) => tell(&results, EngineResult::Generated { turn, result: Err(error) }),
        }
    }

    fn read(&mut self, reading: Reading, results: Results) {
        let Reading { call, reading, messages, rebuild, max_tokens, cancel } = reading;
        let task = if rebuild { Task::Rebuild } else { Task::Listen };
        match self.begin(&call, &messages, task, &Sampling { max_tokens, ..Sampling::default() }) {
            Ok(generation) => {
                let active = self.active(Asked::Reading(reading), task, generation, cancel, results);
                self.active.push(active);
            }
            Err(error) => tell(&results, EngineResult::ReadAhead { reading, result: Err(error) }),
        }
    }

    /// One that nobody waits for yet.
    fn active(
        &self,
        asked: Asked,
        task: Task,
        generation: G::Generation,
        cancel: CancelFlag,
        results: Results,
    ) -> Active<G::Generation> {
        Active {
            asked,
            task,
            generation,
            writes: false,
            cancel,
            wanted: Wanted::default(),
            runway: Runway::default(),
            time_limit: None,
            due: None,
            last_step: self.step,
            results,
        }
    }

    fn begin(
        &mut self,
        call: &CallId,
        messages: &[Message],
        task: Task,
        sampling: &Sampling,
    ) -> Result<G::Generation, EngineError> {
        survive("language model", || self.generator.begin(call.as_str(), messages, task, sampling))
    }

    /// The rows of each in the next step.
    fn plan(&mut self) -> Vec<usize> {
        let now = self.cores.now();
        self.active.retain_mut(|reply| {
            let over = reply.is_over_time(now);
            if over {
                reply.give_up();
            }
            !over
        });
        let pressed = self.active.iter().any(|reply| reply.is_pressed(now));
        let ready = |reply: &Active<_>| reply.has_room() && (reply.wanted.is_set() || !pressed);
        let taking_part: Vec<usize> = (0..self.active.len()).filter(|&i| ready(&self.active[i])).collect();
        let candidates: Vec<Candidate> = taking_part.iter().map(|&i| self.active[i].candidate(now)).collect();
        let mut rows = vec![0; self.active.len()];
        for (i, given) in taking_part.into_iter().zip(plan(&candidates, &self.cost, self.steps.longest)) {
            rows[i] = given;
        }
        rows
    }

    /// One step with so many rows of each; none, if no cores are given soon.
    fn step(&mut self, rows: &[usize]) {
        self.step += 1;
        let now = self.cores.now();
        let taking_part = || rows.iter().enumerate().filter(|(_, rows)| **rows > 0).map(|(i, _)| i);
        let work = taking_part().map(|i| self.active[i].work(now)).min().unwrap_or(Work::Idle);
        let cores = self.cores;
        let Some(held) = cores.acquire_within(work, self.steps.threads, PATIENCE) else { return };
        let began = cores.now();
        let results = self.compute(rows);
        self.cost.learn(rows.iter().sum(), cores.now().saturating_sub(began));
        drop(held);
        let mut over = Vec::new();
        for (i, result) in taking_part().zip(results) {
            self.active[i].last_step = self.step;
            if !self.active[i].stepped(result) {
                over.push(i);
            }
        }
        for i in over.into_iter().rev() {
            self.active.remove(i);
        }
    }

    /// All in one pass; if that panics, each on its own, so that only the one that is to blame fails.
    fn compute(&mut self, rows: &[usize]) -> Vec<Result<Step, EngineError>> {
        let Self { generator, active, .. } = self;
        let mut batch: Vec<Share<'_, G::Generation>> = active
            .iter_mut()
            .zip(rows)
            .filter(|(_, rows)| **rows > 0)
            .map(|(reply, &most)| Share { generation: &mut reply.generation, most })
            .collect();
        let all = survive("language model", || Ok(generator.step(&mut batch)));
        match all {
            Ok(results) => results,
            Err(_) => batch
                .iter_mut()
                .map(|share| {
                    let Share { generation, most } = share;
                    let mut alone = [Share { generation: &mut **generation, most: *most }];
                    survive("language model", || generator.step(&mut alone).remove(0))
                })
                .collect(),
        }
    }
}

fn tell(results: &Results, result: EngineResult) {
    if results.try_send(result).is_err() {
        tracing::debug!("a result came for a call that takes none");
    }
}

#[cfg(test)]
mod batching_tests;
#[cfg(test)]
mod tests;
