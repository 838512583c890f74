//! Resampling between the phone's 8 kHz and a connection's 16 or 24 kHz, for the caller: each push gives the
//! exact number of samples at once, because a gateway must not wait for later audio. PURE. Must not know what
//! the samples are.

use std::collections::VecDeque;

use offhook_core::units::PHONE_RATE;

/// The length of the filter, in samples at 8 kHz; it delays the sound by half of that, 2 ms. The transition
/// band is 3.4 to 4 kHz.
const TAPS: usize = 32;

/// The cut-off frequency, as a fraction of 4 kHz.
const CUT: f64 = 0.9;

/// A low-pass filter at the higher of the two rates.
#[derive(Debug)]
struct Filter {
    factor: usize,
    /// A sinc under a Hann window; its sum is 1.
    taps: Vec<f64>,
    /// The last samples, newest first.
    past: VecDeque<f64>,
}

impl Filter {
    /// A filter that remembers `past` samples.
    fn new(factor: usize, past: usize) -> Self {
        let len = TAPS * factor;
        let sinc = |n: usize| {
            let at = (n as f64 - (len - 1) as f64 / 2.0) / factor as f64;
            let x = std::f64::consts::PI * at * CUT;
            let window = 0.5 - 0.5 * (std::f64::consts::TAU * (n as f64 + 0.5) / len as f64).cos();
            if x.abs() < 1e-9 { window } else { window * x.sin() / x }
        };
        let taps: Vec<f64> = (0..len).map(sinc).collect();
        let sum: f64 = taps.iter().sum();
        let taps = taps.into_iter().map(|tap| tap / sum).collect();
        Self { factor, taps, past: std::iter::repeat_n(0.0, past).collect() }
    }

    fn remember(&mut self, sample: i16) {
        self.past.pop_back();
        self.past.push_front(sample.into());
    }
}

/// The number of the connection's samples per sample of the phone.
fn factor(rate: u32) -> usize {
    (rate / PHONE_RATE).max(1) as usize
}

fn rounded(sample: f64) -> i16 {
    // `as` saturates at the ends of the range.
    sample.round() as i16
}

/// From the phone's rate to the connection's.
#[derive(Debug)]
pub(crate) struct Up(Filter);

impl Up {
    /// To `rate`, a multiple of 8000.
    pub(crate) fn to(rate: u32) -> Self {
        Self(Filter::new(factor(rate), TAPS))
    }

    /// The next samples of the stream.
    pub(crate) fn push(&mut self, samples: &[i16]) -> Vec<i16> {
        let factor = self.0.factor;
        if factor == 1 {
            return samples.to_vec();
        }
        let mut out = Vec::with_capacity(samples.len() * factor);
        for &sample in samples {
            self.0.remember(sample);
            for phase in 0..factor {
                let taps = self.0.taps.iter().skip(phase).step_by(factor);
                let sum: f64 = taps.zip(&self.0.past).map(|(tap, past)| tap * past).sum();
                out.push(rounded(sum * factor as f64));
            }
        }
        out
    }
}

/// From the connection's rate to the phone's.
#[derive(Debug)]
pub(crate) struct Down {
    filter: Filter,
    /// The number of samples since the last output.
    since: usize,
}

impl Down {
    /// From `rate`, a multiple of 8000.
    pub(crate) fn from(rate: u32) -> Self {
        let factor = factor(rate);
        Self { filter: Filter::new(factor, TAPS * factor), since: 0 }
    }

    /// The next samples of the stream, any number of them.
    pub(crate) fn push(&mut self, samples: &[i16]) -> Vec<i16> {
        let factor = self.filter.factor;
        if factor == 1 {
            return samples.to_vec();
        }
        let mut out = Vec::with_capacity(samples.len() / factor + 1);
        for &sample in samples {
            self.filter.remember(sample);
            self.since += 1;
            if self.since == factor {
                self.since = 0;
                let sum: f64 = self.filter.taps.iter().zip(&self.filter.past).map(|(t, p)| t * p).sum();
                out.push(rounded(sum));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f64, rate: u32, samples: usize) -> Vec<i16> {
        let step = std::f64::consts::TAU * hertz / f64::from(rate);
        (0..samples).map(|n| (8000.0 * (step * n as f64).sin()).round() as i16).collect()
    }

    fn loudness(samples: &[i16]) -> f64 {
        let power: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
        (power / samples.len() as f64).sqrt()
    }

    #[test]
    fn twenty_milliseconds_are_twenty_milliseconds_at_once() {
        for rate in [8000, 16_000, 24_000] {
            let line = Up::to(rate).push(&[1000; 160]);
            assert_eq!(line.len(), rate as usize / 50);
            let mut down = Down::from(rate);
            assert_eq!(down.push(&line).len(), 160);
            let odd = down.push(&line[..100]).len() + down.push(&line[100..]).len();
            assert_eq!(odd, 160, "however it is cut");
        }
    }

    #[test]
    fn speech_is_as_loud_as_it_was_and_nothing_above_the_phone_is_folded_into_it() {
        for rate in [16_000, 24_000] {
            for hertz in [300.0, 1000.0, 3000.0] {
                let there = Up::to(rate).push(&sine(hertz, 8000, 4000));
                let back = Down::from(rate).push(&there);
                for heard in [loudness(&there[800..]), loudness(&back[800..])] {
                    assert!((heard / 5657.0 - 1.0).abs() < 0.1, "{rate} {hertz} {heard}");
                }
            }
            let folded = loudness(&Down::from(rate).push(&sine(5000.0, rate, 8000))[800..]);
            assert!(folded < 50.0, "{rate} {folded}");
        }
    }

    #[test]
    fn the_way_there_and_back_takes_four_milliseconds() {
        let mut click = [0; 400];
        click[100] = 20_000;
        let back = Down::from(16_000).push(&Up::to(16_000).push(&click));
        let loudest = (0..back.len()).max_by_key(|&n| back[n].unsigned_abs()).unwrap();
        assert!((130..=134).contains(&loudest), "{loudest}");
    }

    #[test]
    fn the_phones_own_rate_is_left_alone() {
        let samples = sine(440.0, 8000, 160);
        assert_eq!(Down::from(8000).push(&Up::to(8000).push(&samples)), samples);
    }
}
