//! The quality of the caller's audio: the jitter of its messages, and its holes, which are concealed if the
//! provider sends positions. Reads no clock and must not know words.

use std::time::Duration;

use crate::audio::conceal::Concealer;
use crate::report::InboundQuality;
use crate::units::{CallTime, duration_of, samples_in, tenths};

/// Positions may be off by less than this, because they are rounded and senders count in their own way.
const TOLERANCE_US: i64 = 20_000;
/// A hole of this length or more is a jump: a second of audio cannot be concealed.
const JUMP: Duration = Duration::from_secs(1);
/// The number of messages in a row that must be at their expected positions before a hole is believed. It
/// doubles each time the positions go back.
const TRUST: u32 = 25;
const MOST_TRUST: u32 = 100_000;
/// A hole may exceed the time since the previous message by this much.
const SLACK: Duration = Duration::from_millis(200);
/// On a connection that sends nothing in silence, a pause is silence if it exceeds the length of the message
/// after it by this much.
const GAP: Duration = Duration::from_millis(80);

/// The measurements of one call's incoming audio.
#[derive(Debug)]
pub struct InboundMeter {
    rate: u32,
    /// The connection sends nothing in silence.
    gaps: bool,
    concealer: Concealer,
    last_arrival: Option<CallTime>,
    /// The expected position of the next message, in microseconds.
    expected: Option<i64>,
    /// The number of messages in a row at their expected positions.
    in_place: u32,
    /// The number of them that is needed to believe a hole.
    trust: u32,
    /// RFC 3550, section 6.4.1, in microseconds.
    jitter: f64,
    concealed: usize,
    jumps: u64,
}

impl InboundMeter {
    /// A meter for a connection with `rate` samples a second; `gaps` if it sends nothing in silence.
    #[must_use]
    pub const fn new(rate: u32, gaps: bool) -> Self {
        Self {
            rate,
            gaps,
            concealer: Concealer::new(rate),
            last_arrival: None,
            expected: None,
            in_place: 0,
            trust: TRUST,
            jitter: 0.0,
            concealed: 0,
            jumps: 0,
        }
    }

    /// Takes a message that came at `now`. Returns its audio, preceded by concealment of the audio missing
    /// before it.
    #[must_use]
    pub fn arrived(&mut self, mut samples: Vec<i16>, position_ms: Option<u64>, now: CallTime) -> Vec<i16> {
        let passed = self.last_arrival.map(|last| now - last);
        let length = duration_of(samples.len(), self.rate);
        let missing = self.missing(position_ms, length, passed.unwrap_or_default());
        if let Some(passed) = passed.filter(|passed| !self.gaps || *passed <= length + GAP) {
            let spoken = duration_of(missing, self.rate) + length;
            // (R_j - R_i) - (S_j - S_i), and a sixteenth of the difference (RFC 3550, appendix A.8).
            let transit = (passed.as_secs_f64() - spoken.as_secs_f64()).abs() * 1e6;
            self.jitter += (transit - self.jitter) / 16.0;
        }
        self.last_arrival = Some(now);
        if missing > 0 {
            let made_up = self.concealer.conceal(missing, &mut samples);
            self.concealed += missing;
            self.concealer.heard(&made_up);
            self.concealer.heard(&samples);
            return [made_up, samples].concat();
        }
        self.concealer.heard(&samples);
        samples
    }

    /// The number of samples missing before a message of this length and position that came `passed` after
    /// the previous message.
    fn missing(&mut self, position_ms: Option<u64>, length: Duration, passed: Duration) -> usize {
        let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
        let position = position_ms.and_then(|ms| i64::try_from(ms).ok()?.checked_mul(1000));
        let Some(position) = position else {
            self.expected = self.expected.and_then(|expected| expected.checked_add(length));
            return 0;
        };
        let expected = self.expected.replace(position.saturating_add(length)).unwrap_or(position);
        let ahead = position.saturating_sub(expected);
        let trusted = self.in_place >= self.trust;
        if ahead.abs() < TOLERANCE_US {
            self.in_place = self.in_place.saturating_add(1);
            return 0;
        }
        self.in_place = 0;
        let Ok(ahead) = u64::try_from(ahead) else {
            // Positions that go back are no loss, and cannot be trusted much.
            self.trust = (self.trust * 2).min(MOST_TRUST);
            return 0;
        };
        let hole = Duration::from_micros(ahead);
        if hole >= JUMP {
            self.jumps += 1;
        } else if trusted && hole <= passed + SLACK {
            // A second hole is believed like the first: networks lose several messages.
            self.in_place = self.trust;
            return samples_in(hole, self.rate);
        }
        0
    }

