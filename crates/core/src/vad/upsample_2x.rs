//! Upsampling from 8 to 16 kHz for a detector, sample by sample. `audio::resample` works in blocks and would
//! delay every decision. Must not know speech.

/// Taps on each side of a new sample. The delay is this many samples at 8 kHz: 1 ms.
const SIDE: usize = 8;

/// Inserts a sample between any two with a windowed sinc. Everything above 4 kHz stays 40 dB down, except for
/// the images of the last 300 Hz below it.
pub(super) struct Upsampler2x {
    /// The last samples, the newest last.
    recent: [f32; 2 * SIDE],
    taps: [f32; 2 * SIDE],
}

impl Default for Upsampler2x {
    fn default() -> Self {
        Self { recent: [0.0; 2 * SIDE], taps: half_way_taps() }
    }
}

impl Upsampler2x {
    /// Appends two samples in -1 to 1 for each sample of `input`.
    pub(super) fn push(&mut self, input: &[i16], out: &mut Vec<f32>) {
        for &sample in input {
            self.recent.rotate_left(1);
            self.recent[2 * SIDE - 1] = f32::from(sample) / 32_768.0;
            let between: f32 = self.recent.iter().zip(&self.taps).map(|(s, t)| s * t).sum();
            out.push(self.recent[SIDE - 1]);
            out.push(between.clamp(-1.0, 1.0));
        }
    }
}

/// A sinc offset by half a sample, under a Hann window, of gain 1.
fn half_way_taps() -> [f32; 2 * SIDE] {
    use std::f32::consts::PI;
    let mut taps = [0.0; 2 * SIDE];
    for (i, tap) in taps.iter_mut().enumerate() {
        let x = i as f32 + 0.5 - SIDE as f32;
        let window = (PI * x / (2 * SIDE) as f32).cos().powi(2);
        *tap = (PI * x).sin() / (PI * x) * window;
    }
    let gain: f32 = taps.iter().sum();
    taps.map(|tap| tap / gain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_keeps_its_shape_at_twice_the_rate() {
        for hertz in [100.0, 1000.0, 3000.0] {
            let tone = |n: f64, rate: f64| (std::f64::consts::TAU * hertz * n / rate).sin() * 0.5;
            let input: Vec<i16> = (0..400).map(|n| (tone(f64::from(n), 8000.0) * 32_768.0) as i16).collect();
            let mut out = Vec::new();
            Upsampler2x::default().push(&input, &mut out);
            assert_eq!(out.len(), 800);
            for (n, sample) in out.iter().enumerate().skip(100) {
                let expected = tone(n as f64 - (2 * SIDE) as f64, 16_000.0);
                assert!((f64::from(*sample) - expected).abs() < 0.02, "{hertz} Hz, sample {n}");
            }
        }
    }
}
