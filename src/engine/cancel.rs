//! A flag that ends a job early. The client and the engine thread share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set once, never unset. A job polls it at every step.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Ends the job at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Cancels the previous job, and returns a new flag for the next one.
    pub fn renew(&mut self) -> Self {
        self.cancel();
        *self = Self::default();
        self.clone()
    }

    /// True once cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
