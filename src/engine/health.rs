//! The health of an engine: its jobs pass a breaker, and are failed at once when the engine does not come
//! back, so that no caller waits for what will not come. Must not know what the jobs are about.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::quality::breaker::{Breaker, BreakerSettings, Change, Ended, Health, Pass};

use super::EngineError;
use super::cores::Now;

/// The health of one engine. Its clones are the same engine.
#[derive(Clone)]
pub struct EngineHealth(Arc<Shared>);

struct Shared {
    name: String,
    now: Now,
    /// The threads that work for the engine.
    workers: usize,
    state: Mutex<State>,
}

struct State {
    breaker: Breaker,
    running: BTreeMap<u64, Running>,
    begun: u64,
    done: u64,
    /// How many of the workers do not come back.
    stuck: usize,
}

struct Running {
    pass: Pass,
    /// Somebody waits for it. Work that is done ahead may fail, and its success says little of the work that
    /// is waited for.
    urgent: bool,
    /// Fails the job, unless its outcome was told.
    fail: Box<dyn FnOnce(EngineError) + Send>,
}

/// What is known of an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthFigures {
    /// Its name.
    pub name: String,
    /// Its health.
    pub health: Health,
    /// Jobs that it has, those that wait included.
    pub running: usize,
    /// Its threads.
    pub workers: usize,
    /// Jobs that were done.
    pub done: u64,
    /// Jobs that failed.
    pub failed: u64,
    /// The last jobs that somebody waited for, and how many of them failed.
    pub recent: (usize, usize),
    /// How often it was left alone.
    pub opened: u64,
    /// When it is tried again, if it is left alone.
    pub retry_in: Option<Duration>,
    /// Its threads that do not come back.
    pub stuck: usize,
}

/// A job of the engine. Dropped without an outcome, it was withdrawn.
pub struct JobInProgress {
    health: EngineHealth,
    number: u64,
}

impl EngineHealth {
    /// An engine that works, with so many threads.
    #[must_use]
    pub fn new(name: &str, workers: usize, settings: BreakerSettings, now: Now) -> Self {
        let (breaker, running) = (Breaker::new(settings), BTreeMap::new());
        let state = Mutex::new(State { breaker, running, begun: 0, done: 0, stuck: 0 });
        Self(Arc::new(Shared { name: name.to_owned(), now, workers: workers.max(1), state }))
    }

    /// Asks whether the engine may get a job, which somebody waits for if it is `urgent`. `fail` fails it if
    /// the engine does not come back.
    ///
    /// # Errors
    /// If the engine is left alone.
    pub fn begin(
        &self,
        urgent: bool,
        fail: impl FnOnce(EngineError) + Send + 'static,
    ) -> Result<JobInProgress, EngineError> {
        let now = (self.0.now)();
        let mut state = self.lock();
        if state.stuck >= self.0.workers {
            return Err(EngineError::Failed(format!("{} does not come back", self.0.name)));
        }
        let pass = state
            .breaker
            .begin(now)
            .map_err(|alone| EngineError::Failed(format!("{}: {alone}", self.0.name)))?;
        let number = state.begun;
        state.begun += 1;
        state.running.insert(number, Running { pass, urgent, fail: Box::new(fail) });
        Ok(JobInProgress { health: self.clone(), number })
    }

