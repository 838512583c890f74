//! The agent's audio by the time at which the gateway plays it: what the echo guard compares the caller's
//! audio with. Must not know the caller's audio.

use crate::units::{CallTime, PHONE_RATE};

/// The number of samples that are kept: 4.1 s. The oldest sample that is asked for lies the longest delay (1
/// s) and the length of a filter before the caller's audio, which itself may come late; the newest lies the
/// lead of the gateway's buffer (up to 0.4 s) ahead of the clock.
const KEPT: usize = 1 << 15;

/// Samples up to this size are silence: the smallest step of mu-law.
const SILENT: u16 = 8;

/// The position of a moment on the timeline, in samples since the call began.
#[must_use]
pub(super) fn position(at: CallTime) -> i64 {
    let samples = u128::from(at.as_micros()) * u128::from(PHONE_RATE) / 1_000_000;
    i64::try_from(samples).unwrap_or(i64::MAX)
}

/// The audio that was sent. Moments at which nothing plays are silence.
#[derive(Debug)]
pub(super) struct Reference {
    /// The sample of position p is at index p modulo [`KEPT`].
    ring: Vec<i16>,
    /// The position after the newest sample.
    end: i64,
    /// The position after the newest sample that is not silent.
    sounds_until: i64,
}

impl Default for Reference {
    fn default() -> Self {
        Self { ring: vec![0; KEPT], end: 0, sounds_until: 0 }
    }
}

impl Reference {
    /// Notes samples of which the first plays at `plays_at`.
    pub(super) fn sent(&mut self, plays_at: CallTime, samples: &[i16]) {
        let from = position(plays_at);
        self.clear(plays_at);
        let silence = usize::try_from(from - self.end).unwrap_or(0).min(KEPT);
        for at in from - silence as i64..from {
            self.put(at, 0);
        }
        for (at, sample) in (from..).zip(samples) {
            self.put(at, *sample);
        }
        self.end = from + samples.len() as i64;
        if let Some(last) = samples.iter().rposition(|sample| sample.unsigned_abs() > SILENT) {
            self.sounds_until = from + last as i64 + 1;
        }
    }

    /// Nothing plays from `at` on: the gateway's buffer was emptied.
    pub(super) fn clear(&mut self, at: CallTime) {
        let from = position(at);
        for later in from.max(self.end - KEPT as i64)..self.end {
            self.put(later, 0);
        }
        self.end = self.end.min(from);
        self.sounds_until = self.sounds_until.min(from);
    }

    /// The samples from the position `from` on; silence where nothing plays or nothing is known any more.
    pub(super) fn read(&self, from: i64, into: &mut [f32]) {
        let known = self.end - KEPT as i64..self.end;
        for (at, sample) in (from..).zip(into) {
            *sample = if known.contains(&at) {
                self.ring.get(index(at)).copied().map_or(0.0, f32::from)
            } else {
                0.0
            };
        }
    }

    /// True if nothing sounds at or after this position, as far as is known.
    #[must_use]
    pub(super) fn is_silent_from(&self, position: i64) -> bool {
        self.sounds_until <= position
    }

    fn put(&mut self, at: i64, sample: i16) {
        if let Some(place) = self.ring.get_mut(index(at)) {
            *place = sample;
        }
    }
}

fn index(position: i64) -> usize {
    usize::try_from(position.rem_euclid(KEPT as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(reference: &Reference, from: i64, length: usize) -> Vec<f32> {
        let mut samples = vec![7.0; length];
        reference.read(from, &mut samples);
        samples
    }

    #[test]
    fn what_was_sent_lies_where_it_plays_and_silence_between() {
        let mut reference = Reference::default();
        reference.sent(CallTime::from_millis(10), &[5; 80]);
        reference.sent(CallTime::from_millis(21), &[6; 80]);
        let expected = [vec![0.0; 80], vec![5.0; 80], vec![0.0; 8], vec![6.0; 80], vec![0.0; 80]].concat();
        assert_eq!(read(&reference, 0, 328), expected);
    }

    #[test]
    fn what_was_not_played_before_a_clear_never_plays() {
        let mut reference = Reference::default();
        reference.sent(CallTime::from_millis(10), &[5; 800]);
        reference.clear(CallTime::from_millis(20));
        assert_eq!(read(&reference, 80, 800), [vec![5.0; 80], vec![0.0; 720]].concat());
        reference.sent(CallTime::from_millis(30), &[6; 80]);
        assert_eq!(read(&reference, 160, 160), [vec![0.0; 80], vec![6.0; 80]].concat());
    }

    proptest! {
        /// Against a map of everything that was ever sent.
        #[test]
        fn any_order_of_sending_and_clearing_is_kept_exactly(
            steps in prop::collection::vec((0_u64..3000, 0_usize..400, any::<i16>(), any::<bool>()), 0..40),
        ) {
            let mut reference = Reference::default();
            let mut truth = std::collections::BTreeMap::new();
            let mut now = 0;
            for (later, length, sample, clear) in steps {
                now += later / 10;
                let at = CallTime::from_millis(now);
                if clear {
                    reference.clear(at);
                    truth.retain(|position, _| *position < now as i64 * 8);
                } else {
                    reference.sent(at, &vec![sample; length]);
                    truth.retain(|position, _| *position < now as i64 * 8);
                    truth.extend((0..length).map(|n| (now as i64 * 8 + n as i64, f32::from(sample))));
                }
            }
            let from = now as i64 * 8 - 20_000;
            let expected: Vec<f32> =
                (from..from + 24_000).map(|at| truth.get(&at).copied().unwrap_or(0.0)).collect();
            prop_assert_eq!(read(&reference, from, 24_000), expected);
        }
    }
}
