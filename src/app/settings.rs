//! The configuration that new calls get. It is swapped as a whole when its file has changed; a running call
//! keeps the one with which it began. Must not know who asks for a change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::config_file::ConfigFile;
use crate::config::Config;

/// The settings of new calls, and the file from which they come.
#[derive(Debug)]
pub(crate) struct Settings {
    live: RwLock<Arc<Config>>,
    /// Held from the reading of the file until new calls have what it says: the last change wins.
    changing: Mutex<()>,
    pub(crate) file: ConfigFile,
}

impl Settings {
    pub(crate) fn new(config: Arc<Config>, file: ConfigFile) -> Self {
        Self { live: RwLock::new(config), changing: Mutex::default(), file }
    }

    /// The configuration of a call that begins now.
    pub(crate) fn now(&self) -> Arc<Config> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One change at a time.
    pub(crate) fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls that begin from now on get this configuration.
    pub(super) fn swap(&self, config: Arc<Config>) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = config;
    }
}
