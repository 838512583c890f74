//! The kernels: some rows of inputs times one panel of outputs. Must not know threads, files or types by name.
//!
//! Two shapes. In a *flat* format each block of 32 inputs has a scale, and its codes stand for numbers around a middle
//! (a zero point). A *nested* one is a K type: 256 inputs with a scale (a super-block), whose groups of 16 or 32 have
//! small whole numbers as scales, and as minima, of their own (the formats of ggml, `ggml-common.h`). Codes and
//! quantised inputs multiply and add up as whole numbers, exactly, within a group; scaled, they add up as floats in
//! the order of the inputs. So a row's result does not depend on the rows beside it.
#![allow(unsafe_code)]

use super::codes::{BLOCK, Bytes, Codes, Fives, Fours, Sixes, Threes, Twos};
use super::simd::{PANEL, Simd};

/// So far ahead of the weights in use are others asked for, in bytes. Of 1, 2, 4 and 8 kilobytes this was the
/// fastest on a Sapphire Rapids: 24 GB/s of Q4_K weights with two threads, and 17 with none asked for.
pub(super) const AHEAD: usize = 4096;
/// Inputs that share a scale in a nested format.
pub(super) const NEST: usize = 256;
/// Bytes before the codes of a nest: two scales of 16 bits an output, then 256 bytes of small scales.
pub(super) const HEADER: usize = 4 * PANEL + 256;

/// One product: `R` rows with one panel.
pub(super) struct Work {
    /// The panel.
    pub(super) panel: *const u8,
    /// Of 32 inputs in a flat format, of 256 in a nested one.
    pub(super) blocks: usize,
    /// Quantised inputs: four inputs of each row, then the next four of each row.
    pub(super) codes: *const i32,
    /// A scale of each block of each row.
    pub(super) scales: *const f32,
    /// Flat: what the sums of each block of each row begin with. Nested: sums of the inputs of two groups of
    /// each row, in pairs of 16 bits.
    pub(super) sums: *const i32,
    /// The first number of the first row's result.
    pub(super) out: *mut f32,
    /// Rows of results are this far apart.
    pub(super) stride: usize,
    /// Outputs wanted of this panel, 16 at most; the rest is not written.
    pub(super) outputs: usize,
    /// Rows that are wanted.
    pub(super) rows: usize,
}

/// A kernel for `R` rows.
pub(super) trait Kernel {
    /// # Safety
    /// The processor has the features of `L`. What `work` points to has the layout that this kernel reads, with
    /// `R` rows of inputs, and may be read; `out` has room for `rows` rows of `outputs` numbers that nobody else
    /// touches.
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
    /// As [`Simd::broadcast`].
    #[inline(always)]
    unsafe fn start<L: Simd>(at: *const i32) -> L::Ints {
        // SAFETY: the caller keeps what `Simd` asks for: features, and an integer at `at`.
        unsafe { L::broadcast(at) }
    }

    /// # Safety
    /// As [`Simd::dot`].
    #[inline(always)]
    unsafe fn dot<L: Simd>(sum: L::Ints, codes: L::Ints, inputs: L::Ints) -> L::Ints {
        // SAFETY: the caller has the features of `L`; only values are used.
        unsafe { L::dot(sum, codes, inputs) }
    }
}

impl Centred for Fours {}

impl Centred for Fives {}

impl Centred for Bytes {
    #[inline(always)]
    unsafe fn start<L: Simd>(at: *const i32) -> L::Ints {
        // SAFETY: the caller keeps what `Simd` asks for: features, and an integer at `at`.
        unsafe { L::start_bytes(at) }
    }

    #[inline(always)]
    unsafe fn dot<L: Simd>(sum: L::Ints, codes: L::Ints, inputs: L::Ints) -> L::Ints {
        // SAFETY: the caller has the features of `L`; only values are used.
        unsafe { L::dot_bytes(sum, codes, inputs) }
    }
}

