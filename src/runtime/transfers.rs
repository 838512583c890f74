//! The transfers of calls that are under way: the documents that providers fetch for them, under names that
//! nobody guesses, and which calls a provider has taken. Must not know HTTP, or how a provider is asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::watch;
use tokio::time::timeout;

use super::briefing;
use super::clock::Uptime;
use super::provider_api::TRANSFER_TIMEOUT;
use crate::streams::dialect::Dialect;
use crate::streams::transfer::{Destination, Hosted, Leg};

/// The most transfers whose documents are kept.
pub const MOST: usize = 64;

/// How long documents are kept: a telephone rings for a minute or two.
pub const LIFE: Duration = Duration::from_secs(300);

/// How long a telephone rings, for a server that is to stop.
const RINGS: Duration = Duration::from_secs(60);

/// Random bytes of a name: nobody guesses it.
const NAME_BYTES: usize = 24;

/// A call whose gateway has gone waits no longer than this to learn whether its transfer was taken: as long
/// as a briefing and the provider may take, and a second.
const PATIENCE: Duration =
    briefing::PATIENCE.saturating_add(TRANSFER_TIMEOUT).saturating_add(Duration::from_secs(1));

/// Why no documents are kept for a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// Others wait.
    #[error("{MOST} transfers wait for their providers already: ask again in some minutes")]
    TooMany,
    /// Something failed here.
    #[error("the system has no randomness for a name")]
    NoRandomness,
}

/// What a provider may fetch for one transfer.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What the provider speaks.
    pub dialect: Dialect,
    /// Whom to call.
    pub to: Destination,
    /// The addresses.
    pub hosted: Hosted,
    /// The caller's side.
    pub leg: Leg,
    /// The briefing as a WAV file, if there is one.
    pub briefing: Option<Arc<[u8]>>,
}

type Hash = [u8; 32];

/// A provider, and its name of a call.
type LineCall = (Dialect, String);

/// Whether the provider has taken a call; nothing while it is being asked.
type Fate = watch::Receiver<Option<bool>>;

/// All transfers of this process.
pub struct Transfers {
    /// What is kept, by the hash of its name: whoever reads the memory has no name.
    offers: Mutex<BTreeMap<Hash, (Offer, Duration)>>,
    /// Whether the provider has taken a call; nothing while it is being asked.
    asked: Mutex<BTreeMap<LineCall, (Fate, Duration)>>,
    now: Uptime,
}

/// A transfer about which a provider is being asked. Dropping it says that the provider has not taken it.
pub(super) struct Asking(watch::Sender<Option<bool>>);

impl Asking {
    /// The provider has taken the call.
    pub(super) fn taken(self) {
        let _ = self.0.send_replace(Some(true));
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.send_if_modified(|taken| {
            let open = taken.is_none();
            taken.get_or_insert(false);
            open
        });
    }
}

impl Transfers {
    /// No transfers yet.
    #[must_use]
    pub fn new(now: Uptime) -> Self {
        Self { offers: Mutex::default(), asked: Mutex::default(), now }
    }

