//! Runs the arbiter: an engine thread asks for cores and sleeps until it has them. Must not know
//! what the work is about.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::arbiter::{Arbiter, Ticket, Work};

/// The cores of this machine, shared by all engines.
#[derive(Debug, Clone)]
pub struct Cores {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    cores: usize,
    state: Mutex<State>,
    granted: Condvar,
}

#[derive(Debug)]
struct State {
    arbiter: Arbiter,
    /// Granted, and not yet noticed by the thread that waits for it.
    granted: BTreeSet<Ticket>,
}

/// Cores held; given back when dropped.
#[derive(Debug)]
pub struct Held<'a> {
    shared: &'a Shared,
    slots: usize,
}

impl Cores {
    /// `cores` slots.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        let state = State { arbiter: Arbiter::new(cores), granted: BTreeSet::new() };
        let shared = Shared { cores: cores.max(1), state: Mutex::new(state), granted: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// As many as this process may use.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.cores
    }

    /// Sleeps until `slots` cores (at most all there are) are given for `work`.
    #[must_use]
    pub fn acquire(&self, work: Work, slots: usize) -> Held<'_> {
        let slots = slots.clamp(1, self.shared.cores);
        let mut state = self.shared.lock();
        let ticket = state.arbiter.ask(work, slots);
        self.shared.grant(&mut state);
        while !state.granted.remove(&ticket) {
            state = self.shared.granted.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Held { shared: &self.shared, slots }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements: a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grant(&self, state: &mut State) {
        while let Some(ticket) = state.arbiter.grant() {
            state.granted.insert(ticket);
        }
        self.granted.notify_all();
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.arbiter.release(self.slots);
        self.shared.grant(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn eight_threads_never_hold_more_than_two_cores() {
        let cores = Cores::new(2);
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
    }
}
