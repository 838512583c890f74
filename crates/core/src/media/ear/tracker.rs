//! Which delay is believed: a match becomes an echo once it was seen several times, and an echo moves only if
//! the canceller agrees. Must not know samples.

use super::delay::{Look, Match};

/// A delay is found once the slow correlation showed it in this many frames in a row (200 ms), with this
/// likeness. The agent and a caller who have nothing to do with each other stay below.
const LOOKS: u32 = 10;
const ALIKE: f32 = 0.3;
/// And not before this many frames since the memory was empty (0.5 s): over a few syllables, any two voices
/// are alike at some delay.
const REMEMBERED: u32 = 25;
/// Two matches are of one delay if they differ by at most this many samples (2 ms): the reflections of an
/// echo compete.
const SAME: usize = 16;

/// The fast correlation shows the agent's voice in the audio at hand with this likeness, if the frames before
/// showed it at the same delay, or with [`SURELY`] at once.
const AT_ONCE: f32 = 0.5;
const SURELY: f32 = 0.7;
/// The number of frames before it that must show it.
const IN_A_ROW: u32 = 2;
/// Over 100 ms of a vowel, the period of the voice blurs the delay by up to this many samples (4 ms).
const NEAR: usize = 32;

/// The memory of the looks.
#[derive(Debug, Default)]
pub(super) struct DelayTracker {
    candidate: usize,
    /// The looks that showed it, and all of them.
    looks: u32,
    all: u32,
    last: usize,
    in_a_row: u32,
}

impl DelayTracker {
    /// The caller's audio does not continue what it was.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Takes the look at a frame; `is_sound` if the frame is more than the noise of the line.
    pub(super) fn look(&mut self, look: &Look, is_sound: bool) {
        self.all = self.all.saturating_add(1);
        let is_near = look.fast.delay.abs_diff(self.last) <= NEAR && look.fast.likeness > AT_ONCE;
        self.in_a_row = if is_near { self.in_a_row.saturating_add(1) } else { 0 };
        self.last = look.fast.delay;
        if look.slow.delay.abs_diff(self.candidate) > SAME || look.slow.likeness < ALIKE {
            self.candidate = look.slow.delay;
            self.looks = 0;
        } else if is_sound {
            self.looks = self.looks.saturating_add(1);
        }
    }

    /// The delay that was seen often enough to be believed.
    #[must_use]
    pub(super) fn found(&self) -> Option<usize> {
        (self.looks >= LOOKS && self.all >= REMEMBERED).then_some(self.candidate)
    }

    /// The agent's voice in the audio at hand, at whatever delay.
    #[must_use]
    pub(super) fn suspected(&self, look: &Look) -> Option<Match> {
        let often = self.in_a_row >= IN_A_ROW && look.fast.likeness > AT_ONCE;
        (often || look.fast.likeness > SURELY).then_some(look.fast)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(fast: (usize, f32), slow: (usize, f32)) -> Look {
        let seen = |(delay, likeness)| Match { delay, likeness };
        Look { now: Match::default(), fast: seen(fast), slow: seen(slow) }
    }

    #[test]
    fn a_delay_is_believed_after_two_hundred_milliseconds_of_sound_at_the_same_place() {
        let mut tracker = DelayTracker::default();
        (0..25).for_each(|_| tracker.look(&look((0, 0.0), (0, 0.0)), true));
        for n in 0..11 {
            assert_eq!(tracker.found(), None, "{n}");
            tracker.look(&look((800, 0.6), (1200 + n % 2 * 10, 0.4)), true);
        }
        assert!(tracker.found().is_some_and(|delay| delay.abs_diff(1200) <= SAME));
    }

    #[test]
    fn nothing_is_believed_in_the_first_half_second_of_the_memory() {
        let mut tracker = DelayTracker::default();
        for n in 0..25 {
            assert_eq!(tracker.found(), None, "{n}");
            tracker.look(&look((1200, 0.9), (1200, 0.9)), true);
        }
        assert_eq!(tracker.found(), Some(1200));
        tracker.restart();
        assert_eq!(tracker.found(), None);
    }

    #[test]
    fn silence_weak_matches_and_matches_that_wander_are_no_echo() {
        for (step, likeness, is_sound) in [(0, 0.4, false), (0, 0.2, true), (100, 0.9, true)] {
            let mut tracker = DelayTracker::default();
            (0..50).for_each(|n| tracker.look(&look((0, 0.0), (1200 + step * n, likeness)), is_sound));
            assert_eq!(tracker.found(), None);
        }
    }

    #[test]
    fn what_sounds_like_the_agent_three_times_in_a_row_or_very_much_is_suspected() {
        let mut tracker = DelayTracker::default();
        let suspected = |tracker: &mut DelayTracker, delay, likeness| {
            let look = look((delay, likeness), (0, 0.0));
            tracker.look(&look, true);
            tracker.suspected(&look).is_some()
        };
        let thrice = [(900, 0.55), (910, 0.55), (890, 0.55), (2000, 0.55), (2000, 0.8)];
        let told = thrice.map(|(delay, likeness)| suspected(&mut tracker, delay, likeness));
        assert_eq!(told, [false, false, true, false, true]);
    }
}
