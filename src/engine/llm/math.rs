//! The arithmetic between the matrix products, on plain slices: norm, rotation, exponential, gate. Must not
//! know models, caches or threads.
//!
//! Sums run in sixteen lanes, so that the compiler may use vector registers without reordering a sum
//! behind our back.

use super::architecture::{Activation, RopeStyle};

const LANES: usize = 16;

/// The sum of products. The slices have the same length.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a_whole, b_whole) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_whole.remainder().iter().zip(b_whole.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_whole.zip(b_whole) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// `out += x`.
pub(super) fn add(out: &mut [f32], x: &[f32]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o += x;
    }
}

/// Root-mean-square norm of every row of `weight.len()` numbers (Zhang and Sennrich 2019).
pub(super) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(x.len());
    for row in x.chunks_exact(weight.len()) {
        let mean_square = dot(row, row) / row.len() as f32;
        let scale = 1.0 / (mean_square + epsilon).sqrt();
        out.extend(row.iter().zip(weight).map(|(x, w)| x * scale * w));
    }
    out
}

/// `a * b + c`, in one step and rounded once where the processor can. (Where it cannot, `mul_add` would be
/// a call of a function that is exact and slow.)
#[inline(always)]
pub(super) fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { a.mul_add(b, c) } else { a * b + c }
}

/// The exponential of a number that is not above 0, to about its last bit; below -87, where the result is
/// smaller than any normal number, it is 0. It has no branches, so that the compiler makes vectors of it
/// (polynomial and constants of Cephes' `expf`, Moshier 1989).
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.0;
    // Adding it leaves the nearest whole number in the lowest bits: 1.5 * 2^23.
    const ROUND: f32 = 12_582_912.0;
    // ln 2, in two parts, the first of few bits.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const SERIES: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    // Not `max`, which makes a number of what is none.
    let bounded = if x < LOWEST { LOWEST } else { x };
    let rounded = fused(bounded, std::f32::consts::LOG2_E, ROUND);
    let twos = rounded - ROUND;
    let rest = fused(twos, -LN_2[1], fused(twos, -LN_2[0], bounded));
    let series = SERIES.into_iter().fold(0.0, |sum, factor| fused(sum, rest, factor));
    let exp = fused(series, rest * rest, rest) + 1.0;
    let power_of_two = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    if x < LOWEST { 0.0 } else { exp * power_of_two }
}

/// `activation(gate) * up`, number by number (SwiGLU and GeGLU, Shazeer 2020). It becomes vector instructions
/// of whatever function it is inlined into.
#[inline(always)]
pub(super) fn gated(activation: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    let each = out.iter_mut().zip(gate.iter().zip(up));
    match activation {
        Activation::Silu => each.for_each(|(out, (gate, up))| *out = gate * sigmoid(*gate) * up),
        Activation::Gelu => each.for_each(|(out, (gate, up))| *out = gelu(*gate) * up),
    }
}

/// The Gaussian error linear unit by tanh (Hendrycks and Gimpel 2016), as `(1 + tanh(x)) / 2` is the sigmoid of
/// `2 x`.
#[inline(always)]
fn gelu(x: f32) -> f32 {
    const TWICE_ROOT: f32 = 1.595_769_2; // 2 sqrt(2 / pi)
    x * sigmoid(TWICE_ROOT * x * (1.0 + 0.044_715 * x * x))
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    let small = exp(-x.abs());
    let of_negative = if x < 0.0 { small } else { 1.0 };
    of_negative / (1.0 + small)
}

/// `x *= factor`.
pub(super) fn scale(x: &mut [f32], factor: f32) {
    for x in x {
        *x *= factor;
    }
}

/// Bends numbers so that they stay within `limit` (soft capping, Gemma).
pub(super) fn cap(x: &mut [f32], limit: f32) {
    for x in x {
        *x = limit * (*x / limit).tanh();
    }
}