    /// The figures so far. `disordered` is counted by the codec.
    #[must_use]
    pub fn figures(&self, disordered: u64) -> InboundQuality {
        InboundQuality {
            jitter_ms: tenths(self.jitter / 1000.0),
            concealed_ms: tenths(duration_of(self.concealed, self.rate).as_secs_f64() * 1000.0),
            jumps: self.jumps,
            disordered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AT: fn(u64) -> CallTime = CallTime::from_millis;

    /// Sends frames of 20 ms with these positions and arrivals. Returns the lengths of the resulting audio,
    /// in milliseconds, and the figures.
    fn given(frames: impl IntoIterator<Item = (u64, u64)>) -> (Vec<usize>, InboundQuality) {
        let mut inbound_meter = InboundMeter::new(8000, false);
        let lengths = frames
            .into_iter()
            .map(|(position, arrival)| {
                inbound_meter.arrived(vec![1000; 160], Some(position), AT(arrival)).len() / 8
            })
            .collect();
        (lengths, inbound_meter.figures(0))
    }

    /// Sends `frames` steady frames, then the frames in `then`, and returns the lengths for `then`.
    fn steady_then(frames: u64, then: &[(u64, u64)]) -> (Vec<usize>, InboundQuality) {
        let steady = (0..frames).map(|n| (n * 20, 1000 + n * 20));
        let (lengths, figures) = given(steady.chain(then.iter().copied()));
        (lengths[frames as usize..].to_vec(), figures)
    }

    #[test]
    fn a_hole_in_a_steady_line_is_filled_and_counted() {
        let (lengths, figures) = steady_then(50, &[(1060, 2060), (1080, 2080), (1200, 2200)]);
        assert_eq!(lengths, [80, 20, 120]);
        assert_eq!((figures.concealed_ms, figures.jumps), (160.0, 0));
    }

    #[test]
    fn the_positions_of_a_line_are_believed_once_they_were_right_for_a_while() {
        assert_eq!(steady_then(10, &[(260, 1260), (280, 1280)]).0, [20, 20]);
    }

    #[test]
    fn a_jump_of_a_second_is_a_jump() {
        let (lengths, figures) = steady_then(50, &[(2000, 3000), (2020, 3020)]);
        assert_eq!(lengths, [20, 20]);
        assert_eq!((figures.concealed_ms, figures.jumps), (0.0, 1));
    }

    #[test]
    fn what_comes_twice_or_overlaps_is_no_hole() {
        let twice = [(980, 2000), (1000, 2020), (1015, 2040), (1035, 2060)];
        let (lengths, figures) = steady_then(50, &twice);
        assert_eq!((lengths, figures.concealed_ms), (vec![20; 4], 0.0));
    }

    #[test]
    fn more_than_the_time_that_passed_was_not_lost() {
        assert_eq!(steady_then(50, &[(1500, 2000)]).0, [20]);
    }

    #[test]
    fn a_line_that_stamps_its_messages_when_it_sends_them_is_soon_not_believed() {
        // Every hundredth message is sent 40 ms late and carries that stamp; the next are on time.
        let frames = (0..10_000).map(|n| {
            let late = if n % 100 == 99 { 40 } else { 0 };
            (1_764_000_000_000 + n * 20 + late, 1000 + n * 20 + late)
        });
        let (_, figures) = given(frames);
        assert!(figures.concealed_ms <= 120.0, "{figures:?}");
    }

    #[test]
    fn jitter_is_that_of_rfc_3550() {
        let (_, even) = given((0..100).map(|n| (n * 20, 1000 + n * 20)));
        assert_eq!(even.jitter_ms, 0.0);
        // Every second message is 10 ms late: each difference is 10 ms.
        let (_, uneven) = given((0..200).map(|n| (n * 20, 1000 + n * 20 + n % 2 * 10)));
        assert!((uneven.jitter_ms - 10.0).abs() < 0.1, "{uneven:?}");
        // One message that is 160 ms late counts for a sixteenth of that; so does the next one, on time.
        let (_, once) = steady_then(50, &[(1000, 2160)]);
        assert!((once.jitter_ms - 10.0).abs() < 0.1, "{once:?}");
    }

    #[test]
    fn silence_is_no_jitter_on_a_line_that_sends_none() {
        let mut inbound_meter = InboundMeter::new(8000, true);
        for n in 0..100 {
            let audio = inbound_meter.arrived(vec![0; 160], None, AT(n * 20 + n / 10 * 5000));
            assert_eq!(audio.len(), 160);
        }
        assert_eq!(inbound_meter.figures(0).jitter_ms, 0.0);
    }

    proptest! {
        #[test]
        fn whatever_a_line_says_of_positions_its_audio_comes_and_little_is_made_up(
            positions in prop::collection::vec(prop_oneof![any::<u64>(), 0_u64..3000], 0..200),
        ) {
            let mut inbound_meter = InboundMeter::new(8000, false);
            for (n, position) in positions.into_iter().enumerate() {
                let audio = inbound_meter.arrived(vec![1; 160], Some(position), AT(n as u64 * 20));
                prop_assert!(audio.len() >= 160 && audio.len() <= 160 + 8000);
            }
        }
    }
}
