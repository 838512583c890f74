//! Levels of samples in floating point, on the scale of 16 bits. Must not know what the levels mean.

/// Full scale.
const FULL: f32 = 32_768.0;

/// The power of digital silence, -100 dBFS, so that no logarithm is infinite.
const NOTHING: f32 = FULL * FULL * 1e-10;

/// The mean power of the samples, in squared steps of 16 bits; 0 for none.
#[must_use]
pub(super) fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32
}

/// A power in dB relative to full scale, at least -100.
#[must_use]
pub(super) fn dbfs(power: f32) -> f32 {
    10.0 * (power.max(NOTHING) / (FULL * FULL)).log10()
}

/// The power of a level in dBFS.
#[must_use]
pub(super) fn of_dbfs(level: f32) -> f32 {
    10.0_f32.powf(level / 10.0) * FULL * FULL
}

/// Samples in floating point.
#[must_use]
pub(super) fn floats(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|sample| f32::from(*sample)).collect()
}
