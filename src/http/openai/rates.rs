//! How many requests a client may make in a minute and in a day. Gets the time as an argument; must not know
//! who the client is.

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The limits of every client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The most requests in a minute. So many may come at once; then they come evenly.
    pub(super) per_minute: u32,
    /// The most requests in a day, which begins with the first; `None` is no limit.
    pub(super) per_day: Option<u32>,
}

/// What one client has used.
#[derive(Debug, Clone, Default)]
pub(super) struct Used {
    /// Requests that do not count any more from this time on, at the pace of the limit.
    busy_until: Duration,
    day_began: Duration,
    in_day: u32,
}

impl Used {
    /// Counts a request.
    ///
    /// # Errors
    /// How long to wait, if it is one too many; it is not counted then.
    pub(super) fn count(&mut self, now: Duration, limits: Limits) -> Result<(), Duration> {
        if self.in_day == 0 || now >= self.day_began + DAY {
            (self.day_began, self.in_day) = (now, 0);
        }
        if limits.per_day.is_some_and(|most| self.in_day >= most) {
            return Err(self.day_began + DAY - now);
        }
        // The generic cell rate algorithm: each request takes its share of a minute.
        let share = MINUTE / limits.per_minute.max(1);
        let until = self.busy_until.max(now) + share;
        if until > now + MINUTE {
            return Err(until - now - MINUTE);
        }
        self.busy_until = until;
        self.in_day += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_minutes_requests_may_come_at_once_and_then_evenly() {
        let (mut used, limits) = (Used::default(), Limits { per_minute: 4, per_day: None });
        for _ in 0..4 {
            assert_eq!(used.count(SECOND, limits), Ok(()));
        }
        assert_eq!(used.count(SECOND, limits), Err(15 * SECOND));
        assert_eq!(used.count(16 * SECOND, limits), Ok(()));
        assert_eq!(used.count(17 * SECOND, limits), Err(14 * SECOND));
    }

    #[test]
    fn a_day_has_its_limit_and_the_next_one_begins_with_a_request() {
        let (mut used, limits) = (Used::default(), Limits { per_minute: 60, per_day: Some(2) });
        assert!(used.count(SECOND, limits).is_ok() && used.count(MINUTE, limits).is_ok());
        assert_eq!(used.count(DAY, limits), Err(SECOND));
        assert_eq!(used.count(DAY + SECOND, limits), Ok(()));
        assert_eq!(used.count(DAY + MINUTE, limits), Ok(()));
        assert_eq!(used.count(2 * DAY, limits), Err(SECOND));
    }

    proptest::proptest! {
        #[test]
        fn who_waits_as_long_as_told_is_served(
            gaps in proptest::collection::vec(0_u64..40_000, 1..80),
            per_minute in 1_u32..200,
            per_day in proptest::option::of(1_u32..30),
        ) {
            let (mut used, limits, mut now) = (Used::default(), Limits { per_minute, per_day }, Duration::ZERO);
            for gap in gaps {
                now += Duration::from_millis(gap);
                if let Err(wait) = used.count(now, limits) {
                    proptest::prop_assert!(wait > Duration::ZERO);
                    now += wait;
                    proptest::prop_assert_eq!(used.count(now, limits), Ok(()));
                }
            }
        }
    }
}
