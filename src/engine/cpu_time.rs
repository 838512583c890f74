//! The processor time that a call costs, added up by all who work for it. Must not know calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A sum of processor time, in seconds of one core. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CpuTime(Arc<AtomicU64>);

impl CpuTime {
    /// Adds work that was done.
    pub fn add(&self, spent: Duration) {
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The sum so far.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}
