//! The login of administrators with a password: one password is verified at a time, off the threads that
//! wait, and the sessions are kept in memory. Must not know HTTP.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::Semaphore;

use crate::login::{Attempts, Begun, PasswordHash, RANDOM_BYTES, Sessions};
use crate::runtime::clock::Uptime;

/// Each verification takes 19 MiB and a core for a moment. The others wait; `Attempts` lets few in.
const VERIFIED_AT_ONCE: usize = 1;

/// Why nobody was logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotLoggedIn {
    /// The password is wrong.
    #[error("a wrong password")]
    Wrong,
    /// Too many attempts; the time after which another one is taken.
    #[error("too many attempts")]
    TooMany(Duration),
    /// Something failed here.
    #[error("the system has no randomness, or no thread for it")]
    Failed,
}

/// The password, and who is logged in.
pub(crate) struct Login {
    password: Arc<PasswordHash>,
    sessions: Mutex<Sessions>,
    attempts: Mutex<Attempts>,
    verifying: Arc<Semaphore>,
    now: Uptime,
}

impl Login {
    pub(crate) fn new(password: PasswordHash, now: Uptime) -> Self {
        Self {
            password: Arc::new(password),
            sessions: Mutex::default(),
            attempts: Mutex::default(),
            verifying: Arc::new(Semaphore::new(VERIFIED_AT_ONCE)),
            now,
        }
    }

    /// Begins a session for the client at `peer`, if `password` is right.
    ///
    /// # Errors
    /// Why not.
    pub(crate) async fn log_in(&self, peer: IpAddr, password: String) -> Result<Begun, NotLoggedIn> {
        locked(&self.attempts).begin(peer, (self.now)()).map_err(NotLoggedIn::TooMany)?;
        let permit = self.verifying.clone().acquire_owned().await.map_err(|_| NotLoggedIn::Failed)?;
        let hash = self.password.clone();
        // A client that goes away meanwhile does not make room for another verification beside this one.
        let verified = tokio::task::spawn_blocking(move || {
            let right = hash.is_of(&password);
            drop(permit);
            right
        });
        if !verified.await.map_err(|_| NotLoggedIn::Failed)? {
            return Err(NotLoggedIn::Wrong);
        }
        let mut random = [0; RANDOM_BYTES];
        SystemRandom::new().fill(&mut random).map_err(|_| NotLoggedIn::Failed)?;
        locked(&self.attempts).succeeded(peer, (self.now)());
        Ok(locked(&self.sessions).begin(random, (self.now)()))
    }

    /// Whether the session of this name goes on, without a sign of whoever has it.
    pub(crate) fn goes_on(&self, name: &str) -> bool {
        locked(&self.sessions).goes_on(name, (self.now)())
    }

    /// The token of the session of this name, which counts as used; `None` if there is none.
    pub(crate) fn csrf_of(&self, name: &str) -> Option<String> {
        locked(&self.sessions).csrf_of(name, (self.now)()).map(str::to_owned)
    }

    /// Whether the session of this name has this token.
    pub(crate) fn has(&self, name: &str, csrf: &str) -> bool {
        locked(&self.sessions).has(name, csrf, (self.now)())
    }

    /// Ends the session of this name.
    pub(crate) fn log_out(&self, name: &str) {
        locked(&self.sessions).end(name);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
