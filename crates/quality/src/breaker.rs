//! The circuit breaker of one engine (M. Nygard, Release It!, 2007): an engine that fails again and again is
//! left alone for a while, so that callers are not kept waiting for what will fail anyway; then one job at a
//! time tries it. Must not know what the engine does, nor what is done in its place.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The fewest recent jobs among which more failures than successes open a breaker.
const ENOUGH_TO_OPEN: usize = 6;

/// The fewest recent jobs by which an engine is called degraded.
const ENOUGH_TO_BLAME: usize = 4;

/// The health of an engine, as its jobs tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Its jobs are done.
    Ok,
    /// It gets all jobs, but a quarter of the recent ones or more failed.
    Degraded,
    /// It failed too often, and gets no jobs for a while.
    Open,
    /// It failed too often, and one job at a time tries whether it works again.
    HalfOpen,
}

impl Health {
    /// A word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// So many failures in a row open it; 0 counts as 1.
    pub failures_in_a_row: u32,
    /// How long the engine is left alone at first. Each failed try doubles it.
    pub retry_after: Duration,
    /// The longest time for which the engine is left alone.
    pub longest_retry: Duration,
    /// How long a job may take that tries the engine again: a reply is long.
    pub longest_try: Duration,
    /// How many of the last jobs are looked at, at least 6.
    pub recent: usize,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures_in_a_row: 3,
            retry_after: Duration::from_secs(2),
            longest_retry: Duration::from_secs(10),
            longest_try: Duration::from_secs(60),
            recent: 20,
        }
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The engine did it. How long that took says little: a reply is long, and a job waits for those before
    /// it.
    Done,
    /// The engine failed.
    Failed,
    /// The engine did not come back. It is not trusted with another job.
    Hung,
    /// Its own call cancelled it, which says nothing about the engine.
    Withdrawn,
}

/// The permission for one job. Its end is told with it, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// What was tried then is no evidence of a later era.
    era: u64,
    probe: bool,
}

impl Pass {
    /// Whether this job tries an engine that failed before.
    #[must_use]
    pub const fn is_probe(self) -> bool {
        self.probe
    }
}

/// The engine is left alone: the job is for another one, or for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeftAlone {
    /// It failed too often.
    #[error("the engine failed and is left alone for another {} ms", left.as_millis())]
    Failed {
        /// Until it is tried again.
        left: Duration,
    },
    /// Another job tries it now.
    #[error("the engine failed, and another job is trying whether it works again")]
    Tried {
        /// Until a further job may try it, unless this one ends before.
        left: Duration,
    },
}

impl LeftAlone {
    /// How long the engine is left alone at most.
    #[must_use]
    pub const fn left(self) -> Duration {
        match self {
            Self::Failed { left } | Self::Tried { left } => left,
        }
    }
}

/// The health of an engine changed with the end of a job. (That an open breaker is half-open after a while is
/// no change that anybody is told of: nothing happens at that moment.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Its health before.
    pub from: Health,
    /// Its health now.
    pub to: Health,
}

/// The breaker. Ask [`begin`](Self::begin) before each job, and tell [`ended`](Self::ended) how it ended.
#[derive(Debug, Clone)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    /// Counts the times between which results say nothing about each other.
    era: u64,
    failures: u64,
    opened: u64,
}

#[derive(Debug, Clone)]
enum State {
    Closed(Recent),
    Open { until: Duration, wait: Duration, probing: Probing },
}

/// Whether a job tries the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probing {
    No,
    /// If it does not end before this time, it is given up.
    Until(Duration),
}

/// The last jobs of an engine that works.
#[derive(Debug, Clone, Default)]
struct Recent {
    /// Which of them failed.
    failed: VecDeque<bool>,
    failures_in_a_row: u32,
}

impl Recent {
    fn add(&mut self, failed: bool, most: usize) {
        self.failures_in_a_row = if failed { self.failures_in_a_row.saturating_add(1) } else { 0 };
        self.failed.push_back(failed);
        while self.failed.len() > most {
            self.failed.pop_front();
        }
    }

    fn failures(&self) -> usize {
        self.failed.iter().filter(|&&failed| failed).count()
    }

    fn is_degraded(&self) -> bool {
        self.failed.len() >= ENOUGH_TO_BLAME && self.failures() * 4 >= self.failed.len()
    }

