//! The conversation of a call and, where the operator wants one, its trace: every event, deadline and
//! action as a line in a file. A slow disk never delays the call: lines that do not fit in the queue are
//! counted and left out. Must not know what the lines mean.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::clock::{Clock, unique_id};
use crate::dialogue::CountTokens;
use crate::ids::CallId;
use crate::report::SpeculationCount;
use crate::turns::trace::{Counted, Head, Line, VERSION, What};
use crate::turns::{Action, Conversation, Event, Settings, Timer};
use crate::units::CallTime;

/// Lines that may wait for the disk.
const QUEUE: usize = 4096;

/// A line is in the file after so long at the latest: a process that is killed leaves its calls' traces.
const LONGEST_HELD: Duration = Duration::from_secs(1);

/// Counted texts that are remembered.
const MOST_KNOWN: usize = 1000;

/// A trace ends here: some hours of a call.
const MOST_BYTES: usize = 256 << 20;

/// A conversation that may be written down.
#[derive(Debug)]
pub struct Recorded {
    conversation: Conversation,
    trace: Option<Trace>,
}

impl Recorded {
    /// A call that has not begun. With `traces`, its trace is written to a file in that folder.
    #[must_use]
    pub fn new(settings: Settings, count: CountTokens, id: &CallId, traces: Option<&Path>) -> Self {
        let trace = traces.and_then(|folder| {
            Trace::create(folder, id)
                .map_err(
                    |error| tracing::error!(folder = %folder.display(), %error, "no trace can be written"),
                )
                .ok()
        });
        let Some(trace) = trace else {
            return Self { conversation: Conversation::new(settings, count), trace: None };
        };
        let head = Head { version: VERSION, call: id.as_str().to_owned(), settings: settings.clone() };
        trace.write(CallTime::ZERO, What::Trace(Box::new(head)));
        let counted = trace.clone();
        let count = CountTokens::new(move |text| {
            let tokens = count.of(text);
            counted.write(CallTime::ZERO, What::Counted(Counted { text: text.to_owned(), tokens }));
            tokens
        });
        Self { conversation: Conversation::new(settings, count), trace: Some(trace) }
    }

    /// As [`Conversation::handle`].
    pub fn handle(&mut self, now: CallTime, event: Event) {
        tracing::trace!(at = %now, ?event, "event");
        if let Some(trace) = &self.trace {
            trace.write(now, What::Event(event.clone()));
        }
        self.conversation.handle(now, event);
    }

    /// As [`Conversation::handle_timeout`], for the deadline that is due.
    pub fn handle_timeout(&mut self, now: CallTime, timer: Timer) {
        tracing::trace!(at = %now, ?timer, "deadline");
        if let Some(trace) = &self.trace {
            trace.write(now, What::Deadline(timer));
        }
        self.conversation.handle_timeout(now);
    }

    /// As [`Conversation::poll_action`].
    pub fn poll_action(&mut self, now: CallTime) -> Option<Action> {
        let action = self.conversation.poll_action()?;
        tracing::trace!(at = %now, ?action, "action");
        if let Some(trace) = &self.trace {
            trace.write(now, What::Action(action.clone()));
        }
        Some(action)
    }

    /// As [`Conversation::poll_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(CallTime, Timer)> {
        self.conversation.poll_timeout()
    }

    /// As [`Conversation::end`].
    pub fn end(&mut self, now: CallTime) {
        if let Some(trace) = &self.trace {
            trace.write(now, What::Ended);
        }
        self.conversation.end(now);
    }

    /// As [`Conversation::speculated`].
    #[must_use]
    pub fn speculated(&self) -> SpeculationCount {
        self.conversation.speculated()
    }
}

/// Where lines go. The file is complete when the last handle is dropped.
#[derive(Debug, Clone)]
struct Trace {
    lines: SyncSender<Line>,
    missing: Arc<AtomicU64>,
    /// Texts are counted again and again: each is written once.
    counted: Arc<Mutex<std::collections::HashSet<String>>>,
}

/// A new file of this call's name. Calls may come again under the same name, and whatever lies there stays as
/// it is, be it a link that leads nowhere: the trace gets a longer name then. What callers say is for nobody
/// else on this machine.
fn create(folder: &Path, id: &CallId) -> std::io::Result<File> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let new = |name: String| {
        let mut options = File::options();
        options.write(true).create_new(true).mode(0o600).open(folder.join(name))
    };
    match new(format!("{id}.jsonl")) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => new(format!("{id}.{}.jsonl", unique_id())),
        created => created,
    }
}

impl Trace {
    fn create(folder: &Path, id: &CallId) -> std::io::Result<Self> {
        let file = create(folder, id)?;
        let (lines, queue) = sync_channel(QUEUE);
        std::thread::Builder::new().name("trace".into()).spawn(move || {
            if let Err(error) = write(file, &queue) {
                tracing::error!(%error, "the trace of a call is cut off");
            }
        })?;
        Ok(Self { lines, missing: Arc::default(), counted: Arc::default() })
    }

