//! Where calls are recorded and for how long, and what the program hears of it. Must not know how a file is
//! written.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where calls are recorded, and for how long.
#[derive(Clone)]
pub struct RecordingOptions {
    /// The folder. It is made if it is not there.
    pub folder: PathBuf,
    /// How many blocks of audio may wait, of 20 ms as calls have them, and of 0.2 s at most.
    pub queue: usize,
    /// The longest recording. At most 24 h.
    pub longest: Duration,
    /// Told of trouble, on the thread that writes. It must not wait.
    pub report: Arc<dyn Fn(&RecordingTrouble) + Send + Sync>,
}

impl RecordingOptions {
    /// The usual options of a folder: recordings of up to four hours.
    #[must_use]
    pub fn of(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            queue: 16_384,
            longest: Duration::from_secs(4 * 60 * 60),
            report: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for RecordingOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingOptions").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A recording ended before its call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingTrouble {
    /// The disk does not take it.
    #[error("recording {}: it ends here, the call goes on: {problem}", path.display())]
    Failed {
        /// The recording. What was written of it can be played.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// It is as long as a recording may be.
    #[error("recording {}: it is as long as a recording may be and ends here, the call goes on", .0.display())]
    TooLong(PathBuf),
}

/// What was recorded since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordingCounters {
    /// Recordings that run.
    pub running: u64,
    /// Recordings that ended as their calls did.
    pub whole: u64,
    /// Recordings that ended because a file could not be written.
    pub failed: u64,
    /// Recordings that ended because they were as long as they may be.
    pub too_long: u64,
    /// Blocks of audio and orders that were dropped because the queue was full.
    pub dropped: u64,
    /// Samples that came too late to be recorded.
    pub late: u64,
}
