//! The loudness of audio, and its audible span. Must not know speech: that is for a voice activity detector.

use std::ops::Range;
use std::time::Duration;

use crate::units::samples_in;

/// The level of digital silence, instead of minus infinity: below the smallest 16-bit value.
pub const SILENCE_DBFS: f32 = -100.0;

/// The level below which audio is inaudible on a phone: about the idle noise of a mu-law line (a few steps of
/// the smallest segment are -66 dBFS) plus a margin.
pub const AUDIBLE_DBFS: f32 = -50.0;

/// Audio that is more than this below the loudest part is inaudible too: the noise under a loud recording.
pub const AUDIBLE_BELOW_PEAK_DB: f32 = 40.0;

/// The step at which loudness is measured, over windows of two steps. The ends of a span are exact to one
/// step.
const HOP: Duration = Duration::from_millis(5);

/// The level of the mean power, in dB relative to full scale; at least [`SILENCE_DBFS`].
#[must_use]
pub fn rms_dbfs(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBFS;
    }
    let power: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
    dbfs((power / samples.len() as f64).sqrt())
}

/// The span from the first to the last audible sample, to within 5 ms; `None` if there is none.
///
/// A window of 10 ms is audible if its level is at least [`AUDIBLE_DBFS`], and at most
/// [`AUDIBLE_BELOW_PEAK_DB`] under the loudest window's. The span begins with the first audible
/// window and ends with the last one. `rate` is in samples a second.
#[must_use]
pub fn audible_span(samples: &[i16], rate: u32) -> Option<Range<usize>> {
    let hop = samples_in(HOP, rate).max(1);
    // Windows overlap by a hop and begin a hop before the audio, so that window i covers hops i - 1 and i.
    let hops = samples.len().div_ceil(hop);
    let hop_range = |first: usize, last: usize| first * hop..((last + 1) * hop).min(samples.len());
    let window_range = |i: usize| hop_range(i.saturating_sub(1), i.min(hops.saturating_sub(1)));
    let levels: Vec<f32> = (0..=hops).map(|i| rms_dbfs(&samples[window_range(i)])).collect();
    let loudest = levels.iter().copied().fold(SILENCE_DBFS, f32::max);
    let threshold = AUDIBLE_DBFS.max(loudest - AUDIBLE_BELOW_PEAK_DB);
    let first = levels.iter().position(|&l| l >= threshold)?;
    let last = levels.iter().rposition(|&l| l >= threshold)?;
    // The window before the first audible one is inaudible, so the sound begins in the later hop of the first
    // window. Likewise it ends in the earlier hop of the last one. If that leaves nothing, the sound
    // straddles both hops.
    if first < last { Some(first * hop..(last * hop).min(samples.len())) } else { Some(window_range(first)) }
}

fn dbfs(amplitude: f64) -> f32 {
    let level = 20.0 * (amplitude / 32_768.0).log10();
    (level as f32).max(SILENCE_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(seconds: f64, rate: u32, amplitude: f64) -> Vec<i16> {
        (0..(seconds * f64::from(rate)) as usize)
            .map(|n| {
                let phase = std::f64::consts::TAU * 440.0 * n as f64 / f64::from(rate);
                (amplitude * 32_767.0 * phase.sin()).round() as i16
            })
            .collect()
    }

    #[test]
    fn a_full_scale_tone_is_at_minus_three_decibels() {
        let tone = tone(1.0, 8_000, 1.0);
        assert!((rms_dbfs(&tone) + 3.01).abs() < 0.05, "{}", rms_dbfs(&tone));
    }

    #[test]
    fn digital_silence_has_a_level_and_no_span() {
        assert_eq!(rms_dbfs(&[0; 100]), SILENCE_DBFS);
        assert_eq!(rms_dbfs(&[]), SILENCE_DBFS);
        assert_eq!(audible_span(&[0; 8_000], 8_000), None);
        assert_eq!(audible_span(&[], 8_000), None);
    }

    #[test]
    fn noise_far_under_the_loudest_part_is_not_heard() {
        let mut audio = tone(0.5, 8_000, 0.004);
        audio.extend(tone(0.5, 8_000, 0.9));
        let span = audible_span(&audio, 8_000).unwrap();
        assert!(span.start.abs_diff(4_000) <= 40, "{span:?}");
        assert_eq!(span.end, 8_000);
        // The noise alone is heard.
        assert!(audible_span(&tone(0.5, 8_000, 0.006), 8_000).is_some());
    }

    proptest! {
        #[test]
        fn the_span_is_exact_to_five_milliseconds(before in 0_usize..4_000, after in 0_usize..4_000, fast: bool) {
            let rate = if fast { 16_000 } else { 8_000 };
            let mut audio = vec![0; before];
            audio.extend(tone(0.3, rate, 0.3));
            let end = audio.len();
            audio.extend(vec![0; after]);
            let span = audible_span(&audio, rate).unwrap();
            let near = samples_in(HOP, rate);
            prop_assert!(span.start.abs_diff(before) <= near, "{span:?} for {before}..{end}");
            prop_assert!(span.end.abs_diff(end) <= near, "{span:?} for {before}..{end}");
        }

        #[test]
        fn the_span_lies_within_the_audio(audio: Vec<i16>, rate in 0_u32..50_000) {
            if let Some(span) = audible_span(&audio, rate) {
                prop_assert!(span.start < span.end && span.end <= audio.len());
            }
        }
    }
}
