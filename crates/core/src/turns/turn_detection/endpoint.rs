//! When the caller's turn is over: by silence, by how complete the words are, and by the caller's own
//! pace. Knows a score and durations; no texts, no audio.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::completeness::OPEN;
use crate::units::as_millis;

/// The silence that ends a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointPolicy {
    /// After a complete sentence.
    #[serde(rename = "complete_ms", with = "as_millis")]
    pub complete: Duration,
    /// After words that may be complete or not.
    #[serde(rename = "open_ms", with = "as_millis")]
    pub open: Duration,
    /// After words that call for more.
    #[serde(rename = "unfinished_ms", with = "as_millis")]
    pub unfinished: Duration,
    /// The longest silence for any words.
    #[serde(rename = "longest_ms", with = "as_millis")]
    pub longest: Duration,
    /// The language model's probability of an end that means neither yes nor no: each model has its own.
    #[serde(default = "half")]
    pub model_threshold: f32,
    /// How much the model's score counts beside the rules: 0 nothing, 1 all.
    #[serde(default)]
    pub model_weight: f32,
    /// The lengths of dictated numbers, in digits, in ascending order: at one of these a number may be
    /// complete, at the greatest it is.
    #[serde(default = "phone_numbers")]
    pub number_lengths: Vec<usize>,
}

/// The digits of a telephone number without and with its area code.
pub const PHONE_NUMBERS: [usize; 2] = [7, 10];

fn phone_numbers() -> Vec<usize> {
    PHONE_NUMBERS.to_vec()
}

/// The threshold where nothing is known.
fn half() -> f32 {
    0.5
}

impl EndpointPolicy {
    /// The silence after which words of this completeness (0 to 1) are the whole turn, interpolated between
    /// the three cases. A caller who is known to pause for longer is given that time, but not more than the
    /// next case has.
    #[must_use]
    pub fn silence_after(&self, score: f32, pace: &Pace) -> Duration {
        let least = between(self.unfinished, self.open, self.complete, score);
        let most = between(self.longest, self.unfinished, self.open, score);
        let own = pace.usual(score).map_or(Duration::ZERO, |pause| pause.mul_f32(PATIENCE));
        own.clamp(least, most.max(least)).min(self.longest)
    }
}

/// Factor on the caller's usual pause: only half of the pauses are over after the usual one.
const PATIENCE: f32 = 1.2;

fn between(at_0: Duration, at_half: Duration, at_1: Duration, score: f32) -> Duration {
    let (from, to, share) =
        if score < OPEN { (at_0, at_half, score / OPEN) } else { (at_half, at_1, (score - OPEN) / OPEN) };
    let (from, to) = (from.as_secs_f32(), to.as_secs_f32());
    Duration::from_secs_f32((from + (to - from) * share.clamp(0.0, 1.0)).max(0.0))
}

/// How long a caller pauses inside their turns: a moving average, as in livekit's adaptive endpointing, but
/// separate for pauses in the middle of a sentence and after a complete one. A caller who looks a number up
/// does not take long between sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pace {
    within: Option<Duration>,
    between: Option<Duration>,
}

/// The weight of the newest pause.
const NEWEST: f32 = 0.3;

/// The score from which a sentence counts as complete.
const SENTENCE: f32 = 0.75;

impl Pace {
    /// The caller went on after this pause, which came after words of this completeness.
    pub fn paused_for(&mut self, pause: Duration, score: f32) {
        let average = if score < SENTENCE { &mut self.within } else { &mut self.between };
        *average = Some(average.map_or(pause, |old| old.mul_f32(1.0 - NEWEST) + pause.mul_f32(NEWEST)));
    }

    fn usual(&self, score: f32) -> Option<Duration> {
        if score < SENTENCE { self.within } else { self.between }
    }
}

#[cfg(test)]
mod tests {
    use super::super::completeness::{COMPLETE, UNFINISHED};
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn policy() -> EndpointPolicy {
        EndpointPolicy {
            complete: MS(250),
            open: MS(500),
            unfinished: MS(1500),
            longest: MS(2000),
            model_threshold: 0.5,
            model_weight: 0.0,
            number_lengths: PHONE_NUMBERS.to_vec(),
        }
    }

    fn silence(score: f32, pace: &Pace) -> u128 {
        // Interpolation is in floating point.
        (policy().silence_after(score, pace) + Duration::from_micros(500)).as_millis()
    }

    #[test]
    fn the_less_complete_the_words_the_longer_is_waited() {
        let pace = Pace::default();
        let got = [COMPLETE, 0.75, OPEN, 0.25, UNFINISHED].map(|score| silence(score, &pace));
        assert_eq!(got, [250, 375, 500, 1000, 1500]);
    }

    #[test]
    fn a_caller_who_pauses_for_long_is_given_more_time_but_not_without_limit() {
        let mut pace = Pace::default();
        pace.paused_for(MS(300), COMPLETE);
        assert_eq!(silence(COMPLETE, &pace), 360);
        pace.paused_for(MS(30_000), COMPLETE);
        assert_eq!(silence(COMPLETE, &pace), 500);
        assert_eq!(silence(UNFINISHED, &pace), 1500);
        pace.paused_for(MS(30_000), UNFINISHED);
        assert_eq!(silence(UNFINISHED, &pace), 2000);
    }

    #[test]
    fn the_newest_pauses_count_most() {
        let mut pace = Pace::default();
        pace.paused_for(MS(1000), COMPLETE);
        for _ in 0..20 {
            pace.paused_for(MS(200), COMPLETE);
        }
        assert_eq!(silence(COMPLETE, &pace), 250);
    }
}
