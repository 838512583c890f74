//! Samples at the rate of a format: the core's live resampler without its delay, so that nothing is lost at
//! the end. Must not know formats.

use std::borrow::Cow;

use offhook_core::audio::live::LiveResampler;
use offhook_core::audio::resample::RateError;

/// Converts one stream.
pub(super) struct AtRate {
    /// `None` if the rates are equal.
    resampler: Option<LiveResampler>,
    /// Samples of the resampler's delay, still to be dropped.
    skip: usize,
    /// Samples that fill the delay at the end.
    tail: usize,
}

impl AtRate {
    pub(super) fn new(from: u32, to: u32) -> Result<Self, RateError> {
        let resampler = LiveResampler::new(from, to)?;
        if from == to {
            return Ok(Self { resampler: None, skip: 0, tail: 0 });
        }
        let delay = |rate: u32| (LiveResampler::DELAY.as_secs_f64() * f64::from(rate)).round() as usize;
        Ok(Self { resampler: Some(resampler), skip: delay(to), tail: delay(from) })
    }

    /// Takes the next samples; returns those that are ready.
    pub(super) fn push<'a>(&mut self, samples: &'a [i16]) -> Cow<'a, [i16]> {
        let Some(resampler) = &mut self.resampler else { return Cow::Borrowed(samples) };
        let mut converted = resampler.push(samples);
        let skip = self.skip.min(converted.len());
        self.skip -= skip;
        converted.drain(..skip);
        Cow::Owned(converted)
    }

    /// The last samples.
    pub(super) fn finish(&mut self) -> Vec<i16> {
        self.push(&vec![0; self.tail]).into_owned()
    }
}
