//! Runs the arbiter: an engine thread asks for cores and sleeps until it gets them. Meters how long each kind
//! of work waited for cores and held them. Must not know what the work is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::arbiter::{Arbiter, Ticket, Work};
use super::cancel::CancelFlag;
use crate::report::CoreUse;

/// Returns the time since some fixed moment; only differences count. Only one place in the program reads a
/// clock, and this is not it.
pub type Now = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The cores of this machine, shared by all engines.
#[derive(Clone)]
pub struct Cores {
    shared: Arc<Shared>,
}

struct Shared {
    cores: usize,
    now: Now,
    state: Mutex<State>,
    granted: Condvar,
}

struct State {
    arbiter: Arbiter,
    /// Granted, but not yet noticed by the waiting thread.
    granted: BTreeSet<Ticket>,
    /// The flags of work that can be broken off.
    flags: BTreeMap<Ticket, CancelFlag>,
    meters: BTreeMap<Work, CoreUse>,
}

/// Held cores; released when dropped.
pub struct Held<'a> {
    shared: &'a Shared,
    work: Work,
    slots: usize,
    ticket: Ticket,
    since: Duration,
}

impl Cores {
    /// Makes an arbiter of `cores` cores, at least one.
    #[must_use]
    pub fn new(cores: usize, now: Now) -> Self {
        let state = State {
            arbiter: Arbiter::new(cores),
            granted: BTreeSet::new(),
            flags: BTreeMap::new(),
            meters: BTreeMap::new(),
        };
        let shared = Shared { cores: cores.max(1), now, state: Mutex::new(state), granted: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Uses as many cores as this process may.
    #[must_use]
    pub fn of_this_machine(now: Now) -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from), now)
    }

    /// The number of cores.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.cores
    }

    /// The time on the clock of the meters.
    #[must_use]
    pub fn now(&self) -> Duration {
        (self.shared.now)()
    }

    /// The cost of each kind of work so far.
    #[must_use]
    pub fn meters(&self) -> BTreeMap<Work, CoreUse> {
        self.shared.lock().meters.clone()
    }

    /// Sleeps until `slots` cores (at most all that exist) are granted for `work`.
    #[must_use]
    pub fn acquire(&self, work: Work, slots: usize) -> Held<'_> {
        let asked = self.now();
        let mut state = self.shared.lock();
        let ticket = state.arbiter.ask(work, slots.clamp(1, self.shared.cores));
        self.shared.grant(&mut state);
        while !state.granted.remove(&ticket) {
            state = self.shared.granted.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.held(&mut state, (work, slots), ticket, asked)
    }

    /// As [`Self::acquire`], but gives up after `patience`: a thread that waits for long may by then have
    /// more urgent work to ask for.
    #[must_use]
    pub fn acquire_within(&self, work: Work, slots: usize, patience: Duration) -> Option<Held<'_>> {
        self.within(work, slots, None, patience)
    }

    /// Waits for one core for `work` that may be broken off, at most `patience`. `flag` is set when more
    /// urgent work needs the core back.
    #[must_use]
    pub fn acquire_giving_way(&self, work: Work, flag: &CancelFlag, patience: Duration) -> Option<Held<'_>> {
        self.within(work, 1, Some(flag), patience)
    }

    fn within(
        &self,
        work: Work,
        slots: usize,
        flag: Option<&CancelFlag>,
        patience: Duration,
    ) -> Option<Held<'_>> {
        let asked = self.now();
        let mut state = self.shared.lock();
        let ticket = state.arbiter.ask(work, slots.clamp(1, self.shared.cores));
        // Whoever grants it may break it off at once.
        state.flags.extend(flag.map(|flag| (ticket, flag.clone())));
        self.shared.grant(&mut state);
        let waiting = |state: &mut State| !state.granted.contains(&ticket);
        let (mut state, _) = self
            .shared
            .granted
            .wait_timeout_while(state, patience, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        if state.granted.remove(&ticket) {
            return Some(self.held(&mut state, (work, slots), ticket, asked));
        }
        state.arbiter.withdraw(work, ticket);
        state.flags.remove(&ticket);
        let waited = self.now().saturating_sub(asked);
        state.meters.entry(work).or_default().waited += waited;
        // This request may have held back less urgent ones.
        self.shared.grant(&mut state);
        None
    }

    /// Sleeps until a core is granted for `work`. Grants up to `most` cores, as many as are free at once.
    #[must_use]
    pub fn acquire_up_to(&self, work: Work, most: usize) -> (Held<'_>, usize) {
        let free = self.shared.lock().arbiter.free();
        let slots = free.clamp(1, most.clamp(1, self.shared.cores));
        (self.acquire(work, slots), slots)
    }

    /// Takes one core for `work` if one is free at once. `flag` is set when more urgent work needs it back.
    #[must_use]
    pub fn try_acquire(&self, work: Work, flag: &CancelFlag) -> Option<Held<'_>> {
        let asked = self.now();
        let mut state = self.shared.lock();
        let ticket = state.arbiter.ask(work, 1);
        self.shared.grant(&mut state);
        if !state.granted.remove(&ticket) {
            state.arbiter.withdraw(work, ticket);
            state.meters.entry(work).or_default().dropped += 1;
            return None;
        }
        state.flags.insert(ticket, flag.clone());
        Some(self.held(&mut state, (work, 1), ticket, asked))
    }

    /// Takes cores back from work that will never release them. If it does after all, nothing happens.
    pub fn forfeit(&self, ticket: Ticket) {
        let mut state = self.shared.lock();
        state.arbiter.release(ticket);
        self.shared.grant(&mut state);
    }

    fn held(
        &self,
        state: &mut State,
        (work, slots): (Work, usize),
        ticket: Ticket,
        asked: Duration,
    ) -> Held<'_> {
        let since = self.now();
        let waited = since.saturating_sub(asked);
        let meter = state.meters.entry(work).or_default();
        meter.jobs += 1;
        meter.waited += waited;
        meter.longest_wait = meter.longest_wait.max(waited);
        Held { shared: &self.shared, work, slots: slots.clamp(1, self.shared.cores), ticket, since }
    }
}

