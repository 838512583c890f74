//! Speech at another pitch, part by part. The voice speaks slower by a ratio, and its speech is played faster
//! by the same ratio: it is as long as before, and every frequency in it is higher by the ratio. Must not
//! know voices.

use super::EngineError;
use super::speech::Speech;
use crate::audio::live::LiveResampler;
use crate::units::samples_in;

/// The ratio of two rates is rounded to such parts: a fiftieth of a semitone at most.
const PARTS: u32 = 1_000;

/// A change of pitch: the ratio of frequencies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pitch(f32);

impl Pitch {
    /// The pitch of the voice itself.
    pub const OWN: Self = Self(1.0);

    /// Higher by so many semitones, or lower if they are negative.
    #[must_use]
    pub fn by(semitones: f32) -> Self {
        Self((semitones / 12.0).exp2())
    }

    /// The speed at which the voice has to speak, so that it has this `speed` at this pitch.
    #[must_use]
    pub fn speed_for(self, speed: f32) -> f32 {
        speed / self.0
    }
}

/// Moves the speech of one text after the other to another pitch.
pub(super) struct Shifter {
    pitch: Pitch,
    /// The converter of a stream that has not begun, and the rate it is for: making one takes longer than
    /// copying it. `None` before the first samples, and at the voice's own pitch.
    fresh: Option<(u32, LiveResampler)>,
    /// That of the text that is being spoken.
    text: Option<LiveResampler>,
    /// Samples of the filter's delay that are still to be left out.
    early: usize,
}

impl Shifter {
    pub(super) fn new(pitch: Pitch) -> Self {
        Self { pitch, fresh: None, text: None, early: 0 }
    }

    /// Moves the next part of a text; `is_last` ends the text.
    ///
    /// # Errors
    /// If the voice has a rate that cannot be converted.
    pub(super) fn shift(&mut self, part: Speech, is_last: bool) -> Result<Speech, EngineError> {
        if self.pitch == Pitch::OWN || part.rate == 0 {
            return Ok(part);
        }
        let (from, to) = self.rates(part.rate);
        if self.text.is_none() && !part.samples.is_empty() {
            self.text = Some(self.converter(part.rate)?);
            self.early = samples_in(LiveResampler::DELAY, to);
        }
        let mut speech = Speech { samples: Vec::new(), ..part };
        for word in &mut speech.words {
            word.end = word.end.div_f32(self.pitch.0);
        }
        let Some(text) = &mut self.text else { return Ok(speech) };
        speech.samples = text.push(&part.samples);
        if is_last {
            speech.samples.extend(text.push(&vec![0; samples_in(LiveResampler::DELAY, from)]));
            self.text = None;
        }
        let early = self.early.min(speech.samples.len());
        self.early -= early;
        speech.samples.drain(..early);
        Ok(speech)
    }

    /// Rates of a converter that makes the speech of a voice shorter by the ratio.
    fn rates(&self, rate: u32) -> (u32, u32) {
        let step = rate.div_ceil(PARTS);
        let parts = rate / step;
        // `as` saturates.
        (step * parts, step * (parts as f32 / self.pitch.0).round() as u32)
    }

    fn converter(&mut self, rate: u32) -> Result<LiveResampler, EngineError> {
        if let Some((_, fresh)) = self.fresh.as_ref().filter(|(known, _)| *known == rate) {
            return Ok(fresh.clone());
        }
        let (from, to) = self.rates(rate);
        let fresh = LiveResampler::new(from, to).map_err(|error| EngineError::Failed(error.to_string()))?;
        self.fresh = Some((rate, fresh.clone()));
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::flite::Flite;
    use crate::engine::{CancelFlag, Synthesizer as _};

    const TEXT: &str = "We are open from nine to five on Monday, and on every other day but Sunday.";

    fn spoken(semitones: f32) -> Speech {
        let pitch = Pitch::by(semitones);
        let mut voice = Flite::new("slt", pitch.speed_for(1.0)).unwrap();
        let speech = voice.synthesize(TEXT, &CancelFlag::default()).unwrap();
        Shifter::new(pitch).shift(speech, true).unwrap()
    }

    /// The frequency of the voice: the median of those whose period repeats best in 40 ms of voiced speech.
    fn frequency(speech: &Speech) -> f64 {
        let (window, rate) =
            (samples_in(std::time::Duration::from_millis(40), speech.rate), speech.rate as usize);
        let likeness = |a: &[i16], b: &[i16]| {
            let product = |a: &[i16], b: &[i16]| -> f64 {
                a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            product(a, b) / (product(a, a) * product(b, b)).sqrt().max(1.0)
        };
        let voiced = (0..speech.samples.len().saturating_sub(2 * window)).step_by(window).filter_map(|at| {
            let frame = &speech.samples[at..at + window];
            let lags = rate / 450..rate / 60;
            let likenesses =
                lags.map(|lag| (lag, likeness(frame, &speech.samples[at + lag..at + lag + window])));
            let likenesses: Vec<(usize, f64)> = likenesses.collect();
            let best = likenesses.iter().map(|(_, likeness)| *likeness).fold(0.0, f64::max);
            // Of a period and its multiples, the shortest counts.
            let (lag, _) =
                likenesses.into_iter().find(|(_, likeness)| best > 0.9 && *likeness > 0.97 * best)?;
            Some(speech.rate as f64 / lag as f64)
        });
        let mut sorted: Vec<f64> = voiced.collect();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    #[test]
    fn a_voice_speaks_higher_or_lower_for_as_long_as_before() {
        let own = spoken(0.0);
        for semitones in [-8.0, -3.0, 4.0, 9.0] {
            let (moved, ratio) = (spoken(semitones), f64::from(Pitch::by(semitones).0));
            let length = moved.samples.len() as f64 / own.samples.len() as f64;
            assert!((0.9..1.1).contains(&length), "{semitones}: {length} times as long");
            let higher = frequency(&moved) / frequency(&own) / ratio;
            assert!((0.95..1.05).contains(&higher), "{semitones}: {higher} times what it should be");
            let words = |speech: &Speech| speech.words.last().unwrap().end.as_secs_f64();
            assert!((0.9..1.1).contains(&(words(&moved) / words(&own))), "{semitones}");
        }
    }

    #[test]
    fn speech_in_parts_is_moved_as_whole_speech_is() {
        let samples: Vec<i16> = (0..22_050).map(|n| (8000.0 * (f64::from(n) * 0.2).sin()) as i16).collect();
        let speech = |samples: &[i16]| Speech { samples: samples.to_vec(), rate: 22_050, words: Vec::new() };
        let mut shifter = Shifter::new(Pitch::by(7.0));
        let whole = shifter.shift(speech(&samples), true).unwrap().samples;
        // The next text begins anew.
        let mut parts = shifter.shift(speech(&[]), false).unwrap().samples;
        for (n, part) in samples.chunks(9_000).enumerate() {
            parts.extend(shifter.shift(speech(part), n == 2).unwrap().samples);
        }
        assert_eq!(parts, whole);
        let expected = 22_050.0 / 2_f64.powf(7.0 / 12.0);
        assert!((whole.len() as f64 - expected).abs() < 25.0, "{} for {expected}", whole.len());
    }

    #[test]
    fn the_voices_own_pitch_leaves_every_sample_as_it_is() {
        let speech = Speech { samples: vec![1, -2, 3], rate: 16_000, words: Vec::new() };
        assert_eq!(Shifter::new(Pitch::by(0.0)).shift(speech.clone(), true).unwrap(), speech);
    }
}
