//! The thread that writes events in batches: each whole, or not at all. Must not know who tells them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use offhook_core::ids::CallId;
use offhook_core::report::ToolRun;
use rusqlite::{Connection, TransactionBehavior};

use crate::after_calls;
use crate::caller_code;
use crate::clock::{Moment, Stopwatch, millis};
use crate::fields;
use crate::options::{Options, Trouble};
use crate::queue::{Next, Queue};
use crate::redaction::Redaction;
use crate::removal::{self, DeleteError, Deleted};
use crate::retention::{self, Watch, Witness};
use crate::rows;
use crate::told::{Told, What};

/// The pauses between two tries of a batch.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often old calls are deleted.
const BETWEEN_EXPIRIES: Duration = Duration::from_secs(60 * 60);

/// The most calls of which more is known than their rows: as many as can be running.
const MOST_KNOWN: usize = 10_000;

/// The end of a call whose gateway opened a newer socket for it. The newer one may have begun before.
const TAKEN_OVER: &str = "taken_over";

/// The most captured values of a call.
const MOST_VALUES: usize = 64;

/// The calls that ended last, whose captured values are known until their summaries come.
const MOST_ENDED: usize = 256;

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
    /// Whether old calls may be deleted by the clock.
    pub(crate) watch: Watch,
    /// It was told that the clock is doubted.
    pub(crate) doubted: bool,
    pub(crate) known: Known,
}

