//! The level of the caller's voice: quiet callers are raised and loud ones lowered, slowly and within limits.
//! It is told when the caller speaks; must not know how that is found out.

use super::noise_floor::NoiseFloor;
use super::power::{dbfs, floats, power};
use crate::units::FRAME_SAMPLES;

/// The level of speech that is aimed at, in dBFS, and how far from it speech may be and is left as it is.
/// Recordings that recognisers are trained on lie around it.
const TARGET_DBFS: f32 = -23.0;
const TOLERANCE_DB: f32 = 3.0;

/// The most that is added or taken away, in dB.
const MOST_DB: f32 = 12.0;

/// How fast the gain changes, in dB per frame: 3 dB a second of speech.
const SLOPE_DB: f32 = 0.06;

/// Frames of speech over which the level is averaged: 3 s. It is believed after 0.5 s.
const MEMORY: u32 = 150;
const BELIEVED_AFTER: u32 = 25;

/// Within speech, frames this far below its level are pauses, in dB (the margin of ITU-T P.56).
const PAUSE_DB: f32 = 15.9;
/// And so are those below this, in dBFS: no phone speaks so quietly.
const QUIETEST_DBFS: f32 = -60.0;
/// A pause that is louder than that takes this much from the level in every frame, in dB (1 dB a second):
/// after someone loud, a caller who is far quieter is heard out within seconds.
const FADE_DB: f32 = 0.02;

/// The level that noise may be raised to, in dBFS: 6 dB below what counts as audible, so that no noise
/// becomes a sound.
const NOISE_DBFS: f32 = -56.0;

/// From this share of full scale on, amplified peaks are bent instead of cut off.
const KNEE: f32 = 0.7;

/// The level control of one call.
#[derive(Debug, Default)]
pub(super) struct LevelControl {
    noise: NoiseFloor,
    speaks: bool,
    /// The mean power of speech, and the number of its frames.
    speech: f32,
    frames: u32,
    gain_db: f32,
}

impl LevelControl {
    /// The caller speaks from now on, or does not.
    pub(super) fn caller_speaks(&mut self, speaks: bool) {
        self.speaks = speaks;
    }

    /// The gain, in dB.
    #[must_use]
    pub(super) fn gain_db(&self) -> f32 {
        self.gain_db
    }

    /// The connection sends nothing from now on: that is its silence, and no noise.
    pub(super) fn gap_begins(&mut self) {
        self.noise.hear(0.0);
    }

    /// Brings the samples to the level that is aimed at, in place.
    pub(super) fn control(&mut self, samples: &mut [i16]) {
        for frame in samples.chunks_mut(FRAME_SAMPLES) {
            // A rest of a few samples has no level of its own.
            if frame.len() > FRAME_SAMPLES / 2 {
                self.measure(power(&floats(frame)));
            }
            if self.gain_db != 0.0 {
                amplify(frame, 10.0_f32.powf(self.gain_db / 20.0));
            }
        }
    }

    fn measure(&mut self, power: f32) {
        self.noise.hear(power);
        let level = dbfs(power);
        let is_audible = self.speaks && level > QUIETEST_DBFS;
        let is_speech = is_audible && (self.frames == 0 || level > dbfs(self.speech) - PAUSE_DB);
        if is_audible && !is_speech {
            self.speech *= 10.0_f32.powf(-FADE_DB / 10.0);
        }
        if is_speech {
            self.frames = (self.frames + 1).min(MEMORY);
            self.speech += (power - self.speech) / self.frames as f32;
        }
        let most = (NOISE_DBFS - dbfs(self.noise.power())).clamp(0.0, MOST_DB);
        if self.gain_db > most {
            // The noise has grown. That does not wait for speech.
            self.gain_db = (self.gain_db - SLOPE_DB).max(most);
        } else if is_speech && self.frames >= BELIEVED_AFTER {
            let wanted = wanted_db(dbfs(self.speech)).clamp(-MOST_DB, most);
            self.gain_db += (wanted - self.gain_db).clamp(-SLOPE_DB, SLOPE_DB);
        }
    }
}

/// The gain for speech of this level.
fn wanted_db(level: f32) -> f32 {
    let short = TARGET_DBFS - level;
    if short.abs() <= TOLERANCE_DB { 0.0 } else { short - TOLERANCE_DB.copysign(short) }
}

