//! Who is logged in: a bounded number of sessions, each with a random name that only its browser knows (here
//! is its hash), and a token against requests that other sites forge. Must not know cookies or passwords.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq as _;

/// A session ends if it was not used for so long.
pub const IDLE: Duration = Duration::from_secs(3600);

/// A session ends so long after its login, however much it is used.
pub const LIFE: Duration = Duration::from_secs(12 * 3600);

/// The most sessions at once. One more ends the one that was not used for the longest time: all of them
/// knew the password.
pub const MOST_SESSIONS: usize = 64;

/// The random bytes that a session is made from: its name of 256 bits, and its token.
pub const RANDOM_BYTES: usize = 64;

/// The longest text that is looked up, in bytes; names have 43.
const MOST_NAME: usize = 64;

/// What the browser of a new session is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its name, which is a secret.
    pub name: String,
    /// The token that its requests carry besides.
    pub csrf: String,
}

#[derive(Clone)]
struct Session {
    csrf: String,
    began: Duration,
    used: Duration,
}

impl Session {
    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.used) >= IDLE || now.saturating_sub(self.began) >= LIFE
    }
}

/// All sessions, by the hash of their name: neither a dump of the memory nor the time of a search tells a
/// name. The time is that of a monotonic clock.
#[derive(Default)]
pub struct Sessions {
    by_hash: BTreeMap<[u8; 32], Session>,
}

impl Sessions {
    /// Begins a session, from random bytes that nobody else knows.
    pub fn begin(&mut self, random: [u8; RANDOM_BYTES], now: Duration) -> Begun {
        self.by_hash.retain(|_, session| !session.is_over(now));
        while self.by_hash.len() >= MOST_SESSIONS {
            let oldest = self.by_hash.iter().min_by_key(|(_, session)| session.used).map(|(hash, _)| *hash);
            let Some(oldest) = oldest else { break };
            self.by_hash.remove(&oldest);
        }
        let (name, csrf) = random.split_at(RANDOM_BYTES / 2);
        let (name, csrf) = (URL_SAFE_NO_PAD.encode(name), URL_SAFE_NO_PAD.encode(csrf));
        let session = Session { csrf: csrf.clone(), began: now, used: now };
        self.by_hash.insert(hash_of(&name), session);
        Begun { name, csrf }
    }

    /// The token of the session of this name, which counts as used now; `None` if there is none, or no more.
    pub fn csrf_of(&mut self, name: &str, now: Duration) -> Option<&str> {
        let hash = known_form(name)?;
        if self.by_hash.get(&hash)?.is_over(now) {
            self.by_hash.remove(&hash);
            return None;
        }
        let session = self.by_hash.get_mut(&hash)?;
        session.used = session.used.max(now);
        Some(&session.csrf)
    }

    /// Whether the session of this name goes on. That does not count as use.
    #[must_use]
    pub fn goes_on(&self, name: &str, now: Duration) -> bool {
        known_form(name).and_then(|hash| self.by_hash.get(&hash)).is_some_and(|session| !session.is_over(now))
    }

    /// Whether the session of this name is valid and has this token, compared in constant time.
    pub fn has(&mut self, name: &str, csrf: &str, now: Duration) -> bool {
        self.csrf_of(name, now).is_some_and(|own| own.as_bytes().ct_eq(csrf.as_bytes()).into())
    }

    /// Ends the session of this name, if there is one.
    pub fn end(&mut self, name: &str) {
        if let Some(hash) = known_form(name) {
            self.by_hash.remove(&hash);
        }
    }

    /// How many there are, those included that are over and not forgotten yet.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_hash.len()
    }
}

fn known_form(name: &str) -> Option<[u8; 32]> {
    (!name.is_empty() && name.len() <= MOST_NAME).then(|| hash_of(name))
}

fn hash_of(name: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    let made = digest(&SHA256, name.as_bytes());
    hash.iter_mut().zip(made.as_ref()).for_each(|(to, from)| *to = *from);
    hash
}