/// What the writer knows beyond the rows. It is in no file.
#[derive(Debug, Default, Clone)]
pub(crate) struct Known {
    /// Values that are personal, of running calls.
    captured: HashMap<CallId, Vec<String>>,
    /// The same of the calls that ended last.
    ended: VecDeque<(CallId, Vec<String>)>,
    /// When the running calls began.
    began: HashMap<CallId, Moment>,
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
        let clock = Arc::clone(&self.options.clock);
        self.expire();
        let mut expired = clock().elapsed;
        loop {
            let idle = BETWEEN_EXPIRIES.saturating_sub(clock().elapsed.saturating_sub(expired));
            match shared.queue.next(self.options.batch.max(1), self.options.longest_wait, idle) {
                Next::Batch(batch) => self.keep(&batch),
                Next::Nothing => {}
                Next::End => break,
            }
            let elapsed = clock().elapsed;
            if elapsed.saturating_sub(expired) >= BETWEEN_EXPIRIES {
                self.expire();
                expired = elapsed;
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
                    batch.iter().for_each(Told::is_kept);
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
        // A batch that is not written is tried again, with what was known before it.
        let mut known = self.known.clone();
        for told in batch {
            apply(&whole, told, &self.options, self.since, &mut known)?;
        }
        if known.untold > 0 {
            let at = batch.last().map_or_else(|| (self.options.clock)(), |told| told.at).time_of_day;
            let message = format!("{} events of calls are missing in the records", known.untold);
            rows::event(&whole, None, at, "records_dropped", "records_dropped", &message)?;
            known.untold = 0;
        }
        whole.commit()?;
        self.known = known;
        Ok(())
    }

    /// Deletes calls that were kept long enough, if the clock is believed.
    fn expire(&mut self) {
        let Some(keep) = self.options.keep else { return };
        let moment = (self.options.clock)();
        let steady = self.watch.is_steady(moment);
        let now = moment.time_of_day;
        match self.delete_old(now, now.saturating_sub(millis(keep)), steady) {
            Ok(deleted) => _ = self.shared.expired.fetch_add(deleted.calls, Relaxed),
            Err(error) => (self.options.report)(&Trouble::Kept { problem: error.to_string() }),
        }
    }

    fn delete_old(&mut self, now: i64, before: i64, steady: bool) -> Result<Deleted, DeleteError> {
        let last = retention::last_old(&self.connection, before, now)?;
        let witness = if steady { Witness::Agrees } else { retention::witness(&self.connection, now)? };
        match witness {
            Witness::Agrees => {
                self.doubted = false;
                retention::forget_server_events(&self.connection, before, now)?;
                let Some(last) = last else { return Ok(Deleted::default()) };
                removal::remove(&mut self.connection, |from, most| retention::ended_up_to(from, last, most))
            }
            Witness::Differs { days } => {
                let told = last.is_some() && days >= retention::TOLD_FROM_DAYS;
                if told && !std::mem::replace(&mut self.doubted, true) {
                    (self.options.report)(&Trouble::ClockDoubted { days });
                }
                Ok(Deleted::default())
            }
            Witness::Unknown => Ok(Deleted::default()),
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

    /// A call begins. If its name is known, it is another call only if it begins `anew`.
    fn begin(&mut self, call: &CallId, at: Moment, anew: bool) {
        let room = self.began.len() < MOST_KNOWN;
        match self.began.get_mut(call) {
            Some(began) if anew => *began = at,
            None if room => _ = self.began.insert(call.clone(), at),
            Some(_) | None => {}
        }
    }

    /// The time of day of a moment in a call, by the clock as it was when the call began.
    fn time_of_day(&self, call: &CallId, at: Moment) -> i64 {
        self.began.get(call).map_or(at.time_of_day, |began| began.time_of_day_at(at.elapsed))
    }

    /// A call has ended.
    fn end(&mut self, call: &CallId) {
        self.began.remove(call);
        if let Some(values) = self.captured.remove(call) {
            self.ended.push_back((call.clone(), values));
            if self.ended.len() > MOST_ENDED {
                self.ended.pop_front();
            }
        }
    }

    /// All values that are known of calls of this name that have ended.
    fn of_ended(&self, call: &CallId) -> Vec<String> {
        let ended = self.ended.iter().filter(|(ended, _)| ended == call);
        ended.flat_map(|(_, values)| values).cloned().collect()
    }

    fn of(&self, call: &CallId) -> &[String] {
        self.captured.get(call).map_or(&[], Vec::as_slice)
    }

    /// Remembers values; all that are known of the call after that.
    fn add(&mut self, call: &CallId, values: &[String]) {
        if self.captured.len() >= MOST_KNOWN && !self.captured.contains_key(call) {
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
    match what {
        What::Began(_) => known.begin(call, *at, true),
        What::Files { .. } => known.begin(call, *at, false),
        What::Turn(_)
        | What::Tool(_)
        | What::Note { .. }
        | What::Failed { .. }
        | What::Ended(_)
        | What::Summarised(_)
        | What::Server { .. }
        | What::Captured(_) => {}
    }
    let at = known.time_of_day(call, *at);
    let redact = options.redact;
    let text = |words: &str, known: &Known| redact.text(words, known.of(call)).into_owned();
    let row = |to: &Connection| rows::row(to, call, at, since);
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
            rows::begin(to, call, at, &beginning, code.as_deref())
        }
        What::Turn(turn) => {
            let [heard, reply] = [&turn.turn.heard, &turn.turn.reply].map(|words| text(words, known));
            let words = options.transcripts.then_some((heard.as_str(), reply.as_str()));
            rows::turn(to, row(to)?, at, turn, words)
        }
        What::Tool(run) => {
            let ToolRun { name, arguments, output, end, took_ms, .. } = &**run;
            let took = took_ms.round();
            let message = if options.transcripts {
                text(&format!("{name}({arguments}) took {took} ms: {output}"), known)
            } else {
                format!("{name} took {took} ms")
            };
            rows::event(to, Some(row(to)?), at, "tool", end.name(), &message)
        }
        What::Note { tool, text, kept: _ } => rows::note(to, row(to)?, at, tool, text),
        What::Failed { kind, failure } => {
            let message = text(&failure.message, known);
            rows::event(to, Some(row(to)?), at, kind, &failure.code, &message)
        }
        What::Server { kind, what } => rows::event(to, None, at, kind, &what.code, &what.message),
        What::Ended(summary) => {
            let mut summary = (**summary).clone();
            summary.data.values_mut().for_each(|value| *value = text(value, known));
            summary.client_id = summary.client_id.map(|id| text(&id, known));
            summary.end.reason = text(&summary.end.reason, known);
            let before = if summary.end.code == TAKEN_OVER { rows::replaced(to, call, since)? } else { None };
            if let Some(before) = before {
                return rows::end(to, before, at, &summary);
            }
            rows::end(to, row(to)?, at, &summary)?;
            known.end(call);
            Ok(())
        }
        What::Summarised(after) => {
            let values = known.of_ended(call);
            let text = |words: &str| redact.text(words, &values).into_owned();
            let mut after = (**after).clone();
            let kept = |summary: String| options.transcripts.then(|| text(&summary));
            after.summary = after.summary.and_then(kept);
            let made = after.fields.filter(|_| options.transcripts);
            after.fields = made.map(|made| fields::rewritten(&made, &text));
            after.reason = after.reason.map(|reason| text(&reason));
            after_calls::keep(to, call, since, &after)
        }
        What::Captured(values) if redact == Redaction::Off || values.is_empty() => Ok(()),
        What::Captured(values) => {
            let row = row(to)?;
            known.add(call, values);
            // The turn in which a value was said may be written already.
            let text = |words: &str| redact.text(words, values).into_owned();
            rows::rewrite(to, row, text)?;
            after_calls::rewrite(to, row, text, |made| fields::rewritten(made, &text))?;
            if rows::running(to, call)?.is_none() {
                known.end(call);
            }
            Ok(())
        }
        What::Files { recording, trace } => {
            let row = rows::coming(to, call, at)?;
            rows::files(to, row, recording.as_deref(), trace.as_deref())
        }
    }
}