    /// A name under which documents can be kept.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub(super) fn name() -> Result<String, NotKept> {
        let mut random = [0; NAME_BYTES];
        SystemRandom::new().fill(&mut random).map_err(|_| NotKept::NoRandomness)?;
        Ok(URL_SAFE_NO_PAD.encode(random))
    }

    /// Keeps documents for some minutes.
    ///
    /// # Errors
    /// If too many are kept.
    pub(super) fn keep(&self, name: &str, offer: Offer) -> Result<(), NotKept> {
        let now = (self.now)();
        let mut offers = lock(&self.offers);
        offers.retain(|_, (_, until)| *until > now);
        if offers.len() >= MOST {
            return Err(NotKept::TooMany);
        }
        offers.insert(hash_of(name), (offer, now + LIFE));
        Ok(())
    }

    /// What is kept under this name.
    #[must_use]
    pub fn offer(&self, name: &str) -> Option<Offer> {
        let offers = lock(&self.offers);
        let (offer, until) = offers.get(&hash_of(name))?;
        (*until > (self.now)()).then(|| offer.clone())
    }

    /// Keeps nothing under this name any more.
    pub fn forget(&self, name: &str) {
        lock(&self.offers).remove(&hash_of(name));
    }

    /// The provider is being asked to transfer a call; `None` if it is already, or has taken it.
    pub(super) fn ask(&self, dialect: Dialect, call: &str) -> Option<Asking> {
        let now = (self.now)();
        let mut asked = lock(&self.asked);
        asked.retain(|_, (taken, until)| taken.borrow().is_none() || *until > now);
        let call = (dialect, call.to_owned());
        // Taken it stays, until the call knows.
        if asked.get(&call).is_some_and(|(taken, _)| *taken.borrow() != Some(false)) {
            return None;
        }
        let (sender, receiver) = watch::channel(None);
        asked.insert(call, (receiver, now + LIFE));
        Some(Asking(sender))
    }

    /// Whether the provider has taken the call, which has ended here. If it is just being asked, its answer
    /// is waited for: gateways may close the socket before it comes.
    pub(super) async fn was_taken(&self, leg: &Leg) -> bool {
        let (Some(dialect), Some(call)) = (leg.dialect, leg.call.as_ref()) else { return false };
        let key = (dialect, call.clone());
        let asked = lock(&self.asked).get(&key).map(|(taken, _)| taken.clone());
        let Some(mut taken) = asked else { return false };
        let answer = timeout(PATIENCE, taken.wait_for(Option::is_some)).await;
        let taken = answer.is_ok_and(|answer| answer.is_ok_and(|taken| *taken == Some(true)));
        self.is_over(leg);
        taken
    }

    /// The call is over, and knows why: the next call of this name is another one.
    pub(super) fn is_over(&self, leg: &Leg) {
        if let (Some(dialect), Some(call)) = (leg.dialect, leg.call.as_ref()) {
            lock(&self.asked).remove(&(dialect, call.clone()));
        }
    }

    /// How many providers are being asked, or may be letting a telephone ring, and need this server for it.
    #[must_use]
    pub fn ringing(&self) -> usize {
        let now = (self.now)();
        let asked = lock(&self.asked).values().filter(|(taken, _)| taken.borrow().is_none()).count();
        let rings = |(_, until): &&(Offer, Duration)| *until > now + LIFE.saturating_sub(RINGS);
        asked + lock(&self.offers).values().filter(rings).count()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash_of(text: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn transfers() -> (Transfers, Arc<AtomicU64>) {
        let seconds = Arc::<AtomicU64>::default();
        let theirs = seconds.clone();
        let now: Uptime = Arc::new(move || Duration::from_secs(theirs.load(Ordering::Relaxed)));
        (Transfers::new(now), seconds)
    }

    fn offer() -> Offer {
        Offer {
            dialect: Dialect::Twilio,
            to: Destination::parse("+15550142").unwrap(),
            hosted: Hosted {
                base: "https://voice.example.com/transfer/x".into(),
                briefing: false,
                back: true,
            },
            leg: Leg::default(),
            briefing: None,
        }
    }

    #[test]
    fn documents_are_there_for_those_who_know_their_name_and_not_for_ever() {
        let (transfers, seconds) = transfers();
        let (one, two) = (Transfers::name().unwrap(), Transfers::name().unwrap());
        assert!(one != two && one.len() == 32);
        transfers.keep(&one, offer()).unwrap();
        assert!(transfers.offer(&one).is_some() && transfers.offer(&one).is_some());
        assert!(transfers.offer(&two).is_none() && transfers.offer("").is_none());
        seconds.store(LIFE.as_secs(), Ordering::Relaxed);
        assert!(transfers.offer(&one).is_none());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (transfers, seconds) = transfers();
        for n in 0..MOST {
            transfers.keep(&n.to_string(), offer()).unwrap();
        }
        assert_eq!(transfers.keep("more", offer()), Err(NotKept::TooMany));
        transfers.forget("0");
        assert_eq!(transfers.keep("more", offer()), Ok(()));
        seconds.store(LIFE.as_secs(), Ordering::Relaxed);
        assert_eq!(transfers.keep("later", offer()), Ok(()));
        assert_eq!(lock(&transfers.offers).len(), 1);
    }

    fn leg(call: &str) -> Leg {
        Leg { dialect: Some(Dialect::Twilio), call: Some(call.to_owned()), ..Leg::default() }
    }

    #[tokio::test]
    async fn a_call_is_transferred_once_at_a_time_and_learns_whether_it_was() {
        let (transfers, _) = transfers();
        let asking = transfers.ask(Dialect::Twilio, "CA1").unwrap();
        assert!(transfers.ask(Dialect::Twilio, "CA1").is_none());
        assert!(transfers.ask(Dialect::Plivo, "CA1").is_some(), "another line's call is another call");
        drop(asking);
        let asking = transfers.ask(Dialect::Twilio, "CA1").expect("the first was refused");
        assert!(!transfers.was_taken(&leg("CA2")).await);
        let ended = leg("CA1");
        let (taken, ()) = tokio::join!(transfers.was_taken(&ended), async { asking.taken() });
        assert!(taken);
        assert!(!transfers.was_taken(&ended).await, "it is told once: the caller may come back");
        drop(transfers.ask(Dialect::Twilio, "CA1"));
        assert!(!transfers.was_taken(&ended).await);
    }
}
