//! Packet loss concealment: repeats the last pitch period, fading to silence. Must not know streams or calls;
//! its caller knows how much audio is missing.
//!
//! In the spirit of ITU-T G.711, Appendix I: the pitch is found by normalised cross-correlation of the newest
//! 20 ms with the audio 5 to 15 ms before; the level is full for the first 10 ms and then drops by a fifth
//! every 10 ms.

use crate::units::samples_in;
use std::time::Duration;

/// The newest audio, in which the pitch is searched.
const WINDOW: Duration = Duration::from_millis(20);
/// The range of the pitch period: 200 to 66 Hz.
const SHORTEST_PERIOD: Duration = Duration::from_millis(5);
const LONGEST_PERIOD: Duration = Duration::from_millis(15);
/// The concealment has full level up to `WHOLE` and is silent from `SILENT` on.
const WHOLE: Duration = Duration::from_millis(10);
const SILENT: Duration = Duration::from_millis(60);
/// The real voice is faded in over this time.
const CROSS_FADE: Duration = Duration::from_millis(4);

/// The newest audio of a stream.
#[derive(Debug, Clone)]
pub struct Concealer {
    rate: u32,
    newest: Vec<i16>,
}

impl Concealer {
    /// A concealer for a stream of `rate` samples a second that has not begun.
    #[must_use]
    pub const fn new(rate: u32) -> Self {
        Self { rate, newest: Vec::new() }
    }

    fn samples(&self, duration: Duration) -> usize {
        samples_in(duration, self.rate)
    }

    /// Notes `samples` that have arrived or were concealed.
    pub fn heard(&mut self, samples: &[i16]) {
        let kept = self.samples(WINDOW + LONGEST_PERIOD);
        let from = samples.len().saturating_sub(kept);
        self.newest.extend_from_slice(&samples[from..]);
        let excess = self.newest.len().saturating_sub(kept);
        self.newest.drain(..excess);
    }

    /// Makes up `missing` samples. The beginning of `next`, the audio behind them, is blended with the
    /// made-up voice, so that there is no click.
    #[must_use]
    pub fn conceal(&self, missing: usize, next: &mut [i16]) -> Vec<i16> {
        let Some(period) = self.period() else { return vec![0; missing] };
        let voice = |n: usize| period[n % period.len()] * self.gain(n);
        // `as` rounds towards zero and saturates, which is inaudible.
        let made_up = (0..missing).map(|n| voice(n) as i16).collect();
        let fade = self.samples(CROSS_FADE).min(next.len());
        for (n, sample) in next[..fade].iter_mut().enumerate() {
            let share = (n + 1) as f32 / (fade + 1) as f32;
            *sample = (f32::from(*sample) * share + voice(missing + n) * (1.0 - share)) as i16;
        }
        made_up
    }

    /// The last pitch period, with its end blended so that it can be repeated; `None` if there is too little
    /// audio.
    fn period(&self) -> Option<Vec<f32>> {
        let (window, longest) = (self.samples(WINDOW), self.samples(LONGEST_PERIOD));
        if window == 0 || self.newest.len() < window + longest {
            return None;
        }
        let audio: Vec<f32> = self.newest.iter().map(|&sample| f32::from(sample)).collect();
        let end = audio.len();
        let now = &audio[end - window..];
        let likeness = |lag: usize| {
            let before = &audio[end - window - lag..end - lag];
            let (mut product, mut energy) = (0.0, 1.0);
            for (a, b) in now.iter().zip(before) {
                product += a * b;
                energy += b * b;
            }
            product / f32::sqrt(energy)
        };
        let lag =
            (self.samples(SHORTEST_PERIOD)..=longest).max_by(|a, b| likeness(*a).total_cmp(&likeness(*b)))?;
        let mut period = audio[end - lag..].to_vec();
        let quarter = lag / 4;
        for n in 0..quarter {
            let share = (n + 1) as f32 / (quarter + 1) as f32;
            let at = lag - quarter + n;
            period[at] = period[at] * (1.0 - share) + audio[end - lag - quarter + n] * share;
        }
        Some(period)
    }

    fn gain(&self, n: usize) -> f32 {
        let (whole, silent) = (self.samples(WHOLE), self.samples(SILENT));
        if n < whole { 1.0 } else { 1.0 - ((n - whole) as f32 / (silent - whole) as f32).min(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::rms_dbfs;
    use proptest::prelude::*;

    /// A voice of 100 Hz with overtones.
    fn voice(rate: u32, from: usize, samples: usize) -> Vec<i16> {
        let at = |n: usize| {
            let turn = n as f64 / f64::from(rate) * 100.0 * std::f64::consts::TAU;
            (1..6).map(|k| (turn * f64::from(k)).sin() / f64::from(k)).sum::<f64>() * 6000.0
        };
        (from..from + samples).map(|n| at(n) as i16).collect()
    }

    #[test]
    fn twenty_missing_milliseconds_of_a_voice_sound_like_the_voice() {
        for rate in [8000, 16_000, 24_000] {
            let frame = rate as usize / 50;
            let mut concealer = Concealer::new(rate);
            concealer.heard(&voice(rate, 0, frame * 5));
            let truth = voice(rate, frame * 5, frame * 2);
            let mut next = truth[frame..].to_vec();
            let made_up = concealer.conceal(frame, &mut next);
            let wrong: Vec<i16> = made_up.iter().chain(&next).zip(&truth).map(|(a, b)| a - b).collect();
            let (voice, wrong) = (rms_dbfs(&truth), rms_dbfs(&wrong));
            assert!(wrong < voice - 12.0, "{rate}: {wrong} of {voice}");
        }
    }

    #[test]
    fn a_longer_hole_fades_to_silence_within_sixty_milliseconds() {
        let mut concealer = Concealer::new(8000);
        concealer.heard(&voice(8000, 0, 800));
        let made_up = concealer.conceal(8000, &mut []);
        let levels: Vec<f32> = made_up.chunks(80).map(rms_dbfs).collect();
        assert!(levels[0] > levels[3] && levels[3] > levels[5], "{levels:?}");
        assert!(made_up[480..].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn there_is_no_click_where_the_voice_is_made_up_and_where_it_comes_back() {
        let mut concealer = Concealer::new(8000);
        let before = voice(8000, 0, 800);
        concealer.heard(&before);
        // The voice comes back at another place in its period.
        let mut next = voice(8000, 993, 160);
        let made_up = concealer.conceal(160, &mut next);
        let all = [before.clone(), made_up, next].concat();
        let step = |samples: &[i16]| {
            samples.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap()
        };
        assert!(step(&all) <= step(&before) * 3 / 2, "{} of {}", step(&all), step(&before));
    }

    #[test]
    fn before_anything_was_heard_there_is_nothing_to_repeat() {
        assert_eq!(Concealer::new(8000).conceal(3, &mut [7]), [0, 0, 0]);
    }

    proptest! {
        #[test]
        fn whatever_was_heard_the_hole_is_filled_to_the_sample_and_nothing_grows(
            pieces in prop::collection::vec(prop::collection::vec(any::<i16>(), 0..700), 0..6),
            missing in 0_usize..9000,
            rate in prop_oneof![Just(8000_u32), Just(22_050), Just(48_000)],
        ) {
            let mut concealer = Concealer::new(rate);
            for piece in &pieces {
                concealer.heard(piece);
            }
            let mut next = vec![100; 50];
            prop_assert_eq!(concealer.conceal(missing, &mut next).len(), missing);
            prop_assert!(concealer.newest.len() <= rate as usize / 25);
        }
    }
}
