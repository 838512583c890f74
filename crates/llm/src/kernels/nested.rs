//! Kernels of the nested types: a scale for every 256 weights, and small whole numbers as scales of groups.
//! Must not know threads or files.
#![allow(unsafe_code)]

use super::codes::{BLOCK, Codes, Fives, Fours, Looked, Sixes, Threes, Twos};
use super::flat::Centred;
use super::simd::{PANEL, Simd};
use super::tile::{HEADER, Kernel, NEST, Work, add_half, fetch_ahead, store};

/// A K type.
pub(super) struct Nested<F>(std::marker::PhantomData<F>);

/// The differences between K types.
pub(super) trait Nest {
    type Codes: Codes;
    /// Inputs of a group.
    const GROUP: usize;
    /// The code that stands for zero; it is subtracted, times the group's scale. If `None`, a minimum is
    /// subtracted, times the second scale of the nest.
    const MIDDLE: Option<u8>;

    /// The small scale of a group.
    ///
    /// # Safety
    /// The processor has the features of `L`, and the 256 bytes of small scales may be read at `small`.
    unsafe fn scale<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints;

    /// The small minimum of a group, or its small scale again where there is a `MIDDLE`.
    ///
    /// # Safety
    /// As for `scale`.
    unsafe fn minimum<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints;
}

/// Bytes of a nest in a panel.
pub(super) const fn nest_bytes(codes: usize) -> usize {
    HEADER + NEST / BLOCK * codes
}

impl<F: Nest> Kernel for Nested<F> {
    #[inline(always)]
    unsafe fn run<L: Simd, const R: usize>(work: &Work) {
        // SAFETY: the caller meets the conditions of `Kernel::run`: all of `work` reaches as far as these
        // loops.
        unsafe {
            let groups = NEST / F::GROUP;
            for lane in (0..work.outputs).step_by(L::COUNT) {
                let mut totals = [L::zero(); R];
                for n in 0..work.blocks {
                    let nest = work.panel.add(n * nest_bytes(F::Codes::BYTES));
                    let small = nest.add(4 * PANEL);
                    fetch_ahead::<L>(nest, HEADER, lane);
                    let mut scaled = [L::zero(); R];
                    for b in 0..NEST / BLOCK {
                        let block = small.add(256 + b * F::Codes::BYTES);
                        fetch_ahead::<L>(block, F::Codes::BYTES, lane);
                        let inputs = work.codes.add((n * (NEST / BLOCK) + b) * (BLOCK / 4) * R);
                        let mut sums = [L::zeros(); R];
                        add_half::<L, F::Codes, R>(&mut sums, block, 0, lane, inputs, L::dot);
                        if F::GROUP == 16 {
                            scale_up::<L, R>(&mut scaled, sums, F::scale::<L>(small, 2 * b, lane));
                            sums = [L::zeros(); R];
                        }
                        add_half::<L, F::Codes, R>(&mut sums, block, 4, lane, inputs, L::dot);
                        let last = (b + 1) * (BLOCK / F::GROUP) - 1;
                        scale_up::<L, R>(&mut scaled, sums, F::scale::<L>(small, last, lane));
                    }
                    let mut below = [L::zeros(); R];
                    for pair in 0..groups / 2 {
                        let minimum = |group| F::minimum::<L>(small, group, lane);
                        let minima = L::pair(minimum(2 * pair), minimum(2 * pair + 1));
                        let inputs = work.sums.add((n * groups / 2 + pair) * R);
                        for (r, below) in below.iter_mut().enumerate() {
                            *below = L::dot_pairs(*below, minima, L::broadcast(inputs.add(r)));
                        }
                    }
                    let scale = L::halves(nest.add(lane * 2));
                    let minimum = match F::MIDDLE {
                        None => L::halves(nest.add(2 * PANEL + lane * 2)),
                        Some(middle) => L::times(scale, L::constant(f32::from(middle))),
                    };
                    for (r, total) in totals.iter_mut().enumerate() {
                        let above = L::times(scaled[r], scale);
                        let sum = L::fused_off(L::to_floats(below[r]), minimum, above);
                        *total = L::fused(sum, L::splat(work.scales.add(n * R + r)), *total);
                    }
                }
                store::<L, R>(work, lane, totals);
            }
        }
    }
}

/// Adds the sums of a group, times its scale.
///
/// # Safety
/// The processor has the features of `L`.
#[inline(always)]
unsafe fn scale_up<L: Simd, const R: usize>(scaled: &mut [L::Floats; R], sums: [L::Ints; R], scale: L::Ints) {
    // SAFETY: the caller guarantees the features of `L`; only values are used.
    unsafe {
        let scale = L::to_floats(scale);
        for (scaled, sum) in scaled.iter_mut().zip(sums) {
            *scaled = L::fused(L::to_floats(sum), scale, *scaled);
        }
    }
}

