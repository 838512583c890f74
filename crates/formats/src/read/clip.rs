//! Audio while it is decoded: mixed to mono, within the limits. Must not know where it comes from.

use offhook_core::audio::resample::RATES;

use crate::kind::Kind;
use crate::{Audio, FormatError, Limits};

/// Audio that grows, up to the limit.
pub(super) struct Clip {
    kind: Kind,
    limits: Limits,
    rate: u32,
    samples: Vec<f32>,
}

impl Clip {
    /// No audio yet.
    ///
    /// # Errors
    /// If the rate is outside [`RATES`].
    pub(super) fn new(kind: Kind, rate: u32, limits: Limits) -> Result<Self, FormatError> {
        if !RATES.contains(&rate) {
            let problem = format!("{rate} samples a second ({} to {} are read)", RATES.start(), RATES.end());
            return Err(FormatError::Unsupported { kind, problem });
        }
        Ok(Self { kind, limits, rate, samples: Vec::new() })
    }

    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Appends samples of all channels, one after the other, as their averages.
    ///
    /// # Errors
    /// If the audio is now too long.
    pub(super) fn push(&mut self, interleaved: &[f32], channels: usize) -> Result<(), FormatError> {
        let channels = channels.max(1);
        let most = self.limits.samples_at(self.rate);
        if self.samples.len() + interleaved.len() / channels > most {
            return Err(FormatError::TooLong { kind: self.kind, most_seconds: self.limits.most_seconds });
        }
        let share = 1.0 / channels as f32;
        self.samples.extend(interleaved.chunks_exact(channels).map(|frame| {
            let sample = frame.iter().sum::<f32>() * share;
            // A decoder may overshoot, and a float may be infinite or NaN.
            if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
        }));
        Ok(())
    }

    /// Cuts samples off the end.
    pub(super) fn shorten(&mut self, by: usize) {
        self.samples.truncate(self.samples.len().saturating_sub(by));
    }

    /// The whole audio; `problem` is why there is none, if there is none.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn finish(self, problem: Option<String>) -> Result<Audio, FormatError> {
        if self.samples.is_empty() {
            let problem = problem.unwrap_or_else(|| "it has no audio in it".to_owned());
            return Err(FormatError::Damaged { kind: self.kind, problem });
        }
        Ok(Audio { samples: self.samples, rate: self.rate })
    }
}
