//! Media time on a connection that sends nothing while nobody speaks: missing audio is silence and lasts as
//! long as the clock says. Reads no clock and must not know words.

use std::time::Duration;

use crate::units::{CallTime, FRAME, FRAME_SAMPLES, PHONE_RATE, duration_of, samples_in};

/// Audio that is overdue by this much counts as silence.
pub const LATE: Duration = Duration::from_millis(60);

/// Media time that ran further ahead of the clock than this is brought back, even during an utterance.
const FURTHEST_AHEAD: Duration = Duration::from_secs(2);

/// When the samples of such a connection were spoken.
///
/// After silence, audio ends when it arrives, because there is no better reference. Audio that comes late,
/// after silence was inserted in its place, is heard behind that silence, whole and once. Media time is then
/// ahead of the clock, at most until the utterance closes, because the times of an open utterance count from
/// its own audio.
#[derive(Debug, Clone)]
pub struct GapClock {
    /// When the newest sample was spoken.
    until: CallTime,
    /// The newest sample is inserted silence.
    silent: bool,
    /// The total of the corrections since the last silence, for messages that came faster than the first one
    /// after it.
    corrected: Duration,
    samples: usize,
}

impl GapClock {
    /// The clock of a connection that is open since `now` and has sent nothing yet.
    #[must_use]
    pub const fn new(now: CallTime) -> Self {
        Self { until: now, silent: true, corrected: Duration::ZERO, samples: 0 }
    }

    /// Takes `samples` of audio. Returns the number of samples of silence that belong before them, and when
    /// the last of them was spoken. While an utterance is `open`, its audio is not moved.
    pub fn arrived(&mut self, samples: usize, arrival: CallTime, open: bool) -> (usize, CallTime) {
        let due = self.until + duration_of(samples, PHONE_RATE);
        let missing = if self.silent { samples_in(arrival.since(due), PHONE_RATE) } else { 0 };
        let ahead = due.since(arrival);
        if std::mem::replace(&mut self.silent, false) {
            self.corrected = Duration::ZERO;
        }
        // A message that was faster than the one that ended the silence corrects the clock, as on any
        // connection.
        let faster = self.corrected + ahead <= LATE;
        self.until = if missing > 0 {
            arrival
        } else if !ahead.is_zero() && (faster || !open || ahead > FURTHEST_AHEAD) {
            self.corrected += ahead;
            arrival
        } else {
            due
        };
        self.samples += missing + samples;
        (missing, self.until)
    }

    /// Appends a frame of silence to the newest sample. Returns when the silence ends.
    pub fn silence(&mut self) -> CallTime {
        self.silent = true;
        self.samples += FRAME_SAMPLES;
        self.until += FRAME;
        self.until
    }

    /// True if the newest sample is inserted silence.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.silent
    }

    /// The position in the stream, silence included, of the sample that was spoken at `at`.
    #[must_use]
    pub fn position_of(&self, at: CallTime) -> Duration {
        duration_of(self.samples, PHONE_RATE).saturating_sub(self.until.since(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> CallTime = CallTime::from_millis;

    /// Sends a frame at `arrival`, in milliseconds. Returns the silence before the frame and when the frame
    /// ends.
    fn frame(clock: &mut GapClock, arrival: u64, open: bool) -> (u64, u64) {
        let (missing, until) = clock.arrived(160, AT(arrival), open);
        (missing as u64 / 8, until.as_millis())
    }

    #[test]
    fn audio_that_begins_after_silence_ends_when_it_arrives() {
        let mut clock = GapClock::new(AT(100));
        for end in [120, 140, 160] {
            assert_eq!(clock.silence(), AT(end));
        }
        assert_eq!(frame(&mut clock, 233, true), (53, 233));
        assert_eq!(frame(&mut clock, 253, true), (0, 253));
        assert_eq!(clock.position_of(AT(233)), Duration::from_millis(133));
    }

    #[test]
    fn messages_that_come_a_little_late_were_spoken_one_after_the_other() {
        let mut clock = GapClock::new(AT(0));
        frame(&mut clock, 120, true);
        assert_eq!(frame(&mut clock, 175, true), (0, 140));
        assert_eq!(frame(&mut clock, 176, true), (0, 160));
        assert_eq!(frame(&mut clock, 181, true), (0, 180));
    }

    #[test]
    fn a_burst_after_a_stall_is_heard_once_behind_the_silence_and_the_clock_comes_back() {
        let mut clock = GapClock::new(AT(0));
        frame(&mut clock, 120, true);
        for _ in 0..20 {
            clock.silence();
        }
        // 400 ms of silence were inserted; at 600, all audio spoken meanwhile comes at once.
        assert_eq!(frame(&mut clock, 600, true), (60, 600));
        for n in 1..=24 {
            let (missing, until) = frame(&mut clock, 600, true);
            assert_eq!(missing, 0);
            assert!(n < 4 || until > 600, "{n}: {until}");
        }
        let ahead = frame(&mut clock, 620, true).1 - 620;
        assert!((300..=500).contains(&ahead), "{ahead}");
        // The utterance is over, so its times do not matter any more.
        assert_eq!(frame(&mut clock, 640, false), (0, 640));
    }

    #[test]
    fn however_it_stalls_media_time_is_never_far_ahead() {
        let mut clock = GapClock::new(AT(0));
        let mut now = 0;
        for _ in 0..200 {
            for _ in 0..25 {
                clock.silence();
            }
            now += 580;
            for _ in 0..29 {
                let (_, until) = clock.arrived(160, AT(now), true);
                assert!(until <= AT(now + 2000), "{until} at {now}");
            }
        }
    }
}
