//! Media time: when a sample was spoken, on the call's clock, regardless of how late its message came.

use std::time::Duration;

use crate::units::{CallTime, duration_of};

/// Maps sample positions to moments, with the fastest messages so far as the reference.
///
/// A message arrives when its last sample has been spoken, plus a delay that varies. The smallest offset
/// (arrival minus position) belongs to the message with the least delay; all others are late. If audio comes
/// at the pace of speech for a second and all of it seems late, it is not late: the sender left something
/// out, or its clock is slower than ours. A stall and the burst after it do not come at the pace of speech.
#[derive(Debug, Clone)]
pub struct MediaClock {
    rate: u32,
    samples: usize,
    /// The smallest offset: arrival minus media position.
    offset: Option<Duration>,
    second: Second,
}

/// The audio of about one second.
#[derive(Debug, Clone, Default)]
struct Second {
    began: CallTime,
    samples: usize,
    /// The smallest offset in this second.
    offset: Option<Duration>,
}

const SECOND: Duration = Duration::from_secs(1);

/// A second of messages whose audio is longer or shorter than a second by more than this did not come at the
/// pace of speech.
const UNSTEADY: Duration = Duration::from_millis(100);

impl MediaClock {
    /// The clock of a stream of `rate` samples a second that has not begun.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        Self { rate, samples: 0, offset: None, second: Second::default() }
    }

    /// Takes `samples` more samples. Returns when the last of them was spoken.
    pub fn arrived(&mut self, samples: usize, arrival: CallTime) -> CallTime {
        self.samples += samples;
        let position = self.position();
        // The offset is zero for a stream ahead of the clock (a sender faster than real time).
        let offset = arrival.since(CallTime::ZERO + position);
        let smallest = self.offset.map_or(offset, |known| known.min(offset));
        let smallest = self.seen_in_a_second(samples, arrival, offset).unwrap_or(smallest);
        self.offset = Some(smallest);
        CallTime::ZERO + position + smallest
    }

    /// The smallest offset of a finished second, if its audio came at the pace of speech.
    fn seen_in_a_second(&mut self, samples: usize, arrival: CallTime, offset: Duration) -> Option<Duration> {
        let second = &mut self.second;
        let elapsed = arrival.since(second.began);
        if elapsed >= SECOND {
            let steady = duration_of(second.samples, self.rate).abs_diff(elapsed) <= UNSTEADY;
            let seen = second.offset.map(|seen| seen.min(offset)).filter(|_| steady);
            *second = Second { began: arrival, samples: 0, offset: None };
            return seen;
        }
        second.samples += samples;
        second.offset = Some(second.offset.map_or(offset, |seen| seen.min(offset)));
        None
    }

    fn offset(&self) -> Duration {
        self.offset.unwrap_or_default()
    }

    /// The position in the stream of the sample that was spoken at `at`.
    #[must_use]
    pub fn position_of(&self, at: CallTime) -> Duration {
        at.back(self.offset()).since(CallTime::ZERO)
    }

    /// The length of the audio that has arrived.
    #[must_use]
    pub fn position(&self) -> Duration {
        duration_of(self.samples, self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_message_does_not_move_what_was_said() {
        let mut clock = MediaClock::new(8000);
        let at = CallTime::from_millis;
        assert_eq!(clock.arrived(160, at(120)), at(120));
        assert_eq!(clock.arrived(160, at(170)), at(140));
        assert_eq!(clock.arrived(160, at(170)), at(160));
    }

    #[test]
    fn a_faster_message_corrects_the_clock() {
        let mut clock = MediaClock::new(8000);
        let at = CallTime::from_millis;
        assert_eq!(clock.arrived(160, at(150)), at(150));
        assert_eq!(clock.arrived(160, at(145)), at(145));
        assert_eq!(clock.arrived(160, at(200)), at(165));
    }

    /// Sends frames of 20 ms with these delays. Returns how long before its arrival each frame was spoken.
    fn lags(delays: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut clock = MediaClock::new(8000);
        let at = CallTime::from_millis;
        (1..)
            .zip(delays)
            .map(|(n, delay)| {
                let arrival = at(n * 20 + delay);
                (arrival - clock.arrived(160, arrival)).as_millis() as u64
            })
            .collect()
    }

    #[test]
    fn a_burst_after_a_stall_was_spoken_when_it_would_have_come() {
        // 2 s on time, then 3 s of audio all at once, then on time again.
        let on_time = || std::iter::repeat_n(30, 100);
        let burst = (0..150).map(|n| 30 + (150 - n) * 20);
        let lags = lags(on_time().chain(burst).chain(on_time()));
        assert_eq!((lags[100], lags[200], lags[249], lags[300]), (3000, 1000, 20, 0));
    }

    #[test]
    fn a_sender_who_left_something_out_is_followed_after_two_seconds() {
        let lags = lags(std::iter::repeat_n(30, 200).chain(std::iter::repeat_n(230, 200)));
        assert_eq!((lags[200], lags[210], lags[320]), (200, 200, 0));
    }

    #[test]
    fn a_slow_clock_of_the_sender_does_not_add_up() {
        // A clock that is slow by one per mille, for ten minutes.
        let lags = lags((0..30_000).map(|n| 30 + n * 20 / 1000));
        assert!(lags.iter().all(|&lag| lag <= 2), "{:?}", lags.iter().max());
    }
}
