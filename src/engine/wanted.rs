//! Whether what is prepared is wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a reply is wanted, or only prepared because it may be: set by the call, read by the threads
/// that work on it.
#[derive(Debug, Clone, Default)]
pub struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// From now on somebody waits for it.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody waits for it.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
