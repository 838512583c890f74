//! The resampler for live streams: a polyphase filter that gives its output as soon as the input is there,
//! with a delay of 2 ms. Files have time for the sharper filter in `resample`.

use std::time::Duration;

use super::resample::{RATES, RateError, gcd};

/// How far the filter looks to either side of a sample.
const DELAY_MS: u32 = 2;

/// The frequency at which the filter halves the amplitude, as a fraction of the lower rate. It lies between
/// 3.4 kHz, which a telephone carries, and the frequencies that would fold back onto it.
const CUTOFF: f64 = 0.485;

/// The shape of the window (Kaiser's beta), for 60 dB of attenuation in the stop band.
const BETA: f64 = 5.65;

/// The most phases. Rates that need more have next to nothing in common.
const MOST_PHASES: u32 = 4_096;

/// Converts one stream of mono audio, chunk by chunk. The output does not depend on how the stream is cut
/// into chunks. For whole-number ratios, n samples in give n times the ratio out.
#[derive(Debug, Clone)]
pub struct LiveResampler {
    /// The rates divided by their greatest common divisor: `up` new samples for `down` old ones.
    up: usize,
    down: usize,
    /// The taps of each phase, for the newest sample first.
    bank: Vec<Vec<f32>>,
    /// The last samples, the newest last.
    recent: Vec<f32>,
    /// How far the next new sample lies behind the newest old one, in parts of `up`.
    ahead: usize,
}

impl LiveResampler {
    /// The delay of the stream, if its two rates differ.
    pub const DELAY: Duration = Duration::from_millis(DELAY_MS as u64);

    /// A converter for a stream that has not begun.
    ///
    /// # Errors
    /// If a rate is outside [`RATES`], or the two rates have too little in common.
    pub fn new(from: u32, to: u32) -> Result<Self, RateError> {
        let error = RateError { from, to };
        if !RATES.contains(&from) || !RATES.contains(&to) {
            return Err(error);
        }
        let common = gcd(from, to);
        let (up, down) = (to / common, from / common);
        if up > MOST_PHASES {
            return Err(error);
        }
        let taps = (2 * from * DELAY_MS / 1000).max(2) as usize;
        let (up, down) = (up as usize, down as usize);
        let cutoff = CUTOFF * f64::from(from.min(to)) / f64::from(from);
        let bank = (0..up).map(|phase| phase_of_bank(phase, up, taps, cutoff)).collect();
        Ok(Self { up, down, bank, recent: vec![0.0; taps], ahead: 0 })
    }

    /// Takes the next chunk of the stream, of any length. Returns all output for it.
    #[must_use]
    pub fn push(&mut self, input: &[i16]) -> Vec<i16> {
        if self.up == self.down {
            return input.to_vec();
        }
        let mut out = Vec::with_capacity(input.len() * self.up / self.down + 1);
        let taps = self.recent.len();
        self.recent.extend(input.iter().map(|&sample| f32::from(sample)));
        for newest in taps..self.recent.len() {
            while self.ahead < self.up {
                let window = self.recent[newest + 1 - taps..=newest].iter().rev();
                let sum: f32 = window.zip(&self.bank[self.ahead]).map(|(sample, tap)| sample * tap).sum();
                // The filter may overshoot the range of the type.
                out.push(sum.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16);
                self.ahead += self.down;
            }
            self.ahead -= self.up;
        }
        self.recent.drain(..input.len());
        out
    }

    /// Marks a gap in the stream: audio from before the gap does not sound in the audio after it.
    pub fn forget(&mut self) {
        self.recent.fill(0.0);
    }
}

/// The taps for new samples that lie `phase` parts of `up` behind the newest old one: a sinc under a Kaiser
/// window, of gain 1, with its middle half the number of taps ago (Oppenheim and Schafer, Discrete-Time
/// Signal Processing, 7.5.3).
fn phase_of_bank(phase: usize, up: usize, taps: usize, cutoff: f64) -> Vec<f32> {
    let middle = taps as f64 / 2.0;
    let raw: Vec<f64> = (0..taps)
        .map(|age| {
            let x = age as f64 + phase as f64 / up as f64 - middle;
            sinc(2.0 * cutoff * x) * kaiser(x / middle)
        })
        .collect();
    let gain: f64 = raw.iter().sum();
    raw.into_iter().map(|tap| (tap / gain) as f32).collect()
}

fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle }
}

