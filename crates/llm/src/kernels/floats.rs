//! Kernels of the float types, whose weights are multiplied with the inputs as they are. Must not know
//! threads or files.
#![allow(unsafe_code)]

use super::codes::BLOCK;
use super::simd::{PANEL, Simd};
use super::tile::{Kernel, Work, fetch_ahead, store};

/// A float type. A panel holds, for each input in turn, the weights of the sixteen outputs.
pub(super) struct Floats<F>(std::marker::PhantomData<F>);

/// How a float is stored.
pub(super) trait Float {
    /// Bytes of a number.
    const BYTES: usize;

    /// `L::COUNT` numbers.
    ///
    /// # Safety
    /// The processor has the features of `L`, and the numbers may be read at `at`.
    unsafe fn load<L: Simd>(at: *const u8) -> L::Floats;
}

/// 32 bits.
pub(super) struct F32;
/// 16 bits, five of them exponent (IEEE 754).
pub(super) struct F16;
/// The upper half of 32 bits.
pub(super) struct BF16;

impl Float for F32 {
    const BYTES: usize = 4;

    #[inline(always)]
    unsafe fn load<L: Simd>(at: *const u8) -> L::Floats {
        // SAFETY: the caller meets the conditions of `Simd`: its features, and enough numbers.
        unsafe { L::floats(at) }
    }
}

impl Float for F16 {
    const BYTES: usize = 2;

    #[inline(always)]
    unsafe fn load<L: Simd>(at: *const u8) -> L::Floats {
        // SAFETY: the caller meets the conditions of `Simd`: its features, and enough numbers.
        unsafe { L::halves(at) }
    }
}

impl Float for BF16 {
    const BYTES: usize = 2;

    #[inline(always)]
    unsafe fn load<L: Simd>(at: *const u8) -> L::Floats {
        // SAFETY: the caller meets the conditions of `Simd`: its features, and enough numbers.
        unsafe { L::upper_halves(at) }
    }
}

impl<F: Float> Kernel for Floats<F> {
    #[inline(always)]
    unsafe fn run<L: Simd, const R: usize>(work: &Work) {
        // SAFETY: the caller meets the conditions of `Kernel::run`: all of `work` reaches as far as these
        // loops.
        unsafe {
            for lane in (0..work.outputs).step_by(L::COUNT) {
                let mut totals = [L::zero(); R];
                for b in 0..work.blocks {
                    let block = work.panel.add(b * BLOCK * PANEL * F::BYTES);
                    fetch_ahead::<L>(block, BLOCK * PANEL * F::BYTES, lane);
                    // Blocks have sums of their own: for one row, the processor adds up several at once.
                    let mut sums = [L::zero(); R];
                    for i in 0..BLOCK {
                        let weights = F::load::<L>(block.add((i * PANEL + lane) * F::BYTES));
                        for (r, sum) in sums.iter_mut().enumerate() {
                            let input = L::splat(work.scales.add((b * BLOCK + i) * R + r));
                            *sum = L::fused(weights, input, *sum);
                        }
                    }
                    for (total, sum) in totals.iter_mut().zip(sums) {
                        *total = L::plus(*total, sum);
                    }
                }
                store::<L, R>(work, lane, totals);
            }
        }
    }
}
