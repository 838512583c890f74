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
/// as its provider may take, and a second.
const PATIENCE: Duration = TRANSFER_TIMEOUT.saturating_add(Duration::from_secs(1));

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
    /// The agent to whom the caller comes back, where there are several.
    pub agent: Option<String>,
    /// The briefing as a WAV file, if there is one.
    pub briefing: Option<Arc<[u8]>>,
}

type Hash = [u8; 32];

/// A provider, and its name of a call.
type LineCall = (Dialect, String);

/// What becomes of the transfer of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The provider knows nothing of it yet: the briefing is being spoken.
    Prepared,
    /// The provider is being asked.
    Asked,
    /// The provider has taken the call.
    Taken,
    /// The provider has not taken it, or was never asked.
    Dropped,
}

impl Fate {
    const fn is_open(self) -> bool {
        match self {
            Self::Prepared | Self::Asked => true,
            Self::Taken | Self::Dropped => false,
        }
    }
}

/// All transfers of this process.
pub struct Transfers {
    /// What is kept, by the hash of its name: whoever reads the memory has no name.
    offers: Mutex<BTreeMap<Hash, (Offer, Duration)>>,
    /// The transfers of calls that run. Those of a call that has ended are not there.
    asked: Mutex<BTreeMap<LineCall, (watch::Receiver<Fate>, Duration)>>,
    now: Uptime,
}

/// A transfer that is prepared, and about which a provider is then asked. Dropping it says that the provider
/// has not taken it.
pub(super) struct Asking(watch::Sender<Fate>);

impl Asking {
    /// Waits until the call has ended before its provider was asked.
    pub(super) async fn in_vain(&self) {
        self.0.closed().await;
    }

    /// The provider has taken the call.
    pub(super) fn taken(self) {
        let _ = self.0.send_replace(Fate::Taken);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.send_if_modified(|fate| {
            let open = fate.is_open();
            if open {
                *fate = Fate::Dropped;
            }
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

    /// A transfer of a call is prepared; `None` if one is already, or the provider has taken the call.
    pub(super) fn ask(&self, dialect: Dialect, call: &str) -> Option<Asking> {
        let now = (self.now)();
        let mut asked = lock(&self.asked);
        asked.retain(|_, (fate, until)| fate.borrow().is_open() || *until > now);
        let call = (dialect, call.to_owned());
        // Taken it stays, until the call knows.
        if asked.get(&call).is_some_and(|(fate, _)| *fate.borrow() != Fate::Dropped) {
            return None;
        }
        let (sender, receiver) = watch::channel(Fate::Prepared);
        asked.insert(call, (receiver, now + LIFE));
        Some(Asking(sender))
    }

    /// All is prepared, and the provider is asked now; false if the call has ended meanwhile.
    #[must_use]
    pub(super) fn go_ahead(&self, asking: &Asking) -> bool {
        // No call ends between the look and the step.
        let _asked = lock(&self.asked);
        let runs = !asking.0.is_closed();
        if runs {
            asking.0.send_replace(Fate::Asked);
        }
        runs
    }

    /// Whether the provider has taken the call, which has ended here. If it is just being asked, its answer
    /// is waited for: gateways may close the socket before it comes. What is only prepared is dropped: nobody
    /// is left to be transferred.
    pub(super) async fn was_taken(&self, leg: &Leg) -> bool {
        let (Some(dialect), Some(call)) = (leg.dialect, leg.call.as_ref()) else { return false };
        let mut fate = {
            let mut asked = lock(&self.asked);
            let key = (dialect, call.clone());
            match asked.get(&key) {
                None => return false,
                Some((fate, _)) if *fate.borrow() == Fate::Prepared => {
                    asked.remove(&key);
                    return false;
                }
                Some((fate, _)) => fate.clone(),
            }
        };
        let answer = timeout(PATIENCE, fate.wait_for(|fate| !fate.is_open())).await;
        let taken = answer.is_ok_and(|answer| answer.is_ok_and(|fate| *fate == Fate::Taken));
        self.is_over(leg);
        taken
    }

    /// The call is over, and knows why: the next call of this name is another one, and what was only prepared
    /// for this one is dropped.
    pub(super) fn is_over(&self, leg: &Leg) {
        if let (Some(dialect), Some(call)) = (leg.dialect, leg.call.as_ref()) {
            lock(&self.asked).remove(&(dialect, call.clone()));
        }
    }

    /// How many providers are being asked, or soon will be, or may be letting a telephone ring, and need this
    /// server for it.
    #[must_use]
    pub fn ringing(&self) -> usize {
        let now = (self.now)();
        let asked = lock(&self.asked).values().filter(|(fate, _)| fate.borrow().is_open()).count();
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
            agent: None,
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
        assert!(transfers.go_ahead(&asking));
        assert!(!transfers.was_taken(&leg("CA2")).await);
        let ended = leg("CA1");
        let (taken, ()) = tokio::join!(transfers.was_taken(&ended), async { asking.taken() });
        assert!(taken);
        assert!(!transfers.was_taken(&ended).await, "it is told once: the caller may come back");
        drop(transfers.ask(Dialect::Twilio, "CA1"));
        assert!(!transfers.was_taken(&ended).await);
    }

    #[tokio::test]
    async fn no_provider_is_asked_about_a_call_that_has_ended_during_its_briefing() {
        let (transfers, _) = transfers();
        let hung_up = transfers.ask(Dialect::Twilio, "CA1").unwrap();
        assert!(!transfers.was_taken(&leg("CA1")).await, "it is known at once");
        hung_up.in_vain().await;
        assert!(!transfers.go_ahead(&hung_up));
        // An operator has hung up.
        let ended = transfers.ask(Dialect::Twilio, "CA1").expect("another call of this name");
        transfers.is_over(&leg("CA1"));
        assert!(!transfers.go_ahead(&ended));
        assert_eq!(transfers.ringing(), 0);
        // Once the provider is asked, its answer counts.
        let asked = transfers.ask(Dialect::Twilio, "CA1").unwrap();
        assert!(transfers.go_ahead(&asked) && transfers.ringing() == 1);
        let ended = leg("CA1");
        let (taken, ()) = tokio::join!(transfers.was_taken(&ended), async { asked.taken() });
        assert!(taken);
    }
}
