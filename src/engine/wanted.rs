//! Whether prepared work is wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a reply is wanted, or only prepared in case it will be. Set by the call, read by the threads that
/// work on it.
#[derive(Debug, Clone, Default)]
pub struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// Marks the reply as wanted.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once the reply is wanted.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
