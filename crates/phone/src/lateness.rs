//! By how much the caller's own frames were late, where it matters: while the stopwatch runs. PURE. Must not know
//! clocks.

use super::scripted_caller::Turn;
use offhook_core::units::{FRAME_SAMPLES, PHONE_RATE};

/// Frames that are late by less are not remembered: the stopwatch is told in milliseconds.
const WORTH: usize = PHONE_RATE as usize / 1000;

/// Late frames that are remembered: hours of a machine that is always late.
const MOST: usize = 100_000;

/// The late frames of a call.
#[derive(Debug, Default)]
pub(crate) struct Lateness {
    /// Where a frame lies on the timeline, and by how many samples it was late.
    frames: Vec<(usize, usize)>,
}

impl Lateness {
    /// The frame at `position` was late by so many samples.
    pub(crate) fn add(&mut self, position: usize, late: usize) {
        if late >= WORTH && self.frames.len() < MOST {
            self.frames.push((position, late));
        }
    }

    /// The most, in milliseconds, by which a frame was late between the end of what the caller said and the answer.
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
        late.max().unwrap_or(0) as f64 * 1000.0 / f64::from(PHONE_RATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fault: "one of the caller's own frames was late" was told of every call, though no figure was the worse for it.
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
    }
}
