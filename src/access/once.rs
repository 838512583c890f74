//! What may be used once, and was: remembered until it would have expired anyway, and never more of it
//! than a limit. PURE: it is given the time.

use std::collections::HashMap;
use std::time::Duration;

use super::Denied;

/// Most credentials remembered; more in use at once are an attack with a stolen secret, or a mistake.
const LIMIT: usize = 100_000;

/// The credentials that were used.
#[derive(Debug, Default)]
pub struct Once {
    /// Until when each would have been valid.
    used: HashMap<String, Duration>,
    /// When the expired ones are next thrown away.
    sweep_at: Duration,
}

/// From one sweep to the next.
const SWEEP: Duration = Duration::from_secs(10);

impl Once {
    /// Uses `id`, which is valid until `expires`.
    ///
    /// # Errors
    /// If it was used before, or too many are in use.
    pub(super) fn take(
        &mut self,
        what: &'static str,
        id: &str,
        expires: Duration,
        now: Duration,
    ) -> Result<(), Denied> {
        if now >= self.sweep_at {
            self.used.retain(|_, expires| *expires >= now);
            self.sweep_at = now + SWEEP;
        }
        let id = format!("{what} {id}");
        if self.used.contains_key(&id) {
            return Err(Denied::Used(what));
        }
        if self.used.len() >= LIMIT {
            return Err(Denied::TooMany(LIMIT));
        }
        self.used.insert(id, expires);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn what_was_used_cannot_be_used_again() {
        let mut once = Once::default();
        assert_eq!(once.take("token", "a", S(100), S(10)), Ok(()));
        assert_eq!(once.take("token", "a", S(100), S(11)), Err(Denied::Used("token")));
        assert_eq!(once.take("token", "b", S(100), S(11)), Ok(()));
        assert_eq!(once.take("other", "a", S(100), S(11)), Ok(()));
    }

    #[test]
    fn what_has_expired_is_forgotten() {
        let mut once = Once::default();
        for n in 0..LIMIT {
            once.take("token", &n.to_string(), S(100), S(10)).unwrap();
        }
        assert_eq!(once.take("token", "more", S(200), S(99)), Err(Denied::TooMany(LIMIT)));
        assert_eq!(once.take("token", "more", S(200), S(110)), Ok(()));
        assert_eq!(once.used.len(), 1);
    }
}
