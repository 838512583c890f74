//! The arithmetic between the matrix products, on plain slices: sums, norm, rotation, soft capping. Must not
//! know models, caches or threads.
//!
//! Sums run in sixteen lanes, so that the compiler can use vector registers without reordering a sum behind
//! our back.

use super::architecture::RopeStyle;

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

/// `x *= factor`.
pub(super) fn scale(x: &mut [f32], factor: f32) {
    for x in x {
        *x *= factor;
    }
}

/// Bends numbers so that they stay within `limit` (Gemma's soft capping).
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
    /// The table for `positions` positions. Each pair of a head has a divisor, and turns by the position
    /// divided by its divisor. Sines and cosines are multiplied by `scale`.
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

    /// Rotates every head (`head_width` numbers) of rows of `width` numbers. The rows have the positions from
    /// `start` on.
    pub(super) fn apply_rows(&self, rows: &mut [f32], width: usize, head_width: usize, start: usize) {
        for (row, heads) in rows.chunks_exact_mut(width).enumerate() {
            for head in heads.chunks_exact_mut(head_width) {
                self.apply(head, start + row);
            }
        }
    }

    /// Rotates one head at one position. A position beyond the table leaves the head unchanged; the caller
    /// stays within the context.
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
    fn capped_numbers_stay_within_the_limit_and_keep_their_order() {
        let mut x = [-1e9, 0.0, 0.1, 1e9];
        cap(&mut x, 30.0);
        assert_eq!((x[0], x[1], x[3]), (-30.0, 0.0, 30.0));
        assert!((x[2] - 0.1).abs() < 1e-6);
    }
}
