//! Kernels of the flat types: a scale, and in some a minimum, for every 32 weights. Must not know types by
//! name.
#![allow(unsafe_code)]

use super::codes::{BLOCK, Bytes, Codes, Fives, Fours, Looked};
use super::simd::{PANEL, Simd};
use super::tile::{Kernel, Work, add_half, fetch_ahead, store};

/// Bytes of the scales of a panel, or of its scales and minima.
pub(super) const fn flat_scales(blocks: usize, minima: bool) -> usize {
    (blocks * per_block(minima)).next_multiple_of(4 * PANEL)
}

/// Bytes of the scales of a block, followed by those of its minima.
pub(super) const fn per_block(minima: bool) -> usize {
    if minima { 4 * PANEL } else { 2 * PANEL }
}

/// A flat type. With `MINIMA`, a weight is its code times the scale, plus the minimum. Without, codes stand
/// for numbers around a middle.
pub(super) struct Flat<C, const MINIMA: bool>(std::marker::PhantomData<C>);

/// How codes around a middle are multiplied.
pub(super) trait Centred: Codes {
    /// # Safety
    /// As for [`Simd::broadcast`].
    #[inline(always)]
    unsafe fn start<L: Simd>(at: *const i32) -> L::Ints {
        // SAFETY: the caller meets the conditions of `Simd`: its features, and an integer at `at`.
        unsafe { L::broadcast(at) }
    }

    /// # Safety
    /// As for [`Simd::dot`].
    #[inline(always)]
    unsafe fn dot<L: Simd>(sum: L::Ints, codes: L::Ints, inputs: L::Ints) -> L::Ints {
        // SAFETY: the caller guarantees the features of `L`; only values are used.
        unsafe { L::dot(sum, codes, inputs) }
    }
}

impl Centred for Fours {}

impl Centred for Fives {}

macro_rules! of_eight_bits {
    ($codes:ty) => {
        impl Centred for $codes {
            #[inline(always)]
            unsafe fn start<L: Simd>(at: *const i32) -> L::Ints {
                // SAFETY: the caller meets the conditions of `Simd`: its features, and an integer at `at`.
                unsafe { L::start_bytes(at) }
            }

            #[inline(always)]
            unsafe fn dot<L: Simd>(sum: L::Ints, codes: L::Ints, inputs: L::Ints) -> L::Ints {
                // SAFETY: the caller guarantees the features of `L`; only values are used.
                unsafe { L::dot_bytes(sum, codes, inputs) }
            }
        }
    };
}

of_eight_bits!(Bytes);
of_eight_bits!(Looked);

impl<C: Centred, const MINIMA: bool> Kernel for Flat<C, MINIMA> {
    #[inline(always)]
    unsafe fn run<L: Simd, const R: usize>(work: &Work) {
        // SAFETY: the caller meets the conditions of `Kernel::run`: all of `work` reaches as far as these
        // loops.
        unsafe {
            let codes = work.panel.add(flat_scales(work.blocks, MINIMA));
            for lane in (0..work.outputs).step_by(L::COUNT) {
                fetch_ahead::<L>(work.panel, flat_scales(work.blocks, MINIMA), lane);
                let mut totals = [L::zero(); R];
                for b in 0..work.blocks {
                    let block = codes.add(b * C::BYTES);
                    let scales = work.panel.add(b * per_block(MINIMA) + lane * 2);
                    let mut sums = [L::zeros(); R];
                    if !MINIMA {
                        for (r, sum) in sums.iter_mut().enumerate() {
                            *sum = C::start::<L>(work.sums.add(b * R + r));
                        }
                    }
                    fetch_ahead::<L>(block, C::BYTES, lane);
                    let inputs = work.codes.add(b * (BLOCK / 4) * R);
                    add_half::<L, C, R>(&mut sums, block, 0, lane, inputs, C::dot::<L>);
                    add_half::<L, C, R>(&mut sums, block, 4, lane, inputs, C::dot::<L>);
                    let scale = L::halves(scales);
                    for (r, (total, sum)) in totals.iter_mut().zip(sums).enumerate() {
                        let scale = L::times(scale, L::splat(work.scales.add(b * R + r)));
                        *total = L::fused(L::to_floats(sum), scale, *total);
                    }
                    if MINIMA {
                        let minimum = L::halves(scales.add(2 * PANEL));
                        for (r, total) in totals.iter_mut().enumerate() {
                            let inputs = L::splat(work.sums.add(b * R + r).cast());
                            *total = L::fused(minimum, inputs, *total);
                        }
                    }
                }
                store::<L, R>(work, lane, totals);
            }
        }
    }
}
