//! The resampler for files. Wraps rubato's FFT resampler: linear phase, with everything above the lower of
//! the two Nyquist frequencies removed. It works in long blocks; live streams use `live`.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

/// The supported rates: from the lowest of old recordings to the highest of studio equipment.
pub const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;

/// The approximate block length. The filter is as long as the block, and the longer it is, the closer to the
/// Nyquist frequency it cuts (3.9 of 4 kHz).
const BLOCK_MS: u32 = 80;

/// Rates that cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot convert audio from {from} to {to} samples a second (each must be {} to {})", RATES.start(), RATES.end())]
pub struct RateError {
    /// Samples a second of the input.
    pub from: u32,
    /// Samples a second of the output.
    pub to: u32,
}

/// Converts one recording of mono audio, chunk by chunk.
///
/// The output does not depend on how the input is cut into chunks. It is aligned with the input: the first
/// sample out is at the moment of the first sample in. Output is held back until the filter has the input
/// that it needs to look ahead, or until [`finish`](Self::finish).
pub struct Resampler {
    from: u64,
    to: u64,
    /// `None` if the rates are equal.
    fft: Option<Fft<f32>>,
    /// Input that does not fill a block yet.
    pending: Vec<f32>,
    /// One block of output.
    block: Vec<f32>,
    /// Output samples still to be dropped: the filter's delay.
    to_skip: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// A converter for a file that is read chunk by chunk, as exact as [`resample`]. Its output lags by up to
    /// 120 ms.
    ///
    /// # Errors
    /// If a rate is outside [`RATES`].
    pub fn new(from: u32, to: u32) -> Result<Self, RateError> {
        let error = RateError { from, to };
        if !RATES.contains(&from) || !RATES.contains(&to) {
            return Err(error);
        }
        let fft = if from == to {
            None
        } else {
            // With an even number of the smallest possible blocks, the delay of half a block is a whole
            // number of samples at both rates.
            let smallest = from / gcd(from, to);
            let count = (from * BLOCK_MS / 1000).div_ceil(smallest).next_multiple_of(2);
            let size = (count * smallest) as usize;
            let fft = Fft::new_custom(
                from as usize,
                to as usize,
                size,
                1,
                1,
                rubato::WindowFunction::BlackmanHarris2,
                FixedSync::Both,
            );
            Some(fft.map_err(|_| error)?)
        };
        let (block, to_skip) =
            fft.as_ref().map_or((Vec::new(), 0), |f| (vec![0.0; f.output_frames_next()], f.output_delay()));
        Ok(Self {
            from: from.into(),
            to: to.into(),
            fft,
            pending: Vec::new(),
            block,
            to_skip,
            taken: 0,
            given: 0,
        })
    }

    /// Takes the next chunk of the stream, of any length, and appends the output that is ready to `out`.
    pub fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        self.taken += input.len() as u64;
        let Some(fft) = &mut self.fft else {
            self.given += input.len() as u64;
            out.extend_from_slice(input);
            return;
        };
        self.pending.extend_from_slice(input);
        let size = fft.input_frames_next();
        let whole = self.pending.len() / size * size;
        for chunk in self.pending[..whole].chunks_exact(size) {
            convert(fft, chunk, &mut self.block);
            let skip = self.to_skip.min(self.block.len());
            self.to_skip -= skip;
            self.given += (self.block.len() - skip) as u64;
            out.extend_from_slice(&self.block[skip..]);
        }
        self.pending.drain(..whole);
    }

    /// Ends the stream: appends the output that was held back and resets the converter. The whole output is
    /// as long as the input to the nearest sample.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let total = (self.taken * self.to + self.from / 2) / self.from;
        if let Some(fft) = &self.fft {
            let silence = vec![0.0; fft.input_frames_next()];
            while self.given < total {
                self.push(&silence, out);
            }
        }
        out.truncate(out.len() - usize::try_from(self.given.saturating_sub(total)).unwrap_or(0));
        self.reset();
    }

    fn reset(&mut self) {
        if let Some(fft) = &mut self.fft {
            fft.reset();
            self.to_skip = fft.output_delay();
        }
        self.pending.clear();
        self.taken = 0;
        self.given = 0;
    }
}

/// Converts a whole clip of mono audio. The output is as long as the input to the nearest sample and starts
/// at the moment at which the input starts.
///
/// # Errors
/// If a rate is outside [`RATES`].
pub fn resample(input: &[f32], from: u32, to: u32) -> Result<Vec<f32>, RateError> {
    let mut resampler = Resampler::new(from, to)?;
    let mut out = Vec::with_capacity(input.len() * to as usize / from as usize + resampler.block.len() * 2);
    resampler.push(input, &mut out);
    resampler.finish(&mut out);
    Ok(out)
}

/// Converts a whole clip of 16-bit mono audio; see [`resample`].
///
/// # Errors
/// If a rate is outside [`RATES`].
pub fn resample_i16(input: &[i16], from: u32, to: u32) -> Result<Vec<i16>, RateError> {
    if from == to && RATES.contains(&from) {
        return Ok(input.to_vec());
    }
    Ok(super::to_i16(&resample(&super::to_f32(input), from, to)?))
}