macro_rules! own_minima {
    ($name:ident, $codes:ty, $doc:literal) => {
        #[doc = $doc]
        pub(super) struct $name;

        impl Nest for $name {
            type Codes = $codes;
            const GROUP: usize = 32;
            const MIDDLE: Option<u8> = None;

            #[inline(always)]
            unsafe fn scale<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
                // SAFETY: the caller meets the conditions of `Nest`: the scales of this group lie there.
                unsafe { L::unsigned(small.add(group * PANEL + lane)) }
            }

            #[inline(always)]
            unsafe fn minimum<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
                // SAFETY: the caller meets the conditions of `Nest`: the minima of this group lie there.
                unsafe { L::unsigned(small.add(128 + group * PANEL + lane)) }
            }
        }
    };
}

macro_rules! own_middle {
    ($name:ident, $codes:ty, $middle:literal, $doc:literal) => {
        #[doc = $doc]
        pub(super) struct $name;

        impl Nest for $name {
            type Codes = $codes;
            const GROUP: usize = 16;
            const MIDDLE: Option<u8> = Some($middle);

            #[inline(always)]
            unsafe fn scale<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
                // SAFETY: the caller meets the conditions of `Nest`: the scales of this group lie there.
                unsafe { L::signed(small.add(group * PANEL + lane)) }
            }

            #[inline(always)]
            unsafe fn minimum<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
                // SAFETY: the caller meets the conditions of `Nest`: the scales of this group lie there.
                unsafe { Self::scale::<L>(small, group, lane) }
            }
        }
    };
}

own_minima!(Q4K, Fours, "Q4_K: codes of four bits, eight scales and minima of six bits.");
own_minima!(Q5K, Fives, "Q5_K: codes of five bits, eight scales and minima of six bits.");
own_middle!(Q3K, Threes, 4, "Q3_K: codes of three bits around 4, sixteen scales of six bits.");
own_middle!(Q6K, Sixes, 32, "Q6_K: codes of six bits around 32, sixteen scales of eight bits.");

/// Q2_K: codes of two bits, sixteen scales and minima of four bits, which share bytes.
pub(super) struct Q2K;

impl Nest for Q2K {
    type Codes = Twos;
    const GROUP: usize = 16;
    const MIDDLE: Option<u8> = None;

    #[inline(always)]
    unsafe fn scale<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
        // SAFETY: the caller meets the conditions of `Nest`: the scales of this group lie there.
        unsafe { L::and(L::unsigned(small.add(group * PANEL + lane)), L::bytes(0x0f)) }
    }

    #[inline(always)]
    unsafe fn minimum<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
        // SAFETY: the caller meets the conditions of `Nest`: the minima of this group lie there.
        unsafe { L::and(L::right(L::unsigned(small.add(group * PANEL + lane)), 4), L::bytes(0x0f)) }
    }
}

/// IQ4_XS: codes of four bits that are looked up, eight scales of six bits. As the numbers that codes stand
/// for need eight bits, sums start at minus their middle times the inputs, as in flat types.
pub(super) struct Iq4Xs;

impl Kernel for Iq4Xs {
    #[inline(always)]
    unsafe fn run<L: Simd, const R: usize>(work: &Work) {
        // SAFETY: the caller meets the conditions of `Kernel::run`: all of `work` reaches as far as these
        // loops.
        unsafe {
            for lane in (0..work.outputs).step_by(L::COUNT) {
                let mut totals = [L::zero(); R];
                for n in 0..work.blocks {
                    let nest = work.panel.add(n * nest_bytes(Looked::BYTES));
                    let small = nest.add(4 * PANEL);
                    fetch_ahead::<L>(nest, HEADER, lane);
                    let mut scaled = [L::zero(); R];
                    for b in 0..NEST / BLOCK {
                        let (block, group) = (small.add(256 + b * Looked::BYTES), n * (NEST / BLOCK) + b);
                        fetch_ahead::<L>(block, Looked::BYTES, lane);
                        let mut sums = [L::zeros(); R];
                        for (r, sum) in sums.iter_mut().enumerate() {
                            *sum = Looked::start::<L>(work.sums.add(group * R + r));
                        }
                        let inputs = work.codes.add(group * (BLOCK / 4) * R);
                        add_half::<L, Looked, R>(&mut sums, block, 0, lane, inputs, Looked::dot::<L>);
                        add_half::<L, Looked, R>(&mut sums, block, 4, lane, inputs, Looked::dot::<L>);
                        scale_up::<L, R>(&mut scaled, sums, L::signed(small.add(b * PANEL + lane)));
                    }
                    let scale = L::halves(nest.add(lane * 2));
                    for (r, total) in totals.iter_mut().enumerate() {
                        let scale = L::times(scale, L::splat(work.scales.add(n * R + r)));
                        *total = L::fused(scaled[r], scale, *total);
                    }
                }
                store::<L, R>(work, lane, totals);
            }
        }
    }
}
