//! A queue between many that must not wait and one thread that may. What does not fit is dropped and counted.
//! Must not know what waits in it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Stopwatch;

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Wakes the thread.
    news: Condvar,
    /// Wakes those that wait for the end.
    ended: Condvar,
    most: usize,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    /// How many the thread has taken and not done with.
    taken: usize,
    dropped: u64,
    closing: bool,
    ended: bool,
}

impl<T> Queue<T> {
    /// A queue for at most so many.
    pub(crate) fn of(most: usize) -> Self {
        let state = State { waiting: VecDeque::new(), taken: 0, dropped: 0, closing: false, ended: false };
        Self { state: Mutex::new(state), news: Condvar::new(), ended: Condvar::new(), most }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one, which is made only if there is room. The beginnings and ends of calls are important and have
    /// an eighth more room.
    pub(crate) fn push(&self, important: bool, make: impl FnOnce() -> T) {
        let most = if important { self.most.saturating_add(self.most.div_ceil(8)) } else { self.most };
        let fits = |state: &mut State<T>| {
            let fits = state.waiting.len() < most && !state.closing;
            state.dropped += u64::from(!fits);
            fits
        };
        if !fits(&mut self.state()) {
            return;
        }
        // Made without the lock: others do not wait for it.
        let one = make();
        let mut state = self.state();
        if fits(&mut state) {
            state.waiting.push_back(one);
            self.news.notify_one();
        }
    }

    /// How many wait or are in the thread's hands, and how many were dropped.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.state();
        ((state.waiting.len() + state.taken) as u64, state.dropped)
    }

    /// Waits for some, at most so many: the thread is done with those before. `None` at the end, when none is
    /// left.
    pub(crate) fn next(&self, most: usize) -> Option<Vec<T>> {
        let mut state = self.state();
        state.taken = 0;
        while state.waiting.is_empty() {
            if state.closing {
                return None;
            }
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let count = state.waiting.len().min(most);
        state.taken = count;
        Some(state.waiting.drain(..count).collect())
    }

    /// Waits, but no longer than until all is to end. True if it is.
    pub(crate) fn pause(&self, pause: Duration) -> bool {
        let (state, started) = (self.state(), Stopwatch::start());
        let waited = self.news.wait_timeout_while(state, started.left_of(pause), |state| !state.closing);
        waited.unwrap_or_else(PoisonError::into_inner).0.closing
    }

    /// Takes nothing more.
    pub(crate) fn shut(&self) {
        self.state().closing = true;
        self.news.notify_all();
    }

    /// Whether it takes nothing more.
    pub(crate) fn is_shut(&self) -> bool {
        self.state().closing
    }

    /// The thread has ended.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        (state.closing, state.ended, state.taken) = (true, true, 0);
        self.ended.notify_all();
    }

    /// Waits until the thread has ended. False if that takes longer.
    pub(crate) fn ends_within(&self, within: Duration) -> bool {
        let waited = self.ended.wait_timeout_while(self.state(), within, |state| !state.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_and_not_even_made() {
        let queue = Queue::of(2);
        (0..2).for_each(|one| queue.push(false, || one));
        queue.push(false, || panic!("there is no room"));
        queue.push(true, || 2);
        queue.push(true, || panic!("there is no room for what is important either"));
        assert_eq!(queue.counts(), (3, 2));
        assert_eq!(queue.next(2), Some(vec![0, 1]));
        assert_eq!(queue.next(2), Some(vec![2]));
    }

    #[test]
    fn what_the_thread_has_taken_is_counted_until_it_asks_for_more() {
        let queue = Queue::of(3);
        (0..3).for_each(|one| queue.push(false, || one));
        assert_eq!((queue.next(2), queue.counts()), (Some(vec![0, 1]), (3, 0)));
        assert_eq!((queue.next(2), queue.counts()), (Some(vec![2]), (1, 0)));
        queue.shut();
        assert_eq!((queue.next(2), queue.counts()), (None, (0, 0)));
    }

    #[test]
    fn a_queue_that_is_shut_gives_what_it_has_and_ends() {
        let queue = Queue::of(2);
        queue.push(false, || 1);
        queue.shut();
        queue.push(false, || 2);
        assert!(queue.pause(Duration::from_secs(60)) && !queue.ends_within(Duration::from_millis(1)));
        assert_eq!((queue.next(2), queue.next(2)), (Some(vec![1]), None));
        queue.end();
        assert!(queue.ends_within(Duration::ZERO));
    }
}