/// Cosines and sines of every position and pair (Su et al. 2021).
pub(super) struct Rotation {
    style: RopeStyle,
    pairs: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rotation {
    /// For `positions` positions. Each of the divisors is a pair of a head; a pair turns by the position
    /// divided by it. Sines and cosines are multiplied by `scale`.
    pub(super) fn new(style: RopeStyle, positions: usize, divisors: &[f64], scale: f32) -> Self {
        let pairs = divisors.len();
        let mut cos = Vec::with_capacity(positions * pairs);
        let mut sin = Vec::with_capacity(positions * pairs);
        for position in 0..positions {
            for divisor in divisors {
                let angle = position as f64 / divisor;
                cos.push(angle.cos() as f32 * scale);
                sin.push(angle.sin() as f32 * scale);
            }
        }
        Self { style, pairs, cos, sin }
    }

    /// Rotates every head, of `head_width` numbers each, of rows of `width` numbers that stand at the
    /// positions from `start` on.
    pub(super) fn apply_rows(&self, rows: &mut [f32], width: usize, head_width: usize, start: usize) {
        for (row, heads) in rows.chunks_exact_mut(width).enumerate() {
            for head in heads.chunks_exact_mut(head_width) {
                self.apply(head, start + row);
            }
        }
    }

    /// Rotates one head at one position. A position beyond the table leaves it as it is; the caller
    /// keeps to the context.
    fn apply(&self, head: &mut [f32], position: usize) {
        let at = position * self.pairs;
        let (Some(cos), Some(sin)) = (self.cos.get(at..at + self.pairs), self.sin.get(at..at + self.pairs))
        else {
            return;
        };
        match self.style {
            RopeStyle::Halves => {
                let (front, rest) = head.split_at_mut(self.pairs);
                for (((a, b), c), s) in front.iter_mut().zip(rest).zip(cos).zip(sin) {
                    (*a, *b) = (*a * c - *b * s, *b * c + *a * s);
                }
            }
            RopeStyle::Pairs => {
                for ((pair, c), s) in head.chunks_exact_mut(2).zip(cos).zip(sin) {
                    if let [a, b] = pair {
                        (*a, *b) = (*a * c - *b * s, *b * c + *a * s);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn wave(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i as f32 * 0.37).sin()).collect()
    }

    #[test]
    fn a_dot_product_counts_the_numbers_beyond_whole_lanes() {
        assert_eq!(dot(&[1.0; 19], &[2.0; 19]), 38.0);
        assert_eq!(dot(&[3.0; 3], &[2.0; 3]), 18.0);
    }

    #[test]
    fn the_norm_is_the_one_of_candle() {
        let (x, w) = (wave(96), wave(48));
        let t = Tensor::from_slice(&x, (2, 48), &Device::Cpu).unwrap();
        let weight = Tensor::from_slice(&w, 48, &Device::Cpu).unwrap();
        let expected = candle_nn::ops::rms_norm(&t, &weight, 1e-5).unwrap().flatten_all().unwrap();
        for (a, b) in rms_norm(&x, &w, 1e-5).iter().zip(expected.to_vec1::<f32>().unwrap()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn both_rotations_are_the_ones_of_candle() {
        let (positions, heads, width) = (5, 3, 16);
        for style in [RopeStyle::Halves, RopeStyle::Pairs] {
            let divisors: Vec<f64> =
                (0..width / 2).map(|pair| 10_000_f64.powf(2.0 * pair as f64 / width as f64)).collect();
            let rotation = Rotation::new(style, positions, &divisors, 1.0);
            let x = wave(heads * positions * width);
            let dims = (1, heads, positions, width);
            let t = Tensor::from_slice(&x, dims, &Device::Cpu).unwrap();
            let table = (positions, width / 2);
            let cos = Tensor::from_slice(&rotation.cos, table, &Device::Cpu).unwrap();
            let sin = Tensor::from_slice(&rotation.sin, table, &Device::Cpu).unwrap();
            let expected = match style {
                RopeStyle::Halves => candle_nn::rotary_emb::rope(&t, &cos, &sin),
                RopeStyle::Pairs => candle_nn::rotary_emb::rope_i(&t, &cos, &sin),
            };
            let expected = expected.unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let mut ours = x;
            for (i, head) in ours.chunks_exact_mut(width).enumerate() {
                rotation.apply(head, i % positions);
            }
            for (a, b) in ours.iter().zip(expected) {
                assert!((a - b).abs() < 1e-5, "{style:?} {a} {b}");
            }
        }
    }

    #[test]
    fn both_gates_are_the_ones_of_candle() {
        let (gate, up) = (wave(40), wave(40));
        let gate: Vec<f32> = gate.iter().map(|x| x * 6.0).collect();
        let t = Tensor::from_slice(&gate, 40, &Device::Cpu).unwrap();
        for (activation, expected) in [(Activation::Silu, t.silu()), (Activation::Gelu, t.gelu())] {
            let expected = expected.unwrap().to_vec1::<f32>().unwrap();
            let mut ours = vec![0.0; gate.len()];
            gated(activation, &gate, &up, &mut ours);
            for ((a, b), up) in ours.iter().zip(expected).zip(&up) {
                assert!((a - b * up).abs() < 1e-5, "{activation:?} {a} {b}");
            }
        }
    }

    #[test]
    fn capped_numbers_stay_within_the_limit_and_keep_their_order() {
        let mut x = [-1e9, 0.0, 0.1, 1e9];
        cap(&mut x, 30.0);
        assert_eq!((x[0], x[1], x[3]), (-30.0, 0.0, 30.0));
        assert!((x[2] - 0.1).abs() < 1e-6);
    }

    #[test]
    fn the_exponential_is_right_to_the_last_bits_and_ends_at_zero() {
        for i in 0..=870_000 {
            let x = i as f32 * -1e-4;
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours / exact - 1.0).abs() < 2e-7, "exp({x}) is {exact}, not {ours}");
        }
        assert_eq!([0.0, -0.0, -87.1, f32::MIN, f32::NEG_INFINITY].map(exp), [1.0, 1.0, 0.0, 0.0, 0.0]);
        assert!(exp(f32::NAN).is_nan());
    }
}
