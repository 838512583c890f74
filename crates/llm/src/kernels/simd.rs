//! The vector instructions that the kernels are written in. Must not know formats.
//!
//! A kernel is generic over `Simd`: so many outputs at once, a 32-bit sum of each. What is inlined here becomes
//! instructions only within a function that has the features enabled (`dispatch` has one for each).
#![allow(unsafe_code)]

/// Outputs that a panel holds side by side.
pub(super) const PANEL: usize = 16;

/// Numbers of rows that there are kernels for, of each instruction set up to its widest.
pub(super) const ROWS: [usize; 5] = [1, 2, 4, 8, WIDEST];
/// The largest of them.
pub(super) const WIDEST: usize = 12;

/// Vectors of `COUNT` lanes of 32 bits.
///
/// # Safety
/// Every function needs a processor with the implementor's features, and pointers that may be read as far as
/// it says. Alignment is not needed.
pub(super) trait Simd {
    /// Outputs at once; divides [`PANEL`].
    const COUNT: usize;
    /// Most rows of one tile: as many as the registers hold sums of. One of [`ROWS`].
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
    /// Shifts within 16 bits; what crosses a byte must be masked away.
    unsafe fn left(a: Self::Ints, bits: i32) -> Self::Ints;
    unsafe fn right(a: Self::Ints, bits: i32) -> Self::Ints;
    /// In each lane, `sum` and the products of four codes (0 to 63) and four inputs (-127 to 127).
    unsafe fn dot(sum: Self::Ints, codes: Self::Ints, inputs: Self::Ints) -> Self::Ints;
    /// What the sums of `dot_bytes` begin with, where `at` has -128 times the sum of the inputs.
    unsafe fn start_bytes(at: *const i32) -> Self::Ints;
    /// As `dot`, with codes of 0 to 255 that stand for -128 to 127.
    unsafe fn dot_bytes(sum: Self::Ints, codes: Self::Ints, inputs: Self::Ints) -> Self::Ints;
    /// In each lane, `sum` and the products of two pairs of 16 bits.
    unsafe fn dot_pairs(sum: Self::Ints, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// The low halves of the lanes of `a`, with those of `b` above them.
    unsafe fn pair(a: Self::Ints, b: Self::Ints) -> Self::Ints;
    /// `COUNT` bytes, each widened to a lane.
    unsafe fn unsigned(at: *const u8) -> Self::Ints;
    unsafe fn signed(at: *const u8) -> Self::Ints;

    unsafe fn zero() -> Self::Floats;
    unsafe fn splat(at: *const f32) -> Self::Floats;
    unsafe fn constant(x: f32) -> Self::Floats;
    /// `COUNT` numbers of 16 bits.
    unsafe fn halves(at: *const u8) -> Self::Floats;
    unsafe fn to_floats(a: Self::Ints) -> Self::Floats;
    unsafe fn times(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`.
    unsafe fn fused(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `c - a * b`.
    unsafe fn fused_off(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `COUNT` numbers.
    unsafe fn store(at: *mut f32, a: Self::Floats);
    /// Asks for the memory there to be brought near. It may lie anywhere.
    unsafe fn prefetch(at: *const u8);
}
