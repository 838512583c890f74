//! Noise suppression: steady noise, a fan, a street, behind the caller's voice is made quieter by a small
//! recurrent network (RNNoise). Must not know speech from music, nor who listens.

use nnnoiseless::DenoiseState;

use crate::audio::live::LiveResampler;
use crate::units::PHONE_RATE;

/// The rate that the network was trained at.
const RATE: u32 = 48_000;

/// Suppresses the noise of one stream at 8 kHz. As many samples come out as go in, 14 ms later: a frame of
/// the network, and twice the delay of a resampler.
pub(super) struct NoiseSuppressor {
    up: LiveResampler,
    down: LiveResampler,
    network: Box<DenoiseState<'static>>,
    /// Samples at 48 kHz that do not fill a frame yet.
    waiting: Vec<f32>,
    /// Samples at 8 kHz that are ready.
    ready: Vec<i16>,
}

impl std::fmt::Debug for NoiseSuppressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NoiseSuppressor").finish_non_exhaustive()
    }
}

impl NoiseSuppressor {
    /// A suppressor for a stream that begins; `None` if the resampler does not know the rates.
    pub(super) fn new() -> Option<Self> {
        let (up, down) =
            (LiveResampler::new(PHONE_RATE, RATE).ok()?, LiveResampler::new(RATE, PHONE_RATE).ok()?);
        let mut new = Self { up, down, network: DenoiseState::new(), waiting: Vec::new(), ready: Vec::new() };
        new.restart();
        Some(new)
    }

    /// The audio that follows does not continue what came before.
    pub(super) fn restart(&mut self) {
        self.up.forget();
        self.down.forget();
        self.network = DenoiseState::new();
        self.waiting.clear();
        self.ready = vec![0; DenoiseState::FRAME_SIZE * PHONE_RATE as usize / RATE as usize];
    }

    /// Takes samples of any number, and returns as many.
    pub(super) fn suppress(&mut self, samples: &[i16]) -> Vec<i16> {
        self.waiting.extend(self.up.push(samples).into_iter().map(f32::from));
        let mut frame = [0.0; DenoiseState::FRAME_SIZE];
        let mut taken = 0;
        for noisy in self.waiting.chunks_exact(DenoiseState::FRAME_SIZE) {
            self.network.process_frame(&mut frame, noisy);
            taken += noisy.len();
            let clean: Vec<i16> = frame.iter().map(|sample| sample.round() as i16).collect();
            self.ready.extend(self.down.push(&clean));
        }
        self.waiting.drain(..taken);
        let rest = self.ready.split_off(samples.len().min(self.ready.len()));
        let mut clean = std::mem::replace(&mut self.ready, rest);
        // Never needed: a frame less is ready than was taken.
        clean.resize(samples.len(), 0);
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::rms_dbfs;
    use proptest::prelude::*;

    /// Noise like a street's, at about -28 dBFS: mostly low frequencies.
    fn noise(count: usize) -> Vec<i16> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as i32 - 32_768) as f32 / 18.0
        };
        let mut low = 0.0;
        let mut filtered = || {
            low = 0.97 * low + 0.3 * next();
            low as i16
        };
        (0..count).map(|_| filtered()).collect()
    }

    #[test]
    fn steady_noise_becomes_quieter() {
        let noise = noise(8000 * 4);
        let mut suppressor = NoiseSuppressor::new().expect("the rates");
        let clean: Vec<i16> = noise.chunks(160).flat_map(|frame| suppressor.suppress(frame)).collect();
        let (before, after) = (rms_dbfs(&noise[16_000..]), rms_dbfs(&clean[16_000..]));
        assert!(after < before - 20.0, "{before} to {after} dBFS");
    }

    #[test]
    fn silence_stays_silence() {
        let mut suppressor = NoiseSuppressor::new().expect("the rates");
        assert_eq!(suppressor.suppress(&[0; 1600]), [0; 1600]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn as_many_samples_come_out_as_go_in_however_they_are_cut(
            parts in proptest::collection::vec(proptest::collection::vec(any::<i16>(), 0..400), 1..8),
        ) {
            let mut suppressor = NoiseSuppressor::new().expect("the rates");
            let mut whole = NoiseSuppressor::new().expect("the rates");
            let mut cut = Vec::new();
            for part in &parts {
                let clean = suppressor.suppress(part);
                prop_assert_eq!(clean.len(), part.len());
                cut.extend(clean);
            }
            prop_assert_eq!(cut, whole.suppress(&parts.concat()));
        }
    }
}