    fn mostly_failed(&self) -> bool {
        self.failed.len() >= ENOUGH_TO_OPEN && self.failures() * 2 > self.failed.len()
    }
}

impl Breaker {
    /// The breaker of an engine that works.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed(Recent::default()), era: 0, failures: 0, opened: 0 }
    }

    /// Asks whether the engine may get a job. Of those that try it again, one is under way at a time; one
    /// whose end is not told within the longest try is given up, and its end means nothing then.
    ///
    /// # Errors
    /// If it failed too often and is left alone.
    pub fn begin(&mut self, now: Duration) -> Result<Pass, LeftAlone> {
        match &mut self.state {
            State::Closed(_) => Ok(Pass { era: self.era, probe: false }),
            State::Open { until, .. } if now < *until => Err(LeftAlone::Failed { left: *until - now }),
            State::Open { probing: Probing::Until(end), .. } if now < *end => {
                Err(LeftAlone::Tried { left: *end - now })
            }
            State::Open { probing, .. } => {
                // A probe whose end is never told would otherwise keep all others out for ever.
                *probing = Probing::Until(now.saturating_add(self.settings.longest_try));
                self.era += 1;
                Ok(Pass { era: self.era, probe: true })
            }
        }
    }

    /// Tells how a job ended. Returns the change of health, if it is one.
    pub fn ended(&mut self, now: Duration, pass: Pass, ended: Ended) -> Option<Change> {
        if pass.era != self.era {
            return None;
        }
        let from = self.health(now);
        match ended {
            Ended::Done => self.done(),
            Ended::Failed => self.failed(now, false),
            Ended::Hung => self.failed(now, true),
            Ended::Withdrawn => self.withdrawn(),
        }
        let to = self.health(now);
        (from != to).then_some(Change { from, to })
    }

    /// The health of the engine.
    #[must_use]
    pub fn health(&self, now: Duration) -> Health {
        match &self.state {
            State::Closed(recent) if recent.is_degraded() => Health::Degraded,
            State::Closed(_) => Health::Ok,
            State::Open { until, .. } if now < *until => Health::Open,
            State::Open { .. } => Health::HalfOpen,
        }
    }

    /// How many jobs have failed or hung. Those of an era that was over do not count.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failures
    }

    /// The last jobs, and how many of them failed. Both are 0 for an engine that is left alone: whatever was
    /// before is no evidence of what it does when it is tried again.
    #[must_use]
    pub fn recent(&self) -> (usize, usize) {
        match &self.state {
            State::Closed(recent) => (recent.failed.len(), recent.failures()),
            State::Open { .. } => (0, 0),
        }
    }

    /// How often the breaker has opened, failed tries included.
    #[must_use]
    pub const fn opened(&self) -> u64 {
        self.opened
    }

    /// How long it takes at most until the engine is tried again. `None` if it gets all jobs anyway.
    #[must_use]
    pub fn retry_in(&self, now: Duration) -> Option<Duration> {
        match &self.state {
            State::Closed(_) => None,
            State::Open { probing: Probing::Until(end), .. } => Some(end.saturating_sub(now)),
            State::Open { until, .. } => Some(until.saturating_sub(now)),
        }
    }

    fn done(&mut self) {
        match &mut self.state {
            State::Closed(recent) => recent.add(false, self.settings.recent.max(ENOUGH_TO_OPEN)),
            State::Open { .. } => {
                // What is still under way from before is as little evidence as what failed before.
                self.era += 1;
                self.state = State::Closed(Recent::default());
            }
        }
    }

    fn failed(&mut self, now: Duration, hung: bool) {
        self.failures += 1;
        let settings = self.settings;
        let wait = match &mut self.state {
            State::Closed(recent) => {
                recent.add(true, settings.recent.max(ENOUGH_TO_OPEN));
                let in_a_row = recent.failures_in_a_row >= settings.failures_in_a_row;
                if !hung && !in_a_row && !recent.mostly_failed() {
                    return;
                }
                settings.retry_after
            }
            State::Open { wait, .. } => wait.saturating_mul(2),
        };
        let wait = wait.min(settings.longest_retry);
        self.state = State::Open { until: now.saturating_add(wait), wait, probing: Probing::No };
        self.era += 1;
        self.opened += 1;
    }

    fn withdrawn(&mut self) {
        match &mut self.state {
            State::Closed(_) => {}
            State::Open { probing, .. } => {
                *probing = Probing::No;
                self.era += 1;
            }
        }
    }
}
