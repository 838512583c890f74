//! Speech at the sample rate of the phone, part by part: it sounds as if it came as a whole. Must not know
//! voices.

use super::EngineError;
use super::speech::Speech;
use crate::audio::live::LiveResampler;
use crate::units::{PHONE_RATE, samples_in};

/// Resamplers to the rate of the phone: making one takes longer than copying it.
#[derive(Default)]
pub(super) struct Resamplers(Vec<(u32, LiveResampler)>);

impl Resamplers {
    fn from(&mut self, rate: u32) -> Result<LiveResampler, EngineError> {
        if let Some((_, resampler)) = self.0.iter().find(|(from, _)| *from == rate) {
            return Ok(resampler.clone());
        }
        let resampler =
            LiveResampler::new(rate, PHONE_RATE).map_err(|e| EngineError::Failed(e.to_string()))?;
        self.0.push((rate, resampler.clone()));
        Ok(resampler)
    }
}

/// Converts the speech of one text to the sample rate of the phone.
#[derive(Default)]
pub(super) struct ToPhone {
    /// `None` before the first samples.
    resampler: Option<LiveResampler>,
    /// Samples of the filter's delay that are still to be left out.
    early: usize,
}

impl ToPhone {
    /// True if nothing has come.
    pub(super) fn is_silent(&self) -> bool {
        self.resampler.is_none()
    }

    pub(super) fn convert(
        &mut self,
        part: Speech,
        resamplers: &mut Resamplers,
        is_last: bool,
    ) -> Result<Speech, EngineError> {
        if self.resampler.is_none() && !part.samples.is_empty() {
            self.resampler = Some(resamplers.from(part.rate)?);
            self.early =
                if part.rate == PHONE_RATE { 0 } else { samples_in(LiveResampler::DELAY, PHONE_RATE) };
        }
        let Some(resampler) = &mut self.resampler else {
            return Ok(Speech { samples: Vec::new(), rate: PHONE_RATE, words: part.words });
        };
        let mut samples = resampler.push(&part.samples);
        if is_last && part.rate != PHONE_RATE {
            samples.extend(resampler.push(&vec![0; samples_in(LiveResampler::DELAY, part.rate)]));
        }
        let early = self.early.min(samples.len());
        self.early -= early;
        samples.drain(..early);
        Ok(Speech { samples, rate: PHONE_RATE, words: part.words })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_in_parts_comes_to_the_phone_as_whole_speech_does_and_on_time() {
        let samples: Vec<i16> = (0..22_050).map(|n| (8000.0 * (f64::from(n) * 0.2).sin()) as i16).collect();
        let mut resamplers = Resamplers::default();
        let speech = |samples: &[i16]| Speech { samples: samples.to_vec(), rate: 22_050, words: Vec::new() };
        let whole =
            ToPhone::default().convert(speech(&samples), &mut resamplers, true).expect("a rate").samples;
        assert!(whole.len().abs_diff(8000) <= 1, "{}", whole.len());
        let (mut parts, mut phone) = (Vec::new(), ToPhone::default());
        for (i, part) in samples.chunks(9_000).enumerate() {
            parts.extend(phone.convert(speech(part), &mut resamplers, i == 2).expect("a rate").samples);
        }
        assert_eq!(parts, whole);
    }
}
