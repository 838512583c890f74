//! The search for the agent's voice in the caller's audio: correlation over all delays up to a second, of
//! whitened signals at 4 kHz, kept up to date frame by frame. Must not know what is made of an echo.
//!
//! A normalised cross-correlation of flattened spectra is the time-domain relative of GCC-PHAT (Knapp and
//! Carter, "The generalized correlation method for estimation of time delay", 1976).

use crate::units::FRAME_SAMPLES;

/// The longest delay that is searched for, in samples at 8 kHz: 1 s. The way to a phone and back takes 50 to
/// 400 ms; the rest is for gateways that play later than they say.
pub(super) const LONGEST: usize = 8000;

/// The search runs at every second sample: speech has most of its energy below 2 kHz.
const DECIMATION: usize = 2;
/// The delays that are searched, in decimated samples.
const LAGS: usize = LONGEST / DECIMATION;
/// A frame of decimated samples.
const STEP: usize = FRAME_SAMPLES / DECIMATION;

/// Lags that are computed together, in groups that fit a vector register.
const LANES: usize = 8;
const BLOCK: usize = 4 * LANES;

/// What is forgotten each frame in the fast and in the slow correlation: time constants of 100 ms, about a
/// syllable, and of 1 s, over which the pitch of any two voices drifts apart.
const KEEP_FAST: f32 = 0.82;
const KEEP_SLOW: f32 = 0.98;

/// The filter before decimation: a half-band low-pass (-1 0 9 16 9 0 -1)/32 followed by the difference 1 -
/// 0.9/z that flattens the spectrum of speech.
const WHITEN: [f32; 9] = {
    let low_pass = [-1.0, 0.0, 9.0, 16.0, 9.0, 0.0, -1.0];
    let mut taps = [0.0; 9];
    let mut i = 0;
    while i < 7 {
        // The newest sample is last.
        taps[i + 2] += low_pass[i] / 32.0;
        taps[i] -= 0.9 * low_pass[i] / 32.0;
        i += 1;
    }
    taps
};

/// The samples before a frame that the filter needs.
pub(super) const CONTEXT: usize = WHITEN.len() - 1;

/// Energy that counts as silence, for a frame of decimated, whitened samples: -66 dBFS, about the idle noise
/// of a mu-law line.
const SILENCE: f32 = STEP as f32 * 16.0 * 16.0;

/// How well the caller's audio matches the agent's at one delay.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Match {
    /// The delay, in samples at 8 kHz.
    pub(super) delay: usize,
    /// The normalised correlation, 0 to 1.
    pub(super) likeness: f32,
}

/// The best matches after a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Look {
    /// In this frame.
    pub(super) now: Match,
    /// Over the last 100 ms.
    pub(super) fast: Match,
    /// Over the last second.
    pub(super) slow: Match,
}

/// One correlation, over one memory.
#[derive(Debug)]
struct Correlation {
    keep: f32,
    /// By lag, longest lag first.
    products: Vec<f32>,
    sent: Vec<f32>,
    heard: f32,
}

/// The search of one call.
#[derive(Debug)]
pub(super) struct DelaySearch {
    /// The agent's whitened audio, the newest last: the longest delay, and a frame.
    history: Vec<f32>,
    fast: Correlation,
    slow: Correlation,
    /// The products of the newest frame, by lag.
    products: Vec<f32>,
    /// The agent's energy over a frame, by lag.
    energies: Vec<f32>,
}

impl Default for DelaySearch {
    fn default() -> Self {
        Self {
            history: vec![0.0; LAGS + STEP],
            fast: Correlation::new(KEEP_FAST),
            slow: Correlation::new(KEEP_SLOW),
            products: vec![0.0; LAGS],
            energies: vec![0.0; LAGS],
        }
    }
}

impl DelaySearch {
    /// Forgets everything: the caller's audio does not continue what it was. `sent` is the agent's audio up
    /// to the position of the next frame, [`CONTEXT`] and [`LONGEST`] samples.
    pub(super) fn restart(&mut self, sent: &[f32]) {
        let (_, past) = self.history.split_at_mut(STEP);
        whiten(sent, past);
        let energies = self.energies.iter_mut().zip(self.history.windows(STEP));
        energies.for_each(|(energy, frame)| *energy = energy_of(frame));
        self.forget();
    }

