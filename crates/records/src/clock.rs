//! The clocks: how long something takes, and what time it is. The only file of this crate that reads a clock.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Measures from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[expect(clippy::disallowed_methods, reason = "a stopwatch of a thread that no call waits for")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// What is left of a time that began at the start.
    pub(crate) fn left_of(self, whole: Duration) -> Duration {
        whole.saturating_sub(self.elapsed())
    }
}

/// A moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day, in milliseconds since 1970: somebody may set it, forward and back.
    pub time_of_day: i64,
    /// The time since a fixed moment, on a monotonic clock.
    pub elapsed: Duration,
}

impl Moment {
    /// The time of day when so much has elapsed, if nobody sets the clock in between.
    pub(crate) fn time_of_day_at(self, elapsed: Duration) -> i64 {
        self.time_of_day.saturating_add(millis(elapsed.saturating_sub(self.elapsed)))
    }
}

/// Tells what time it is.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// The clocks of the system.
#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the time of day")]
pub(crate) fn system() -> Clock {
    let started = Stopwatch::start();
    Arc::new(move || Moment {
        time_of_day: millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
        elapsed: started.elapsed(),
    })
}

/// A duration in milliseconds, as the database counts.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
