//! Turns frame-by-frame decisions into edges: a start needs some speech and a pause some silence, so that a
//! click is no speech and a stop consonant no pause. Must not know audio.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::{CallTime, as_micros};

/// Where speech begins and pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Speech has been going on since this moment.
    Started(CallTime),
    /// Speech has lasted as long as a barge-in requires.
    Sustained,
    /// There has been no speech since this moment.
    Paused(CallTime),
}

/// How long speech and silence must last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HysteresisSettings {
    /// Unbroken speech that makes a start.
    #[serde(with = "as_micros")]
    pub start: Duration,
    /// From the start of speech to the last voiced frame, when it counts as sustained.
    #[serde(with = "as_micros")]
    pub sustained: Duration,
    /// Unbroken silence that makes a pause.
    #[serde(with = "as_micros")]
    pub stop: Duration,
}

/// The memory between frames.
#[derive(Debug, Clone)]
pub struct Hysteresis {
    settings: HysteresisSettings,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// No speech; the current run of voiced frames began at `since`.
    Quiet { since: Option<CallTime> },
    /// Speech since `since`; the last voiced frame ended at `voiced_until`.
    Speaking { since: CallTime, voiced_until: CallTime, sustained: bool },
}

impl Hysteresis {
    /// Unbroken speech of length `start` makes a start, and unbroken silence of length `stop` a pause. Speech
    /// is sustained once it spans `sustained` from its start to its last voiced frame.
    #[must_use]
    pub fn new(start: Duration, sustained: Duration, stop: Duration) -> Self {
        Self::of(HysteresisSettings { start, sustained, stop })
    }

    /// As [`Self::new`].
    #[must_use]
    pub const fn of(settings: HysteresisSettings) -> Self {
        Self { settings, state: State::Quiet { since: None } }
    }

    /// Goes on with other lengths.
    pub const fn retune(&mut self, settings: HysteresisSettings) {
        self.settings = settings;
    }

    /// Takes the decision about the frame from `begin` to `end`.
    pub fn push(&mut self, voiced: bool, begin: CallTime, end: CallTime) -> Option<Edge> {
        match (self.state, voiced) {
            (State::Quiet { .. }, false) => {
                self.state = State::Quiet { since: None };
                None
            }
            (State::Quiet { since }, true) => {
                let since = since.unwrap_or(begin);
                if end - since >= self.settings.start {
                    self.state = State::Speaking { since, voiced_until: end, sustained: false };
                    return Some(Edge::Started(since));
                }
                self.state = State::Quiet { since: Some(since) };
                None
            }
            (State::Speaking { since, sustained, .. }, true) => {
                let now_sustained = end - since >= self.settings.sustained;
                self.state = State::Speaking { since, voiced_until: end, sustained: now_sustained };
                (now_sustained && !sustained).then_some(Edge::Sustained)
            }
            (State::Speaking { voiced_until, .. }, false) => {
                (end - voiced_until >= self.settings.stop).then(|| {
                    self.state = State::Quiet { since: None };
                    Edge::Paused(voiced_until)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The edges of a picture of frames: `#` is voiced, anything else is not.
    fn edges(frames: &str) -> Vec<Edge> {
        let mut hysteresis = Hysteresis::new(
            Duration::from_millis(60),
            Duration::from_millis(160),
            Duration::from_millis(100),
        );
        let at = |frame: usize| CallTime::from_millis(frame as u64 * 20);
        frames
            .chars()
            .enumerate()
            .filter_map(|(i, frame)| hysteresis.push(frame == '#', at(i), at(i + 1)))
            .collect()
    }

    #[test]
    fn a_click_is_no_speech() {
        assert_eq!(edges("..##...#.#...."), []);
    }

    #[test]
    fn speech_starts_where_its_first_frame_did_and_pauses_where_its_last_one_ended() {
        let started = Edge::Started(CallTime::from_millis(40));
        assert_eq!(
            edges("..###....##......"),
            [started, Edge::Sustained, Edge::Paused(CallTime::from_millis(220))]
        );
    }

    #[test]
    fn speech_is_sustained_once_by_what_is_voiced_and_not_by_the_silence_after_it() {
        let started = Edge::Started(CallTime::ZERO);
        assert_eq!(edges("#######......"), [started, Edge::Paused(CallTime::from_millis(140))]);
        assert_eq!(edges("####..##..##"), [started, Edge::Sustained]);
    }

    #[test]
    fn a_stop_consonant_is_no_pause() {
        assert_eq!(edges("####....####"), [Edge::Started(CallTime::ZERO), Edge::Sustained]);
    }
}
