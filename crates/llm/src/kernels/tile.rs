//! The kernels: some input rows times one panel of outputs. Must not know threads, files or types by name.
//!
//! The types are those of ggml (`ggml-common.h`), of three kinds. In a *flat* type (`flat`), each block of 32
//! inputs has a scale, and its codes stand for numbers around a middle (a zero point) or above a minimum. In
//! a *nested* type (`nested`), 256 inputs (a super-block) share a scale, and their groups of 16 or 32 have
//! small whole numbers as scales, and as minima, of their own. Within a group, products of codes and
//! quantised inputs add up exactly, as whole numbers. The scaled sums add up as floats, in the order of the
//! inputs. So a row's result does not depend on the rows beside it. A *float* type (`floats`) has no codes:
//! its weights are multiplied with the inputs as they are.
#![allow(unsafe_code)]

use super::codes::Codes;
use super::simd::{PANEL, Simd};

/// How far ahead of their use weights are prefetched, in bytes. Of 1, 2, 4 and 8 kilobytes, this was the
/// fastest on a Sapphire Rapids: 24 GB/s of Q4_K weights with two threads, and 17 without prefetching.
pub(super) const AHEAD: usize = 4096;
/// Inputs that share a scale in a nested type.
pub(super) const NEST: usize = 256;
/// Bytes before the codes of a nest: two 16-bit scales per output, then 256 bytes of small scales.
pub(super) const HEADER: usize = 4 * PANEL + 256;

/// One product: `R` rows times one panel.
pub(super) struct Work {
    /// The panel.
    pub(super) panel: *const u8,
    /// Blocks of 32 inputs, in a nested type of 256.
    pub(super) blocks: usize,
    /// Quantised inputs: four inputs of each row, then the next four of each row.
    pub(super) codes: *const i32,
    /// One scale for each block of each row. Of a float type, the inputs: one of each row, then the next.
    pub(super) scales: *const f32,
    /// What the `Form` of the type says, for each row.
    pub(super) sums: *const i32,
    /// The first number of the first row's result.
    pub(super) out: *mut f32,
    /// The distance between rows of results, in numbers.
    pub(super) stride: usize,
    /// Outputs wanted of this panel, at most 16. The rest is not written.
    pub(super) outputs: usize,
    /// Rows that are wanted.
    pub(super) rows: usize,
}

/// A kernel for `R` rows.
pub(super) trait Kernel {
    /// # Safety
    /// The processor has the features of `L`. The memory that `work` points to may be read, and has the
    /// layout that this kernel reads, with `R` rows of inputs. `out` has room for `rows` rows of `outputs`
    /// numbers, which nothing else accesses.
    unsafe fn run<L: Simd, const R: usize>(work: &Work);
}

/// Prefetches the bytes that lie `AHEAD` of these. The processor's own prefetching stops at the end of a page
/// of four kilobytes, and a panel is longer.
///
/// # Safety
/// The processor has the features of `L`.
#[inline(always)]
pub(super) unsafe fn fetch_ahead<L: Simd>(block: *const u8, bytes: usize, lane: usize) {
    if lane > 0 {
        return;
    }
    for line in (0..bytes).step_by(64) {
        // SAFETY: any address may be prefetched.
        unsafe { L::prefetch(block.wrapping_add(AHEAD + line)) };
    }
}

/// Adds the products of half a block's vectors, those from `first` (0 or 4) on. The calls are written out:
/// with a constant vector number, a vector is read in an instruction or two.
///
/// # Safety
/// The processor has the features of `L`. A block may be read at `block`, and its inputs of `R` rows at
/// `inputs`.
#[inline(always)]
pub(super) unsafe fn add_half<L: Simd, C: Codes, const R: usize>(
    sums: &mut [L::Ints; R],
    block: *const u8,
    first: usize,
    lane: usize,
    inputs: *const i32,
    dot: unsafe fn(L::Ints, L::Ints, L::Ints) -> L::Ints,
) {
    // SAFETY: the caller meets the conditions of this function. A half has four of the eight vectors.
    unsafe {
        add_vector::<L, C, R>(sums, block, first, lane, inputs, dot);
        add_vector::<L, C, R>(sums, block, first + 1, lane, inputs, dot);
        add_vector::<L, C, R>(sums, block, first + 2, lane, inputs, dot);
        add_vector::<L, C, R>(sums, block, first + 3, lane, inputs, dot);
    }
}

/// Adds the products of vector `k`.
///
/// # Safety
/// As for [`add_half`].
#[inline(always)]
unsafe fn add_vector<L: Simd, C: Codes, const R: usize>(
    sums: &mut [L::Ints; R],
    block: *const u8,
    k: usize,
    lane: usize,
    inputs: *const i32,
    dot: unsafe fn(L::Ints, L::Ints, L::Ints) -> L::Ints,
) {
    // SAFETY: `k` is below 8, the block is whole, and `inputs` holds `R` rows of inputs for each vector.
    unsafe {
        let weights = C::vector::<L>(block, k, lane);
        for (r, sum) in sums.iter_mut().enumerate() {
            *sum = dot(*sum, weights, L::broadcast(inputs.add(k * R + r)));
        }
    }
}

/// # Safety
/// As for [`Kernel::run`].
#[inline(always)]
pub(super) unsafe fn store<L: Simd, const R: usize>(work: &Work, lane: usize, totals: [L::Floats; R]) {
    // SAFETY: `out` has `rows` rows, `stride` numbers apart, each with room for the outputs from `lane` on.
    // Of a vector that would reach beyond them, only the wanted outputs are copied.
    unsafe {
        let wanted = (work.outputs - lane).min(L::COUNT);
        for (r, total) in totals.into_iter().enumerate().take(work.rows) {
            let out = work.out.add(r * work.stride + lane);
            if wanted == L::COUNT {
                L::store(out, total);
            } else {
                let mut all = [0.0; PANEL];
                L::store(all.as_mut_ptr(), total);
                out.copy_from_nonoverlapping(all.as_ptr(), wanted);
            }
        }
    }
}