/// Converts one block. Sizes that do not fit would be a bug in this file; the block is then silence.
fn convert(fft: &mut Fft<f32>, chunk: &[f32], block: &mut [f32]) {
    let frames = block.len();
    let done = InterleavedSlice::new(chunk, 1, chunk.len())
        .ok()
        .zip(InterleavedSlice::new_mut(block, 1, frames).ok());
    let done = done.and_then(|(input, mut output)| fft.process_into_buffer(&input, &mut output, None).ok());
    debug_assert!(done.is_some(), "blocks of the size that rubato asked for");
    if done.is_none() {
        block.fill(0.0);
    }
}

/// The greatest common divisor of two rates.
pub(super) const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::TAU;

    const HOUSE_RATES: [u32; 6] = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

    fn tone(frequency: f64, rate: u32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| (0.5 * (TAU * frequency * n as f64 / f64::from(rate)).sin()) as f32).collect()
    }

    /// Amplitude and phase (in turns) of one frequency, by correlation under a Hann window.
    fn measure(audio: &[f32], frequency: f64, rate: u32) -> (f64, f64) {
        let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
        for (n, &sample) in audio.iter().enumerate() {
            let w = 0.5 - 0.5 * (TAU * n as f64 / audio.len() as f64).cos();
            let angle = TAU * frequency * n as f64 / f64::from(rate);
            re += w * f64::from(sample) * angle.sin();
            im += w * f64::from(sample) * angle.cos();
            weight += w;
        }
        (2.0 * re.hypot(im) / weight, im.atan2(re) / TAU)
    }

    fn level(audio: &[f32]) -> f64 {
        let middle = &audio[audio.len() / 4..audio.len() * 3 / 4];
        (middle.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / middle.len() as f64).sqrt()
    }

    #[test]
    fn a_tone_keeps_its_level_its_frequency_and_its_place_in_time() {
        for from in HOUSE_RATES {
            for to in HOUSE_RATES {
                for frequency in [100.0, 1_000.0, 3_000.0, 3_400.0] {
                    let out = resample(&tone(frequency, from, from as usize), from, to).unwrap();
                    let (amplitude, phase) = measure(&out, frequency, to);
                    assert!((amplitude - 0.5).abs() < 0.005, "{from} to {to}, {frequency} Hz: {amplitude}");
                    assert!(phase.abs() < 0.001, "{from} to {to}, {frequency} Hz: {phase} turns");
                    // The output holds nothing else: the tone alone has the whole power.
                    let rest = level(&out) - 0.5 / 2_f64.sqrt();
                    assert!(rest.abs() < 0.004, "{from} to {to}, {frequency} Hz: {rest} left over");
                }
            }
        }
    }

    #[test]
    fn what_is_above_the_new_nyquist_frequency_is_gone() {
        for (from, to) in
            [(16_000, 8_000), (22_050, 8_000), (24_000, 16_000), (48_000, 8_000), (48_000, 22_050)]
        {
            let frequency = f64::from(to) / 2.0 + 100.0;
            let clip = resample(&tone(frequency, from, from as usize), from, to).unwrap();
            // 60 dB under the tone's -9 dBFS.
            assert!(level(&clip) < 0.000_35, "{from} to {to}: {}", level(&clip));
        }
    }

    #[test]
    fn a_rate_that_makes_no_sense_is_refused() {
        assert!(Resampler::new(0, 8_000).is_err());
        assert_eq!(
            resample(&[0.0], 8_000, 1).unwrap_err().to_string(),
            "cannot convert audio from 8000 to 1 samples a second (each must be 1000 to 384000)"
        );
        assert!(resample_i16(&[0], 0, 0).is_err());
    }

    fn rate() -> impl Strategy<Value = u32> {
        prop_oneof![proptest::sample::select(&HOUSE_RATES[..]), 1_000_u32..100_000]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_length_is_right_to_the_nearest_sample(len in 0_usize..3_000, from in rate(), to in rate()) {
            let out = resample(&vec![0.25; len], from, to).unwrap();
            let exact = len as f64 * f64::from(to) / f64::from(from);
            prop_assert!((out.len() as f64 - exact).abs() <= 0.5 + 1e-9, "{} for {exact}", out.len());
        }

        #[test]
        fn a_stream_sounds_the_same_however_it_is_cut(
            seed in 0_u32..1_000,
            cuts in proptest::collection::vec(0_usize..700, 0..12),
            from in proptest::sample::select(&HOUSE_RATES[..]),
            to in proptest::sample::select(&HOUSE_RATES[..]),
        ) {
            let audio = tone(200.0 + f64::from(seed), from, 3_000);
            let mut whole = Vec::new();
            let mut resampler = Resampler::new(from, to).unwrap();
            resampler.push(&audio, &mut whole);
            resampler.finish(&mut whole);

            let mut pieces = Vec::new();
            let mut rest = &audio[..];
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                resampler.push(now, &mut pieces);
                rest = later;
            }
            resampler.push(rest, &mut pieces);
            resampler.finish(&mut pieces);
            prop_assert_eq!(whole, pieces);
        }
    }
}
