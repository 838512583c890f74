//! The stopwatch of benchmarks.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the stopwatch of a benchmark")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since `start`.
pub(super) fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
