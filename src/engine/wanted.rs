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

    /// Becomes what any of these is: work for several is wanted as long as one of them wants it.
    pub fn follow_any<'a>(&self, mut others: impl Iterator<Item = &'a Self>) {
        self.0.store(others.any(Self::is_set), Ordering::Relaxed);
    }

    /// True once the reply is wanted.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
