//! When callers come: so many at once, or at random moments. PURE: it is given the time, and its random
//! numbers follow from a seed. Must not know what a call is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU32;
use std::time::Duration;

/// How long a caller who was refused, or whose call broke, waits before calling again: without it, a server
/// that refuses at once would be called thousands of times a second.
pub const REDIAL: Duration = Duration::from_secs(1);

/// The shortest time between two callers who come at random: it bounds what is drawn for any rate.
const SHORTEST: Duration = Duration::from_millis(1);

/// How callers come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// So many callers at once; each calls again when its call has ended.
    Together {
        /// Their number.
        callers: NonZeroU32,
    },
    /// A Poisson process: calls come at random, independently of each other. A caller who comes while as many
    /// calls as allowed are in progress does not call, as with a busy line.
    Poisson {
        /// The mean number of callers who come in a minute.
        calls_a_minute: f64,
        /// The most calls at once.
        most: NonZeroU32,
        /// The same seed gives the same moments.
        seed: u64,
    },
}

impl Pattern {
    /// The most calls at once.
    pub fn most_at_once(self) -> u32 {
        match self {
            Self::Together { callers } => callers.get(),
            Self::Poisson { most, .. } => most.get(),
        }
    }
}

/// The arrivals of one step. Times count from its beginning.
#[derive(Debug)]
pub struct Arrivals {
    pattern: Pattern,
    /// No caller comes from then on.
    end: Duration,
    /// The callers who are known to come.
    coming: BinaryHeap<Reverse<Duration>>,
    random: SplitMix64,
    in_progress: u32,
    turned_away: u64,
}

impl Arrivals {
    /// Callers who come for `length`. Those who come together begin spread evenly over `turn`, the time that
    /// one turn takes on average, so that they do not speak in unison.
    pub fn new(pattern: Pattern, length: Duration, turn: Duration) -> Self {
        let mut arrivals = Self {
            pattern,
            end: length,
            coming: BinaryHeap::new(),
            random: SplitMix64(0),
            in_progress: 0,
            turned_away: 0,
        };
        match pattern {
            Pattern::Together { callers } => {
                let apart = turn.min(length) / callers.get();
                arrivals.coming.extend((0..callers.get()).map(|n| Reverse(apart * n)));
            }
            Pattern::Poisson { seed, .. } => {
                arrivals.random = SplitMix64(seed);
                arrivals.draw(Duration::ZERO);
            }
        }
        arrivals
    }

    /// When the next caller comes; `None` if none does, unless a call ends.
    pub fn next(&self) -> Option<Duration> {
        self.coming.peek().map(|Reverse(at)| *at).filter(|at| *at < self.end)
    }

    /// Whether one more caller calls at `now`; to be asked until there is none.
    pub fn caller(&mut self, now: Duration) -> bool {
        while let Some(at) = self.next().filter(|at| *at <= now) {
            self.coming.pop();
            self.draw(at);
            if self.in_progress < self.pattern.most_at_once() {
                self.in_progress += 1;
                return true;
            }
            self.turned_away += 1;
        }
        false
    }

    /// A call has ended; `well` if the server neither refused nor broke it.
    pub fn ended(&mut self, now: Duration, well: bool) {
        self.in_progress = self.in_progress.saturating_sub(1);
        match self.pattern {
            Pattern::Together { .. } => {
                self.coming.push(Reverse(if well { now } else { now.saturating_add(REDIAL) }));
            }
            Pattern::Poisson { .. } => {}
        }
    }

    /// The number of callers who did not call because there were as many calls as allowed.
    pub fn turned_away(&self) -> u64 {
        self.turned_away
    }

    /// Draws the arrival after the one at `at`: the times between are distributed exponentially.
    fn draw(&mut self, at: Duration) {
        let Pattern::Poisson { calls_a_minute, .. } = self.pattern else { return };
        let minutes = -(1.0 - self.random.next()).ln() / calls_a_minute;
        // No callers at all, or a number that is none: nobody comes.
        let wait = Duration::try_from_secs_f64(minutes * 60.0).unwrap_or(Duration::MAX).max(SHORTEST);
        self.coming.push(Reverse(at.saturating_add(wait)));
    }
}

