//! Chooses the next token from logits. Pure: the same seed and the same logits give the same tokens.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::Sampling;

/// Chooses tokens for one reply.
#[derive(Debug)]
pub(super) struct Sampler {
    temperature: f32,
    top_k: usize,
    top_p: f32,
    min_p: f32,
    penalty: f32,
    /// Added to the logits of these tokens. Minus infinity excludes a token.
    bias: Arc<[(u32, f32)]>,
    random: SplitMix64,
}

impl Sampler {
    pub(super) fn new(sampling: &Sampling, bias: Arc<[(u32, f32)]>) -> Self {
        Self {
            temperature: sampling.temperature,
            top_k: sampling.top_k,
            top_p: sampling.top_p.max(0.0),
            min_p: sampling.min_p.min(1.0),
            penalty: sampling.repetition_penalty,
            bias,
            random: SplitMix64(sampling.seed),
        }
    }

    /// The next token. `seen` are the tokens of this reply so far. `None` if no logit is a number.
    ///
    /// Bias and penalty come first. The temperature follows, and then the exclusions: all tokens but the
    /// first `top_k`, those outside the nucleus, and those that are too unlikely next to the likeliest.
    pub(super) fn choose(&mut self, mut logits: Vec<f32>, seen: &[u32]) -> Option<u32> {
        for logit in &mut logits {
            if logit.is_nan() {
                *logit = f32::NEG_INFINITY;
            }
        }
        for &(token, bias) in self.bias.iter() {
            if let Some(logit) = logits.get_mut(token as usize) {
                // Infinities of opposite signs add up to NaN. Then the bias stands.
                *logit = if (*logit + bias).is_nan() { bias } else { *logit + bias };
            }
        }
        self.penalise(&mut logits, seen);
        let best = likeliest(&logits)?;
        if self.temperature <= 0.0 || best.1 == f32::INFINITY {
            return Some(best.0);
        }
        let mut ranked: Vec<(u32, f32)> =
            (0_u32..).zip(logits).filter(|(_, logit)| *logit > f32::NEG_INFINITY).collect();
        if self.top_k > 0 && self.top_k < ranked.len() {
            ranked.select_nth_unstable_by(self.top_k, higher_first);
            ranked.truncate(self.top_k);
            ranked.sort_by(higher_first);
        }
        for (_, logit) in &mut ranked {
            *logit = ((*logit - best.1) / self.temperature).exp();
        }
        if self.top_p < 1.0 {
            let total: f32 = ranked.iter().map(|(_, weight)| weight).sum();
            // All tokens below this floor together have less than the mass outside the nucleus, so none of
            // them is in the nucleus. This avoids sorting a whole vocabulary.
            let floor = (1.0 - self.top_p) * total / ranked.len() as f32;
            ranked.retain(|(_, weight)| *weight >= floor);
            ranked.sort_by(higher_first);
            keep_nucleus(&mut ranked, self.top_p * total);
        }
        // The likeliest has weight 1.
        ranked.retain(|(_, weight)| *weight >= self.min_p);
        let total: f32 = ranked.iter().map(|(_, weight)| weight).sum();
        let mut left = self.random.unit() * total;
        for (token, weight) in &ranked {
            left -= weight;
            if left < 0.0 {
                return Some(*token);
            }
        }
        // Rounding can leave a small rest. Then the last token is taken.
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

/// The token with the highest logit, the first of several; `None` if no token is possible. No logit is NaN.
///
/// A vocabulary has up to some 260,000 tokens, so this takes lanes that the compiler can put into vectors.
fn likeliest(logits: &[f32]) -> Option<(u32, f32)> {
    const LANES: usize = 16;
    let higher = |a: f32, b: f32| if b > a { b } else { a };
    let mut tops = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = logits.as_chunks::<LANES>();
    for logits in whole {
        for (top, logit) in tops.iter_mut().zip(logits) {
            *top = higher(*top, *logit);
        }
    }
    let top = tops.into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, higher);
    let token = logits.iter().position(|logit| *logit == top && top > f32::NEG_INFINITY)?;
    Some((u32::try_from(token).ok()?, top))
}

/// The probability that one of `tokens` follows, given the logits. `None` if the logit of none of these
/// tokens is a number.
pub(super) fn probability_of(tokens: impl Iterator<Item = u32>, logits: &[f32]) -> Option<f32> {
    let top = logits.iter().copied().filter(|logit| !logit.is_nan()).fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: &f32| f64::from((logit - top).exp());
    let total: f64 = logits.iter().map(weight).filter(|weight| !weight.is_nan()).sum();
    let own = tokens.filter_map(|token| logits.get(token as usize)).map(weight);
    let own = own.filter(|weight| !weight.is_nan()).reduce(|sum, weight| sum + weight)?;
    Some((own / total) as f32).filter(|probability| probability.is_finite())
}

fn higher_first(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0))
}

/// Keeps the first weights that together reach `mass`, and at least one (Holtzman et al. 2020).
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

/// Steele, Lea and Flood 2014. Written out, so that a seed gives the same numbers in every release.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to 1, with 1 excluded.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }
}

#[cfg(test)]
mod tests;