impl Held<'_> {
    /// The name of this grant.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// The time for which the cores have been held so far, of all of them together.
    #[must_use]
    pub fn cost(&self) -> Duration {
        let slots = u32::try_from(self.slots).unwrap_or(u32::MAX);
        (self.shared.now)().saturating_sub(self.since).saturating_mul(slots)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements: a panic elsewhere does not corrupt it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grant(&self, state: &mut State) {
        while let Some(ticket) = state.arbiter.grant() {
            state.granted.insert(ticket);
        }
        while let Some(ticket) = state.arbiter.break_off() {
            if let Some(flag) = state.flags.get(&ticket) {
                flag.cancel();
            }
        }
        self.granted.notify_all();
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let held = self.cost();
        let mut state = self.shared.lock();
        let broken_off = state.flags.remove(&self.ticket).is_some_and(|flag| flag.is_cancelled());
        let meter = state.meters.entry(self.work).or_default();
        meter.held += held;
        meter.dropped += u64::from(broken_off);
        state.arbiter.release(self.ticket);
        self.shared.grant(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiting::wait_until;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn eight_threads_never_hold_more_than_two_cores() {
        let cores = Cores::new(2, Arc::new(|| Duration::ZERO));
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _held = cores.acquire(Work::Decode, 1);
                        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        running.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(cores.meters()[&Work::Decode].jobs, 1600);
    }

    #[test]
    fn a_partial_gives_its_core_up_when_a_final_needs_it() {
        let cores = Cores::new(1, Arc::new(|| Duration::ZERO));
        let flag = CancelFlag::default();
        let partial = cores.try_acquire(Work::Partial, &flag).expect("a free core");
        assert!(cores.try_acquire(Work::Partial, &CancelFlag::default()).is_none());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| drop(cores.acquire(Work::Transcript, 1)));
            wait_until(|| flag.is_cancelled());
            drop(partial);
            waiting.join().expect("no panic");
        });
        assert_eq!(cores.meters()[&Work::Partial].dropped, 2);
    }

    #[test]
    fn waiting_and_holding_are_metered() {
        let time = Arc::new(AtomicUsize::new(0));
        let clock = Arc::clone(&time);
        let cores =
            Cores::new(1, Arc::new(move || Duration::from_millis(clock.load(Ordering::SeqCst) as u64)));
        let held = cores.acquire(Work::Speech, 1);
        time.store(30, Ordering::SeqCst);
        drop(held);
        let meter = cores.meters()[&Work::Speech];
        assert_eq!((meter.jobs, meter.waited, meter.held), (1, Duration::ZERO, Duration::from_millis(30)));
    }
}
