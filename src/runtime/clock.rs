//! The one place that reads a clock, and makes names of what it shows.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::ids::CallId;
use crate::units::CallTime;

/// The time since some moment.
pub type Uptime = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The time since now, for those who may not read a clock themselves.
#[must_use]
pub fn uptime() -> Uptime {
    let clock = Clock::start();
    Arc::new(move || clock.now() - CallTime::ZERO)
}

/// The time since 1970, for what others have dated.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A name for a call whose line brings none.
#[must_use]
pub fn unique_id() -> CallId {
    let mut random = [0; 10];
    // Where the system has no randomness, the time tells calls apart, and the registry what is left.
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

    /// The runtime's name of a moment, to sleep until.
    #[must_use]
    pub fn instant(&self, at: CallTime) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.origin + Duration::from_micros(at.as_micros()))
    }
}
