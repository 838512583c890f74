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
    /// Wakes those that wait until all is written.
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
    written: u64,
    /// How often the thread came back.
    passes: u64,
    /// The latest wish that all is written.
    wanted: Ticket,
    /// When it was to close, and within which time.
    closing: Option<(Stopwatch, Duration)>,
    /// The thread has ended.
    ended: bool,
}

/// What is to be written, and the pass after which it is: the thread may be in the middle of one, and what it
/// has taken needs not be in a file before the end of a whole one.
#[derive(Debug, Clone, Copy, Default)]
struct Ticket {
    added: u64,
    pass: u64,
}

impl<T> State<T> {
    fn has(&self, ticket: Ticket) -> bool {
        self.written >= ticket.added && self.passes >= ticket.pass
    }
}

/// What the thread is to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<T> {
    /// These, in order.
    Batch(Vec<T>),
    /// Nothing came for as long as it waited.
    Nothing,
    /// All is written, and nothing will come.
    End,
}

impl<T> Queue<T> {
    /// A queue for at most so many.
    pub(crate) fn of(most: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            dropped: 0,
            added: 0,
            taken: 0,
            written: 0,
            passes: 0,
            wanted: Ticket::default(),
            closing: None,
            ended: false,
        };
        Self { state: Mutex::new(state), news: Condvar::new(), progress: Condvar::new(), most }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one. The lock is held by others for no longer than it takes to move a batch. Returns false if it
    /// was dropped.
    pub(crate) fn push(&self, one: T) -> bool {
        self.push_beyond(one, 0)
    }

    /// Adds one that is more important than others: it fits as long as no more than `more` wait beyond the
    /// size of the queue.
    pub(crate) fn push_beyond(&self, one: T, more: usize) -> bool {
        let mut state = self.state();
        let fits = state.waiting.len() < self.most + more && state.closing.is_none() && !state.ended;
        if fits {
            state.waiting.push_back(one);
            state.added += 1;
            self.news.notify_one();
        } else {
            state.dropped += 1;
        }
        fits
    }

    /// How many wait, and how many were dropped.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let state = self.state();
        (state.waiting.len(), state.dropped)
    }

    /// Waits for a batch: until so many wait, or the first has waited so long, or all is to be written. Ends
    /// with nothing after `idle` without one. Says that what was taken before is written.
    pub(crate) fn next(&self, most: usize, longest: Duration, idle: Duration) -> Next<T> {
        let (started, mut first) = (Stopwatch::start(), None);
        let mut state = self.state();
        state.written = state.taken;
        state.passes += 1;
        self.progress.notify_all();
        loop {
            let urgent = state.closing.is_some() || !state.has(state.wanted);
            let left = if urgent || state.waiting.len() >= most {
                Duration::ZERO
            } else if state.waiting.is_empty() {
                started.left_of(idle)
            } else {
                first.get_or_insert_with(Stopwatch::start).left_of(longest)
            };
            if left.is_zero() {
                let count = state.waiting.len().min(most);
                let batch: Vec<T> = state.waiting.drain(..count).collect();
                state.taken += batch.len() as u64;
                return match (batch.is_empty(), state.closing) {
                    (false, _) => Next::Batch(batch),
                    (true, None) => Next::Nothing,
                    (true, Some(_)) => Next::End,
                };
            }
            state = self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits, but not beyond the wish to close.
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

    /// Whether all is to be written now.
    pub(crate) fn is_flushing(&self) -> bool {
        let state = self.state();
        !state.has(state.wanted)
    }

    /// Wants all that was added written soon, however little it is.
    pub(crate) fn hurry(&self) {
        let mut state = self.state();
        state.wanted = Ticket { added: state.added, pass: state.passes + 2 };
        self.news.notify_all();
    }

    /// Waits until all that was added is written. Returns false if that took longer.
    pub(crate) fn flush(&self, within: Duration) -> bool {
        let mut state = self.state();
        let ticket = Ticket { added: state.added, pass: state.passes + 2 };
        state.wanted = ticket;
        self.news.notify_all();
        self.wait(state, within, |state| state.has(ticket))
    }

    /// Takes nothing more, and waits until all is written and the thread has ended. Returns false if that
    /// took longer.
    pub(crate) fn close(&self, within: Duration) -> bool {
        let mut state = self.state();
        state.closing.get_or_insert((Stopwatch::start(), within));
        self.news.notify_all();
        self.wait(state, within, |_| false)
    }

    /// How much time is left to close, if it is to close.
    pub(crate) fn left_to_close(&self) -> Option<Duration> {
        self.state().closing.map(|(since, within)| since.left_of(within))
    }

    /// Says that the thread has ended.
    pub(crate) fn end(&self) {
        self.state().ended = true;
        self.progress.notify_all();
    }

    fn wait(
        &self,
        state: MutexGuard<'_, State<T>>,
        within: Duration,
        enough: impl Fn(&State<T>) -> bool,
    ) -> bool {
        let (started, mut state) = (Stopwatch::start(), state);
        loop {
            if state.ended || enough(&state) {
                return enough(&state) || state.waiting.is_empty();
            }
            let left = started.left_of(within);
            if left.is_zero() {
                return false;
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
    fn what_does_not_fit_is_dropped_and_counted() {
        let queue = Queue::of(2);
        assert_eq!([1, 2, 3].map(|one| queue.push(one)), [true, true, false]);
        assert_eq!(queue.counts(), (2, 1));
        assert_eq!(queue.next(2, LONG, LONG), Next::Batch(vec![1, 2]));
        assert!(queue.push(4));
    }

    #[test]
    fn a_batch_is_full_or_has_waited() {
        let queue = Queue::of(10);
        (0..5).for_each(|one| assert!(queue.push(one)));
        assert_eq!(queue.next(3, LONG, LONG), Next::Batch(vec![0, 1, 2]));
        assert_eq!(queue.next(3, SHORT, LONG), Next::Batch(vec![3, 4]));
        assert_eq!(queue.next(3, LONG, SHORT), Next::Nothing);
    }

    #[test]
    fn a_flush_waits_for_what_came_before_and_no_longer_than_it_may() {
        let queue = Queue::of(10);
        assert!(queue.push(1));
        assert!(!queue.flush(SHORT));
        std::thread::scope(|scope| {
            let flushed = scope.spawn(|| queue.flush(LONG));
            assert_eq!(queue.next(3, LONG, LONG), Next::Batch(vec![1]));
            while !flushed.is_finished() {
                assert_eq!(queue.next(3, LONG, SHORT), Next::Nothing);
            }
            assert!(flushed.join().unwrap());
        });
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_ends() {
        let queue = Queue::of(10);
        assert!(queue.push(1));
        assert!(!queue.close(Duration::ZERO));
        assert!(!queue.push(2));
        assert_eq!(queue.next(3, LONG, LONG), Next::Batch(vec![1]));
        assert_eq!(queue.next(3, LONG, LONG), Next::End);
        queue.end();
        assert!(queue.close(LONG));
    }
}
