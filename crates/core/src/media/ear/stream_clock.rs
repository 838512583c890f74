//! The place of the caller's samples on the timeline of the agent's audio. Unlike `media_clock`, it moves
//! rarely, because every move costs the echo guard its alignment. Must not know samples.

use std::time::Duration;

use super::reference::position;
use crate::units::{CallTime, PHONE_RATE, samples_in};

/// Messages that are all later than this for [`WINDOW`] are not late: audio before them is missing. Less than
/// one lost message (20 ms), more than the jitter that remains in the fastest message of a second.
const LATE: Duration = Duration::from_millis(15);

/// On a connection that sends nothing in silence, a message later than this ends a silence.
const SILENCE: Duration = Duration::from_millis(60);

/// Audio this far ahead of the clock shows that the first messages came late. Less is jitter.
const AHEAD: Duration = Duration::from_millis(30);

/// The time after which the fastest message shows how late the stream is.
const WINDOW: Duration = Duration::from_secs(1);

/// The place of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// The position of its first sample.
    pub(super) from: i64,
    /// All positions were wrong by this many samples until now, so that delays measured with them are longer
    /// by it (shorter if it is negative).
    pub(super) corrected: i64,
    /// The message does not continue the one before it.
    pub(super) jumped: bool,
    /// The samples before it in which the connection sent nothing, because it was silent.
    pub(super) silence: i64,
}

/// The clock of a stream of samples.
#[derive(Debug)]
pub(super) struct StreamClock {
    gaps: bool,
    /// The position of the next sample.
    next: Option<i64>,
    window_began: CallTime,
    /// The lateness of the fastest message in the window.
    fastest: i64,
    /// How far the clock has jumped forward, in samples. A stall looks like a silence or like lost messages
    /// until its burst comes: what jumps back then takes nothing from the delays, which never changed.
    forward: i64,
}

impl StreamClock {
    /// The clock of a stream that has not begun; `gaps` if it sends nothing in silence.
    #[must_use]
    pub(super) const fn new(gaps: bool) -> Self {
        Self { gaps, next: None, window_began: CallTime::ZERO, fastest: i64::MAX, forward: 0 }
    }

    /// Places a message of this many samples that came at `arrival`.
    pub(super) fn arrived(&mut self, samples: usize, arrival: CallTime) -> Placed {
        let on_time = position(arrival) - samples as i64;
        let Some(due) = self.next else {
            self.begin_window(arrival);
            let placed = Placed { from: on_time, corrected: 0, jumped: true, silence: 0 };
            return self.place(samples, placed);
        };
        let late = on_time - due;
        if late < -samples_of(AHEAD) {
            self.begin_window(arrival);
            let back = late.saturating_neg().min(self.forward);
            self.forward -= back;
            let placed = Placed { from: on_time, corrected: late + back, jumped: true, silence: 0 };
            return self.place(samples, placed);
        }
        if self.gaps && late > samples_of(SILENCE) {
            self.begin_window(arrival);
            self.forward = self.forward.saturating_add(late);
            let placed = Placed { from: on_time, corrected: 0, jumped: true, silence: late };
            return self.place(samples, placed);
        }
        self.fastest = self.fastest.min(late);
        let mut placed = Placed { from: due, corrected: 0, jumped: false, silence: 0 };
        if arrival.since(self.window_began) >= WINDOW {
            if self.fastest > samples_of(LATE) {
                self.forward = self.forward.saturating_add(self.fastest);
                placed = Placed { from: due + self.fastest, jumped: true, ..placed };
            }
            self.begin_window(arrival);
        }
        self.place(samples, placed)
    }

    fn begin_window(&mut self, now: CallTime) {
        self.window_began = now;
        self.fastest = i64::MAX;
    }

    fn place(&mut self, samples: usize, placed: Placed) -> Placed {
        self.next = Some(placed.from + samples as i64);
        placed
    }
}

