//! What is kept of calls, where and for how long, and what the program hears of the writer. Must not know how
//! anything is written.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{self, Clock};
use crate::redaction::Redaction;

/// What is kept of calls, where and for how long.
#[derive(Clone)]
pub struct Options {
    /// The database. Its folder is made if it is not there.
    pub file: PathBuf,
    /// A batch is written as soon as it has this many events.
    pub batch: usize,
    /// A batch is written as soon as its first event has waited this long.
    pub longest_wait: Duration,
    /// How many events may wait. More are dropped and counted.
    pub queue: usize,
    /// How long a batch that cannot be written is tried again, before it is dropped and counted.
    pub patience: Duration,
    /// Whether the words of a call are kept.
    pub transcripts: bool,
    /// What is taken out of them before.
    pub redact: Redaction,
    /// How long a call is kept after it began, with its recording. `None`: for ever.
    pub keep: Option<Duration>,
    /// Tells what time it is: how long ago a call began, and how long it goes on.
    pub clock: Clock,
    /// Told of trouble, on the writer's thread. It must not wait.
    pub report: Report,
}

/// Told of trouble.
pub type Report = Arc<dyn Fn(&Trouble) + Send + Sync>;

impl Options {
    /// The usual options of a database: batches of 50 events or 60 s, words as they were said, for ever, by
    /// the clocks of the system.
    #[must_use]
    pub fn of(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            batch: 50,
            longest_wait: Duration::from_secs(60),
            queue: 4096,
            patience: Duration::from_secs(60),
            transcripts: true,
            redact: Redaction::Off,
            keep: None,
            clock: clock::system(),
            report: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("file", &self.file).finish_non_exhaustive()
    }
}

/// What goes wrong while records are written. Calls go on all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// A batch was not written. It is kept and tried again.
    #[error("records cannot be written and wait ({problem}); make room on the disk, or free the database")]
    Waiting {
        /// What the database says.
        problem: String,
    },
    /// What could not be written was written at last.
    #[error("records are written again")]
    Recovered,
    /// A batch was dropped.
    #[error(
        "{events} events of calls are lost from the records, because they could not be written: {problem}"
    )]
    Lost {
        /// How many events.
        events: u64,
        /// What the database says.
        problem: String,
    },
    /// Old calls were not deleted. It is tried again within the hour.
    #[error("old calls are not deleted: {problem}")]
    Kept {
        /// What the database or the disk says.
        problem: String,
    },
    /// Old calls are not deleted yet, because the clock may be wrong. It is told once.
    #[error(
        "old calls are not deleted yet: the system's clock has moved {days} days since the last calls, and \
         may be wrong; if it is, set it within 6 hours"
    )]
    ClockDoubted {
        /// How far the clock is from the last calls, in days.
        days: u64,
    },
}

/// What the writer has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Events in the database.
    pub written: u64,
    /// Batches in the database.
    pub batches: u64,
    /// Events that were dropped because the queue was full.
    pub dropped: u64,
    /// Events that were dropped because they could not be written for too long.
    pub lost: u64,
    /// Tries to write that failed.
    pub failed: u64,
    /// Events that wait, without the batch that is being written.
    pub waiting: u64,
    /// Calls that were deleted because of their age.
    pub expired: u64,
}