/// Random numbers. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    /// From 0 to less than 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // The 53 bits that fit into the fraction of a double.
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const TURN: Duration = Duration::from_secs(8);

    fn together(callers: u32) -> Arrivals {
        let callers = NonZeroU32::new(callers).unwrap();
        Arrivals::new(Pattern::Together { callers }, MINUTE, TURN)
    }

    fn poisson(calls_a_minute: f64, most: u32, seed: u64, length: Duration) -> Arrivals {
        let most = NonZeroU32::new(most).unwrap();
        Arrivals::new(Pattern::Poisson { calls_a_minute, most, seed }, length, TURN)
    }

    /// The moments at which callers call, if each call takes `call`.
    fn moments(mut arrivals: Arrivals, call: Duration) -> (Vec<Duration>, Arrivals) {
        let mut moments = Vec::new();
        let mut ends = BinaryHeap::new();
        loop {
            let end = ends.peek().map(|Reverse(at)| *at);
            let Some(now) = [arrivals.next(), end].into_iter().flatten().min() else {
                return (moments, arrivals);
            };
            if end == Some(now) {
                ends.pop();
                arrivals.ended(now, true);
            }
            while arrivals.caller(now) {
                moments.push(now);
                ends.push(Reverse(now + call));
                assert!(ends.len() <= arrivals.pattern.most_at_once() as usize, "too many at once");
            }
        }
    }

    #[test]
    fn callers_who_come_together_do_not_speak_in_unison() {
        let mut arrivals = together(4);
        let mut first = Vec::new();
        while let Some(at) = arrivals.next() {
            assert!(arrivals.caller(at));
            first.push(at.as_secs());
        }
        assert_eq!(first, [0, 2, 4, 6]);
    }

    #[test]
    fn a_caller_calls_again_when_the_call_has_ended_until_the_time_is_over() {
        let (moments, _) = moments(together(2), Duration::from_secs(25));
        let seconds: Vec<u64> = moments.iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [0, 4, 25, 29, 50, 54]);
    }

    #[test]
    fn a_caller_who_was_refused_waits_before_calling_again() {
        let mut arrivals = together(1);
        assert!(arrivals.caller(Duration::ZERO));
        assert!(!arrivals.caller(MINUTE / 2), "there is only one");
        arrivals.ended(Duration::from_millis(3), false);
        assert!(!arrivals.caller(Duration::from_millis(900)));
        assert_eq!(arrivals.next(), Some(Duration::from_millis(1003)));
        assert!(arrivals.caller(Duration::from_millis(1003)));
    }

    #[test]
    fn nobody_comes_to_a_step_without_length() {
        let callers = NonZeroU32::new(3).unwrap();
        let mut arrivals = Arrivals::new(Pattern::Together { callers }, Duration::ZERO, TURN);
        assert_eq!((arrivals.next(), arrivals.caller(MINUTE)), (None, false));
    }

    #[test]
    fn callers_who_come_at_random_are_as_many_as_asked_and_as_uneven_as_chance() {
        let hours = Duration::from_secs(100 * 3600);
        let (moments, _) = moments(poisson(10.0, 1000, 7, hours), Duration::from_secs(30));
        // 60,000 are expected; their standard deviation is 245.
        assert!((59_000..61_000).contains(&moments.len()), "{}", moments.len());
        let gaps: Vec<f64> = moments.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // Exponential: the standard deviation is the mean, and e^-1 of all gaps are longer than it.
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "{mean} {variance}");
        let longer = gaps.iter().filter(|gap| **gap > mean).count() as f64 / gaps.len() as f64;
        assert!((longer - (-1.0_f64).exp()).abs() < 0.01, "{longer}");
    }

    #[test]
    fn the_same_seed_gives_the_same_moments_and_another_one_others() {
        let of = |seed| moments(poisson(30.0, 50, seed, MINUTE), TURN).0;
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn who_comes_while_the_most_calls_are_in_progress_is_turned_away() {
        let (moments, arrivals) = moments(poisson(60.0, 2, 3, MINUTE), Duration::from_secs(20));
        assert!(moments.len() <= 6, "{moments:?}");
        assert!(arrivals.turned_away() > 20, "{}", arrivals.turned_away());
    }

    #[test]
    fn an_endless_rate_comes_to_an_end() {
        let (moments, arrivals) = moments(poisson(f64::INFINITY, 1, 1, Duration::from_secs(1)), MINUTE);
        assert_eq!((moments.len(), arrivals.turned_away()), (1, 998));
    }

    #[test]
    fn a_rate_that_is_no_rate_lets_nobody_come() {
        for rate in [0.0, -1.0, f64::NAN, f64::MIN_POSITIVE] {
            let arrivals = poisson(rate, 5, 1, MINUTE);
            assert_eq!(arrivals.next(), None, "{rate}");
        }
    }
}
