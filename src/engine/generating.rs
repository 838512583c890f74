//! The thread of a language model. Each step is one batch over the replies of all calls, so that no reply
//! waits for the end of another. Work that nobody waits for yet gives way. Must not know what a reply is used
//! for.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use super::Share;
use super::arbiter::Work;
use super::buffered_playback::BufferedPlayback;
use super::cores::Cores;
use super::cpu_time::CpuTime;
use super::ports::{Think, ThinkRequest, ThinkSink};
use super::queue::{QueueFull, send};
use super::schedule::{Candidate, StepCost, plan};
use super::survive;
use super::threads::{lower_priority, spawn};
use super::wanted::Wanted;
use super::watch::{Heartbeat, Limit};
use super::{CancelFlag, EngineError, Generation, Generator, Rooms, Step, Task};
use crate::dialogue::Usage;

/// The maximum number of jobs that wait for one model. With more, callers would wait for seconds, and an
/// error is better.
const QUEUE: usize = 64;

/// Work for the language model.
pub(super) enum Job {
    /// Answer, or prefill.
    Begin(ThinkRequest, Box<dyn ThinkSink>),
    /// Forget a session.
    End(String),
}

/// A language model on its own thread, which ends when this handle is dropped.
struct Batcher {
    jobs: SyncSender<Job>,
    rooms: Rooms,
}

/// Starts the thread of a language model, named `name`, which writes a heartbeat.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start<G: Generator + 'static>(
    name: &str,
    generator: G,
    steps: Steps,
    cores: &Cores,
) -> std::io::Result<(Arc<dyn Think>, Arc<Heartbeat>)> {
    let (jobs, queue) = sync_channel(QUEUE);
    let (rooms, cores, heartbeat) = (generator.rooms(), cores.clone(), Arc::<Heartbeat>::default());
    let theirs = heartbeat.clone();
    spawn(format!("llm-{name}"), move || serve(generator, &queue, &cores, steps, &theirs))?;
    Ok((Arc::new(Batcher { jobs, rooms }), heartbeat))
}

impl Think for Batcher {
    fn begin(&self, request: ThinkRequest, sink: Box<dyn ThinkSink>) -> Result<(), QueueFull> {
        send(&self.jobs, Job::Begin(request, sink), "language model")
    }

    fn end_session(&self, session: &str) {
        // If the queue is full, the job is lost, and the model forgets the session when other sessions need
        // the memory.
        let _ = self.jobs.try_send(Job::End(session.to_owned()));
    }

    fn rooms(&self) -> &Rooms {
        &self.rooms
    }
}

/// The settings of steps.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    /// The number of threads of a step.
    pub threads: usize,
    /// No step is planned to take longer than this. A reply waits at most one step for its next token.
    pub longest: Duration,
}

/// The timeout of one wait for cores: more urgent work may have come by then.
const PATIENCE: Duration = Duration::from_millis(5);

/// With less audio than this left to play in one call, nothing is prepared for other calls.
const PREPARE_ONLY_ABOVE: Duration = Duration::from_millis(300);

/// A reply in progress, or a prefill.
struct Active<G> {
    task: Task,
    generation: G,
    /// It has produced text.
    writes: bool,
    cancel: CancelFlag,
    wanted: Wanted,
    aside: bool,
    buffered: BufferedPlayback,
    cpu: CpuTime,
    /// The time limit, from the moment when the reply is wanted, and, from then on, the deadline.
    time_limit: Option<Duration>,
    due: Option<Duration>,
    last_step: u64,
    sink: Box<dyn ThinkSink>,
}

impl<G: Generation> Active<G> {
    fn is_ended(&self) -> bool {
        self.cancel.is_cancelled() || self.sink.is_closed()
    }

    fn work(&self, now: Duration) -> Work {
        match self.task {
            Task::Listen => Work::PartialPrefill,
            Task::Rebuild => Work::Idle,
            Task::Answer if self.aside => Work::Request,
            Task::Answer if !self.wanted.is_set() => Work::Speculation,
            Task::Answer if self.generation.unread() > 0 => Work::Prefill,
            Task::Answer => Work::decode(self.buffered.left(now)),
        }
    }

    fn candidate(&self, now: Duration) -> Candidate {
        let (left, last_step) = (self.buffered.left(now), self.last_step);
        Candidate { work: self.work(now), left, last_step, unread: self.generation.unread() }
    }

    fn is_over_time(&mut self, now: Duration) -> bool {
        let Some(limit) = self.time_limit.filter(|_| self.wanted.is_set()) else { return false };
        now >= *self.due.get_or_insert(now + limit)
    }

    fn is_pressed(&self, now: Duration) -> bool {
        self.wanted.is_set() && self.buffered.left(now).is_some_and(|left| left < PREPARE_ONLY_ABOVE)
    }

