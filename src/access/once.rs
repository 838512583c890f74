//! What may be used once, and was: remembered until it would have expired anyway, and never more of it
//! than a limit. PURE: it is given the time.

use std::collections::HashMap;
use std::time::Duration;

use super::Denied;

/// Most credentials remembered; more in use at once are an attack with a stolen secret, or a mistake.
const LIMIT: usize = 100_000;

/// A credential for one use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    /// What it is called.
    pub(super) what: &'static str,
    /// What tells it from all others of its kind.
    pub(super) id: String,
    /// Until when it is valid.
    pub(super) expires: Duration,
}

/// The credentials that were used.
#[derive(Debug, Default)]
pub struct Once {
    /// Until when each would have been valid.
    used: HashMap<String, Duration>,
    /// The latest time that was seen.
    now: Duration,
    /// When the expired ones are next thrown away.
    sweep_at: Duration,
}

/// From one sweep to the next.
const SWEEP: Duration = Duration::from_secs(10);

impl Once {
    /// The time, which never goes back here.
    pub(super) fn at(&mut self, now: Duration) -> Duration {
        self.now = self.now.max(now);
        self.now
    }

    /// Uses all of `tickets`, or none.
    ///
    /// # Errors
    /// If one was used before, or too many are in use.
    pub(super) fn take(&mut self, tickets: &[Ticket]) -> Result<(), Denied> {
        let now = self.now;
        if now >= self.sweep_at {
            self.used.retain(|_, expires| *expires >= now);
            self.sweep_at = now + SWEEP;
        }
        let name = |ticket: &Ticket| format!("{} {}", ticket.what, ticket.id);
        if let Some(used) = tickets.iter().find(|ticket| self.used.contains_key(&name(ticket))) {
            return Err(Denied::Used(used.what));
        }
        if self.used.len() + tickets.len() > LIMIT {
            return Err(Denied::TooMany(LIMIT));
        }
        self.used.extend(tickets.iter().map(|ticket| (name(ticket), ticket.expires)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn take(once: &mut Once, what: &'static str, id: &str, expires: u64, now: u64) -> Result<(), Denied> {
        once.at(S(now));
        once.take(&[Ticket { what, id: id.to_owned(), expires: S(expires) }])
    }

    #[test]
    fn what_was_used_cannot_be_used_again() {
        let mut once = Once::default();
        assert_eq!(take(&mut once, "token", "a", 100, 10), Ok(()));
        assert_eq!(take(&mut once, "token", "a", 100, 11), Err(Denied::Used("token")));
        assert_eq!(take(&mut once, "token", "b", 100, 11), Ok(()));
        assert_eq!(take(&mut once, "other", "a", 100, 11), Ok(()));
    }

    #[test]
    fn of_two_of_which_one_was_used_the_other_is_kept() {
        let mut once = Once::default();
        let ticket = |id: &str| Ticket { what: "token", id: id.to_owned(), expires: S(100) };
        assert_eq!(once.take(&[ticket("a")]), Ok(()));
        assert_eq!(once.take(&[ticket("b"), ticket("a")]), Err(Denied::Used("token")));
        assert_eq!(once.take(&[ticket("b")]), Ok(()));
    }

    #[test]
    fn what_has_expired_is_forgotten_and_a_clock_that_goes_back_brings_nothing_back() {
        let mut once = Once::default();
        for n in 0..LIMIT {
            take(&mut once, "token", &n.to_string(), 100, 10).unwrap();
        }
        assert_eq!(take(&mut once, "token", "more", 200, 99), Err(Denied::TooMany(LIMIT)));
        assert_eq!(take(&mut once, "token", "more", 200, 110), Ok(()));
        assert_eq!(once.used.len(), 1);
        assert_eq!(once.at(S(50)), S(110));
    }
}
