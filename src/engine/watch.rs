//! The watch over the threads of the engines: sees when one does not end a step, and takes back the cores
//! that it holds, so that the other engines go on. Must not know what a step is.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::arbiter::Ticket;
use super::cores::{Cores, Held};
use super::health::EngineHealth;
use super::threads::spawn;

/// How often the watch looks. It counts its looks and reads no clock: a process that was stopped for a while
/// has not hung.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// The step that a thread is in: written by the thread, read by the watch.
#[derive(Debug, Default)]
pub struct Heartbeat(Mutex<Steps>);

#[derive(Debug, Default)]
struct Steps {
    /// The number of steps that were begun.
    begun: u64,
    /// The running one.
    running: Option<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    number: u64,
    /// The cores that it holds.
    holds: Ticket,
    /// How long it may take.
    longest: Duration,
}

/// A step, until this is dropped.
pub struct Beat<'a>(&'a Heartbeat);

impl Heartbeat {
    /// A step begins, which holds these cores and has hung if it takes longer than `longest`.
    #[must_use]
    pub fn begins(&self, holds: &Held<'_>, longest: Duration) -> Beat<'_> {
        let mut steps = lock(&self.0);
        steps.begun += 1;
        steps.running = Some(Step { number: steps.begun, holds: holds.ticket(), longest });
        Beat(self)
    }
}

impl Drop for Beat<'_> {
    fn drop(&mut self) {
        lock(&self.0.0).running = None;
    }
}

/// How long a step may take, by those before it: a model of any size sets its own measure.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limit {
    longest: Option<Duration>,
    /// Steps in a row that took longer than they might.
    over: u32,
}

impl Limit {
    /// Nothing is known yet of the first steps, which may be the longest of all.
    const FIRST: Duration = Duration::from_secs(30);

    /// No step is so quick that a shorter wait would be a hang, on a machine that has other work.
    const LEAST: Duration = Duration::from_secs(2);

    /// A step may take so many times as long as the longest before it.
    const TIMES: u32 = 10;

    /// So many steps in a row that take longer than they may are no hangs.
    const SLOW: u32 = 3;

    /// What the next step may take.
    #[must_use]
    pub fn of_the_next(self) -> Duration {
        self.longest.map_or(Self::FIRST, |longest| (longest * Self::TIMES).max(Self::LEAST))
    }

    /// A step took this long. Returns whether that is a measure of others: one that hung and came back is
    /// none, or the next that hangs would not be seen. Several in a row do not hang: the machine is slow.
    pub fn learn(&mut self, took: Duration) -> bool {
        self.over = if took < self.of_the_next() { 0 } else { self.over + 1 };
        let is_measure = self.over == 0 || self.over >= Self::SLOW;
        if is_measure {
            self.longest = Some(self.longest.map_or(took, |longest| longest.max(took)));
            self.over = 0;
        }
        is_measure
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // All of these hold complete values at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread that is watched, and the engine for which it works.
pub struct Watched {
    /// Written by the thread.
    pub heartbeat: Arc<Heartbeat>,
    /// Told when the thread does not come back, and when it does after all.
    pub health: EngineHealth,
}

/// Watches until it is dropped.
pub struct Watch(Arc<End>);

#[derive(Default)]
struct End {
    ended: Mutex<bool>,
    ends: Condvar,
}

/// What was seen of a thread.
struct Seen {
    of: Watched,
    /// The number of its step at the last look, and for how long it was seen.
    step: Option<u64>,
    lasted: Duration,
    /// The step that does not end.
    hung: Option<u64>,
}

impl Watch {
    /// Watches these threads, which take these cores.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn over(threads: Vec<Watched>, cores: Cores) -> std::io::Result<Self> {
        let end = Arc::<End>::default();
        let theirs = end.clone();
        let seen = |of| Seen { of, step: None, lasted: Duration::ZERO, hung: None };
        let mut threads: Vec<Seen> = threads.into_iter().map(seen).collect();
        spawn("watch".into(), move || {
            let mut ended = lock(&theirs.ended);
            while !*ended {
                drop(ended);
                threads.iter_mut().for_each(|thread| thread.look(&cores));
                let again = lock(&theirs.ended);
                ended = theirs.ends.wait_timeout(again, LOOK).unwrap_or_else(PoisonError::into_inner).0;
            }
        })?;
        Ok(Self(end))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        *lock(&self.0.ended) = true;
        self.0.ends.notify_all();
    }
}

impl Seen {
    fn look(&mut self, cores: &Cores) {
        let running = lock(&self.of.heartbeat.0).running;
        let number = running.map(|step| step.number);
        self.lasted =
            if number.is_some() && number == self.step { self.lasted + LOOK } else { Duration::ZERO };
        self.step = number;
        if self.hung.is_some() && self.hung != number {
            self.hung = None;
            self.of.health.goes_on();
        }
        let Some(step) = running.filter(|step| self.hung.is_none() && self.lasted >= step.longest) else {
            return;
        };
        self.hung = Some(step.number);
        cores.forfeit(step.holds);
        self.of.health.hangs();
    }
}

#[cfg(test)]
mod tests {
    use crate::quality::breaker::BreakerSettings;

