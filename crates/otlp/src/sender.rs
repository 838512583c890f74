//! Sends spans: tries again with growing pauses, gives up within a bound, and tells of trouble once. Must not
//! know what a span says.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;

use crate::message::body;
use crate::options::{Options, Trouble};
use crate::post::{Poster, Refusal, Taken};
use crate::queue::Queue;
use crate::told::Told;

/// What the exporter's thread and its handles share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What waits to be sent.
    pub(crate) queue: Queue<Told>,
    /// Spans that were taken.
    pub(crate) sent: AtomicU64,
    /// Requests that were taken.
    pub(crate) requests: AtomicU64,
    /// Spans that were rejected.
    pub(crate) rejected: AtomicU64,
    /// Answers that were none of a collector.
    pub(crate) odd_answers: AtomicU64,
    /// Spans that were dropped.
    pub(crate) lost: AtomicU64,
    /// Requests that failed.
    pub(crate) failed: AtomicU64,
    /// Calls that were forgotten.
    pub(crate) forgotten: AtomicU64,
}

impl Shared {
    /// With a queue for so many events.
    pub(crate) fn of(queue: usize) -> Self {
        Self {
            queue: Queue::of(queue),
            sent: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            odd_answers: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
        }
    }
}

/// Which trouble was told, and is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Open {
    lost: bool,
    slow: bool,
    rejected: bool,
    odd: bool,
}

/// Sends spans.
pub(crate) struct Sender {
    poster: Poster,
    shared: Arc<Shared>,
    options: Options,
    /// Where spans are sent, as it may be shown.
    address: String,
    open: Open,
    /// Events that were dropped when it was last looked.
    dropped: u64,
}

impl Sender {
    /// A sender of requests that shows `address` as where they go.
    pub(crate) fn new(poster: Poster, address: String, shared: Arc<Shared>, options: Options) -> Self {
        Self { poster, shared, options, address, open: Open::default(), dropped: 0 }
    }

    /// Sends spans, or drops them and counts.
    pub(crate) fn send(&mut self, spans: Vec<Span>) {
        let count = spans.len() as u64;
        match self.try_often(&body(&self.options.service_name, spans)) {
            Ok(taken) => self.taken(taken, count),
            Err(problem) => {
                self.shared.lost.fetch_add(count, Relaxed);
                let told = std::mem::replace(&mut self.open.lost, true);
                self.tell_unless(told, |address| Trouble::Lost { address, problem });
            }
        }
        self.look_at_the_queue();
    }

    /// The answer, or what the last try brought. While all is to end, nothing is tried again.
    fn try_often(&self, body: &[u8]) -> Result<Taken, String> {
        let retries = self.options.retries;
        let mut pause = retries.first_pause;
        let mut tries = 0;
        loop {
            let left = self.shared.queue.left_to_close();
            let timeout = left.map_or(self.options.timeout, |left| left.min(self.options.timeout));
            if timeout.is_zero() {
                return Err("the server ends, and there is no time left".to_owned());
            }
            let refusal = match self.poster.post(body.to_vec(), timeout) {
                Ok(taken) => return Ok(taken),
                Err(refusal) => refusal,
            };
            self.shared.failed.fetch_add(1, Relaxed);
            tries += 1;
            match refusal {
                Refusal::Passing(_, asked) if tries < retries.tries && left.is_none() => {
                    let longest = retries.longest_pause;
                    self.shared.queue.pause(asked.unwrap_or(Duration::ZERO).max(pause).min(longest));
                    pause = pause.saturating_mul(2);
                }
                Refusal::Passing(problem, _) | Refusal::Final(problem) => return Err(problem),
            }
        }
    }

    fn taken(&mut self, taken: Taken, count: u64) {
        let rejected = match taken {
            Taken::But(rejected) => rejected.min(count),
            Taken::Oddly => 0,
        };
        let odd = taken == Taken::Oddly;
        self.shared.requests.fetch_add(1, Relaxed);
        self.shared.sent.fetch_add(count - rejected, Relaxed);
        self.shared.rejected.fetch_add(rejected, Relaxed);
        self.shared.odd_answers.fetch_add(u64::from(odd), Relaxed);
        let before = self.open;
        self.open = Open { lost: false, rejected: rejected > 0, odd, slow: before.slow };
        if rejected > 0 {
            let rejected = |address| Trouble::Rejected { address, spans: rejected, sent: count };
            self.tell_unless(before.rejected, rejected);
        }
        if odd {
            self.tell_unless(before.odd, |address| Trouble::OddAnswer { address });
        }
        self.tell_if_over(before);
    }

    /// Events are dropped while the collector is slow. That is over when none wait.
    fn look_at_the_queue(&mut self) {
        let (waiting, dropped) = self.shared.queue.counts();
        let more = dropped > std::mem::replace(&mut self.dropped, dropped);
        let before = self.open;
        if more {
            self.open.slow = true;
            // Whoever takes nothing is not called slow.
            self.tell_unless(before.slow || before.lost, |address| Trouble::Slow { address });
        } else if waiting == 0 {
            self.open.slow = false;
            self.tell_if_over(before);
        }
    }

    fn tell_if_over(&self, before: Open) {
        if before != Open::default() && self.open == Open::default() {
            let (lost, (_, dropped)) = (self.shared.lost.load(Relaxed), self.shared.queue.counts());
            (self.options.report)(&Trouble::Recovered { lost, dropped });
        }
    }

    fn tell_unless(&self, told: bool, trouble: impl FnOnce(String) -> Trouble) {
        if !told {
            (self.options.report)(&trouble(self.address.clone()));
        }
    }
}
