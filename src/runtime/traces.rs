//! Traces and captures of calls, each call in a file of its own. A slow disk never delays a call: lines that
//! do not fit into the queue are dropped and counted. Must not know what the lines mean.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::clock::{Clock, unique_id};
use crate::call::TraceSink;
use crate::call::capture::{self, CaptureSink};
use crate::ids::CallId;
use crate::turns::trace::{Line, What};
use crate::units::CallTime;

/// The most lines that wait for the disk.
const QUEUE: usize = 4096;

/// The most bytes of them: captures hold audio.
const MOST_WAITING: usize = 8 << 20;

/// What a line takes without a payload.
const LINE_BYTES: usize = 256;

/// The longest time until a line is in the file: a process that is killed leaves its calls' traces.
const LONGEST_HELD: Duration = Duration::from_secs(1);

/// The most counted texts that are remembered.
const MOST_KNOWN: usize = 1000;

/// The largest trace: some hours of a call.
const MOST_BYTES: usize = 256 << 20;

/// What writes to the file of a call.
pub struct Sinks {
    /// Takes the lines of its conversation.
    pub trace: TraceSink,
    /// Takes the lines of the whole call.
    pub capture: CaptureSink,
}

/// A new file in `folder` for the trace of a call, and what writes to it; `None` if no file can be created.
#[must_use]
pub fn trace_to(folder: &Path, id: &CallId) -> Option<(PathBuf, Sinks)> {
    match Trace::create(folder, id) {
        Ok((file, trace)) => {
            let whole = trace.clone();
            let trace: TraceSink = Arc::new(move |line| trace.write(line));
            let capture: CaptureSink = Arc::new(move |line| whole.queue(line.at, Written::Call(line)));
            Some((file, Sinks { trace, capture }))
        }
        Err(error) => {
            tracing::error!(folder = %folder.display(), %error, "no trace can be written");
            None
        }
    }
}

/// A line of the file.
#[derive(Debug)]
enum Written {
    Turn(Line),
    Call(capture::Line),
}

impl Written {
    fn to_text(&self) -> String {
        match self {
            Self::Turn(line) => line.to_text(),
            Self::Call(line) => line.to_text(),
        }
    }

    /// About how many bytes it takes in memory.
    fn bytes(&self) -> usize {
        match self {
            Self::Turn(_) => LINE_BYTES,
            Self::Call(line) => LINE_BYTES + line.payload_bytes(),
        }
    }

    const fn at(&self) -> CallTime {
        match self {
            Self::Turn(line) => line.at,
            Self::Call(line) => line.at,
        }
    }
}

/// The queue of lines. The file is complete after the last handle is dropped.
#[derive(Debug, Clone)]
struct Trace {
    lines: SyncSender<Written>,
    /// The bytes of the lines that wait.
    waiting: Arc<AtomicUsize>,
    missing: Arc<AtomicU64>,
    /// Texts that were written already: the same texts are counted again and again.
    counted: Arc<Mutex<std::collections::HashSet<String>>>,
}

/// Creates a file with this call's name. Names of calls may repeat: an existing file, even a dangling link,
/// stays as it is, and the trace gets a longer name. No other user of this machine may read what callers say.
fn create(folder: &Path, id: &CallId) -> std::io::Result<(PathBuf, File)> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let new = |name: String| {
        let mut options = File::options();
        let path = folder.join(name);
        options.write(true).create_new(true).mode(0o600).open(&path).map(|file| (path, file))
    };
    match new(format!("{id}.jsonl")) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => new(format!("{id}.{}.jsonl", unique_id())),
        created => created,
    }
}

impl Trace {
    fn create(folder: &Path, id: &CallId) -> std::io::Result<(PathBuf, Self)> {
        let (path, file) = create(folder, id)?;
        let (lines, queue) = sync_channel(QUEUE);
        let waiting = Arc::<AtomicUsize>::default();
        let written = waiting.clone();
        std::thread::Builder::new().name("trace".into()).spawn(move || {
            if let Err(error) = write(file, &queue, &written) {
                tracing::error!(%error, "the trace of a call is cut off");
            }
        })?;
        Ok((path, Self { lines, waiting, missing: Arc::default(), counted: Arc::default() }))
    }

    fn write(&self, line: Line) {
        if let What::Counted(counted) = &line.what {
            let mut known = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            if !known.insert(counted.text.clone()) {
                return;
            }
            // Writing a text twice does no harm.
            if known.len() > MOST_KNOWN {
                known.clear();
            }
        }
        self.queue(line.at, Written::Turn(line));
    }

    fn queue(&self, at: CallTime, line: Written) {
        let missing = self.missing.swap(0, Ordering::Relaxed);
        let told = Written::Turn(Line { at, what: What::Missing(missing) });
        if missing > 0 && !self.fits(told) {
            self.missing.fetch_add(missing + 1, Ordering::Relaxed);
        } else if !self.fits(line) {
            self.missing.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Queues a line, if there is room for it.
    fn fits(&self, line: Written) -> bool {
        let bytes = line.bytes();
        let waiting = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        let fits = waiting + bytes <= MOST_WAITING && self.lines.try_send(line).is_ok();
        if !fits {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }
}

fn write(file: File, lines: &Receiver<Written>, waiting: &AtomicUsize) -> std::io::Result<()> {
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
        waiting.fetch_sub(line.bytes(), Ordering::Relaxed);
        let text = line.to_text();
        bytes += text.len();
        if bytes > MOST_BYTES {
            let missing = Line { at: line.at(), what: What::Missing(1) };
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
    use crate::turns::Event;
    use crate::units::CallTime;
    use crate::waiting::wait_until;

    fn trace(folder: &Path) -> Option<TraceSink> {
        trace_to(folder, &CallId::new("c")).map(|(_, sinks)| sinks.trace)
    }

    fn line(ms: u64, event: Event) -> Line {
        Line { at: CallTime::from_millis(ms), what: What::Event(event) }
    }

    fn lines(file: &Path) -> Vec<Line> {
        let text = std::fs::read_to_string(file).expect("a trace");
        text.lines().filter_map(|line| Line::read(line).ok()).collect()
    }

    /// Fault: after SIGKILL, the traces of running calls had 0 bytes.
    #[test]
    fn what_happens_is_in_the_file_while_the_call_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let sink = trace(folder.path()).expect("a trace");
        let path = folder.path().join("c.jsonl");
        let happened = [line(0, Event::CallStarted), line(1, Event::LineStalled)];
        for (count, line) in (1..).zip(&happened) {
            sink(line.clone());
            wait_until(|| lines(&path).len() == count);
        }
        assert_eq!(lines(&path), happened);
    }

    /// Faults: all users of the machine could read what callers say; a dangling link prevented every trace of
    /// its name; traces of one name overwrote each other.
    #[test]
    fn a_trace_is_a_new_file_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (taken, nowhere) = (folder.path().join("c.jsonl"), folder.path().join("nowhere"));
        std::os::unix::fs::symlink(&nowhere, &taken).expect("a link");
        let traces = [trace(folder.path()), trace(folder.path())];
        assert!(traces.iter().all(Option::is_some) && !nowhere.exists());
        let files =
            std::fs::read_dir(folder.path()).expect("files").map(|entry| entry.expect("an entry").path());
        let files: Vec<_> = files.filter(|path| *path != taken).collect();
        assert_eq!(files.len(), 2);
        for file in files {
            assert_eq!(file.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn where_no_trace_can_be_written_the_call_has_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        assert!(trace(&file.join("below")).is_none());
    }
}
