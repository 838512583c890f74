//! How close the agent's speech came to an underrun: the audio that was left to play whenever more arrived,
//! as exact counts that take no more room the longer a call is. PURE. Must not know when anything arrived.

use std::collections::BTreeMap;

use offhook_core::units::{PHONE_RATE, tenths};

/// The most slack that is told apart: more is as good as this. It bounds the number of counts.
const MOST: usize = 10 * PHONE_RATE as usize;

/// How much audio was left to play when the next frame of the agent's speech arrived: 0 would be an underrun.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Slack {
    /// The median, in milliseconds, like the other fields.
    pub median: f64,
    /// The first percentile: 99 of 100 frames had more.
    pub p01: f64,
    /// The least of all frames.
    pub least: f64,
}

/// How often each slack was seen, in samples.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Slacks(BTreeMap<usize, usize>);

impl Slacks {
    /// `samples` were left.
    pub(crate) fn add(&mut self, samples: usize) {
        *self.0.entry(samples.min(MOST)).or_default() += 1;
    }

    /// Adds what another call saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (&samples, times) in &other.0 {
            *self.0.entry(samples).or_default() += times;
        }
    }

    /// The three figures; `None` if nothing was seen.
    pub(crate) fn figures(&self) -> Option<Slack> {
        let count: usize = self.0.values().sum();
        let ms = |rank: usize| {
            let mut passed = 0;
            let of_rank = self.0.iter().find(|&(_, &times)| {
                passed += times;
                passed > rank
            });
            of_rank.map(|(&samples, _)| tenths(samples as f64 * 1000.0 / f64::from(PHONE_RATE)))
        };
        Some(Slack { median: ms(count / 2)?, p01: ms(count / 100)?, least: ms(0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_all_values_in_order() {
        let mut slacks = Slacks::default();
        assert_eq!(slacks.figures(), None);
        for ms in (1..=200).rev() {
            slacks.add(ms * 8);
        }
        assert_eq!(slacks.figures(), Some(Slack { median: 101.0, p01: 3.0, least: 1.0 }));
    }

    #[test]
    fn two_calls_together_are_like_one() {
        let (mut one, mut first, mut second) = (Slacks::default(), Slacks::default(), Slacks::default());
        for n in 0..500 {
            let value = n * 7919 % 1600;
            one.add(value);
            if n % 3 == 0 { first.add(value) } else { second.add(value) }
        }
        first.merge(&second);
        assert_eq!(first, one);
    }

    #[test]
    fn more_than_ten_seconds_are_ten_seconds() {
        let mut slacks = Slacks::default();
        slacks.add(usize::MAX);
        assert_eq!(slacks.figures(), Some(Slack { median: 10_000.0, p01: 10_000.0, least: 10_000.0 }));
    }
}