    /// Whether it gets all jobs.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        matches!(self.figures().health, Health::Ok | Health::Degraded)
    }

    /// One of its threads does not come back: all jobs fail, for nobody knows which of them will be served.
    pub fn hangs(&self) {
        let now = (self.0.now)();
        let (running, change) = {
            let mut state = self.lock();
            state.stuck = (state.stuck + 1).min(self.0.workers);
            let running = std::mem::take(&mut state.running);
            let changes = running.values().filter_map(|job| state.breaker.ended(now, job.pass, Ended::Hung));
            let change = changes.last();
            (running, change)
        };
        tracing::error!(engine = self.0.name, "the engine does not come back: its jobs fail");
        self.tell(change);
        for job in running.into_values() {
            (job.fail)(EngineError::Failed(format!("{} does not come back", self.0.name)));
        }
    }

    /// A thread that did not come back goes on.
    pub fn goes_on(&self) {
        let mut state = self.lock();
        state.stuck = state.stuck.saturating_sub(1);
        drop(state);
        tracing::info!(engine = self.0.name, "the engine came back");
    }

    /// What is known of the engine.
    #[must_use]
    pub fn figures(&self) -> HealthFigures {
        let now = (self.0.now)();
        let state = self.lock();
        let is_stuck = state.stuck >= self.0.workers;
        HealthFigures {
            name: self.0.name.clone(),
            health: if is_stuck { Health::Open } else { state.breaker.health(now) },
            running: state.running.len(),
            workers: self.0.workers,
            done: state.done,
            failed: state.breaker.failures(),
            recent: state.breaker.recent(),
            opened: state.breaker.opened(),
            // Nothing is tried before it comes back.
            retry_in: state.breaker.retry_in(now).filter(|_| !is_stuck),
            stuck: state.stuck,
        }
    }

    fn ended(&self, number: u64, how: Ended) {
        let now = (self.0.now)();
        let mut state = self.lock();
        // A job that was failed before says nothing any more.
        let Some(job) = state.running.remove(&number) else { return };
        state.done += u64::from(how == Ended::Done);
        let says_nothing = !job.urgent && how == Ended::Done;
        let how = if says_nothing { Ended::Withdrawn } else { how };
        let change = state.breaker.ended(now, job.pass, how);
        drop(state);
        self.tell(change);
    }

    fn tell(&self, change: Option<Change>) {
        let Some(Change { from, to }) = change else { return };
        let (engine, from) = (&self.0.name, from.name());
        match to {
            Health::Ok => tracing::info!(engine, from, "the engine works again"),
            Health::Degraded => tracing::warn!(engine, from, "the engine fails now and then"),
            Health::Open | Health::HalfOpen => {
                tracing::error!(
                    engine,
                    from,
                    "the engine fails again and again: it is left alone for a while"
                );
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Between any two statements, the state is consistent.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobInProgress {
    /// Tells how the job ended.
    pub fn ended<T>(self, outcome: &Result<T, EngineError>) {
        let how = match outcome {
            // What no engine could do is no fault of this one.
            Ok(_) | Err(EngineError::BadInput(_)) => Ended::Done,
            Err(EngineError::Cancelled) => Ended::Withdrawn,
            Err(EngineError::Failed(_)) => Ended::Failed,
        };
        self.health.ended(self.number, how);
    }
}

impl Drop for JobInProgress {
    fn drop(&mut self) {
        self.health.ended(self.number, Ended::Withdrawn);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::channel;

    use super::*;

    fn engine(workers: usize) -> (EngineHealth, Arc<AtomicU64>) {
        let clock = Arc::<AtomicU64>::default();
        let reads = clock.clone();
        let now: Now = Arc::new(move || Duration::from_millis(reads.load(Ordering::SeqCst)));
        (EngineHealth::new("the voice", workers, BreakerSettings::default(), now), clock)
    }

    fn fails(health: &EngineHealth) {
        let job = health.begin(true, |_| ()).expect("it may be asked");
        job.ended::<()>(&Err(EngineError::Failed("a fault".to_owned())));
    }

    #[test]
    fn an_engine_that_fails_again_and_again_is_left_alone_and_tried_later() {
        let (health, clock) = engine(1);
        (0..3).for_each(|_| fails(&health));
        let refused = health.begin(true, |_| ()).err().expect("it is left alone").to_string();
        assert!(refused.contains("the voice") && refused.contains("2000 ms"), "{refused}");
        clock.store(2000, Ordering::SeqCst);
        health.begin(true, |_| ()).expect("one job tries it").ended(&Ok(()));
        let HealthFigures { health, failed, done, opened, .. } = health.figures();
        assert_eq!((health, failed, done, opened), (Health::Ok, 3, 1, 1));
    }

    #[test]
    fn the_success_of_work_that_is_done_ahead_hides_no_failure_of_work_that_is_waited_for() {
        let (health, _) = engine(1);
        for _ in 0..3 {
            health.begin(false, |_| ()).expect("ok").ended(&Ok(()));
            fails(&health);
        }
        assert_eq!(health.figures().health, Health::Open);
    }

    #[test]
    fn what_no_engine_can_do_and_what_was_withdrawn_is_no_failure() {
        let (health, _) = engine(1);
        for _ in 0..10 {
            health.begin(true, |_| ()).expect("ok").ended::<()>(&Err(EngineError::BadInput("?".to_owned())));
            health.begin(true, |_| ()).expect("ok").ended::<()>(&Err(EngineError::Cancelled));
            drop(health.begin(true, |_| ()));
        }
        assert_eq!(health.figures().health, Health::Ok);
    }

    #[test]
    fn the_jobs_of_an_engine_that_does_not_come_back_fail_at_once() {
        let (health, clock) = engine(1);
        let (told, failed) = channel();
        let job = health.begin(true, move |error| told.send(error.to_string()).expect("a test")).expect("ok");
        health.hangs();
        assert!(failed.recv().expect("told").contains("does not come back"));
        // It is not tried as long as it is stuck, however long that lasts.
        clock.store(500_000, Ordering::SeqCst);
        assert!(health.begin(true, |_| ()).is_err());
        health.goes_on();
        job.ended(&Ok(()));
        assert_eq!(health.figures().health, Health::HalfOpen);
        health.begin(true, |_| ()).expect("tried").ended(&Ok(()));
        assert_eq!(health.figures().health, Health::Ok);
    }

    #[test]
    fn the_other_threads_of_an_engine_go_on_when_one_is_stuck() {
        let (health, clock) = engine(2);
        let _job = health.begin(true, |_| ()).expect("ok");
        health.hangs();
        clock.store(3000, Ordering::SeqCst);
        health.begin(true, |_| ()).expect("another thread tries").ended(&Ok(()));
        assert_eq!((health.figures().health, health.figures().stuck), (Health::Ok, 1));
    }
}
