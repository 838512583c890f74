//! The configuration that new calls get. It is swapped as a whole when its file has changed; a running call
//! keeps the one with which it began. Must not know who asks for a change.

use std::sync::{Arc, PoisonError, RwLock};

use super::config_file::ConfigFile;
use crate::config::Config;

/// The settings of new calls, and the file from which they come.
#[derive(Debug)]
pub(crate) struct Settings {
    live: RwLock<Arc<Config>>,
    pub(crate) file: ConfigFile,
}

impl Settings {
    pub(crate) fn new(config: Arc<Config>, file: ConfigFile) -> Self {
        Self { live: RwLock::new(config), file }
    }

    /// The configuration of a call that begins now.
    pub(crate) fn now(&self) -> Arc<Config> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls that begin from now on get this configuration.
    pub(super) fn swap(&self, config: Arc<Config>) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = config;
    }
}