    /// Forgets what was seen so far.
    pub(super) fn forget(&mut self) {
        self.fast.forget();
        self.slow.forget();
    }

    /// Takes a frame of the caller's audio, and the agent's audio of the same time. Both come with the
    /// [`CONTEXT`] samples before them.
    pub(super) fn look(&mut self, heard: &[f32], sent: &[f32]) -> Look {
        self.history.copy_within(STEP.., 0);
        if let Some(newest) = self.history.last_chunk_mut::<STEP>() {
            whiten(sent, newest);
        }
        // What was the energy at a lag is now that at a lag that is a frame longer.
        self.energies.copy_within(STEP.., 0);
        let newest = self.history.windows(STEP).skip(LAGS - STEP);
        let energies = self.energies.iter_mut().skip(LAGS - STEP).zip(newest);
        energies.for_each(|(energy, frame)| *energy = energy_of(frame));
        let mut frame = [0.0; STEP];
        whiten(heard, &mut frame);
        correlate(&frame, &self.history, &mut self.products);
        let energy = energy_of(&frame);
        self.fast.add(&self.products, &self.energies, energy, 1.0);
        // In the long memory all frames count alike, however loud: a caller who speaks over the echo for a
        // moment must not outweigh it. Silence stays silence.
        self.slow.add(&self.products, &self.energies, energy, 1.0 / (energy + SILENCE));
        let now = best(&self.products, &self.energies, energy, 0);
        Look { now, fast: self.fast.best(0..LAGS), slow: self.slow.best(0..LAGS) }
    }

    /// The best fast match at most `within` samples from `delay`.
    #[must_use]
    pub(super) fn fast_near(&self, delay: usize, within: usize) -> Match {
        let newest = LAGS.saturating_sub(delay.saturating_sub(within) / DECIMATION);
        let oldest = LAGS.saturating_sub((delay + within) / DECIMATION);
        self.fast.best(oldest..newest)
    }
}

/// The products of a frame with the agent's audio, by lag: the window of the longest lag begins with the
/// history. Most of a call's computing is here, and the compiler makes vector instructions of it only as long
/// as it stands alone: inlined, it was twenty times slower.
#[inline(never)]
fn correlate(frame: &[f32; STEP], history: &[f32], products: &mut [f32]) {
    let (blocks, _) = products.as_chunks_mut::<BLOCK>();
    for (block, window) in blocks.iter_mut().zip(history.windows(BLOCK + STEP - 1).step_by(BLOCK)) {
        let mut sums = [[0.0; LANES]; BLOCK / LANES];
        for (sample, shifted) in frame.iter().zip(window.windows(BLOCK)) {
            for (sums, others) in sums.iter_mut().zip(shifted.as_chunks::<LANES>().0) {
                for (sum, other) in sums.iter_mut().zip(others) {
                    *sum += sample * other;
                }
            }
        }
        block.copy_from_slice(sums.as_flattened());
    }
}

fn energy_of(frame: &[f32]) -> f32 {
    frame.iter().map(|sample| sample * sample).sum()
}

/// The best match among lags (longest first, the first of them `start`) with these products and energies of
/// the agent, and this energy of the caller.
fn best(products: &[f32], sent: &[f32], heard: f32, start: usize) -> Match {
    let (mut best, mut at) = (0.0, start);
    for (n, (products, sent)) in products.chunks(BLOCK).zip(sent.chunks(BLOCK)).enumerate() {
        // The few that are better are looked for one by one; most blocks have none.
        let mut likenesses = [0.0; BLOCK];
        for ((place, product), sent) in likenesses.iter_mut().zip(products).zip(sent) {
            *place = product * product / (sent + SILENCE);
        }
        if likenesses.iter().fold(false, |any, likeness| any | (*likeness > best)) {
            for (i, likeness) in likenesses.into_iter().enumerate() {
                if likeness > best {
                    (best, at) = (likeness, start + n * BLOCK + i);
                }
            }
        }
    }
    let likeness = (best / heard.max(f32::MIN_POSITIVE)).sqrt().min(1.0);
    let likeness = if heard > 0.0 { likeness } else { 0.0 };
    Match { delay: (LAGS - at) * DECIMATION, likeness }
}

