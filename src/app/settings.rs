//! The configuration that new calls get. It is swapped as a whole when its file has changed; a running call
//! keeps the one with which it began. Must not know who asks for a change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::config_file::ConfigFile;
use crate::config::Config;
use crate::config::keys::Keys;
use crate::runtime::library::Library;
use crate::runtime::services::Services;

/// What the file says, and the folders that it names, as they were read with it.
#[derive(Debug, Clone)]
struct Live {
    config: Arc<Config>,
    library: Arc<Library>,
}

/// The settings of new calls, and the file from which they come.
#[derive(Debug)]
pub(crate) struct Settings {
    live: RwLock<Live>,
    /// What the file said when the server started.
    at_start: Keys,
    /// What it said when new calls got what they have.
    taken_over: Mutex<Keys>,
    /// Held from the reading of the file until new calls have what it says: the last change wins.
    changing: Mutex<()>,
    pub(crate) file: ConfigFile,
}

impl Settings {
    pub(crate) fn new(config: Arc<Config>, file: ConfigFile, library: Library) -> Self {
        // A file that cannot be read now is refused when it is read again.
        let at_start = file.read().map(|contents| Keys::of(&contents.text)).unwrap_or_default();
        let taken_over = Mutex::new(at_start.clone());
        let live = Live { config, library: Arc::new(library) };
        Self { live: RwLock::new(live), at_start, taken_over, changing: Mutex::default(), file }
    }

    /// The configuration of a call that begins now.
    pub(crate) fn now(&self) -> Arc<Config> {
        self.live().config
    }

    /// The folders of agents of calls that begin now.
    pub(super) fn library(&self) -> Arc<Library> {
        self.live().library
    }

    /// The same services as a call has that begins now.
    pub(super) fn of_new_calls(&self, services: &Services) -> Services {
        let Live { config, library } = self.live();
        Services { config, library, ..services.clone() }
    }

    fn live(&self) -> Live {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One change at a time.
    pub(crate) fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the file said when the server started.
    pub(super) fn at_start(&self) -> &Keys {
        &self.at_start
    }

    /// Calls that begin from now on get this configuration, which these keys say, and its folders. Returns
    /// what the keys said before.
    pub(super) fn swap(&self, config: Arc<Config>, library: Library, keys: Keys) -> Keys {
        let live = Live { config, library: Arc::new(library) };
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        std::mem::replace(&mut *self.taken_over.lock().unwrap_or_else(PoisonError::into_inner), keys)
    }
}
