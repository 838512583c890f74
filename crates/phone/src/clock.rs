//! The caller's clock: time as a position in the call, in samples of phone audio. The only file of the caller
//! that reads a clock. Must not know what is timed.

use std::time::Duration;

use tokio::time::Instant;

use offhook_core::units::PHONE_RATE;

const MICROS_A_SAMPLE: u64 = 1_000_000 / PHONE_RATE as u64;

/// Counts from the start of the caller's audio.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts at position 0.
    #[expect(clippy::disallowed_methods, reason = "the caller's own stopwatch: it measures from outside")]
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// The current position.
    pub(crate) fn now(self) -> usize {
        usize::try_from(self.start.elapsed().as_micros() / u128::from(MICROS_A_SAMPLE)).unwrap_or(usize::MAX)
    }

    /// The moment of a position.
    pub(crate) fn at(self, position: usize) -> Instant {
        self.start + Duration::from_micros(position as u64 * MICROS_A_SAMPLE)
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.start.elapsed()
    }

    /// The time since the start, in milliseconds.
    pub(crate) fn now_ms(self) -> f64 {
        self.elapsed().as_secs_f64() * 1000.0
    }

    /// The moment this long after the start.
    pub(crate) fn after(self, time: Duration) -> Instant {
        self.start + time
    }
}
