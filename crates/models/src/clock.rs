//! The stopwatch of a transfer: how fast it is, and whether it has all but stopped. The only file of this
//! crate that reads a clock.

use std::time::{Duration, Instant};

/// How often progress is reported, and the speed counted.
const REPORTS: Duration = Duration::from_millis(200);

/// The transfer of a file.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    reported: Instant,
    since_report: u64,
    speed: Option<f64>,
    watched: Instant,
    since_watched: u64,
}

impl Stopwatch {
    /// Starts.
    #[expect(clippy::disallowed_methods, reason = "the stopwatch of a download")]
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { reported: now, since_report: 0, speed: None, watched: now, since_watched: 0 }
    }

    /// So many bytes have come; true if it is time to report.
    pub(crate) fn came(&mut self, bytes: usize) -> bool {
        self.since_report += bytes as u64;
        self.since_watched += bytes as u64;
        let elapsed = self.reported.elapsed();
        if elapsed < REPORTS {
            return false;
        }
        let now = self.since_report as f64 / elapsed.as_secs_f64();
        // Smoothed over some two seconds, so that the figure can be read.
        self.speed = Some(self.speed.map_or(now, |before| before + (now - before) / 10.0));
        (self.reported, self.since_report) = (self.reported + elapsed, 0);
        true
    }

    /// The speed, in bytes a second.
    pub(crate) fn bytes_per_s(&self) -> u64 {
        self.speed.map_or(0, |speed| speed as u64)
    }

    /// Whether fewer than `least` bytes a second came during `window`; asked after every read.
    pub(crate) fn is_too_slow(&mut self, window: Duration, least: u64) -> bool {
        let elapsed = self.watched.elapsed();
        if elapsed < window {
            return false;
        }
        let came = std::mem::take(&mut self.since_watched);
        self.watched += elapsed;
        u128::from(came) * 1000 < u128::from(least) * elapsed.as_millis()
    }
}
