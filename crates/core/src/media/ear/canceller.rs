//! The subtraction of the echo: an adaptive filter that learns the way from the agent's voice to the
//! caller's audio. Must not know delays, speech or what counts as an echo.
//!
//! NLMS (normalised least mean squares) with two filters (Ochiai, Araseki and Ogihara, "Echo canceler with
//! two echo path models", 1977). One learns all the time, also while the caller speaks and spoils it. The
//! other one is used, and takes over what was learned only once that has proved better. So no detector of
//! double talk can be wrong.

/// The length of the filter: 64 ms, for echoes that ring for 30 ms and begin a little before or after the
/// delay that was found.
pub(super) const TAPS: usize = 512;

/// The share of the error that a step corrects. 1 is the fastest; less averages over noise.
const STEP: f32 = 0.5;

/// Keeps the steps small while the agent is quieter than -60 dBFS: its audio then says little about the way.
const REGULARISATION: f32 = TAPS as f32 * 32.0 * 32.0;

/// The difference 1 - 0.9/z flattens the spectrum of speech, so that all frequencies are learned at the same
/// pace.
const FLATTEN: f32 = 0.9;

/// What is forgotten of the errors each frame: a memory of 100 ms.
const KEEP: f32 = 0.8;

/// The learning filter is taken over if its error has less than this share of the used one's energy, and
/// less than [`HELPFUL`] of the energy without any filter.
const BETTER: f32 = 0.7;
const HELPFUL: f32 = 0.8;

/// The same while somebody speaks besides the agent: little may be left but the agent's voice.
const CERTAINLY_HELPFUL: f32 = 0.25;

/// The learning filter begins again from the used one if its error has this many times the energy.
const LOST: f32 = 4.0;

/// The filters of one call. Samples have the scale of 16 bits.
#[derive(Debug)]
pub(super) struct Canceller {
    used: Vec<f32>,
    learning: Vec<f32>,
    /// The flattened errors of the last 100 ms: energies.
    used_error: f32,
    learning_error: f32,
    heard: f32,
    last_heard: f32,
    last_error: f32,
}

impl Default for Canceller {
    fn default() -> Self {
        Self {
            used: vec![0.0; TAPS],
            learning: vec![0.0; TAPS],
            used_error: 0.0,
            learning_error: 0.0,
            heard: 0.0,
            last_heard: 0.0,
            last_error: 0.0,
        }
    }
}

impl Canceller {
    /// Writes what is left of `heard` without the echo. `sent` is the agent's audio: the [`TAPS`] - 1
    /// samples before those that belong to `heard`, and these.
    pub(super) fn cancel(&self, sent: &[f32], heard: &[f32], left: &mut Vec<f32>) {
        left.extend(heard.iter().zip(sent.windows(TAPS)).map(|(y, x)| y - dot(&self.used, x)));
    }

    /// Learns from a frame: what was heard, what [`Self::cancel`] left of it, and the agent's audio, with one
    /// sample more at the beginning than there. `alone` if nobody but the agent was heard lately. Returns the
    /// share of the energy that the learning filter left, which shows an echo that the used one does not know
    /// yet.
    pub(super) fn learn(&mut self, sent: &[f32], heard: &[f32], left: &[f32], alone: bool) -> f32 {
        let flat_sent: Vec<f32> =
            sent.iter().zip(sent.iter().skip(1)).map(|(before, now)| now - FLATTEN * before).collect();
        let mut power: f32 = flat_sent.iter().take(TAPS).map(|x| x * x).sum();
        let (mut used_error, mut learning_error, mut heard_energy) = (0.0, 0.0, 0.0);
        let mut entering = flat_sent.iter().skip(TAPS);
        for ((y, e), x) in heard.iter().zip(left).zip(flat_sent.windows(TAPS)) {
            let flat_y = y - FLATTEN * std::mem::replace(&mut self.last_heard, *y);
            let flat_e = e - FLATTEN * std::mem::replace(&mut self.last_error, *e);
            let error = flat_y - dot(&self.learning, x);
            let step = STEP * error / (power + REGULARISATION);
            for (tap, x) in self.learning.iter_mut().zip(x) {
                *tap += step * x;
            }
            used_error += flat_e * flat_e;
            learning_error += error * error;
            heard_energy += flat_y * flat_y;
            let leaves = x.first().copied().unwrap_or_default();
            let enters = entering.next().copied().unwrap_or_default();
            power = (power + enters * enters - leaves * leaves).max(0.0);
        }
        self.used_error = KEEP * self.used_error + used_error;
        self.learning_error = KEEP * self.learning_error + learning_error;
        self.heard = KEEP * self.heard + heard_energy;
        self.choose(alone);
        if heard_energy > 0.0 { learning_error / heard_energy } else { 1.0 }
    }

    /// The delay that the filters begin at has grown by this many samples (shrunk, if negative): what they
    /// learned keeps its place in time.
    pub(super) fn shift(&mut self, samples: i64) {
        let by = usize::try_from(samples.unsigned_abs()).unwrap_or(TAPS).min(TAPS);
        for taps in [&mut self.used, &mut self.learning] {
            if samples > 0 {
                taps.rotate_right(by);
                taps.iter_mut().take(by).for_each(|tap| *tap = 0.0);
            } else {
                taps.rotate_left(by);
                taps.iter_mut().rev().take(by).for_each(|tap| *tap = 0.0);
            }
        }
    }

