//! How late the caller's own frames were while it matters: while the stopwatch runs. PURE. Must not know
//! clocks.

use super::scripted_caller::Turn;
use offhook_core::units::{FRAME_SAMPLES, PHONE_RATE};

/// The least lateness that is remembered: the stopwatch counts milliseconds.
const WORTH: usize = PHONE_RATE as usize / 1000;

/// The most late frames that are remembered: hours on a machine that is always late.
const MOST: usize = 100_000;

/// The late frames of a call.
#[derive(Debug, Default)]
pub(crate) struct Lateness {
    /// The position of each frame on the timeline, and its lateness in samples.
    frames: Vec<(usize, usize)>,
    /// The greatest lateness of frames that were forgotten, in milliseconds.
    before: f64,
}

impl Lateness {
    /// The frame at `position` was late by `late` samples.
    pub(crate) fn add(&mut self, position: usize, late: usize) {
        if late >= WORTH && self.frames.len() < MOST {
            self.frames.push((position, late));
        }
    }

    /// Forgets the frames before this position, and remembers the greatest lateness among those that mattered
    /// to `turns`.
    pub(crate) fn forget(&mut self, before: usize, turns: &[Turn]) {
        self.before = self.over(turns);
        self.frames.retain(|(position, _)| *position >= before);
    }

    /// The greatest lateness of a frame, in milliseconds, between the end of a line of the caller and its
    /// answer.
    pub(crate) fn over(&self, turns: &[Turn]) -> f64 {
        let samples = |ms: f64| (ms.max(0.0) * f64::from(PHONE_RATE) / 1000.0) as usize;
        let watched = |position: usize| {
            turns.iter().any(|turn| {
                let from = turn.speech_end.saturating_sub(FRAME_SAMPLES);
                let answer = turn.v2v_ms.map(|ms| turn.speech_end.saturating_add(samples(ms)));
                answer.is_some_and(|to| (from..=to).contains(&position))
            })
        };
        let late = self.frames.iter().filter(|(position, _)| watched(*position)).map(|(_, late)| *late);
        (late.max().unwrap_or(0) as f64 * 1000.0 / f64::from(PHONE_RATE)).max(self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fault: every call reported "one of the caller's own frames was late", even if no figure suffered from
    /// it.
    #[test]
    fn a_late_frame_matters_while_the_stopwatch_runs() {
        let turn = |v2v_ms| Turn {
            start: 8000,
            speech_start: 8000,
            speech_end: 16_000,
            v2v_ms,
            silent_after_ms: None,
        };
        let mut late = Lateness::default();
        late.add(9000, 800);
        late.add(40_000, 800);
        assert_eq!(late.over(&[turn(Some(500.0))]), 0.0);
        late.add(16_160, 240);
        assert_eq!(late.over(&[turn(Some(500.0))]), 30.0);
        assert_eq!(late.over(&[turn(None)]), 0.0, "nothing was measured");
        late.forget(80_000, &[turn(Some(500.0))]);
        assert_eq!((late.over(&[]), late.frames.len()), (30.0, 0), "it is remembered");
    }
}
