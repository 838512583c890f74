//! The kernels: some input rows times one panel of outputs. Must not know threads, files or types by name.
//!
//! The formats are those of ggml (`ggml-common.h`), of two kinds. In a *flat* format, each block of 32 inputs
//! has a scale, and its codes stand for numbers around a middle (a zero point). A *nested* format is a K
//! type: 256 inputs (a super-block) share a scale, and their groups of 16 or 32 have small whole numbers as
//! scales, and as minima, of their own. Within a group, products of codes and quantised inputs add up
//! exactly, as whole numbers. The scaled sums add up as floats, in the order of the inputs. So a row's result
//! does not depend on the rows beside it.
#![allow(unsafe_code)]

use super::codes::{BLOCK, Bytes, Codes, Fives, Fours, Sixes, Threes, Twos};
use super::simd::{PANEL, Simd};

/// How far ahead of their use weights are prefetched, in bytes. Of 1, 2, 4 and 8 kilobytes, this was the
/// fastest on a Sapphire Rapids: 24 GB/s of Q4_K weights with two threads, and 17 without prefetching.
pub(super) const AHEAD: usize = 4096;
/// Inputs that share a scale in a nested format.
pub(super) const NEST: usize = 256;
/// Bytes before the codes of a nest: two 16-bit scales per output, then 256 bytes of small scales.
pub(super) const HEADER: usize = 4 * PANEL + 256;

/// One product: `R` rows times one panel.
pub(super) struct Work {
    /// The panel.
    pub(super) panel: *const u8,
    /// Blocks of 32 inputs in a flat format, of 256 in a nested one.
    pub(super) blocks: usize,
    /// Quantised inputs: four inputs of each row, then the next four of each row.
    pub(super) codes: *const i32,
    /// One scale for each block of each row.
    pub(super) scales: *const f32,
    /// Flat: the start value of the sum for each block of each row. Nested: for each row, the sums of the
    /// inputs of two groups, as a pair of 16-bit numbers.
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

/// Bytes of the scales of a flat panel.
pub(super) const fn flat_scales(blocks: usize) -> usize {
    (blocks * 2 * PANEL).next_multiple_of(4 * PANEL)
}

/// A flat format.
pub(super) struct Flat<C>(std::marker::PhantomData<C>);

/// How the codes of a flat format are multiplied.
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

impl Centred for Bytes {
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

impl<C: Centred> Kernel for Flat<C> {
    #[inline(always)]
    unsafe fn run<L: Simd, const R: usize>(work: &Work) {
        // SAFETY: the caller meets the conditions of `Kernel::run`: all of `work` reaches as far as these
        // loops.
        unsafe {
            let codes = work.panel.add(flat_scales(work.blocks));
            for lane in (0..work.outputs).step_by(L::COUNT) {
                let mut totals = [L::zero(); R];
                for b in 0..work.blocks {
                    let block = codes.add(b * C::BYTES);
                    let scale = L::halves(work.panel.add((b * PANEL + lane) * 2));
                    let mut sums = [L::zeros(); R];
                    for (r, sum) in sums.iter_mut().enumerate() {
                        *sum = C::start::<L>(work.sums.add(b * R + r));
                    }
                    fetch_ahead::<L, C>(block, lane);
                    let inputs = work.codes.add(b * (BLOCK / 4) * R);
                    add_half::<L, C, R>(&mut sums, block, 0, lane, inputs, C::dot::<L>);
                    add_half::<L, C, R>(&mut sums, block, 4, lane, inputs, C::dot::<L>);
                    for (r, (total, sum)) in totals.iter_mut().zip(sums).enumerate() {
                        let scale = L::times(scale, L::splat(work.scales.add(b * R + r)));
                        *total = L::fused(L::to_floats(sum), scale, *total);
                    }
                }
                store::<L, R>(work, lane, totals);
            }
        }
    }
}

/// A nested format.
pub(super) struct Nested<F>(std::marker::PhantomData<F>);

/// The differences between nested formats.
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
                    let mut scaled = [L::zero(); R];
                    for b in 0..NEST / BLOCK {
                        let block = small.add(256 + b * F::Codes::BYTES);
                        fetch_ahead::<L, F::Codes>(block, lane);
                        let inputs = work.codes.add((n * (NEST / BLOCK) + b) * (BLOCK / 4) * R);
                        let mut sums = [L::zeros(); R];
                        add_half::<L, F::Codes, R>(&mut sums, block, 0, lane, inputs, L::dot);
                        if F::GROUP == 16 {
                            scale_up::<L, F, R>(&mut scaled, sums, small, 2 * b, lane);
                            sums = [L::zeros(); R];
                        }
                        add_half::<L, F::Codes, R>(&mut sums, block, 4, lane, inputs, L::dot);
                        scale_up::<L, F, R>(&mut scaled, sums, small, (b + 1) * (BLOCK / F::GROUP) - 1, lane);
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

/// Prefetches the weights of some blocks later. The processor's own prefetching stops at the end of a page of
/// four kilobytes, and a panel is longer.
///
/// # Safety
/// The processor has the features of `L`.
#[inline(always)]
unsafe fn fetch_ahead<L: Simd, C: Codes>(block: *const u8, lane: usize) {
    if lane > 0 {
        return;
    }
    for line in (0..C::BYTES).step_by(64) {
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
unsafe fn add_half<L: Simd, C: Codes, const R: usize>(
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

/// Adds the sums of a group, times its scale.
///
/// # Safety
/// As for [`Nest::scale`].
#[inline(always)]
unsafe fn scale_up<L: Simd, F: Nest, const R: usize>(
    scaled: &mut [L::Floats; R],
    sums: [L::Ints; R],
    small: *const u8,
    group: usize,
    lane: usize,
) {
    // SAFETY: the caller meets the conditions of this function: the scales of the group may be read.
    unsafe {
        let scale = L::to_floats(F::scale::<L>(small, group, lane));
        for (scaled, sum) in scaled.iter_mut().zip(sums) {
            *scaled = L::fused(L::to_floats(sum), scale, *scaled);
        }
    }
}

/// # Safety
/// As for [`Kernel::run`].
#[inline(always)]
unsafe fn store<L: Simd, const R: usize>(work: &Work, lane: usize, totals: [L::Floats; R]) {
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
