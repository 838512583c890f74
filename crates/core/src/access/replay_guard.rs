//! Remembers the single-use credentials that were used. Their validity depends on the system's clock, which
//! may be wrong and be set right. Their use is remembered by a clock that is never set. PURE: both times are
//! passed in.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::denied::Denied;

/// The most credentials that are remembered. More in use at once are an attack with a stolen secret, or a
/// mistake.
const LIMIT: usize = 100_000;

/// The time between two sweeps.
const SWEEP: Duration = Duration::from_secs(10);

/// How long a used credential is remembered after it expired. A clock that was wrong by less than this can be
/// set right without harm to fresh credentials.
const MARGIN: Duration = Duration::from_secs(2 * 3600);

/// A credential for one use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UsedToken {
    /// The kind of credential, for messages.
    pub(super) what: &'static str,
    /// The name that is unique among credentials of this kind.
    pub(super) id: String,
    /// The end of its validity, by the system's clock.
    pub(super) expires: Duration,
}

/// The times of both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    /// The time since 1970, by the system's clock.
    pub(super) wall: Duration,
    /// The time since the start, by the clock that is never set.
    pub(super) uptime: Duration,
}

#[derive(Debug)]
struct Use {
    /// The expiry in the credential, by the system's clock.
    expires: Duration,
    /// The end of memory by the other clock: the time of use, plus the validity left then, plus the margin.
    remembered_until: Duration,
}

/// The credentials that were used.
#[derive(Debug, Default)]
pub struct ReplayGuard {
    used: HashMap<Arc<str>, Use>,
    /// Their names by expiry: when the memory is full, what is over is found without looking at the rest.
    by_expiry: BTreeSet<(Duration, Arc<str>)>,
    /// The latest expiry of all forgotten credentials. If the clock was set back, a credential that expires
    /// no later may be one of them, so it counts as used.
    forgotten: Duration,
    /// When the next sweep for expired credentials is due.
    sweep_at: Duration,
}

impl ReplayGuard {
    /// Uses all of `tickets`, or none.
    ///
    /// # Errors
    /// If one was used before, or too many are in use.
    pub(super) fn take(&mut self, tickets: &[UsedToken], now: Time) -> Result<(), Denied> {
        if now.uptime >= self.sweep_at {
            let is_remembered =
                |name: &str| self.used.get(name).is_some_and(|used| used.remembered_until >= now.uptime);
            let over = self.by_expiry.iter().take_while(|(expires, _)| *expires < now.wall);
            let over: Vec<_> = over.filter(|(_, name)| !is_remembered(name)).cloned().collect();
            over.iter().for_each(|used| self.forget(used));
            self.sweep_at = now.uptime + SWEEP;
        }
        let name = |ticket: &UsedToken| format!("{} {}", ticket.what, ticket.id);
        let used = |ticket: &&UsedToken| {
            ticket.expires <= self.forgotten || self.used.contains_key(name(ticket).as_str())
        };
        if let Some(used) = tickets.iter().find(used) {
            return Err(Denied::Used(used.what));
        }
        while self.used.len() + tickets.len() > LIMIT {
            let Some(over) = self.by_expiry.first().filter(|(expires, _)| *expires < now.wall).cloned()
            else {
                return Err(Denied::TooMany(LIMIT));
            };
            self.forget(&over);
        }
        for ticket in tickets {
            let name: Arc<str> = name(ticket).into();
            let valid = ticket.expires.saturating_sub(now.wall);
            let remembered_until = now.uptime + valid + MARGIN;
            let used = Use { expires: ticket.expires, remembered_until };
            if let Some(before) = self.used.insert(name.clone(), used) {
                self.by_expiry.remove(&(before.expires, name.clone()));
            }
            self.by_expiry.insert((ticket.expires, name));
        }
        Ok(())
    }

