//! The thread that writes events in batches: each whole, or not at all. Must not know who tells them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use offhook_core::ids::CallId;
use rusqlite::{Connection, TransactionBehavior};

use crate::caller_code;
use crate::clock::{Stopwatch, millis};
use crate::options::{Options, Trouble};
use crate::queue::{Next, Queue};
use crate::redaction::Redaction;
use crate::removal;
use crate::rows;
use crate::told::{Told, What};

/// The pauses between two tries of a batch.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often old calls are deleted.
const BETWEEN_EXPIRIES: Duration = Duration::from_secs(60 * 60);

/// The most calls with captured values: as many as can be running.
const MOST_CAPTURED: usize = 10_000;

/// The end of a call whose gateway opened a newer socket for it. The newer one may have begun before.
const TAKEN_OVER: &str = "taken_over";

/// The most captured values of a call.
const MOST_VALUES: usize = 64;

/// What the thread and the others share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) queue: Queue<Told>,
    pub(crate) written: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) expired: AtomicU64,
}

impl Shared {
    pub(crate) fn of(queue: usize) -> Self {
        Self {
            queue: Queue::of(queue),
            written: AtomicU64::default(),
            batches: AtomicU64::default(),
            lost: AtomicU64::default(),
            failed: AtomicU64::default(),
            expired: AtomicU64::default(),
        }
    }
}

/// The writer, on its thread.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) shared: Arc<Shared>,
    pub(crate) options: Options,
    /// The first row of this session.
    pub(crate) since: i64,
    /// When it was opened, in milliseconds since 1970, and the time since.
    pub(crate) opened: (i64, Stopwatch),
    pub(crate) known: Known,
}

/// What the writer knows beyond the rows: values that are personal, of running calls. They are in no file.
#[derive(Debug, Default)]
pub(crate) struct Known {
    captured: HashMap<CallId, Vec<String>>,
    /// Events that were dropped and that no row tells yet.
    untold: u64,
    /// Those of them that the queue dropped, over all.
    dropped: u64,
}

/// Tells those that wait that the thread has ended, also if it panicked.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.queue.end();
    }
}

