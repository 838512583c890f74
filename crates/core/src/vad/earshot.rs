//! The earshot detector: a small neural network on mel features, in pure Rust, from the `earshot` crate. The
//! network takes 16 kHz in frames of 16 ms; the phone brings 8 kHz in frames of 20 ms. Must not know anything
//! but frames.

use std::time::Duration;

use super::Detector;
use super::upsample_2x::Upsampler2x;
use crate::units::{WHISPER_RATE, duration_of};

/// The number of samples for one decision of the network.
const STEP: usize = 256;

/// The score at which voice is as likely as not.
const EVEN: f32 = 0.5;

/// A detector at 8 kHz.
pub struct Earshot {
    network: Box<earshot::Detector>,
    threshold: f32,
    upsampler: Upsampler2x,
    /// Samples at 16 kHz that do not fill a step yet.
    pending: Vec<f32>,
    /// The score of the last step.
    score: f32,
}

impl Earshot {
    /// A detector that takes a score of at least `threshold` (0 to 1) for speech. A lower threshold within
    /// speech was tried: it made fewer false starts but saw pauses 50 ms later, and was no better overall.
    #[must_use]
    pub fn new(threshold: f32) -> Self {
        Self {
            network: earshot::Detector::default_boxed(),
            threshold,
            upsampler: Upsampler2x::default(),
            pending: Vec::with_capacity(2 * STEP),
            score: 0.0,
        }
    }
}

impl Detector for Earshot {
    /// A frame of 20 ms completes one or two steps; the last one counts.
    fn is_speech(&mut self, frame: &[i16]) -> bool {
        self.upsampler.push(frame, &mut self.pending);
        let whole = self.pending.len() / STEP * STEP;
        for step in self.pending[..whole].chunks_exact(STEP) {
            self.score = self.network.predict_f32(step);
        }
        self.pending.drain(..whole);
        self.score >= self.threshold
    }
}

/// The length of voice in this audio (16 kHz, in -1 to 1), with each step of 16 ms judged alone.
#[must_use]
pub fn voiced_in(audio: &[f32]) -> Duration {
    let mut network = earshot::Detector::default_boxed();
    let is_voice = |step: &&[f32]| network.predict_f32(step) >= EVEN;
    let steps = audio.chunks_exact(STEP).filter(is_voice).count();
    duration_of(steps * STEP, WHISPER_RATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FRAME_SAMPLES;

    #[test]
    fn silence_and_full_scale_clipping_and_odd_lengths_are_borne() {
        let mut vad = Earshot::new(0.5);
        assert!((0..50).all(|_| !vad.is_speech(&[0; FRAME_SAMPLES])));
        for length in [0, 1, 79, 160, 161, 4000] {
            vad.is_speech(&vec![i16::MIN; length]);
            vad.is_speech(&vec![i16::MAX; length]);
        }
    }
}