/// Kaiser's window at `x` in -1 to 1.
fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of the first kind and order 0, by its power series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..30 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use proptest::prelude::*;

    const RATES_OF_LINES: [u32; 5] = [8_000, 16_000, 22_050, 24_000, 48_000];

    /// Every rate of a connection, to and from 8 kHz.
    fn lines() -> impl Iterator<Item = (u32, u32)> {
        RATES_OF_LINES.into_iter().skip(1).flat_map(|rate| [(rate, 8_000), (8_000, rate)])
    }

    fn tone(frequency: f64, rate: u32, samples: u32) -> Vec<i16> {
        let sample = |n| (16_000.0 * (TAU * frequency * f64::from(n) / f64::from(rate)).sin()) as i16;
        (0..samples).map(sample).collect()
    }

    /// Amplitude and phase (in turns) of one frequency, by correlation under a Hann window.
    fn measure(audio: &[i16], frequency: f64, rate: u32) -> (f64, f64) {
        let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
        for (n, &sample) in audio.iter().enumerate() {
            let w = 0.5 - 0.5 * (TAU * n as f64 / audio.len() as f64).cos();
            let angle = TAU * frequency * n as f64 / f64::from(rate);
            re += w * f64::from(sample) / 16_000.0 * angle.sin();
            im += w * f64::from(sample) / 16_000.0 * angle.cos();
            weight += w;
        }
        (2.0 * re.hypot(im) / weight, im.atan2(re) / TAU)
    }

    fn level(audio: &[i16]) -> f64 {
        let middle = &audio[audio.len() / 4..audio.len() * 3 / 4];
        let power = middle.iter().map(|&s| (f64::from(s) / 16_000.0).powi(2)).sum::<f64>();
        (power / middle.len() as f64).sqrt()
    }

    fn convert(input: &[i16], from: u32, to: u32) -> Vec<i16> {
        let mut resampler = LiveResampler::new(from, to).unwrap();
        input.chunks(from as usize / 50).flat_map(|frame| resampler.push(frame)).collect()
    }

    #[test]
    fn the_telephones_band_keeps_its_level_and_comes_two_milliseconds_later() {
        for (from, to) in lines() {
            for (frequency, loss) in
                [(100.0, 0.01), (300.0, 0.01), (1_000.0, 0.01), (3_000.0, 0.02), (3_400.0, 0.08)]
            {
                let out = convert(&tone(frequency, from, from), from, to);
                let (amplitude, phase) = measure(&out[to as usize / 10..], frequency, to);
                assert!((amplitude - 1.0).abs() < loss, "{from} to {to}, {frequency} Hz: {amplitude}");
                // The measurement begins after a tenth of a second: whole turns of each of these tones.
                let late = (-phase).rem_euclid(1.0) - (frequency * 0.002).fract();
                let late = late - late.round();
                assert!(late.abs() < 0.02, "{from} to {to}, {frequency} Hz: {late} turns");
            }
        }
    }

    #[test]
    fn no_tone_brings_images_or_aliases_into_the_telephones_band() {
        for (from, to) in lines() {
            for frequency in [300.0, 1_000.0, 3_000.0] {
                let out = convert(&tone(frequency, from, from), from, to);
                let (amplitude, phase) = measure(&out, frequency, to);
                let rest: Vec<i16> = (0..to)
                    .zip(&out)
                    .map(|(n, sample)| {
                        let angle = TAU * (frequency * f64::from(n) / f64::from(to) + phase);
                        sample - (16_000.0 * amplitude * angle.sin()) as i16
                    })
                    .collect();
                // 40 dB under the tone.
                assert!(level(&rest) < 0.007, "{from} to {to}, {frequency} Hz: {}", level(&rest));
            }
        }
    }

    #[test]
    fn what_would_fold_back_into_the_telephones_band_is_gone() {
        for from in [16_000, 22_050, 24_000, 48_000] {
            // Folds to 3.4 kHz and below.
            for frequency in [4_600.0, 5_500.0, 7_000.0] {
                let out = convert(&tone(frequency, from, from), from, 8_000);
                // 50 dB under the tone.
                assert!(level(&out) < 0.003, "{from}, {frequency} Hz: {}", level(&out));
            }
        }
    }

    #[test]
    fn rates_that_make_no_sense_are_refused() {
        assert!(LiveResampler::new(0, 8_000).is_err());
        assert!(LiveResampler::new(8_000, 47_999).is_err());
    }

    #[test]
    fn full_scale_does_not_wrap() {
        let square: Vec<i16> = (0..800).map(|n| if n / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        let out = convert(&square, 8_000, 16_000);
        assert!(out.windows(2).all(|pair| i32::from(pair[0]).abs_diff(i32::from(pair[1])) < 60_000));
    }

    #[test]
    fn after_a_gap_nothing_is_left_of_what_was_before() {
        let mut resampler = LiveResampler::new(16_000, 8_000).unwrap();
        let _ = resampler.push(&[9_000; 320]);
        resampler.forget();
        assert_eq!(resampler.push(&[0; 320]), [0; 160]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn however_a_stream_is_cut_it_sounds_the_same_and_nothing_is_held_back(
            cuts in proptest::collection::vec(0_usize..700, 0..12),
            from in proptest::sample::select(&RATES_OF_LINES[..]),
            to in proptest::sample::select(&RATES_OF_LINES[..]),
        ) {
            let audio = tone(440.0, from, 3_000);
            let whole = LiveResampler::new(from, to).unwrap().push(&audio);
            let mut resampler = LiveResampler::new(from, to).unwrap();
            let (mut pieces, mut rest, mut taken) = (Vec::new(), &audio[..], 0);
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                pieces.extend(resampler.push(now));
                rest = later;
                taken += now.len();
                let exact = taken as f64 * f64::from(to) / f64::from(from);
                prop_assert!((pieces.len() as f64 - exact.ceil()).abs() < 1e-6, "{} for {exact}", pieces.len());
            }
            pieces.extend(resampler.push(rest));
            prop_assert_eq!(whole, pieces);
        }
    }
}