impl<C: Centred> Kernel for Flat<C> {
    #[inline(always)]
    unsafe fn run<L: Simd, const R: usize>(work: &Work) {
        // SAFETY: the caller keeps what `Kernel::run` asks for, so that panel, sums and codes reach as far as these loops.
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

/// What differs between nested formats.
pub(super) trait Nest {
    type Codes: Codes;
    /// Inputs of a group.
    const GROUP: usize;
    /// The code that stands for zero, times its group's scale, is taken off; else a minimum times the second
    /// scale of the nest is.
    const MIDDLE: Option<u8>;

    /// The small scale of a group.
    ///
    /// # Safety
    /// The processor has the features of `L`, and at `small` are the 256 bytes of small scales.
    unsafe fn scale<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints;

    /// The small minimum of a group, or its scale again.
    ///
    /// # Safety
    /// As of `scale`.
    unsafe fn minimum<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints;
}

/// Bytes of a nest in a panel.
pub(super) const fn nest_bytes(codes: usize) -> usize {
    HEADER + NEST / BLOCK * codes
}

impl<F: Nest> Kernel for Nested<F> {
    #[inline(always)]
    unsafe fn run<L: Simd, const R: usize>(work: &Work) {
        // SAFETY: the caller keeps what `Kernel::run` asks for, so that panel, sums and codes reach as far as these loops.
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

/// Brings the weights near that come some blocks later. What the processor does by itself stops at the end of a
/// page of four kilobytes; a panel is longer.
///
/// # Safety
/// The processor has the features of `L`.
#[inline(always)]
unsafe fn fetch_ahead<L: Simd, C: Codes>(block: *const u8, lane: usize) {
    if lane > 0 {
        return;
    }
    for line in (0..C::BYTES).step_by(64) {
        // SAFETY: asking for memory is allowed wherever it is.
        unsafe { L::prefetch(block.wrapping_add(AHEAD + line)) };
    }
}

/// Adds the products of half a block's vectors, those from `first` (0 or 4). It is written out: with a vector's
/// number known, reading it takes an instruction or two.
///
/// # Safety
/// The processor has the features of `L`; at `block` is a block, and at `inputs` those of `R` rows for it.
#[inline(always)]
unsafe fn add_half<L: Simd, C: Codes, const R: usize>(
    sums: &mut [L::Ints; R],
    block: *const u8,
    first: usize,
    lane: usize,
    inputs: *const i32,
    dot: unsafe fn(L::Ints, L::Ints, L::Ints) -> L::Ints,
) {
    // SAFETY: as of this function; a half has four of the eight vectors.
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
/// As of [`add_half`].
#[inline(always)]
unsafe fn add_vector<L: Simd, C: Codes, const R: usize>(
    sums: &mut [L::Ints; R],
    block: *const u8,
    k: usize,
    lane: usize,
    inputs: *const i32,
    dot: unsafe fn(L::Ints, L::Ints, L::Ints) -> L::Ints,
) {
    // SAFETY: `k` is below 8, the block is whole, and at `inputs` are those of `R` rows for each vector.
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
/// As of [`Nest::scale`].
#[inline(always)]
unsafe fn scale_up<L: Simd, F: Nest, const R: usize>(
    scaled: &mut [L::Floats; R],
    sums: [L::Ints; R],
    small: *const u8,
    group: usize,
    lane: usize,
) {
    // SAFETY: as of this function: the scales of the group may be read.
    unsafe {
        let scale = L::to_floats(F::scale::<L>(small, group, lane));
        for (scaled, sum) in scaled.iter_mut().zip(sums) {
            *scaled = L::fused(L::to_floats(sum), scale, *scaled);
        }
    }
}

/// # Safety
/// As [`Kernel::run`].
#[inline(always)]
unsafe fn store<L: Simd, const R: usize>(work: &Work, lane: usize, totals: [L::Floats; R]) {
    // SAFETY: `out` has `rows` rows of `stride`, each with room for the outputs from `lane` on; the last are copied one by one.
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
                // SAFETY: the caller keeps what `Nest` asks for: the scales of this group lie there.
                unsafe { L::unsigned(small.add(group * PANEL + lane)) }
            }

            #[inline(always)]
            unsafe fn minimum<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
                // SAFETY: the caller keeps what `Nest` asks for: the minima of this group lie there.
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
                // SAFETY: the caller keeps what `Nest` asks for: the scales of this group lie there.
                unsafe { L::signed(small.add(group * PANEL + lane)) }
            }

            #[inline(always)]
            unsafe fn minimum<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
                // SAFETY: the caller keeps what `Nest` asks for: the scales of this group lie there.
                unsafe { Self::scale::<L>(small, group, lane) }
            }
        }
    };
}

own_minima!(Q4K, Fours, "Q4_K: codes of four bits, eight scales and minima of six.");
own_minima!(Q5K, Fives, "Q5_K: codes of five bits, eight scales and minima of six.");
own_middle!(Q3K, Threes, 4, "Q3_K: codes of three bits around 4, sixteen scales of six.");
own_middle!(Q6K, Sixes, 32, "Q6_K: codes of six bits around 32, sixteen scales of eight.");

/// Q2_K: codes of two bits, sixteen scales and minima of four bits, which share bytes.
pub(super) struct Q2K;

impl Nest for Q2K {
    type Codes = Twos;
    const GROUP: usize = 16;
    const MIDDLE: Option<u8> = None;

    #[inline(always)]
    unsafe fn scale<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
        // SAFETY: the caller keeps what `Nest` asks for: the scales of this group lie there.
        unsafe { L::and(L::unsigned(small.add(group * PANEL + lane)), L::bytes(0x0f)) }
    }

    #[inline(always)]
    unsafe fn minimum<L: Simd>(small: *const u8, group: usize, lane: usize) -> L::Ints {
        // SAFETY: the caller keeps what `Nest` asks for: the minima of this group lie there.
        unsafe { L::and(L::right(L::unsigned(small.add(group * PANEL + lane)), 4), L::bytes(0x0f)) }
    }
}