fn samples_of(duration: Duration) -> i64 {
    i64::try_from(samples_in(duration, PHONE_RATE)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AT: fn(u64) -> CallTime = CallTime::from_millis;

    /// Sends frames of 20 ms that arrive at these times, in milliseconds. Returns where each was placed.
    fn placed(gaps: bool, arrivals: impl IntoIterator<Item = u64>) -> Vec<Placed> {
        let mut clock = StreamClock::new(gaps);
        arrivals.into_iter().map(|at| clock.arrived(160, AT(at))).collect()
    }

    fn jumps(placed: &[Placed]) -> usize {
        placed.iter().skip(1).filter(|placed| placed.jumped).count()
    }

    #[test]
    fn jitter_and_a_burst_after_a_stall_move_nothing() {
        let jitter = (0..500).map(|n| 100 + n * 20 + n * 7 % 13);
        assert_eq!(jumps(&placed(false, jitter)), 0);
        let burst = (0..500).map(|n| 100 + if (100..150).contains(&n) { 150 * 20 } else { n * 20 });
        let placed = placed(false, burst);
        assert_eq!(jumps(&placed), 0);
        assert_eq!(placed[499].from - placed[0].from, 499 * 160);
    }

    #[test]
    fn after_a_lost_message_the_stream_is_where_it_belongs_within_two_seconds() {
        let placed = placed(false, (0..300).filter(|n| *n != 100).map(|n| 100 + n * 20));
        assert_eq!(jumps(&placed), 1);
        assert_eq!(placed[298].from - placed[0].from, 299 * 160);
        assert_eq!(placed[298].corrected, 0);
        let settled = placed.iter().position(|placed| placed.from % 160 == 0 && placed.jumped);
        assert!(settled.is_some_and(|n| n <= 200), "{settled:?}");
    }

    #[test]
    fn a_first_message_that_was_late_is_found_out_and_delays_are_corrected() {
        let placed = placed(false, [400].into_iter().chain((1..20).map(|n| 100 + n * 20)));
        assert!(placed[1].jumped);
        assert_eq!(placed[1].corrected, -300 * 8);
        assert_eq!(jumps(&placed), 1);
    }

    #[test]
    fn a_stall_and_its_burst_change_no_delay_also_on_a_line_with_gaps() {
        for gaps in [true, false] {
            let stall = (0..100).map(|n| 100 + if (20..35).contains(&n) { 35 * 20 } else { n * 20 });
            // Messages 50 ms late for two seconds count as lost ones, until the line catches up.
            let crawl = (0..200).map(|n| 100 + n * 20 + if (20..120).contains(&n) { 50 } else { 0 });
            for placed in [placed(gaps, stall), placed(gaps, crawl)] {
                assert_eq!(placed.iter().map(|placed| placed.corrected).sum::<i64>(), 0);
                let moved = placed[placed.len() - 1].from - placed[0].from;
                assert!((moved - (placed.len() as i64 - 1) * 160).abs() <= samples_of(AHEAD), "{moved}");
            }
        }
    }

    #[test]
    fn on_a_line_with_gaps_a_silence_ends_when_the_next_message_comes() {
        let placed = placed(true, [100, 120, 140, 900, 920]);
        assert!(placed[3].jumped && !placed[4].jumped);
        assert_eq!((placed[3].from, placed[3].corrected), ((900 - 20) * 8, 0));
        assert!(placed.iter().map(|placed| placed.silence).eq([0, 0, 0, 740 * 8, 0]));
    }

    proptest! {
        #[test]
        fn whatever_comes_whenever_it_comes_each_message_has_a_place(
            messages in prop::collection::vec((0_usize..5000, 0_u64..10_000), 0..100),
            gaps: bool,
        ) {
            let mut clock = StreamClock::new(gaps);
            let mut now = 0;
            for (samples, later) in messages {
                now += later;
                let placed = clock.arrived(samples, AT(now));
                prop_assert!(placed.from + samples as i64 <= position(AT(now)) + samples_of(AHEAD));
            }
        }
    }
}
