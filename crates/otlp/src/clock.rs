//! Measures how long something takes: batches, pauses, answers. The only file of this crate that reads a
//! clock; the time of day is always passed in.

use std::time::{Duration, Instant};

/// Measures from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[expect(clippy::disallowed_methods, reason = "a stopwatch of a thread that no call waits for")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// What is left of a time that began at the start.
    pub(crate) fn left_of(self, whole: Duration) -> Duration {
        whole.saturating_sub(self.0.elapsed())
    }
}