impl Writer {
    /// Writes until the queue is closed.
    pub(crate) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let _ending = Ending(Arc::clone(&shared));
        self.expire();
        let mut expired = Stopwatch::start();
        loop {
            let idle = expired.left_of(BETWEEN_EXPIRIES);
            match shared.queue.next(self.options.batch.max(1), self.options.longest_wait, idle) {
                Next::Batch(batch) => self.keep(&batch),
                Next::Nothing => {}
                Next::End => break,
            }
            if expired.left_of(BETWEEN_EXPIRIES).is_zero() {
                self.expire();
                expired = Stopwatch::start();
            }
        }
        // What was dropped while the last batch was written.
        self.known.count(&shared);
        if self.known.untold > 0 && self.write(&[]).is_err() {
            shared.failed.fetch_add(1, Relaxed);
        }
    }

    /// Writes a batch, and tries again as long as there is patience.
    fn keep(&mut self, batch: &[Told]) {
        let shared = Arc::clone(&self.shared);
        let (started, mut pause, mut waited) = (Stopwatch::start(), SHORTEST_PAUSE, false);
        loop {
            self.known.count(&shared);
            let problem = match self.write(batch) {
                Ok(()) => {
                    shared.written.fetch_add(batch.len() as u64, Relaxed);
                    shared.batches.fetch_add(1, Relaxed);
                    if self.options.redact != Redaction::Off && batch.iter().any(Told::is_captured) {
                        // The log has the words as they were before.
                        removal::forget_log(&self.connection);
                    }
                    if waited {
                        (self.options.report)(&Trouble::Recovered);
                    }
                    return;
                }
                Err(error) => error.to_string(),
            };
            shared.failed.fetch_add(1, Relaxed);
            let left = started.left_of(self.options.patience);
            let left = shared.queue.left_to_close().map_or(left, |closing| left.min(closing));
            if left.is_zero() {
                let events = batch.len() as u64;
                shared.lost.fetch_add(events, Relaxed);
                self.known.untold += events;
                (self.options.report)(&Trouble::Lost { events, problem });
                return;
            }
            if !waited {
                (self.options.report)(&Trouble::Waiting { problem });
                waited = true;
            }
            match shared.queue.left_to_close() {
                Some(_) => std::thread::sleep(pause.min(left)),
                None => shared.queue.pause(pause.min(left)),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn write(&mut self, batch: &[Told]) -> rusqlite::Result<()> {
        let whole = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for told in batch {
            apply(&whole, told, &self.options, self.since, &mut self.known)?;
        }
        if self.known.untold > 0 {
            let elapsed = self.opened.0.saturating_add(millis(self.opened.1.elapsed()));
            let at = batch.last().map_or(elapsed, |told| told.at);
            let message = format!("{} events of calls are missing in the records", self.known.untold);
            rows::event(&whole, None, at, "records_dropped", "records_dropped", &message)?;
        }
        whole.commit()?;
        self.known.untold = 0;
        Ok(())
    }

    /// Deletes calls that were kept long enough.
    fn expire(&mut self) {
        let Some(keep) = self.options.keep else { return };
        let now = self.opened.0.saturating_add(millis(self.opened.1.elapsed()));
        let before = now.saturating_sub(millis(keep));
        let deleted =
            removal::remove(&mut self.connection, |from, most| removal::older_than(from, before, most))
                .and_then(|deleted| {
                    let old = "DELETE FROM events WHERE call IS NULL AND at < ?1";
                    self.connection.execute(old, [before])?;
                    Ok(deleted)
                });
        match deleted {
            Ok(deleted) => _ = self.shared.expired.fetch_add(deleted.calls, Relaxed),
            Err(error) => (self.options.report)(&Trouble::Kept { problem: error.to_string() }),
        }
    }
}

impl Known {
    /// Counts what the queue has dropped since the last time.
    fn count(&mut self, shared: &Shared) {
        let (_, dropped) = shared.queue.counts();
        self.untold += dropped - self.dropped;
        self.dropped = dropped;
    }

    fn of(&self, call: &CallId) -> &[String] {
        self.captured.get(call).map_or(&[], Vec::as_slice)
    }

    /// Remembers values; all that are known of the call after that.
    fn add(&mut self, call: &CallId, values: &[String]) {
        if self.captured.len() >= MOST_CAPTURED && !self.captured.contains_key(call) {
            return;
        }
        let known = self.captured.entry(call.clone()).or_default();
        let news: Vec<&String> = values.iter().filter(|value| !known.contains(value)).collect();
        let room = MOST_VALUES.saturating_sub(known.len());
        known.extend(news.into_iter().take(room).cloned());
    }
}

/// Writes one event.
fn apply(
    to: &Connection,
    told: &Told,
    options: &Options,
    since: i64,
    known: &mut Known,
) -> rusqlite::Result<()> {
    let Told { at, call, what } = told;
    let redact = options.redact;
    let text = |words: &str, known: &Known| redact.text(words, known.of(call)).into_owned();
    let row = |to: &Connection| rows::row(to, call, *at, since);
    match what {
        What::Began(beginning) => {
            // A name that is used again is another caller.
            known.captured.remove(call);
            let mut beginning = (**beginning).clone();
            beginning.data.values_mut().for_each(|value| *value = text(value, known));
            let code = beginning.from.as_deref().map(|from| caller_code::made(to, from)).transpose()?;
            for number in [&mut beginning.from, &mut beginning.to].into_iter().flatten() {
                *number = redact.number(number).into_owned();
            }
            beginning.client_id = beginning.client_id.map(|id| text(&id, known));
            rows::begin(to, call, *at, &beginning, code.as_deref())
        }
        What::Turn(turn) => {
            let [heard, reply] = [&turn.turn.heard, &turn.turn.reply].map(|words| text(words, known));
            let words = options.transcripts.then_some((heard.as_str(), reply.as_str()));
            rows::turn(to, row(to)?, *at, turn, words)
        }
        What::Failed { kind, failure } => {
            let message = text(&failure.message, known);
            rows::event(to, Some(row(to)?), *at, kind, &failure.code, &message)
        }
        What::Server { kind, what } => rows::event(to, None, *at, kind, &what.code, &what.message),
        What::Ended(summary) => {
            let mut summary = (**summary).clone();
            summary.data.values_mut().for_each(|value| *value = text(value, known));
            summary.client_id = summary.client_id.map(|id| text(&id, known));
            summary.end.reason = text(&summary.end.reason, known);
            let before = if summary.end.code == TAKEN_OVER { rows::replaced(to, call, since)? } else { None };
            if let Some(before) = before {
                return rows::end(to, before, *at, &summary);
            }
            rows::end(to, row(to)?, *at, &summary)?;
            known.captured.remove(call);
            Ok(())
        }
        What::Captured(values) if redact == Redaction::Off || values.is_empty() => Ok(()),
        What::Captured(values) => {
            let row = row(to)?;
            known.add(call, values);
            // The turn in which a value was said may be written already.
            rows::rewrite(to, row, |words| redact.text(words, values).into_owned())?;
            if rows::running(to, call)?.is_none() {
                known.captured.remove(call);
            }
            Ok(())
        }
        What::Files { recording, trace } => {
            let row = rows::coming(to, call, *at)?;
            rows::files(to, row, recording.as_deref(), trace.as_deref())
        }
    }
}
