//! Changes of the agent that are tried in one call before they are saved: an administrator gets a ticket,
//! which one call may use, once and soon. Must not know HTTP, or what the changes are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::config::Config;
use crate::runtime::clock::Uptime;

/// The most tickets that wait for their call.
const MOST: usize = 16;

/// How long a ticket waits for its call: the page asks for it when its call begins.
pub(crate) const LIFE: Duration = Duration::from_secs(60);

/// Random bytes of a ticket: nobody guesses it.
const TICKET_BYTES: usize = 24;

/// Why there is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoTicket {
    /// Others wait.
    #[error("{MOST} trials wait for their calls already: begin one of them, or ask again in a minute")]
    TooMany,
    /// Something failed here.
    #[error("the system has no randomness for a ticket")]
    NoRandomness,
}

/// The trials that wait for their calls, by the hash of their ticket: whoever reads the memory has no ticket.
pub(crate) struct Trials {
    waiting: Mutex<BTreeMap<Hash, Trial>>,
    now: Uptime,
}

type Hash = [u8; 32];

struct Trial {
    config: Arc<Config>,
    /// The session that asked for it; `None` if the administrator has none.
    session: Option<Hash>,
    until: Duration,
}

impl Trials {
    pub(crate) fn new(now: Uptime) -> Self {
        Self { waiting: Mutex::default(), now }
    }

    /// A ticket for one call with this configuration. Only the session that asks may use it.
    ///
    /// # Errors
    /// If too many wait, or if there is no randomness.
    pub(crate) fn offer(&self, config: Arc<Config>, session: Option<&str>) -> Result<String, NoTicket> {
        let now = (self.now)();
        let mut waiting = self.waiting();
        waiting.retain(|_, trial| trial.until > now);
        if waiting.len() >= MOST {
            return Err(NoTicket::TooMany);
        }
        let mut random = [0; TICKET_BYTES];
        SystemRandom::new().fill(&mut random).map_err(|_| NoTicket::NoRandomness)?;
        let ticket = URL_SAFE_NO_PAD.encode(random);
        let trial = Trial { config, session: session.map(hash_of), until: now + LIFE };
        waiting.insert(hash_of(&ticket), trial);
        Ok(ticket)
    }

    /// The configuration of a ticket, once; `None` if it is unknown, used, too old or of another session.
    pub(crate) fn take(&self, ticket: &str, session: Option<&str>) -> Option<Arc<Config>> {
        let trial = self.waiting().remove(&hash_of(ticket))?;
        let own = trial.session.is_none() || trial.session == session.map(hash_of);
        (own && trial.until > (self.now)()).then_some(trial.config)
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Hash, Trial>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash_of(text: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn trials() -> (Trials, Arc<AtomicU64>, Arc<Config>) {
        let seconds = Arc::<AtomicU64>::default();
        let theirs = seconds.clone();
        let now: Uptime = Arc::new(move || Duration::from_secs(theirs.load(Ordering::Relaxed)));
        let config = crate::config::parse("", "test", Path::new("")).expect("a configuration");
        (Trials::new(now), seconds, Arc::new(config))
    }

    #[test]
    fn a_ticket_is_for_one_call() {
        let (trials, _, config) = trials();
        let (one, two) = (trials.offer(config.clone(), None).unwrap(), trials.offer(config, None).unwrap());
        assert!(one != two && trials.take("", None).is_none());
        assert!(trials.take(&one, Some("a session")).is_some());
        assert!(trials.take(&one, None).is_none());
        assert!(trials.take(&two, None).is_some());
    }

    #[test]
    fn a_ticket_is_of_no_use_to_another_session_or_later() {
        let (trials, seconds, config) = trials();
        for other in [None, Some("theirs")] {
            let ticket = trials.offer(config.clone(), Some("mine")).unwrap();
            assert!(trials.take(&ticket, other).is_none());
            assert!(trials.take(&ticket, Some("mine")).is_none(), "it has been tried with");
        }
        let ticket = trials.offer(config, Some("mine")).unwrap();
        seconds.store(LIFE.as_secs(), Ordering::Relaxed);
        assert!(trials.take(&ticket, Some("mine")).is_none());
    }

    #[test]
    fn few_tickets_wait_and_old_ones_make_room() {
        let (trials, seconds, config) = trials();
        for _ in 0..MOST {
            trials.offer(config.clone(), None).unwrap();
        }
        assert_eq!(trials.offer(config.clone(), None), Err(NoTicket::TooMany));
        seconds.store(LIFE.as_secs(), Ordering::Relaxed);
        assert!(trials.offer(config, None).is_ok());
    }
}
