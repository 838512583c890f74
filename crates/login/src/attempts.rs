//! How often one may try a password: each address a few times, all addresses together more often, and those
//! from which somebody has logged in before apart from all strangers, so that no crowd of strangers locks
//! them out. Must not know the password.

use core::net::{IpAddr, Ipv6Addr};
use std::collections::HashMap;
use std::time::Duration;

/// The attempts of one address at once, and the time after which it gets another one.
pub const PEER_BURST: u32 = 5;
/// See [`PEER_BURST`].
pub const PEER_EVERY: Duration = Duration::from_secs(30);

/// The attempts of all strangers at once, and the time after which they get another one: a core is busy with
/// them for at most a few hundredths of the time.
pub const ALL_BURST: u32 = 30;
/// See [`ALL_BURST`].
pub const ALL_EVERY: Duration = Duration::from_secs(2);

/// The most strangers that are remembered. [`ALL_EVERY`] lets fewer in before the first are forgiven.
pub const MOST_PEERS: usize = 1024;

/// The most addresses that are remembered because somebody has logged in from there.
pub const MOST_KNOWN: usize = 64;

/// A leaky bucket, as the moment at which it will be empty (the generic cell rate algorithm, ITU-T I.371).
#[derive(Debug, Clone, Copy, Default)]
struct Bucket(Duration);

impl Bucket {
    /// How long it has no room yet.
    fn wait(self, (burst, every): (u32, Duration), now: Duration) -> Option<Duration> {
        let room_at = self.0.saturating_sub(every * (burst - 1));
        room_at.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    fn add(&mut self, every: Duration, now: Duration) {
        self.0 = self.0.max(now) + every;
    }
}

#[derive(Debug, Clone, Copy)]
struct Known {
    bucket: Bucket,
    last: Duration,
}

/// The attempts of all. The time is that of a monotonic clock.
#[derive(Debug, Default)]
pub struct Attempts {
    strangers: HashMap<IpAddr, Bucket>,
    all: Bucket,
    known: HashMap<IpAddr, Known>,
}

impl Attempts {
    /// Counts an attempt before its password is looked at.
    ///
    /// # Errors
    /// The time after which the address may try again. The attempt is not counted then.
    pub fn begin(&mut self, peer: IpAddr, now: Duration) -> Result<(), Duration> {
        let peer = network_of(peer);
        let (own, all) = ((PEER_BURST, PEER_EVERY), (ALL_BURST, ALL_EVERY));
        if let Some(known) = self.known.get_mut(&peer) {
            return match known.bucket.wait(own, now) {
                Some(wait) => Err(wait),
                None => {
                    known.bucket.add(PEER_EVERY, now);
                    Ok(())
                }
            };
        }
        let mut bucket = self.strangers.get(&peer).copied().unwrap_or_default();
        if let Some(wait) = bucket.wait(own, now).or_else(|| self.all.wait(all, now)) {
            return Err(wait);
        }
        bucket.add(PEER_EVERY, now);
        self.all.add(ALL_EVERY, now);
        self.make_room(now);
        self.strangers.insert(peer, bucket);
        Ok(())
    }

    /// The attempt that this address has begun was right.
    pub fn succeeded(&mut self, peer: IpAddr, now: Duration) {
        let peer = network_of(peer);
        self.strangers.remove(&peer);
        if self.known.len() >= MOST_KNOWN && !self.known.contains_key(&peer) {
            let oldest = self.known.iter().min_by_key(|(_, known)| known.last).map(|(peer, _)| *peer);
            oldest.map(|peer| self.known.remove(&peer));
        }
        self.known.insert(peer, Known { bucket: Bucket::default(), last: now });
    }

    /// How many addresses are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.strangers.len() + self.known.len()
    }

    /// Forgets strangers who may try as often as new ones, and if need be the one who waits the least.
    fn make_room(&mut self, now: Duration) {
        if self.strangers.len() < MOST_PEERS {
            return;
        }
        self.strangers.retain(|_, bucket| bucket.0 > now);
        if self.strangers.len() >= MOST_PEERS {
            let least = self.strangers.iter().min_by_key(|(_, bucket)| bucket.0).map(|(peer, _)| *peer);
            least.map(|peer| self.strangers.remove(&peer));
        }
    }
}

/// One customer has a whole /64 of version 6.
fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        four @ IpAddr::V4(_) => four,
    }
}