impl Correlation {
    fn new(keep: f32) -> Self {
        Self { keep, products: vec![0.0; LAGS], sent: vec![0.0; LAGS], heard: 0.0 }
    }

    fn forget(&mut self) {
        self.products.fill(0.0);
        self.sent.fill(0.0);
        self.heard = 0.0;
    }

    /// Adds a frame with a weight on the caller's energy.
    fn add(&mut self, products: &[f32], sent: &[f32], heard: f32, weight: f32) {
        let amplitude = weight.sqrt();
        self.heard = self.keep * self.heard + heard * weight;
        for (sum, new) in self.products.iter_mut().zip(products) {
            *sum = self.keep * *sum + new * amplitude;
        }
        for (sum, new) in self.sent.iter_mut().zip(sent) {
            *sum = self.keep * *sum + new;
        }
    }

    /// The best match among these lags (indices, longest lag first).
    fn best(&self, among: std::ops::Range<usize>) -> Match {
        let start = among.start;
        let products = self.products.get(among.clone()).unwrap_or_default();
        let sent = self.sent.get(among).unwrap_or_default();
        best(products, sent, self.heard, start)
    }
}

/// Whitens and decimates. `samples` begins [`CONTEXT`] samples before the first that is filtered.
fn whiten(samples: &[f32], into: &mut [f32]) {
    for (window, place) in samples.windows(WHITEN.len()).step_by(DECIMATION).zip(into) {
        *place = window.iter().zip(&WHITEN).map(|(sample, tap)| sample * tap).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Noise whose loudness changes like that of speech.
    fn voice(seed: u32, samples: usize) -> Vec<f32> {
        let mut state = seed;
        let mut last = 0.0;
        (0..samples)
            .map(|n| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
                last = 0.8 * last + noise * 3000.0;
                last * (1.1 + (n as f32 * 0.004 + seed as f32).sin())
            })
            .collect()
    }

    /// The looks at 30 frames of `heard`, from the position `from` of `sent` on.
    fn looks(sent: &[f32], heard: &[f32], from: usize) -> Vec<Look> {
        let mut search = DelaySearch::default();
        search.restart(&sent[from - LONGEST - CONTEXT..from]);
        (0..30)
            .map(|n| from + n * FRAME_SAMPLES)
            .map(|at| at - CONTEXT..at + FRAME_SAMPLES)
            .map(|frame| search.look(&heard[frame.clone()], &sent[frame]))
            .collect()
    }

    #[test]
    fn a_voice_that_has_nothing_to_do_with_the_agents_matches_at_no_delay() {
        let looks = looks(&voice(1, 20_000), &voice(2, 20_000), 12_000);
        assert!(looks.iter().skip(10).all(|look| look.slow.likeness < 0.25), "{:?}", looks.last());
    }

    #[test]
    fn silence_matches_nothing() {
        let looks = looks(&voice(1, 20_000), &[0.0; 20_000], 12_000);
        assert!(looks.iter().all(|look| look.fast.likeness == 0.0 && look.slow.likeness == 0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_delay_up_to_a_second_is_found_within_two_milliseconds_at_any_level(
            delay in 2_usize..=LONGEST,
            seed in 1_u32..1000,
            loss_db in 6.0_f32..40.0,
            turned: bool,
        ) {
            let sent = voice(seed, 20_000);
            let gain = 10.0_f32.powf(-loss_db / 20.0) * if turned { -1.0 } else { 1.0 };
            let heard: Vec<f32> =
                (0..20_000).map(|n: usize| n.checked_sub(delay).map_or(0.0, |n| sent[n] * gain)).collect();
            for look in looks(&sent, &heard, 12_000).iter().skip(10) {
                for seen in [look.fast, look.slow] {
                    prop_assert!(seen.delay.abs_diff(delay) <= 16 && seen.likeness > 0.5, "{look:?} for {delay}");
                }
            }
        }
    }
}