fn amplify(samples: &mut [i16], gain: f32) {
    let full = f32::from(i16::MAX);
    for sample in samples {
        let raised = f32::from(*sample) * gain / full;
        let over = raised.abs() - KNEE;
        // Peaks that were not raised are as they came.
        let bent = if gain > 1.0 && over > 0.0 {
            (KNEE + (1.0 - KNEE) * (over / (1.0 - KNEE)).tanh()).copysign(raised)
        } else {
            raised
        };
        // `as` saturates.
        *sample = (bent * full).round() as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::rms_dbfs;
    use proptest::prelude::*;

    /// Syllables of 200 ms with pauses of 100 ms, at this level while they sound.
    fn speech(seconds: usize, level: f32) -> Vec<i16> {
        let amplitude = 32_768.0 * 10.0_f32.powf(level / 20.0) * std::f32::consts::SQRT_2;
        let at = |n: usize| if n % 2400 < 1600 { (n as f32 * 0.7).sin() * amplitude } else { 0.0 };
        (0..seconds * 8000).map(|n| at(n) as i16).collect()
    }

    fn after(control: &mut LevelControl, mut samples: Vec<i16>) -> Vec<i16> {
        control.control(&mut samples);
        samples
    }

    #[test]
    fn quiet_and_loud_speech_come_near_the_target_within_seconds_and_within_limits() {
        for (level, expected) in
            [(-40.0, -28.0), (-33.0, -26.0), (-23.0, -23.0), (-12.0, -20.0), (-4.0, -16.0)]
        {
            let mut control = LevelControl::default();
            control.caller_speaks(true);
            let before = speech(10, level);
            let samples = after(&mut control, before.clone());
            let syllable = rms_dbfs(&samples[74_400..76_000]);
            assert!((syllable - expected).abs() < 1.0, "{level}: {syllable}");
            if level == -23.0 {
                assert_eq!(samples, before);
            }
        }
    }

    #[test]
    fn the_gain_moves_only_while_the_caller_speaks() {
        let mut control = LevelControl::default();
        let before = speech(5, -40.0);
        assert_eq!(after(&mut control, before.clone()), before);
        control.caller_speaks(true);
        after(&mut control, before.clone());
        let raised = control.gain_db();
        assert!(raised > 6.0, "{raised}");
        control.caller_speaks(false);
        after(&mut control, before);
        assert_eq!(control.gain_db(), raised);
    }

    #[test]
    fn after_someone_loud_a_far_quieter_caller_is_not_turned_down() {
        let mut control = LevelControl::default();
        control.caller_speaks(true);
        after(&mut control, speech(5, -6.0));
        assert!(control.gain_db() < -6.0, "{}", control.gain_db());
        after(&mut control, speech(20, -24.0));
        assert!(control.gain_db().abs() < 1.0, "{}", control.gain_db());
    }

    #[test]
    fn speech_without_pauses_on_a_line_with_gaps_is_not_taken_for_noise() {
        for (gaps, most) in [(false, 0.0), (true, MOST_DB)] {
            let mut control = LevelControl::default();
            control.caller_speaks(true);
            for _ in 0..8 {
                after(&mut control, (0..8000).map(|n| ((n as f32 * 0.7).sin() * 400.0) as i16).collect());
                if gaps {
                    control.gap_begins();
                }
            }
            assert!((control.gain_db() - most).abs() < 1.0, "{gaps}: {}", control.gain_db());
        }
    }

    #[test]
    fn noise_is_never_raised_to_where_it_is_audible() {
        let mut control = LevelControl::default();
        control.caller_speaks(true);
        after(&mut control, speech(5, -40.0));
        let noise: Vec<i16> =
            (0..80_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 16) as i16 / 400).collect();
        let raised = after(&mut control, noise.clone());
        assert!(
            rms_dbfs(&noise) > -58.0 && rms_dbfs(&raised[40_000..]) < -54.0,
            "{}",
            rms_dbfs(&raised[40_000..])
        );
        assert_eq!(after(&mut control, vec![0; 800]), vec![0; 800]);
    }

    #[test]
    fn a_shout_of_a_quiet_caller_does_not_wrap_around_or_lie_flat() {
        let mut control = LevelControl::default();
        control.caller_speaks(true);
        after(&mut control, speech(10, -40.0));
        let shout: Vec<i16> = (0..160).map(|n| ((n as f32 * 0.7).sin() * 14_000.0) as i16).collect();
        let raised = after(&mut control, shout.clone());
        for (before, after) in shout.iter().zip(&raised) {
            assert!(before.signum() == after.signum() && after.unsigned_abs() >= before.unsigned_abs());
        }
        assert!(raised.iter().filter(|sample| sample.unsigned_abs() == 32_767).count() < 20);
    }

    proptest! {
        #[test]
        fn whatever_comes_the_gain_keeps_its_limits(
            frames in prop::collection::vec((prop::collection::vec(any::<i16>(), 0..400), any::<bool>()), 0..60),
        ) {
            let mut control = LevelControl::default();
            for (frame, speaks) in frames {
                control.caller_speaks(speaks);
                prop_assert_eq!(after(&mut control, frame.clone()).len(), frame.len());
                prop_assert!(control.gain_db().abs() <= MOST_DB);
            }
        }
    }
}
