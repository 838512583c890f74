//! Units of time and sound, so that no number has a guessed unit. Must not know anything else in this crate.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment of one call: the time since its socket opened, in microseconds.
///
/// The core never reads a clock; every event comes with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct CallTime(u64);

impl CallTime {
    /// The moment the socket opened.
    pub const ZERO: Self = Self(0);

    /// A moment `micros` microseconds into the call.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A moment `millis` milliseconds into the call.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1000)
    }

    /// Microseconds since the call began.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the call began.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved back by `by`, but not to before the call began.
    #[must_use]
    pub fn back(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(micros(by)))
    }

    /// Milliseconds from `earlier` to this moment; negative if `earlier` is later.
    #[must_use]
    pub fn millis_after(self, earlier: Self) -> f64 {
        (self.0 as f64 - earlier.0 as f64) / 1000.0
    }
}

/// Milliseconds rounded to a tenth, for reports. More digits of a clock are noise.
#[must_use]
pub fn tenths(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}

/// Durations as microseconds, for traces: `#[serde(with = "as_micros")]`.
pub mod as_micros {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes a duration.
    ///
    /// # Errors
    /// The serialiser's.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(super::micros(*duration))
    }

    /// Reads a duration.
    ///
    /// # Errors
    /// If it is no number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }
}

/// Durations as milliseconds, for settings: `#[serde(with = "as_millis")]`.
pub mod as_millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Writes a duration.
    ///
    /// # Errors
    /// The serialiser's.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(super::micros(*duration) / 1000)
    }

    /// Reads a duration.
    ///
    /// # Errors
    /// If it is no number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Optional durations as milliseconds, where 0 means none: `#[serde(with = "as_millis_or_none")]`.
pub mod as_millis_or_none {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    /// Writes a duration.
    ///
    /// # Errors
    /// The serialiser's.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        super::as_millis::serialize(&duration.unwrap_or_default(), serializer)
    }

    /// Reads a duration.
    ///
    /// # Errors
    /// If it is no number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Some(super::as_millis::deserialize(deserializer)?).filter(|duration| !duration.is_zero()))
    }
}

impl Add<Duration> for CallTime {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(micros(by)))
    }
}

impl AddAssign<Duration> for CallTime {
    fn add_assign(&mut self, by: Duration) {
        *self = *self + by;
    }
}

impl Sub for CallTime {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl fmt::Display for CallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000_000, self.0 / 1000 % 1000)
    }
}

fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

/// The rate of phone audio on the wire and everywhere inside a call: 8,000 samples a second.
pub const PHONE_RATE: u32 = 8_000;

/// The rate that Whisper takes: 16,000 samples a second.
pub const WHISPER_RATE: u32 = 16_000;

/// One frame of phone audio: 20 ms.
pub const FRAME: Duration = Duration::from_millis(20);

/// Samples in one frame of phone audio (20 ms at 8 kHz).
pub const FRAME_SAMPLES: usize = 160;

/// The duration of `samples` samples at `rate` samples a second.
#[must_use]
pub fn duration_of(samples: usize, rate: u32) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(rate.max(1)))
}

/// The number of whole samples at `rate` that fit in `duration`.
#[must_use]
pub fn samples_in(duration: Duration, rate: u32) -> usize {
    usize::try_from(duration.as_micros() * u128::from(rate) / 1_000_000).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_lasts_twenty_milliseconds() {
        assert_eq!(duration_of(FRAME_SAMPLES, PHONE_RATE), FRAME);
        assert_eq!(samples_in(FRAME, PHONE_RATE), FRAME_SAMPLES);
    }

    #[test]
    fn time_never_runs_below_the_start_of_the_call() {
        let start = CallTime::from_millis(5);
        assert_eq!(start.back(Duration::from_secs(1)), CallTime::ZERO);
        assert_eq!(CallTime::ZERO - start, Duration::ZERO);
    }
}