    use super::*;
    use crate::engine::arbiter::Work;
    use crate::waiting::wait_until;

    struct Scene {
        cores: Cores,
        heartbeat: Arc<Heartbeat>,
        health: EngineHealth,
        _watch: Watch,
    }

    fn scene() -> Scene {
        let now: crate::engine::cores::Now = Arc::new(|| Duration::ZERO);
        let (cores, heartbeat) = (Cores::new(1, now.clone()), Arc::<Heartbeat>::default());
        let health = EngineHealth::new("test", 1, BreakerSettings::default(), now);
        let watched = Watched { heartbeat: heartbeat.clone(), health: health.clone() };
        let watch = Watch::over(vec![watched], cores.clone()).expect("a thread");
        Scene { cores, heartbeat, health, _watch: watch }
    }

    #[test]
    fn the_cores_of_a_step_that_does_not_end_are_taken_back_and_it_may_come_back_later() {
        let scene = scene();
        let held = scene.cores.acquire(Work::Speech, 1);
        let beat = scene.heartbeat.begins(&held, LOOK * 2);
        wait_until(|| scene.health.figures().stuck == 1);
        // However long it takes.
        std::thread::sleep(LOOK * 5);
        assert_eq!(scene.health.figures().stuck, 1);
        // The core of the hung step is free, although nobody released it.
        drop(scene.cores.acquire(Work::Speech, 1));
        drop((beat, held));
        wait_until(|| scene.health.figures().stuck == 0);
        drop(scene.cores.acquire(Work::Speech, 1));
    }

    #[test]
    fn a_step_may_take_as_long_as_its_engine_needs() {
        let (mut limit, second) = (Limit::default(), Duration::from_secs(1));
        assert_eq!(limit.of_the_next(), Limit::FIRST);
        assert!(limit.learn(second / 50));
        assert_eq!(limit.of_the_next(), Limit::LEAST);
        assert!(limit.learn(second) && limit.learn(second / 50));
        assert_eq!(limit.of_the_next(), 10 * second);
    }

    /// Fault: after a step that had hung for 10 s and came back, the next one was seen after 100 s only.
    #[test]
    fn a_step_that_hung_and_came_back_is_no_measure() {
        let (mut limit, second) = (Limit::default(), Duration::from_secs(1));
        assert!(limit.learn(second / 10));
        assert!(!limit.learn(10 * second));
        assert_eq!(limit.of_the_next(), Limit::LEAST);
        // A machine that has become slow is another matter.
        assert!(limit.learn(second / 10));
        assert_eq!([3 * second; 3].map(|slow| limit.learn(slow)), [false, false, true]);
        assert_eq!(limit.of_the_next(), 30 * second);
        // Neither is the first one.
        let mut limit = Limit::default();
        assert!(!limit.learn(40 * second));
        assert_eq!(limit.of_the_next(), Limit::FIRST);
    }

    #[test]
    fn many_short_steps_and_long_waits_between_them_are_no_hang() {
        let scene = scene();
        for _ in 0..4 {
            let held = scene.cores.acquire(Work::Speech, 1);
            let _beat = scene.heartbeat.begins(&held, LOOK * 2);
            std::thread::sleep(LOOK / 2);
        }
        std::thread::sleep(LOOK * 4);
        assert_eq!(scene.health.figures().stuck, 0);
    }
}