    fn write(&self, at: CallTime, what: What) {
        if let What::Counted(counted) = &what {
            let mut known = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            if !known.insert(counted.text.clone()) {
                return;
            }
            // A text that is written twice does no harm.
            if known.len() > MOST_KNOWN {
                known.clear();
            }
        }
        let missing = self.missing.swap(0, Ordering::Relaxed);
        if missing > 0 && self.lines.try_send(Line { at, what: What::Missing(missing) }).is_err() {
            self.missing.fetch_add(missing + 1, Ordering::Relaxed);
            return;
        }
        if self.lines.try_send(Line { at, what }).is_err() {
            self.missing.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write(file: File, lines: &Receiver<Line>) -> std::io::Result<()> {
    let mut out = BufWriter::new(file);
    let mut bytes = 0;
    let clock = Clock::start();
    let mut flushed = clock.now();
    loop {
        let next = if out.buffer().is_empty() {
            flushed = clock.now();
            lines.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else if clock.now() - flushed < LONGEST_HELD {
            lines.recv_timeout(LONGEST_HELD.saturating_sub(clock.now() - flushed))
        } else {
            Err(RecvTimeoutError::Timeout)
        };
        let line = match next {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                out.flush()?;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let text = line.to_text();
        bytes += text.len();
        if bytes > MOST_BYTES {
            let missing = Line { at: line.at, what: What::Missing(1) };
            writeln!(out, "{}", missing.to_text())?;
            out.flush()?;
            return Err(std::io::Error::other(format!("a trace has at most {MOST_BYTES} bytes")));
        }
        writeln!(out, "{text}")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::call::settings;
    use crate::waiting::wait_until;

    fn words() -> CountTokens {
        CountTokens::new(|text| text.split_whitespace().count())
    }

    /// A call of one event, recorded in `folder`.
    fn call(folder: &Path) -> Vec<Action> {
        let config = crate::config::parse("", "test", Path::new("")).expect("the defaults");
        let mut call = Recorded::new(settings(&config), words(), &CallId::new("c"), Some(folder));
        call.handle(CallTime::ZERO, Event::CallStarted);
        call.handle(CallTime::ZERO, Event::SpeechStarted { at: CallTime::ZERO });
        let actions = std::iter::from_fn(|| call.poll_action(CallTime::ZERO)).collect();
        call.end(CallTime::from_millis(5));
        actions
    }

    #[test]
    fn a_call_leaves_a_trace_that_plays_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let actions = call(folder.path());
        let path = folder.path().join("c.jsonl");
        // The file is complete when its thread is done.
        let mut trace = String::new();
        wait_until(|| {
            trace = std::fs::read_to_string(&path).expect("a trace");
            trace.contains("\"ended\"") && trace.ends_with('\n')
        });
        let lines = trace.lines().map(|line| Line::read(line).expect(line)).collect();
        let replay = crate::turns::replay::Trace::new(lines).expect("a trace").replay();
        assert_eq!((replay.difference, replay.actions, replay.events), (None, actions.len(), 3));
    }

    fn until(what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..6000 {
            if holds() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("never: {what}");
    }

    fn recorded(folder: &Path) -> Recorded {
        let config = crate::config::parse("", "test", Path::new("")).expect("the defaults");
        Recorded::new(settings(&config), words(), &CallId::new("c"), Some(folder))
    }

    /// Fault: after SIGKILL the traces of the calls that stood have 0 bytes.
    #[test]
    fn what_happens_is_in_the_file_while_the_call_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut call = recorded(folder.path());
        call.handle(CallTime::ZERO, Event::CallStarted);
        let path = folder.path().join("c.jsonl");
        until("the event is in the file", || {
            std::fs::read_to_string(&path).is_ok_and(|trace| trace.lines().count() >= 2)
        });
        call.handle(CallTime::from_millis(1), Event::SpeechStarted { at: CallTime::ZERO });
        until("the next one, too", || {
            std::fs::read_to_string(&path).is_ok_and(|t| t.contains("speech_started"))
        });
    }

    /// Faults: everybody on the machine may read what callers say; a link that leads nowhere is in the way of
    /// every trace of its name; traces of one name overwrite each other.
    #[test]
    fn a_trace_is_a_new_file_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (taken, nowhere) = (folder.path().join("c.jsonl"), folder.path().join("nowhere"));
        std::os::unix::fs::symlink(&nowhere, &taken).expect("a link");
        let calls = [recorded(folder.path()), recorded(folder.path())];
        assert!(calls.iter().all(|call| call.trace.is_some()) && !nowhere.exists());
        let files =
            std::fs::read_dir(folder.path()).expect("files").map(|entry| entry.expect("an entry").path());
        let files: Vec<_> = files.filter(|path| *path != taken).collect();
        assert_eq!(files.len(), 2);
        for file in files {
            assert_eq!(file.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_trace_that_cannot_be_written_does_not_end_the_call() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        assert!(!call(&file.join("below")).is_empty());
    }
}