    /// Takes the result of a step; false when the reply is over.
    fn stepped(&mut self, result: Result<Step, EngineError>) -> bool {
        if let Some(probability) = self.generation.end_of_turn() {
            self.sink.end_of_turn(probability);
        }
        let outcome = match result {
            Ok(Step::Prefilled) => return true,
            Ok(Step::Text(text)) => {
                self.writes = true;
                if self.task == Task::Answer && !text.is_empty() {
                    self.sink.text(text);
                }
                return true;
            }
            Ok(Step::Done(_)) => Ok(self.generation.usage()),
            Err(error) => Err(error),
        };
        self.sink.done(outcome);
        false
    }

    /// Ends a reply that takes too long, with its text so far. Without any text, it has failed.
    fn give_up(&mut self) {
        let too_long = "the reply took longer than llm.reply_timeout_ms to begin";
        let outcome = if self.writes {
            Ok(Usage { cut: true, ..self.generation.usage() })
        } else {
            Err(EngineError::Failed(too_long.to_owned()))
        };
        self.sink.done(outcome);
    }
}

/// A model with all its work.
struct Desk<'a, G: Generator> {
    generator: G,
    active: Vec<Active<G::Generation>>,
    cores: &'a Cores,
    heartbeat: &'a Heartbeat,
    limit: Limit,
    steps: Steps,
    cost: StepCost,
    step: u64,
}

/// Serves until the queue is closed.
pub(super) fn serve<G: Generator>(
    generator: G,
    jobs: &Receiver<Job>,
    cores: &Cores,
    steps: Steps,
    heartbeat: &Heartbeat,
) {
    lower_priority();
    let (active, cost) = (Vec::new(), StepCost::default());
    let limit = Limit::default();
    let mut desk = Desk { generator, active, cores, heartbeat, limit, steps, cost, step: 0 };
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
    /// Takes the waiting jobs; sleeps while there is nothing to do. A closed queue is an error.
    fn take_jobs(&mut self, jobs: &Receiver<Job>) -> Result<(), RecvError> {
        // The computation of ended replies returns to their sessions before the next request begins.
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
            Job::End(session) => self.generator.end_session(&session),
            // A job that was cancelled in the queue must not take the computed state from its session.
            Job::Begin(request, sink) if request.cancel.is_cancelled() || sink.is_closed() => {}
            Job::Begin(request, sink) => self.begin(request, sink),
        }
    }

    fn begin(&mut self, request: ThinkRequest, mut sink: Box<dyn ThinkSink>) {
        let ThinkRequest { session, messages, task, sampling, cancel, wanted, aside, buffered, cpu } =
            request;
        let generator = &mut self.generator;
        match survive("language model", || generator.begin(&session, &messages, task, &sampling)) {
            Ok(generation) => self.active.push(Active {
                task,
                generation,
                writes: false,
                cancel,
                wanted,
                aside,
                buffered,
                cpu,
                time_limit: sampling.time_limit,
                due: None,
                last_step: self.step,
                sink,
            }),
            Err(error) => sink.done(Err(error)),
        }
    }

    /// The rows of each reply in the next step.
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
        let answering = self.active.iter().any(|reply| reply.wanted.is_set() && !reply.aside);
        let ready = |reply: &Active<_>| {
            let is_its_turn = if reply.aside { !answering } else { reply.wanted.is_set() || !pressed };
            is_its_turn && reply.sink.has_room()
        };
        let taking_part: Vec<usize> = (0..self.active.len()).filter(|&i| ready(&self.active[i])).collect();
        let candidates: Vec<Candidate> = taking_part.iter().map(|&i| self.active[i].candidate(now)).collect();
        let mut rows = vec![0; self.active.len()];
        for (i, given) in taking_part.into_iter().zip(plan(&candidates, &self.cost, self.steps.longest)) {
            rows[i] = given;
        }
        rows
    }

    /// Runs one step with these numbers of rows, or none if no cores are granted soon.
    fn step(&mut self, rows: &[usize]) {
        self.step += 1;
        let now = self.cores.now();
        let taking_part = || rows.iter().enumerate().filter(|(_, rows)| **rows > 0).map(|(i, _)| i);
        let work = taking_part().map(|i| self.active[i].work(now)).min().unwrap_or(Work::Idle);
        let cores = self.cores;
        // Work that leaves a core free would wait for ever for all of them.
        let threads = if work == Work::Request { 1 } else { self.steps.threads };
        let Some(held) = cores.acquire_within(work, threads, PATIENCE) else { return };
        let began = cores.now();
        let beat = self.heartbeat.begins(&held, self.limit.of_the_next());
        let results = self.compute(rows);
        drop(beat);
        let took = cores.now().saturating_sub(began);
        if self.limit.learn(took) {
            self.cost.learn(rows.iter().sum(), took);
        }
        let share = held.cost() / u32::try_from(taking_part().count()).unwrap_or(u32::MAX).max(1);
        taking_part().for_each(|i| self.active[i].cpu.add(share));
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

    /// Computes all in one pass. If that panics, computes each on its own, so that only the one at fault
    /// fails.
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

#[cfg(test)]
mod batching_tests;
#[cfg(test)]
mod inbox;
#[cfg(test)]
mod tests;
