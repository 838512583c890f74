//! The removal of a constant offset (DC) and of rumble below the voice from the caller's audio. Must not know
//! levels, echo or speech.

/// The corner of the high-pass, in Hz: far below the deepest voices (80 Hz) and the band of a telephone
/// (300 Hz), and high enough that an offset is gone within a tenth of a second.
const CORNER_HZ: f64 = 20.0;

/// The pole of the filter: `1 - 2 pi CORNER_HZ / PHONE_RATE`, exact enough for so low a corner.
const POLE: f64 = 1.0 - std::f64::consts::TAU * CORNER_HZ / crate::units::PHONE_RATE as f64;

/// A high-pass of one pole and one zero.
#[derive(Debug, Clone, Default)]
pub(super) struct DcFilter {
    last_in: f64,
    last_out: f64,
}

impl DcFilter {
    /// Filters the samples in place.
    pub(super) fn filter(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let input = f64::from(*sample);
            self.last_out = input - self.last_in + POLE * self.last_out;
            self.last_in = input;
            // `as` saturates.
            *sample = self.last_out.round() as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::rms_dbfs;
    use proptest::prelude::*;

    fn tone(hz: f64, amplitude: f64, offset: f64) -> Vec<i16> {
        let at = |n: usize| (std::f64::consts::TAU * hz * n as f64 / 8000.0).sin() * amplitude + offset;
        (0..8000).map(|n| at(n) as i16).collect()
    }

    fn filtered(mut samples: Vec<i16>) -> Vec<i16> {
        DcFilter::default().filter(&mut samples);
        samples
    }

    #[test]
    fn an_offset_is_gone_after_a_tenth_of_a_second() {
        let samples = filtered(vec![3000; 8000]);
        assert!(samples[800..].iter().all(|sample| *sample == 0), "{:?}", &samples[800..810]);
    }

    #[test]
    fn the_band_of_a_telephone_keeps_its_level_within_a_tenth_of_a_decibel() {
        for hz in [150.0, 300.0, 1000.0, 3400.0] {
            let before = tone(hz, 8000.0, 0.0);
            let after = filtered(tone(hz, 8000.0, 1000.0));
            assert!((rms_dbfs(&after[2000..]) - rms_dbfs(&before[2000..])).abs() < 0.1, "{hz}");
        }
    }

    proptest! {
        #[test]
        fn any_samples_are_borne_and_silence_afterwards_comes_to_rest(samples: Vec<i16>) {
            let mut filter = DcFilter::default();
            filter.filter(&mut samples.clone());
            let mut silence = vec![0; 8000];
            filter.filter(&mut silence);
            prop_assert!(silence[1600..].iter().all(|sample| *sample == 0));
        }
    }
}
