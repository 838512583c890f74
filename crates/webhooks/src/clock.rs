//! The time of day, which says when a delivery is tried again, and a stopwatch for whoever waits for a
//! thread. The only file of this crate that reads a clock.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time since the beginning of 1970.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The clock of the system.
#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the time of day")]
pub(crate) fn system() -> Clock {
    Arc::new(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

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

/// A duration in milliseconds, as the spool counts.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
