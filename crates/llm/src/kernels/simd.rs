//! The vector instructions that the kernels are written in. Must not know formats.
//!
//! A kernel is generic over `Simd`, which computes several outputs at once, with a 32-bit sum of each. Its
//! functions are inlined, and become these instructions only within a function that enables the features
//! (`dispatch` has one for each instruction set).
#![allow(unsafe_code)]

/// Outputs that a panel holds side by side.
pub(super) const PANEL: usize = 16;

/// The numbers of rows that there are kernels for. Each instruction set goes up to its `WIDEST`.
pub(super) const ROWS: [usize; 5] = [1, 2, 4, 8, WIDEST];
/// The largest of [`ROWS`].
pub(super) const WIDEST: usize = 12;

/// Vectors of `COUNT` lanes of 32 bits.
///
/// # Safety
/// Every function needs a processor with the implementor's features. Pointers must be readable, or writable
/// for `store`, as far as the function says. Alignment is not needed.
pub(super) trait Simd {
    /// Outputs at once; divides [`PANEL`].
    const COUNT: usize;
    /// The most rows in one tile: as many as the registers hold sums for. One of [`ROWS`].
    const WIDEST: usize;
    type Ints: Copy;
    type Floats: Copy;

    unsafe fn zeros() -> Self::Ints;
    /// `4 * COUNT` bytes.
    unsafe fn load(at: *const u8) -> Self::Ints;
    /// The same number in every lane.
    unsafe fn broadcast(at: *const i32) -> Self::Ints;
    /// The same byte in every byte.
    unsafe fn bytes(byte: u8) -> Self::Ints;
    unsafe fn and(a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// `(a & mask) | b`.
    unsafe fn merge(a: Self::Ints, mask: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// Shifts within 16 bits. Bits that cross into another byte must be masked away.
    unsafe fn left(a: Self::Ints, bits: i32) -> Self::Ints;
    unsafe fn right(a: Self::Ints, bits: i32) -> Self::Ints;
    /// Each byte (0 to 15) replaced by the byte at its place in the table.
    unsafe fn look_up(table: &[u8; 16], places: Self::Ints) -> Self::Ints;
    /// In each lane, `sum` plus the products of four codes (0 to 63) and four inputs (-127 to 127).
    unsafe fn dot(sum: Self::Ints, codes: Self::Ints, inputs: Self::Ints) -> Self::Ints;
    /// The start value of sums by `dot_bytes`. At `at` is -128 times the sum of the inputs.
    unsafe fn start_bytes(at: *const i32) -> Self::Ints;
    /// As `dot`, with codes of 0 to 255 that stand for -128 to 127.
    unsafe fn dot_bytes(sum: Self::Ints, codes: Self::Ints, inputs: Self::Ints) -> Self::Ints;
    /// In each lane, `sum` plus the products of two pairs of 16-bit numbers.
    unsafe fn dot_pairs(sum: Self::Ints, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// The low halves of the lanes of `a`, with those of `b` above them.
    unsafe fn pair(a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// `COUNT` bytes, each widened to a lane.
    unsafe fn unsigned(at: *const u8) -> Self::Ints;
    unsafe fn signed(at: *const u8) -> Self::Ints;

    unsafe fn zero() -> Self::Floats;
    unsafe fn splat(at: *const f32) -> Self::Floats;
    unsafe fn constant(x: f32) -> Self::Floats;
    /// `COUNT` floats of 32 bits.
    unsafe fn floats(at: *const u8) -> Self::Floats;
    /// `COUNT` floats of 16 bits.
    unsafe fn halves(at: *const u8) -> Self::Floats;
    /// `COUNT` upper halves of floats of 32 bits (bfloat16).
    unsafe fn upper_halves(at: *const u8) -> Self::Floats;
    unsafe fn to_floats(a: Self::Ints) -> Self::Floats;
    unsafe fn plus(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    unsafe fn times(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`.
    unsafe fn fused(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `c - a * b`.
    unsafe fn fused_off(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `COUNT` numbers.
    unsafe fn store(at: *mut f32, a: Self::Floats);
    /// Prefetches the memory at `at`, which may be any address.
    unsafe fn prefetch(at: *const u8);
}
