//! The only place that reads a clock, and that makes names from its time.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::ids::CallId;
use crate::units::CallTime;

/// Returns the time since a fixed moment.
pub type Uptime = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Counts the time from now on, for code that may not read a clock itself.
#[must_use]
pub fn uptime() -> Uptime {
    let clock = Clock::start();
    Arc::new(move || clock.now() - CallTime::ZERO)
}

/// The time since 1970, to compare with the dates of others.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The same in milliseconds, as records count.
#[must_use]
pub fn millis_since_1970() -> i64 {
    i64::try_from(since_1970().as_millis()).unwrap_or(i64::MAX)
}

/// A name for a call whose gateway gives none.
#[must_use]
pub fn unique_id() -> CallId {
    let mut random = [0; 10];
    // Without system randomness, the time tells calls apart, and the registry does where it does not.
    let _ = SystemRandom::new().fill(&mut random);
    CallId::unique(since_1970(), random)
}

/// The time of one call, from its beginning.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that shows zero now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Time since the start.
    #[must_use]
    pub fn now(&self) -> CallTime {
        CallTime::ZERO + self.origin.elapsed()
    }

    /// The runtime's instant of this time, to sleep until.
    #[must_use]
    pub fn instant(&self, at: CallTime) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.origin + Duration::from_micros(at.as_micros()))
    }
}
