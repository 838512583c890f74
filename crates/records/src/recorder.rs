//! Keeps what happens in calls: `tell` puts it into a queue, and a thread writes it to the database. A slow
//! or full disk costs records and never a call. Must not know what an event means.

use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use offhook_core::ids::CallId;
use offhook_core::report::Happened;

use crate::after_calls;
use crate::clock::{Clock, Moment};
use crate::database::{self, OpenError};
use crate::lock::Lock;
use crate::options::{Counters, Options};
use crate::plain;
use crate::retention::Watch;
use crate::rows;
use crate::told::{LONGEST_NOTE, Told, What};
use crate::writer::{Known, Shared, Writer};

/// How long the last events may take when a recorder is dropped that was not closed.
const WHEN_DROPPED: Duration = Duration::from_secs(5);

/// Room in the queue beyond its size for beginnings, ends and files of calls.
const IMPORTANT: usize = 1024;

/// Keeps what happens in calls. Only one process at a time has a database open to write to it.
pub struct Recorder {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    clock: Clock,
    left: u64,
}

impl Recorder {
    /// Opens the database, and makes it if it is not there. Calls that have no end in it get one: the server
    /// ended in them. Summaries that were still to be made have failed. `now` is the time in milliseconds
    /// since 1970.
    ///
    /// # Errors
    /// If the file cannot be written, is no database of this program, is damaged, has a newer version, or if
    /// another process writes to it.
    pub fn open(options: Options, now: i64) -> Result<Self, OpenError> {
        let file = options.file.clone();
        let parent = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        plain::folder(parent).map_err(OpenError::io(parent))?;
        let lock = Lock::take(&file).map_err(OpenError::io(&file))?;
        let lock = lock.ok_or_else(|| OpenError::InUse(file.clone()))?;
        let connection = database::to_write(&file)?;
        let sqlite = |cause| OpenError::of(&file, cause);
        let left = rows::end_left(&connection).map_err(sqlite)?;
        after_calls::end_left(&connection).map_err(sqlite)?;
        let since = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'calls'), 0) + 1";
        let since = connection.query_row(since, [], |row| row.get(0)).map_err(sqlite)?;
        let shared = Arc::new(Shared::of(options.queue));
        let clock = Arc::clone(&options.clock);
        let writer = Writer {
            connection,
            shared: Arc::clone(&shared),
            options,
            since,
            watch: Watch::start(Moment { time_of_day: now, ..clock() }),
            doubted: false,
            known: Known::default(),
        };
        let run = move || {
            // Longer than the connection, which is in the writer.
            let _lock = lock;
            writer.run();
        };
        let thread =
            std::thread::Builder::new().name("records".into()).spawn(run).map_err(OpenError::Thread)?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)), clock, left })
    }

    /// Keeps what happened in a call at a time in milliseconds since 1970, which is now. It does not wait:
    /// what does not fit into the queue is dropped and counted. Behind the beginning of a call, its time goes
    /// on by a monotonic clock: its order and its length stay right when somebody sets the time of day.
    pub fn tell(&self, at: i64, call: &CallId, happened: &Happened) {
        let more = match happened {
            // Without its end, a call would count as running.
            Happened::Started(_) | Happened::Ended(_) | Happened::Summarised(_) => IMPORTANT,
            Happened::Turn(_)
            | Happened::Disclosed { .. }
            | Happened::Agent { .. }
            | Happened::ToolRan(_)
            | Happened::Failed(..) => 0,
        };
        self.shared.queue.push_beyond(Told::of(self.moment(at), call, happened), more);
    }

    /// Keeps a note that a tool has taken down in a call, as it is: what a caller dictates for the office is
    /// not redacted. A later note of the same tool in the same call stands in its place. Waits until it is in
    /// the file, for no longer than `within`; false if it may not be there.
    pub fn note(&self, at: i64, call: &CallId, tool: &str, text: &str, within: Duration) -> bool {
        let kept = Arc::new(AtomicBool::new(false));
        let told = Told::note(self.moment(at), call, tool, text, Arc::clone(&kept));
        let whole = text.len() <= LONGEST_NOTE;
        whole && self.shared.queue.push_beyond(told, IMPORTANT) && self.flush(within) && kept.load(Relaxed)
    }

    /// Values that are known to be personal, such as names that a caller spelled: they are taken out of what
    /// is kept of this call, before and after, unless the redaction is off.
    pub fn captured(&self, at: i64, call: &CallId, values: &[String]) {
        self.shared.queue.push(Told::captured(self.moment(at), call, values));
    }

    /// Keeps something that the server did, for all of its calls, at a time in milliseconds since 1970: its
    /// kind, a word for programs and a sentence.
    pub fn server(&self, at: i64, kind: &'static str, code: &str, sentence: &str) {
        self.shared.queue.push(Told::server(self.moment(at), kind, code, sentence));
    }

    /// Files that belong to a call: its recording, which is deleted with the call, and its trace. The paths
    /// should be absolute. They are written at once, so that a process that is killed leaves no file without
    /// its call.
    pub fn files(&self, at: i64, call: &CallId, recording: Option<&Path>, trace: Option<&Path>) {
        let name = |path: &Path| path.to_string_lossy().into_owned();
        let what = What::Files { recording: recording.map(name), trace: trace.map(name) };
        self.shared.queue.push_beyond(Told { at: self.moment(at), call: call.clone(), what }, IMPORTANT);
        // A file that no record names would never be deleted: this must outlive the process.
        self.shared.queue.hurry();
    }

    /// A time of day that is now.
    fn moment(&self, time_of_day: i64) -> Moment {
        Moment { time_of_day, ..(self.clock)() }
    }

    /// Waits until all that was told is written, or dropped. Returns false if that takes longer.
    pub fn flush(&self, within: Duration) -> bool {
        self.shared.queue.flush(within)
    }

    /// Takes nothing more, and waits until all is written. Returns false if that takes longer: the rest is
    /// written only if the process goes on.
    pub fn close(&self, within: Duration) -> bool {
        let closed = self.shared.queue.close(within);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            Some(thread) if closed => thread.join().is_ok(),
            Some(_) | None => closed,
        }
    }

    /// What was done since the database was opened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let (waiting, dropped) = self.shared.queue.counts();
        Counters {
            written: self.shared.written.load(Relaxed),
            batches: self.shared.batches.load(Relaxed),
            dropped,
            lost: self.shared.lost.load(Relaxed),
            failed: self.shared.failed.load(Relaxed),
            waiting: waiting as u64,
            expired: self.shared.expired.load(Relaxed),
        }
    }

    /// How many calls had no end when the database was opened, because a server ended in them.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).is_some() {
            self.close(WHEN_DROPPED);
        }
    }
}
