//! Makes quiet recordings as loud as a caller, because the detector and the recogniser take anything quieter
//! than a telephone for silence. Knows levels, and no speech.

use crate::audio::level::{SILENCE_DBFS, rms_dbfs};

/// A recording whose loudest frame is at least this loud stays as it is. Most callers' recordings are.
const LOUD_DBFS: f32 = -30.0;

/// The largest gain, so that the noise of a recording without a voice stays noise.
const MOST_DB: f32 = 30.0;

/// A piece with a larger sample than this, -20 dBFS, stays as it is.
const LOUD_PEAK: f32 = 0.1;

/// Levels the frames for the detector: amplifies them until a loud frame has come.
#[derive(Debug)]
pub(crate) struct Leveller {
    /// The loudest frame so far, in dBFS.
    loudest: f32,
}

impl Default for Leveller {
    fn default() -> Self {
        Self { loudest: SILENCE_DBFS }
    }
}

impl Leveller {
    /// Amplifies the next frame if it needs it.
    pub(crate) fn level(&mut self, frame: &mut [i16]) {
        self.loudest = self.loudest.max(rms_dbfs(frame));
        let gain_db = (LOUD_DBFS - self.loudest).clamp(0.0, MOST_DB);
        if gain_db > 0.0 {
            let gain = 10_f32.powf(gain_db / 20.0);
            // `as` saturates.
            frame.iter_mut().for_each(|sample| *sample = (f32::from(*sample) * gain) as i16);
        }
    }
}

/// Amplifies a quiet piece as a whole, so that the recogniser does not take it for silence.
pub(crate) fn raise(piece: &mut [f32]) {
    let peak = piece.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    if peak > 0.0 && peak < LOUD_PEAK {
        let gain = (LOUD_PEAK / peak).min(10_f32.powf(MOST_DB / 20.0));
        piece.iter_mut().for_each(|sample| *sample *= gain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(amplitude: f64) -> Vec<i16> {
        (0..160).map(|n| ((f64::from(n) * 0.6).sin() * amplitude) as i16).collect()
    }

    #[test]
    fn a_recording_as_loud_as_a_caller_is_left_as_it_is() {
        let mut leveller = Leveller::default();
        let (mut loud, mut quiet) = (tone(3000.0), tone(100.0));
        leveller.level(&mut loud);
        leveller.level(&mut quiet);
        assert_eq!((loud, quiet), (tone(3000.0), tone(100.0)));
    }

    #[test]
    fn a_quiet_one_becomes_as_loud_and_silence_stays_silence() {
        let mut leveller = Leveller::default();
        let (mut quiet, mut silence) = (tone(60.0), vec![0; 160]);
        leveller.level(&mut silence);
        assert_eq!(silence, vec![0; 160]);
        leveller.level(&mut quiet);
        assert!((rms_dbfs(&quiet) - LOUD_DBFS).abs() < 0.5, "{}", rms_dbfs(&quiet));
        let mut idle = vec![1; 160];
        Leveller::default().level(&mut idle);
        assert!(rms_dbfs(&idle) < -55.0);
    }

    #[test]
    fn a_quiet_piece_is_raised_as_a_whole() {
        let mut quiet = [0.01, -0.02];
        raise(&mut quiet);
        assert!((quiet[0] - 0.05).abs() < 1e-6 && (quiet[1] + 0.1).abs() < 1e-6, "{quiet:?}");
        for mut loud in [[0.0, 0.0], [0.3, -0.01]] {
            let before = loud;
            raise(&mut loud);
            assert_eq!(loud, before);
        }
    }
}
