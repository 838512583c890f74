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
    /// Wakes those that wait until all is done.
    progress: Condvar,
    most: usize,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    /// Dropped since the queue was made.
    dropped: u64,
    /// How many were added, were taken, and were taken before the thread came back.
    added: u64,
    taken: u64,
    done: u64,
    /// So many are to be done at once.
    wanted: u64,
    /// When it was to close, and within which time.
    closing: Option<(Stopwatch, Duration)>,
    /// The thread has ended.
    ended: bool,
}

impl<T> State<T> {
    fn left_to_close(&self) -> Option<Duration> {
        self.closing.map(|(since, within)| since.left_of(within))
    }

    fn fits(&mut self, most: usize) -> bool {
        let fits = self.waiting.len() < most && self.closing.is_none() && !self.ended;
        self.dropped += u64::from(!fits);
        fits
    }
}

impl<T> Queue<T> {
    /// A queue for at most so many.
    pub(crate) fn of(most: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            dropped: 0,
            added: 0,
            taken: 0,
            done: 0,
            wanted: 0,
            closing: None,
            ended: false,
        };
        Self { state: Mutex::new(state), news: Condvar::new(), progress: Condvar::new(), most }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one, which is made only if there is room, and without the lock: others hold that no longer than
    /// it takes to move a batch. An important one has more room.
    pub(crate) fn push(&self, important: bool, make: impl FnOnce() -> T) {
        let most = if important { self.most.saturating_add(self.most.div_ceil(8)) } else { self.most };
        if !self.state().fits(most) {
            return;
        }
        let one = make();
        let mut state = self.state();
        if state.fits(most) {
            state.waiting.push_back(one);
            state.added += 1;
            self.news.notify_one();
        }
    }

    /// How many wait, and how many were dropped.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let state = self.state();
        (state.waiting.len(), state.dropped)
    }

    /// Waits for a batch: until so many wait, or the first has waited so long, or all is to be done. Says
    /// that what was taken before is done. `None` at the end: all is done, or there is no time left for it.
    pub(crate) fn next(&self, most: usize, longest: Duration) -> Option<Vec<T>> {
        let mut first = None;
        let mut state = self.state();
        state.done = state.taken;
        self.progress.notify_all();
        loop {
            if state.left_to_close().is_some_and(|left| left.is_zero() || state.waiting.is_empty()) {
                return None;
            }
            let urgent = state.closing.is_some() || state.done < state.wanted;
            if state.waiting.is_empty() {
                first = None;
                state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = first.get_or_insert_with(Stopwatch::start).left_of(longest);
            if urgent || left.is_zero() || state.waiting.len() >= most {
                let count = state.waiting.len().min(most);
                let batch: Vec<T> = state.waiting.drain(..count).collect();
                state.taken += batch.len() as u64;
                return Some(batch);
            }
            state = self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits, but no longer than until all is to end.
    pub(crate) fn pause(&self, pause: Duration) {
        let started = Stopwatch::start();
        let mut state = self.state();
        loop {
            let left = started.left_of(pause);
            if left.is_zero() || state.closing.is_some() {
                return;
            }
            state = self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until all that was added is done. Returns false if that takes longer.
    pub(crate) fn flush(&self, within: Duration) -> bool {
        let mut state = self.state();
        let wanted = state.added;
        state.wanted = wanted;
        self.news.notify_all();
        self.wait(state, within, |state| state.done >= wanted)
    }

    /// Takes nothing more, and waits until all is done and the thread has ended. Returns false if that takes
    /// longer, or if something was left.
    pub(crate) fn close(&self, within: Duration) -> bool {
        let mut state = self.state();
        state.closing.get_or_insert((Stopwatch::start(), within));
        self.news.notify_all();
        self.wait(state, within, |state| state.ended && state.done >= state.added)
    }

    /// How much time is left to close, if it is to close.
    pub(crate) fn left_to_close(&self) -> Option<Duration> {
        self.state().left_to_close()
    }

    /// Says that the thread has ended. What still waits is dropped.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.dropped += state.waiting.len() as u64;
        state.waiting.clear();
        state.ended = true;
        self.progress.notify_all();
    }

    fn wait(
        &self,
        mut state: MutexGuard<'_, State<T>>,
        within: Duration,
        enough: impl Fn(&State<T>) -> bool,
    ) -> bool {
        let started = Stopwatch::start();
        loop {
            let left = started.left_of(within);
            if state.ended || left.is_zero() || enough(&state) {
                return enough(&state);
            }
            state = self.progress.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn what_does_not_fit_is_not_even_made() {
        let queue = Queue::of(2);
        (0..2).for_each(|one| queue.push(false, || one));
        queue.push(false, || panic!("there is no room"));
        queue.push(true, || 2);
        queue.push(true, || panic!("there is no room for what is important either"));
        assert_eq!(queue.counts(), (3, 2));
        assert_eq!(queue.next(3, LONG), Some(vec![0, 1, 2]));
    }

    #[test]
    fn a_batch_is_full_or_has_waited() {
        let queue = Queue::of(10);
        (0..5).for_each(|one| queue.push(false, || one));
        assert_eq!(queue.next(3, LONG), Some(vec![0, 1, 2]));
        assert_eq!(queue.next(3, SHORT), Some(vec![3, 4]));
    }

    #[test]
    fn a_flush_waits_for_what_came_before_and_no_longer_than_it_may() {
        let queue = Queue::of(10);
        assert!(queue.flush(SHORT), "there is nothing");
        queue.push(false, || 1);
        assert!(!queue.flush(SHORT));
        assert_eq!(queue.next(3, LONG), Some(vec![1]), "a flush does not wait for more");
        assert!(!queue.flush(SHORT), "it is taken, but not done");
        queue.push(false, || 2);
        assert_eq!(queue.next(3, SHORT), Some(vec![2]));
        std::thread::scope(|scope| {
            let flushed = scope.spawn(|| queue.flush(LONG));
            scope.spawn(|| queue.next(3, LONG));
            assert!(flushed.join().unwrap());
            assert!(!queue.close(SHORT), "nobody said that the thread has ended");
        });
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_ends() {
        let queue = Queue::of(10);
        queue.push(false, || 1);
        assert!(!queue.close(LONG - LONG));
        queue.push(false, || 2);
        assert_eq!(queue.next(3, LONG), None, "no time is left");
        queue.end();
        assert_eq!(queue.counts(), (0, 2));

        let queue = Queue::of(10);
        queue.push(false, || 1);
        std::thread::scope(|scope| {
            let closed = scope.spawn(|| queue.close(LONG));
            while queue.left_to_close().is_none() {
                std::thread::yield_now();
            }
            queue.pause(LONG);
            assert_eq!(queue.next(3, LONG), Some(vec![1]));
            assert_eq!(queue.next(3, LONG), None);
            queue.end();
            assert!(closed.join().unwrap());
        });
    }
}
