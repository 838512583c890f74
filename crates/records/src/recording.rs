//! Recordings of calls: stereo WAV, the caller left and the agent right, as both were heard. One thread
//! writes all of them; a slow or full disk costs audio in recordings and never a call. Must not know what is
//! said.

mod file;
mod options;
mod thread;
mod window;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use offhook_core::ids::CallId;
use offhook_core::units::{PHONE_RATE, duration_of, samples_in};

use self::file::WavFile;
use self::thread::{Order, Shared, What};
use self::window::Side;
use crate::plain;
use crate::queue::Queue;

pub use self::options::{RecordingCounters, RecordingOptions, RecordingTrouble};

/// The longest block in the queue, in samples: 0.2 s. Longer audio comes in several.
const BLOCK: usize = PHONE_RATE as usize / 5;

/// How many orders (a begin, a cut, an end) may wait beyond the blocks of audio.
const ORDERS: usize = 16_384;

/// How often a name is tried with another number at its end.
const TRIES: u32 = 100;

/// How long the last audio may take when the recordings are dropped and were not closed.
const WHEN_DROPPED: Duration = Duration::from_secs(5);

/// A recording was not begun.
#[derive(Debug, thiserror::Error)]
#[error("recording {}: {cause}", path.display())]
pub struct RecordingError {
    /// The folder or the file.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

/// The recordings of all calls.
#[derive(Debug)]
pub struct Recordings {
    folder: PathBuf,
    shared: Arc<Shared>,
    next: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Recordings {
    /// Makes the folder, and starts the thread that writes.
    ///
    /// # Errors
    /// If that is not possible.
    pub fn open(options: &RecordingOptions) -> Result<Self, RecordingError> {
        let failed = |cause| RecordingError { path: options.folder.clone(), cause };
        plain::folder(&options.folder).map_err(failed)?;
        // A database keeps the paths, and its readers may run elsewhere.
        let folder = options.folder.canonicalize().map_err(failed)?;
        let shared = Arc::new(Shared::of(Queue::of(options.queue)));
        let longest = samples_in(options.longest.min(Duration::from_secs(24 * 60 * 60)), PHONE_RATE);
        let (own, report) = (Arc::clone(&shared), Arc::clone(&options.report));
        let run = move || thread::run(&own, longest, &*report);
        let thread = std::thread::Builder::new().name("recordings".into()).spawn(run).map_err(failed)?;
        Ok(Self { folder, shared, next: AtomicU64::default(), thread: Mutex::new(Some(thread)) })
    }

    /// Begins the recording of a call that started at a time in milliseconds since 1970: a new file for its
    /// owner alone. It waits for the folder, so it is not for a call's own task.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn begin(&self, call: &CallId, started: i64) -> Result<Recording, RecordingError> {
        let (path, file) = create(&self.folder, call, started)?;
        let number = self.next.fetch_add(1, Relaxed);
        let file = WavFile::begin(file).map_err(|cause| RecordingError { path: path.clone(), cause })?;
        let begin = What::Begin(Box::new(file), path.clone());
        self.shared.queue.push_beyond(Order { of: number, what: begin }, ORDERS);
        Ok(Recording { number, path, shared: Arc::clone(&self.shared) })
    }

    /// Waits until all that was recorded so far is in the files. Returns false if that takes longer.
    pub fn flush(&self, within: Duration) -> bool {
        self.shared.queue.flush(within)
    }

    /// Ends all recordings. Returns false if that takes longer.
    pub fn close(&self, within: Duration) -> bool {
        let closed = self.shared.queue.close(within);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            Some(thread) if closed => thread.join().is_ok(),
            Some(_) | None => closed,
        }
    }

    /// What was recorded since the start.
    #[must_use]
    pub fn counters(&self) -> RecordingCounters {
        let counts = &self.shared;
        RecordingCounters {
            running: counts.running.load(Relaxed),
            whole: counts.whole.load(Relaxed),
            failed: counts.failed.load(Relaxed),
            too_long: counts.too_long.load(Relaxed),
            dropped: counts.queue.counts().1,
            late: counts.late.load(Relaxed),
        }
    }
}

impl Drop for Recordings {
    fn drop(&mut self) {
        if self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).is_some() {
            self.close(WHEN_DROPPED);
        }
    }
}

fn create(folder: &Path, call: &CallId, started: i64) -> Result<(PathBuf, std::fs::File), RecordingError> {
    let mut path = folder.join(format!("{call}-{started}.wav"));
    for nth in 1..=TRIES {
        match plain::new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && nth < TRIES => {
                path = folder.join(format!("{call}-{started}.{nth}.wav"));
            }
            created => {
                return created
                    .map(|file| (path.clone(), file))
                    .map_err(|cause| RecordingError { path, cause });
            }
        }
    }
    Err(RecordingError { path, cause: io::ErrorKind::AlreadyExists.into() })
}

/// The recording of one call. It ends when it is dropped.
#[derive(Debug)]
pub struct Recording {
    number: u64,
    path: PathBuf,
    shared: Arc<Shared>,
}

impl Recording {
    /// The file, for the records of the call. Its path is absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Audio of the caller at [`PHONE_RATE`]. `at` is when its first sample was spoken, since the start. It
    /// does not wait: what does not fit is dropped and counted, and is silence.
    pub fn caller(&self, at: Duration, samples: &[i16]) {
        self.add(Side::Caller, at, samples);
    }

    /// Audio of the agent at [`PHONE_RATE`]. `at` is when its first sample is heard, since the start; it may
    /// be some seconds ahead. Otherwise as [`Self::caller`].
    pub fn agent(&self, at: Duration, samples: &[i16]) {
        self.add(Side::Agent, at, samples);
    }

    /// The agent's audio behind `at` that was given so far is never heard: it is silence.
    pub fn cut(&self, at: Duration) {
        let cut = What::Cut(samples_in(at, PHONE_RATE));
        self.shared.queue.push_beyond(Order { of: self.number, what: cut }, ORDERS);
    }

    /// Ends the recording.
    pub fn end(self) {}

    fn add(&self, side: Side, at: Duration, samples: &[i16]) {
        for (nth, block) in samples.chunks(BLOCK).enumerate() {
            let at = samples_in(at + duration_of(nth * BLOCK, PHONE_RATE), PHONE_RATE);
            let what = What::Audio(side, at, block.into());
            self.shared.queue.push(Order { of: self.number, what });
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.shared.queue.push_beyond(Order { of: self.number, what: What::End }, ORDERS);
    }
}
