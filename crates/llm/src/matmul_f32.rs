//! Products of small matrices that fit into the processor's caches, in tiles that stay in its registers. Must
//! not know what the numbers mean.

use super::kernels::fused;

/// Rows and columns of a tile: as many sums as the registers hold, and enough that none waits for another.
const ROWS: usize = 4;
const COLUMNS: usize = if cfg!(target_feature = "avx512f") { 32 } else { 16 };

/// A matrix within a slice. Each row begins `stride` numbers after the one before, and may be shorter than
/// that.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) stride: usize,
}

/// `out += a * b`, where `a` has `depth` columns and `b` has `depth` rows. The rows of `out` are as wide as
/// those of `b`; the length of `out` gives their number. Every sum is taken in the order of `b`'s rows,
/// whatever the other dimensions are.
pub(super) fn add_product(out: &mut [f32], a: Matrix<'_>, depth: usize, b: Matrix<'_>) {
    let width = b.stride;
    let mut tops = out.chunks_exact_mut(ROWS * width);
    let mut row = 0;
    for out in &mut tops {
        across::<ROWS, COLUMNS>(out, a.from(row), depth, b);
        row += ROWS;
    }
    for out in tops.into_remainder().chunks_exact_mut(width) {
        across::<1, 32>(out, a.from(row), depth, b);
        row += 1;
    }
}

/// Computes some rows, in tiles from left to right.
fn across<const R: usize, const C: usize>(out: &mut [f32], a: Matrix<'_>, depth: usize, b: Matrix<'_>) {
    let mut column = 0;
    while column + C <= b.stride {
        tile::<R, C>(out, a, depth, b, column);
        column += C;
    }
    while column + 16 <= b.stride {
        tile::<R, 16>(out, a, depth, b, column);
        column += 16;
    }
    while column < b.stride {
        tile::<R, 1>(out, a, depth, b, column);
        column += 1;
    }
}

#[inline(always)]
fn tile<const R: usize, const C: usize>(
    out: &mut [f32],
    a: Matrix<'_>,
    depth: usize,
    b: Matrix<'_>,
    column: usize,
) {
    let width = b.stride;
    let mut sums = [[0.0; C]; R];
    for (row, sums) in sums.iter_mut().enumerate() {
        sums.copy_from_slice(&out[row * width + column..][..C]);
    }
    let a: [&[f32]; R] = std::array::from_fn(|row| &a.numbers[row * a.stride..][..depth]);
    for (k, b) in b.numbers.chunks_exact(width).take(depth).enumerate() {
        let b = &b[column..column + C];
        for (sums, a) in sums.iter_mut().zip(a) {
            let factor = a[k];
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = fused(factor, *b, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        out[row * width + column..][..C].copy_from_slice(sums);
    }
}

impl Matrix<'_> {
    fn from(self, row: usize) -> Self {
        Self { numbers: &self.numbers[row * self.stride..], ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i as f32 * 0.37).sin()).collect()
    }

    #[test]
    fn whatever_the_shape_every_sum_is_taken_in_order() {
        for (rows, depth, width) in [(1, 96, 32), (3, 5, 2), (4, 32, 96), (9, 7, 51), (64, 31, 80)] {
            let stride = depth + 3;
            let (a, b, mut out) = (wave(rows * stride), wave(depth * width), wave(rows * width));
            let mut expected = out.clone();
            for (row, expected) in expected.chunks_exact_mut(width).enumerate() {
                for k in 0..depth {
                    for (sum, b) in expected.iter_mut().zip(&b[k * width..]) {
                        *sum = fused(a[row * stride + k], *b, *sum);
                    }
                }
            }
            let (a, b) = (Matrix { numbers: &a, stride }, Matrix { numbers: &b, stride: width });
            add_product(&mut out, a, depth, b);
            assert_eq!(out, expected, "{rows} x {depth} x {width}");
        }
    }
}
