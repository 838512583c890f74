//! The stopwatch of benchmarks.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the stopwatch of a benchmark")]
pub(in crate::cli) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since `start`.
pub(in crate::cli) fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
