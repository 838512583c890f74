//! What the threads of this crate share: the queue, the spool, the calls whose events are on their way, and
//! the counters. Must not know how an event is sent.

use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::clock::millis;
use crate::event::Told;
use crate::options::{Counters, Options, Trouble};
use crate::queue::Queue;
use crate::spool::{Kept, Next, Spool};

/// What the threads share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    /// What waits for the spool.
    pub(crate) queue: Queue<Told>,
    spool: Mutex<Spool>,
    /// The events in the spool, for those who must not wait for a disk.
    rows: AtomicU64,
    /// The calls of which an event is on its way. It is locked before the spool.
    busy: Mutex<HashSet<String>>,
    /// Wakes those that send.
    news: Condvar,
    /// The end point wants no more.
    pub(crate) gone: AtomicBool,
    pub(crate) delivered: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) given_up: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) lost: AtomicU64,
    /// Trouble that was told and is not over: the end point, the spool, a full spool.
    waiting: AtomicBool,
    broken: AtomicBool,
    full: AtomicBool,
}

impl Shared {
    pub(crate) fn new(options: Options, spool: Spool) -> Self {
        Self {
            queue: Queue::of(options.queue),
            options,
            rows: AtomicU64::new(spool.rows()),
            spool: Mutex::new(spool),
            busy: Mutex::default(),
            news: Condvar::new(),
            gone: AtomicBool::new(false),
            delivered: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            waiting: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            full: AtomicBool::new(false),
        }
    }

    /// Works with the spool. Whoever does may wait for a disk.
    pub(crate) fn with_spool<T>(&self, work: impl FnOnce(&mut Spool) -> T) -> T {
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let done = work(&mut spool);
        self.rows.store(spool.rows(), Relaxed);
        done
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to send, or nothing more will be.
    pub(crate) fn wake(&self) {
        // Whoever looks at the spool holds the lock until it sleeps, so that no news is missed.
        drop(self.busy());
        self.news.notify_all();
    }

    /// Waits for an event that may be sent now: of its call, nobody else sends one until [`Self::settle`].
    /// `None` at the end.
    pub(crate) fn claim(&self) -> Option<Kept> {
        let mut busy = self.busy();
        loop {
            if self.queue.is_shut() {
                return None;
            }
            let most = busy.len() + 1;
            let (rows, due) = self.with_spool(|spool| {
                let due = if spool.rows() == 0 || self.gone.load(Relaxed) {
                    Ok(Vec::new())
                } else {
                    let longest = self.options.retries.longest();
                    spool.due(millis((self.options.clock)()), longest, most)
                };
                (spool.rows(), due)
            });
            let failed = due.as_ref().err().map(ToString::to_string);
            failed.into_iter().for_each(|problem| self.spool_fails(problem));
            if let Some(event) = due.unwrap_or_default().into_iter().find(|event| !busy.contains(&event.call))
            {
                busy.insert(event.call.clone());
                return Some(event);
            }
            busy = if rows == 0 {
                self.news.wait(busy).unwrap_or_else(PoisonError::into_inner)
            } else {
                let waited = self.news.wait_timeout(busy, self.options.look);
                waited.unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }

    /// What becomes of a claimed event. It is held back until the spool has written that: otherwise it would
    /// be sent again at once.
    pub(crate) fn settle(&self, event: &Kept, next: Next) {
        loop {
            let settled = self.with_spool(|spool| spool.settle(event, next));
            let Err(error) = settled else {
                self.spool_works();
                break;
            };
            self.spool_fails(error.to_string());
            if self.queue.pause(self.options.look) {
                break;
            }
        }
        self.busy().remove(&event.call);
        self.news.notify_one();
        if self.rows.load(Relaxed) == 0 {
            self.full.store(false, Relaxed);
        }
    }

    /// The end point does not take events.
    pub(crate) fn waits(&self, problem: String) {
        if !self.waiting.swap(true, Relaxed) {
            self.tell(&Trouble::Waiting { address: self.options.endpoint.shown(), problem });
        }
    }

    /// The end point takes events.
    pub(crate) fn takes(&self) {
        if self.waiting.swap(false, Relaxed) {
            self.tell(&Trouble::Recovered);
        }
    }

    pub(crate) fn spool_fails(&self, problem: String) {
        if !self.broken.swap(true, Relaxed) {
            self.tell(&Trouble::Spool { problem });
        }
    }

    pub(crate) fn spool_works(&self) {
        if self.broken.swap(false, Relaxed) {
            self.tell(&Trouble::SpoolRecovered { lost: self.lost.load(Relaxed) });
        }
    }

    /// The spool dropped so many.
    pub(crate) fn dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Relaxed);
        if count > 0 && !self.full.swap(true, Relaxed) {
            self.tell(&Trouble::Full { address: self.options.endpoint.shown() });
        }
    }

    pub(crate) fn tell(&self, trouble: &Trouble) {
        (self.options.report)(trouble);
    }

    pub(crate) fn counters(&self) -> Counters {
        let (queued, dropped) = self.queue.counts();
        Counters {
            delivered: self.delivered.load(Relaxed),
            retried: self.retried.load(Relaxed),
            given_up: self.given_up.load(Relaxed),
            dropped: dropped + self.dropped.load(Relaxed),
            lost: self.lost.load(Relaxed),
            waiting: self.rows.load(Relaxed),
            queued,
        }
    }
}