    fn forget(&mut self, used: &(Duration, Arc<str>)) {
        let (expires, name) = used;
        self.by_expiry.remove(used);
        self.used.remove(name);
        self.forgotten = self.forgotten.max(*expires);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    /// Takes a token at a time that both clocks show.
    fn take(
        once: &mut ReplayGuard,
        what: &'static str,
        id: &str,
        expires: u64,
        now: u64,
    ) -> Result<(), Denied> {
        at(once, what, id, expires, now, now)
    }

    fn at(
        once: &mut ReplayGuard,
        what: &'static str,
        id: &str,
        expires: u64,
        wall: u64,
        uptime: u64,
    ) -> Result<(), Denied> {
        let ticket = UsedToken { what, id: id.to_owned(), expires: S(expires) };
        once.take(&[ticket], Time { wall: S(wall), uptime: S(uptime) })
    }

    #[test]
    fn what_was_used_cannot_be_used_again() {
        let mut once = ReplayGuard::default();
        assert_eq!(take(&mut once, "token", "a", 100, 10), Ok(()));
        assert_eq!(take(&mut once, "token", "a", 100, 11), Err(Denied::Used("token")));
        assert_eq!(take(&mut once, "token", "b", 100, 11), Ok(()));
        assert_eq!(take(&mut once, "other", "a", 100, 11), Ok(()));
    }

    #[test]
    fn of_two_of_which_one_was_used_the_other_is_kept() {
        let mut once = ReplayGuard::default();
        let ticket = |id: &str| UsedToken { what: "token", id: id.to_owned(), expires: S(100) };
        let now = Time { wall: S(0), uptime: S(0) };
        assert_eq!(once.take(&[ticket("a")], now), Ok(()));
        assert_eq!(once.take(&[ticket("b"), ticket("a")], now), Err(Denied::Used("token")));
        assert_eq!(once.take(&[ticket("b")], now), Ok(()));
    }

    #[test]
    fn what_is_over_makes_room_and_a_clock_that_goes_back_brings_nothing_back() {
        let mut once = ReplayGuard::default();
        for n in 0..LIMIT {
            take(&mut once, "token", &n.to_string(), 100, 10).unwrap();
        }
        assert_eq!(take(&mut once, "token", "more", 200, 99), Err(Denied::TooMany(LIMIT)));
        assert_eq!(take(&mut once, "token", "more", 200, 110), Ok(()));
        // One made room; the others are forgotten as they are in the way.
        assert_eq!(once.used.len(), LIMIT);
        // The system's clock is set back; the other clock goes on.
        assert_eq!(at(&mut once, "token", "7", 100, 50, 120), Err(Denied::Used("token")));
        assert_eq!(at(&mut once, "token", "more", 200, 50, 120), Err(Denied::Used("token")));
    }

    /// Fault: a system clock that was once an hour ahead locks out fresh tokens until time catches up.
    #[test]
    fn a_clock_that_was_ahead_and_is_set_right_locks_out_no_fresh_token() {
        let hour = 3600;
        let mut once = ReplayGuard::default();
        assert_eq!(at(&mut once, "token", "ahead", hour + 300, hour, 0), Ok(()));
        assert_eq!(at(&mut once, "token", "fresh", 310, 10, 10), Ok(()));
        assert_eq!(at(&mut once, "token", "fresh", 310, 11, 11), Err(Denied::Used("token")));
        // As long as the clock may be set once more, no used token is accepted again.
        for uptime in [12, hour, 2 * hour] {
            for (id, expires) in [("ahead", hour + 300), ("fresh", 310)] {
                for wall in [0, uptime, uptime + hour] {
                    let again = at(&mut once, "token", id, expires, wall, uptime);
                    assert_eq!(again, Err(Denied::Used("token")), "{id} at {wall}, {uptime}");
                }
            }
        }
    }

    /// Ten days pass with a token each, and no token is kept for longer than needed.
    #[test]
    fn what_was_forgotten_stays_used_however_far_the_clock_is_set_back() {
        let mut once = ReplayGuard::default();
        let day = 24 * 3600;
        for n in 0..10 {
            assert_eq!(take(&mut once, "token", &n.to_string(), n * day + 300, n * day), Ok(()));
        }
        assert_eq!(once.used.len(), 1);
        for n in 0..10 {
            let again = at(&mut once, "token", &n.to_string(), n * day + 300, n * day, 10 * day);
            assert_eq!(again, Err(Denied::Used("token")), "{n}");
        }
        assert_eq!(take(&mut once, "token", "fresh", 10 * day + 300, 10 * day), Ok(()));
    }
}