    /// The share of the energy that the used filter left of the last 100 ms.
    pub(super) fn left_share(&self) -> f32 {
        if self.heard > 0.0 { self.used_error / self.heard } else { 1.0 }
    }

    fn choose(&mut self, alone: bool) {
        let (helpful, lost) = if alone { (HELPFUL, LOST) } else { (CERTAINLY_HELPFUL, 1.0) };
        if self.learning_error < BETTER * self.used_error && self.learning_error < helpful * self.heard {
            self.used.clone_from(&self.learning);
            self.used_error = self.learning_error;
        } else if self.learning_error > lost * self.used_error.min(self.heard) {
            self.learning.clone_from(&self.used);
            self.learning_error = self.used_error;
        }
        // A filter that adds more than it takes away is wrong: the way has changed.
        if self.used_error > LOST * self.heard {
            self.used.fill(0.0);
            self.learning.fill(0.0);
            self.used_error = self.heard;
            self.learning_error = self.heard;
        }
    }
}

/// A sum of products in sixteen lanes, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    for (a, b) in a.iter().zip(b) {
        for ((lane, x), y) in lanes.iter_mut().zip(a).zip(b) {
            *lane += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::super::power::{dbfs, power};
    use super::*;
    use crate::units::FRAME_SAMPLES;

    /// Noise with the falling spectrum of speech.
    fn noise(seed: u32, samples: usize) -> Vec<f32> {
        let (mut state, mut last) = (seed, 0.0);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            last = 0.9 * last + ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * 3000.0;
            last
        };
        (0..samples).map(|_| next()).collect()
    }

    /// Three reflections over 30 ms.
    fn echo(sent: &[f32]) -> Vec<f32> {
        let at = |n: usize, lag: usize| n.checked_sub(lag).map_or(0.0, |n| sent[n]);
        (0..sent.len()).map(|n| 0.2 * at(n, 130) - 0.1 * at(n, 200) + 0.05 * at(n, 370)).collect()
    }

    /// Runs over these frames; returns how much of the power was taken away in the last 200 ms, in dB.
    fn run(canceller: &mut Canceller, sent: &[f32], heard: &[f32], alone: bool) -> f32 {
        let mut all = Vec::new();
        for at in (TAPS..heard.len() - FRAME_SAMPLES).step_by(FRAME_SAMPLES) {
            let frame = &heard[at..at + FRAME_SAMPLES];
            let mut left = Vec::new();
            canceller.cancel(&sent[at + 1 - TAPS..at + FRAME_SAMPLES], frame, &mut left);
            canceller.learn(&sent[at - TAPS..at + FRAME_SAMPLES], frame, &left, alone);
            all.extend(left);
        }
        let from = all.len() - 1600;
        dbfs(power(&heard[TAPS + from..TAPS + all.len()])) - dbfs(power(&all[from..]))
    }

    #[test]
    fn an_echo_is_taken_away_by_thirty_decibels_after_a_second_and_a_half() {
        let sent = noise(1, 12_000);
        assert!(run(&mut Canceller::default(), &sent, &echo(&sent), true) > 30.0);
    }

    #[test]
    fn a_caller_who_speaks_meanwhile_spoils_nothing() {
        let (mut canceller, sent) = (Canceller::default(), noise(1, 12_000));
        run(&mut canceller, &sent, &echo(&sent), true);
        let both: Vec<f32> =
            echo(&sent).iter().zip(noise(2, 12_000)).map(|(echo, voice)| echo + voice).collect();
        run(&mut canceller, &sent, &both, false);
        // The next second begins with the filter as it was before.
        assert!(run(&mut canceller, &sent[..3000], &echo(&sent)[..3000], true) > 20.0);
    }

    #[test]
    fn what_was_learned_keeps_its_place_when_the_delay_is_measured_anew() {
        for shift in [-60_i64, 60] {
            let (mut canceller, sent) = (Canceller::default(), noise(1, 12_000));
            let heard = echo(&sent);
            run(&mut canceller, &sent, &heard, true);
            canceller.shift(shift);
            let at =
                2000 - usize::try_from(shift.max(0)).unwrap() + usize::try_from((-shift).max(0)).unwrap();
            let mut left = Vec::new();
            canceller.cancel(&sent[at + 1 - TAPS..at + 160], &heard[2000..2160], &mut left);
            assert!(dbfs(power(&left)) < dbfs(power(&heard[2000..2160])) - 20.0, "{shift}");
        }
    }

    #[test]
    fn without_an_agent_every_sample_is_left_as_it_came() {
        let (mut canceller, sent) = (Canceller::default(), noise(1, 12_000));
        run(&mut canceller, &sent, &echo(&sent), true);
        let (voice, mut left) = (noise(3, 160), Vec::new());
        canceller.cancel(&[0.0; TAPS + 159], &voice, &mut left);
        assert_eq!(left, voice);
    }
}
