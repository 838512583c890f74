//! A rate limit: a burst, and then a steady pace. Reads no clock.

use std::time::Duration;

use crate::units::CallTime;

/// A token bucket that counts time.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    most: Duration,
    /// How many times faster than the clock the bucket fills up.
    pace: u32,
    /// The amount left at `at`.
    left: Duration,
    at: CallTime,
}

impl TokenBucket {
    /// A bucket that holds at most `most` and refills at `pace` times the pace of the clock.
    #[must_use]
    pub fn new(most: Duration, pace: u32) -> Self {
        Self { most, pace, left: most, at: CallTime::ZERO }
    }

    /// Takes `cost` and returns true. If less is left, takes nothing and returns false.
    pub fn take(&mut self, cost: Duration, now: CallTime) -> bool {
        self.left = self.most.min(self.left + now.since(self.at) * self.pace);
        self.at = now;
        let rest = self.left.checked_sub(cost);
        self.left = rest.unwrap_or(self.left);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BURST: Duration = Duration::from_secs(10);
    const AUDIO_BURST: Duration = Duration::from_secs(60);
    const AUDIO_PACE: u32 = 2;

    const MS: fn(u64) -> CallTime = CallTime::from_millis;

    #[test]
    fn a_burst_after_a_stall_is_taken_and_a_flood_is_not() {
        let mut allowance = TokenBucket::new(BURST, 1);
        let mut take = |at: u64| allowance.take(Duration::from_millis(10), MS(at));
        assert!((0..1000).all(|_| take(0)));
        assert!(!take(5));
        assert!(take(10) && !take(10));
        assert!((0..500).all(|_| take(5010)));
        assert!(!take(5010));
    }

    #[test]
    fn audio_faster_than_speech_runs_out() {
        let mut allowance = TokenBucket::new(AUDIO_BURST, AUDIO_PACE);
        let mut seconds = (0..).take_while(|&n| allowance.take(Duration::from_secs(1), MS(n * 100)));
        // A second of audio every 100 ms: 60 s at first, and 200 ms more each time.
        assert_eq!(seconds.by_ref().count(), 74);
    }

    #[test]
    fn the_pace_of_a_line_is_never_too_fast() {
        let (mut messages, mut audio) =
            (TokenBucket::new(BURST, 1), TokenBucket::new(AUDIO_BURST, AUDIO_PACE));
        let second = Duration::from_secs(1);
        assert!((0..100_000).all(|n| messages.take(second / 60, MS(n * 20))));
        assert!((0..100_000).all(|n| audio.take(second / 50, MS(n * 20))));
    }
}
