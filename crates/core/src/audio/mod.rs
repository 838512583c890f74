//! Sound as numbers: codecs of the phone network, sample rates, WAV, loudness. Pure: no sockets, no threads,
//! no clock, and no files; `wav` works on bytes. Must not know engines, gateways or calls.
//!
//! Samples have two forms: `i16` on the way to or from a phone, and `f32` in -1 to 1 for computation.
//! [`to_f32`] and [`to_i16`] convert between them.

pub mod conceal;
pub mod g711;
pub mod level;
pub mod live;
pub mod resample;
pub mod wav;

/// One step of a 16-bit sample, as a fraction of full scale.
const I16_SCALE: f32 = 32_768.0;

/// 16-bit samples as fractions of full scale, in -1 to 1.
#[must_use]
pub fn to_f32(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&s| f32::from(s) / I16_SCALE).collect()
}

/// Fractions of full scale as 16-bit samples: rounded, and clamped to the range. NaN is silence.
#[must_use]
pub fn to_i16(samples: &[f32]) -> Vec<i16> {
    // `as` saturates and turns NaN into 0.
    samples.iter().map(|&s| (s * I16_SCALE).round() as i16).collect()
}

/// Phone audio (8 kHz) as Whisper takes it: 16 kHz, in -1 to 1.
///
/// # Errors
/// None in practice: the resampler supports both rates.
pub fn phone_to_whisper(samples: &[i16]) -> Result<Vec<f32>, resample::RateError> {
    resample::resample(&to_f32(samples), crate::units::PHONE_RATE, crate::units::WHISPER_RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_16_bit_sample_survives_the_way_there_and_back() {
        let all: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        assert_eq!(to_i16(&to_f32(&all)), all);
    }

    #[test]
    fn what_is_out_of_range_is_held_at_full_scale() {
        assert_eq!(to_i16(&[2.0, -2.0, f32::NAN, f32::INFINITY]), [i16::MAX, i16::MIN, 0, i16::MAX]);
    }
}
