//! Chooses the next token from logits. Pure: the same seed and the same logits give the same tokens.

use std::cmp::Ordering;

use crate::engine::Sampling;

/// Chooses tokens for one reply.
#[derive(Debug)]
pub(super) struct Sampler {
    temperature: f32,
    top_p: f32,
    penalty: f32,
    random: SplitMix64,
}

impl Sampler {
    pub(super) fn new(sampling: &Sampling) -> Self {
        Self {
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            penalty: sampling.repetition_penalty,
            random: SplitMix64(sampling.seed),
        }
    }

    /// The next token; `seen` are the tokens of this reply so far. `None` if no logit is a number.
    pub(super) fn choose(&mut self, mut logits: Vec<f32>, seen: &[u32]) -> Option<u32> {
        for logit in &mut logits {
            if logit.is_nan() {
                *logit = f32::NEG_INFINITY;
            }
        }
        self.penalise(&mut logits, seen);
        let mut ranked: Vec<(u32, f32)> =
            (0_u32..).zip(logits).filter(|(_, logit)| *logit > f32::NEG_INFINITY).collect();
        let best = ranked.iter().copied().min_by(higher_first)?;
        if self.temperature <= 0.0 || best.1 == f32::INFINITY {
            return Some(best.0);
        }
        for (_, logit) in &mut ranked {
            *logit = ((*logit - best.1) / self.temperature).exp();
        }
        let total: f32 = ranked.iter().map(|(_, weight)| weight).sum();
        if self.top_p < 1.0 {
            // All tokens below this floor together have less than the mass outside the nucleus, so none of
            // them is in it, and sorting a whole vocabulary is avoided.
            let floor = (1.0 - self.top_p.max(0.0)) * total / ranked.len() as f32;
            ranked.retain(|(_, weight)| *weight >= floor);
            ranked.sort_by(higher_first);
            keep_nucleus(&mut ranked, self.top_p.max(0.0) * total);
        }
        let total: f32 = ranked.iter().map(|(_, weight)| weight).sum();
        let mut left = self.random.unit() * total;
        for (token, weight) in &ranked {
            left -= weight;
            if left < 0.0 {
                return Some(*token);
            }
        }
        // Rounding can leave a hair: then it is the last one.
        ranked.last().map(|(token, _)| *token)
    }

    /// Keskar et al. 2019 (CTRL): a positive logit is divided, a negative one multiplied.
    fn penalise(&self, logits: &mut [f32], seen: &[u32]) {
        if self.penalty == 1.0 || self.penalty <= 0.0 {
            return;
        }
        let mut seen = seen.to_vec();
        seen.sort_unstable();
        seen.dedup();
        for token in seen {
            if let Some(logit) = logits.get_mut(token as usize) {
                *logit = if *logit > 0.0 { *logit / self.penalty } else { *logit * self.penalty };
            }
        }
    }
}

fn higher_first(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0))
}

/// Keeps the first weights that together reach `mass`, at least one (Holtzman et al. 2020).
fn keep_nucleus(ranked: &mut Vec<(u32, f32)>, mass: f32) {
    let mut sum = 0.0;
    let mut keep = 0;
    for (_, weight) in ranked.iter() {
        keep += 1;
        sum += weight;
        if sum >= mass {
            break;
        }
    }
    ranked.truncate(keep.max(1));
}

/// Steele, Lea and Flood 2014. Written out, so that a seed means the same in every release.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In 0 to 1, 1 excluded.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling(temperature: f32, top_p: f32, repetition_penalty: f32, seed: u64) -> Sampling {
        Sampling { max_tokens: 1, temperature, top_p, repetition_penalty, seed, stop: Vec::new() }
    }

    fn draws(sampling: &Sampling, logits: &[f32], n: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling);
        (0..n).map(|_| sampler.choose(logits.to_vec(), &[]).unwrap()).collect()
    }

    #[test]
    fn at_temperature_zero_the_likeliest_is_taken_and_of_equals_the_first() {
        assert_eq!(draws(&sampling(0.0, 1.0, 1.0, 1), &[0.5, 2.0, 2.0, f32::NAN], 3), [1, 1, 1]);
    }

    #[test]
    fn a_seed_gives_the_same_tokens_again_and_another_seed_others() {
        let logits = [1.0; 16];
        let first = draws(&sampling(1.0, 1.0, 1.0, 7), &logits, 20);
        assert_eq!(first, draws(&sampling(1.0, 1.0, 1.0, 7), &logits, 20));
        assert_ne!(first, draws(&sampling(1.0, 1.0, 1.0, 8), &logits, 20));
    }

    #[test]
    fn tokens_come_as_often_as_their_probability_says() {
        let logits = [0.0, 3.0_f32.ln()];
        let ones = draws(&sampling(1.0, 1.0, 1.0, 3), &logits, 4000).iter().filter(|&&t| t == 1).count();
        assert!((2900..3100).contains(&ones), "{ones}");
    }

    #[test]
    fn the_nucleus_leaves_out_the_unlikely() {
        let logits = [0.0, 10.0, 9.5, -5.0];
        assert!(draws(&sampling(1.0, 0.9, 1.0, 5), &logits, 200).iter().all(|t| [1, 2].contains(t)));
        assert!(draws(&sampling(1.0, 0.0, 1.0, 5), &logits, 20).iter().all(|t| *t == 1));
    }

    #[test]
    fn a_token_that_was_said_becomes_less_likely_whatever_its_sign() {
        let mut sampler = Sampler::new(&sampling(0.0, 1.0, 2.0, 1));
        assert_eq!(sampler.choose(vec![1.9, 2.0], &[1]), Some(0));
        assert_eq!(sampler.choose(vec![-1.1, -1.0], &[1, 1, 9]), Some(0));
    }

    #[test]
    fn logits_without_a_number_give_no_token() {
        assert_eq!(Sampler::new(&sampling(1.0, 1.0, 1.0, 1)).choose(vec![f32::NAN; 3], &[]), None);
    }
}
