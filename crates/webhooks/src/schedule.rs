//! When a delivery is tried again, and when it is given up. PURE: the time and chance are passed in. Must not
//! know what is delivered.

use std::time::Duration;

/// When a delivery is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The pause after the first try; each is twice as long as the one before.
    pub first_pause: Duration,
    /// The longest pause, also if the end point asks for a longer one.
    pub longest_pause: Duration,
    /// How often it is tried in all.
    pub tries: u32,
    /// A delivery that is older than this is not tried again.
    pub longest_age: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(60 * 60),
            tries: 40,
            longest_age: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Retries {
    /// The pause before the next try, after so many (from 1 on); `None` if it is given up. `age` counts from
    /// when it happened, `asked` is the pause that the end point asked for. `chance`, from 0 to 1, makes the
    /// pause up to a quarter shorter or longer, so that servers that failed together do not come back
    /// together.
    pub(crate) fn pause(
        &self,
        tries: u32,
        age: Duration,
        asked: Option<Duration>,
        chance: f64,
    ) -> Option<Duration> {
        if tries >= self.tries {
            return None;
        }
        let doubled = 2_u32.checked_pow(tries.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = self.first_pause.saturating_mul(doubled).min(self.longest_pause);
        let pause = pause.mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0);
        let pause = pause.max(asked.unwrap_or_default()).min(self.longest());
        (age.saturating_add(pause) <= self.longest_age).then_some(pause)
    }

    /// No pause is longer than this, chance included.
    pub(crate) fn longest(&self) -> Duration {
        self.longest_pause.saturating_mul(5) / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pauses of a delivery that always fails, on simulated time.
    fn pauses(retries: Retries, chance: f64) -> Vec<Duration> {
        let (mut age, mut pauses) = (Duration::ZERO, Vec::new());
        while let Some(pause) = retries.pause(pauses.len() as u32 + 1, age, None, chance) {
            age += pause;
            pauses.push(pause);
        }
        pauses
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_end_after_a_day() {
        let pauses = pauses(Retries::default(), 0.5);
        let seconds: Vec<u64> = pauses.iter().map(Duration::as_secs).take(11).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]);
        assert!(pauses.iter().sum::<Duration>() <= Duration::from_secs(86_400));
        assert_eq!(pauses.len(), 32);
    }

    #[test]
    fn chance_moves_a_pause_by_a_quarter_at_most() {
        for (chance, first) in [(0.0, 3750), (1.0, 6250), (9.0, 6250), (-1.0, 3750)] {
            assert_eq!(pauses(Retries::default(), chance)[0], Duration::from_millis(first));
        }
    }

    #[test]
    fn a_longer_pause_is_made_if_it_is_asked_for_within_the_longest() {
        let pause =
            |seconds| Retries::default().pause(1, Duration::ZERO, Some(Duration::from_secs(seconds)), 0.5);
        assert_eq!(pause(1), Some(Duration::from_secs(5)));
        assert_eq!(pause(90), Some(Duration::from_secs(90)));
        assert_eq!(pause(1_000_000), Some(Retries::default().longest()));
    }

    #[test]
    fn tries_are_bounded_and_no_number_is_too_large() {
        let retries = Retries { tries: 3, ..Retries::default() };
        assert_eq!(pauses(retries, 0.5).len(), 2);
        let endless = Retries { tries: u32::MAX, longest_age: Duration::MAX, ..Retries::default() };
        assert_eq!(endless.pause(u32::MAX - 1, Duration::MAX, None, 0.5), Some(Duration::from_secs(3600)));
    }
}
