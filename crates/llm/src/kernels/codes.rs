//! How the codes of weights are laid out in a panel, and how they are expanded to bytes again. Must not know
//! scales.
//!
//! A *block* is 32 inputs of the 16 outputs of a panel. It has eight *vectors* of 64 bytes: vector `k` holds,
//! for each output in turn, the codes of the inputs `4k` to `4k + 3`. Codes of fewer than eight bits are
//! stored in planes. Each vector of a plane of `b` bits combines the bits of `8 / b` vectors. `pack` writes
//! the layout that the kernels read through `Codes`.
#![allow(unsafe_code)]

use super::super::iq4;
use super::simd::{PANEL, Simd};

/// Inputs of a block.
pub(super) const BLOCK: usize = 32;
/// Vectors of a block.
const VECTORS: usize = BLOCK / 4;
/// Bytes of a vector.
const VECTOR: usize = 4 * PANEL;

/// Packs the codes of one block, and reads them.
pub(super) trait Codes {
    /// Bytes of a packed block.
    const BYTES: usize;

    /// Packs the vectors. Each lane of a vector holds four codes.
    fn pack(vectors: &[[u32; PANEL]; VECTORS], out: &mut [u8]);

    /// The four codes of one lane in vector `k` of a packed block, one in each byte.
    fn four(block: &[u8], k: usize, lane: usize) -> u32;

    /// Vector `k` of the block at `at`, the lanes from `lane` on.
    ///
    /// # Safety
    /// The processor has the features of `L`; `BYTES` bytes may be read at `at`; `k` is below 8;
    /// `lane + L::COUNT` is at most 16.
    unsafe fn vector<L: Simd>(at: *const u8, k: usize, lane: usize) -> L::Ints;
}

/// Eight bits.
pub(super) struct Bytes;
/// Four bits: vectors `k` and `k + 4` share bytes.
pub(super) struct Fours;
/// Four bits that are the places of numbers in a table (`iq4`). The numbers are expanded with 128 added.
pub(super) struct Looked;
/// Four bits and one more: bit `k` of the last plane belongs to vector `k`.
pub(super) struct Fives;
/// Four bits and two more.
pub(super) struct Sixes;
/// Two bits: vectors `4i` to `4i + 3` share bytes.
pub(super) struct Twos;
/// Two bits and one more.
pub(super) struct Threes;

/// Writes a vector.
fn put(out: &mut [u8], at: usize, vector: impl Fn(usize) -> u32) {
    for (lane, bytes) in out[at * VECTOR..(at + 1) * VECTOR].chunks_exact_mut(4).enumerate() {
        bytes.copy_from_slice(&vector(lane).to_le_bytes());
    }
}

/// The bytes that `put` wrote for one lane.
fn get(block: &[u8], at: usize, lane: usize) -> u32 {
    let (_, bytes) = block.split_at(at * VECTOR + 4 * lane);
    bytes.first_chunk().copied().map_or(0, u32::from_le_bytes)
}

/// `mask` in each of four bytes.
const fn each(mask: u8) -> u32 {
    u32::from_le_bytes([mask; 4])
}

/// Writes one vector of a plane: `bits` bits of each code, above its `low` lowest bits. The first vector's
/// bits lie lowest.
#[inline(always)]
fn put_plane(out: &mut [u8], at: usize, vectors: &[[u32; PANEL]], bits: usize, low: usize) {
    put(out, at, |lane| {
        let part = |v: &[u32; PANEL]| (v[lane] >> low) & each((1 << bits) - 1);
        vectors.iter().enumerate().fold(0, |all, (k, v)| all | part(v) << (bits * k))
    });
}

/// `a` shifted so that its bit `from` moves to bit `to`.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
unsafe fn moved<L: Simd>(a: L::Ints, from: usize, to: usize) -> L::Ints {
    // SAFETY: the caller guarantees the features of `L`; only values are used.
    unsafe {
        if from < to {
            L::left(a, (to - from) as i32)
        } else if from > to {
            L::right(a, (from - to) as i32)
        } else {
            a
        }
    }
}

impl Codes for Bytes {
    const BYTES: usize = VECTORS * VECTOR;

    fn pack(vectors: &[[u32; PANEL]; VECTORS], out: &mut [u8]) {
        for (k, vector) in vectors.iter().enumerate() {
            put(out, k, |lane| vector[lane]);
        }
    }

    fn four(block: &[u8], k: usize, lane: usize) -> u32 {
        get(block, k, lane)
    }

    #[inline(always)]
    unsafe fn vector<L: Simd>(at: *const u8, k: usize, lane: usize) -> L::Ints {
        // SAFETY: `BYTES` bytes may be read at `at`, and `k` is below 8, so all reads stay within the block.
        unsafe { L::load(at.add(k * VECTOR + lane * 4)) }
    }
}

impl Codes for Fours {
    const BYTES: usize = 4 * VECTOR;

    fn pack(vectors: &[[u32; PANEL]; VECTORS], out: &mut [u8]) {
        for (k, (low, high)) in vectors[..4].iter().zip(&vectors[4..]).enumerate() {
            put(out, k, |lane| (low[lane] & each(0x0f)) | (high[lane] & each(0x0f)) << 4);
        }
    }

    fn four(block: &[u8], k: usize, lane: usize) -> u32 {
        get(block, k % 4, lane) >> (k / 4 * 4) & each(0x0f)
    }

    #[inline(always)]
    unsafe fn vector<L: Simd>(at: *const u8, k: usize, lane: usize) -> L::Ints {
        // SAFETY: `BYTES` bytes may be read at `at`, and `k` is below 8, so all reads stay within the block.
        unsafe {
            let both = L::load(at.add((k % 4) * VECTOR + lane * 4));
            L::and(moved::<L>(both, k / 4 * 4, 0), L::bytes(0x0f))
        }
    }
}

/// The numbers of `iq4`, with 128 added.
const TABLE: [u8; 16] = {
    let (mut table, mut i) = ([0; 16], 0);
    while i < table.len() {
        table[i] = iq4::NUMBERS[i].cast_unsigned() ^ 0x80;
        i += 1;
    }
    table
};

impl Codes for Looked {
    const BYTES: usize = Fours::BYTES;

    fn pack(vectors: &[[u32; PANEL]; VECTORS], out: &mut [u8]) {
        Fours::pack(vectors, out);
    }

    fn four(block: &[u8], k: usize, lane: usize) -> u32 {
        let places = Fours::four(block, k, lane).to_le_bytes();
        u32::from_le_bytes(places.map(|place| TABLE[usize::from(place & 0x0f)]))
    }

    #[inline(always)]
    unsafe fn vector<L: Simd>(at: *const u8, k: usize, lane: usize) -> L::Ints {
        // SAFETY: the caller meets the conditions of this function, which are the same for `Fours`.
        unsafe { L::look_up(&TABLE, Fours::vector::<L>(at, k, lane)) }
    }
}

impl Codes for Fives {
    const BYTES: usize = 5 * VECTOR;

    fn pack(vectors: &[[u32; PANEL]; VECTORS], out: &mut [u8]) {
        Fours::pack(vectors, out);
        put_plane(out, 4, vectors, 1, 4);
    }

    fn four(block: &[u8], k: usize, lane: usize) -> u32 {
        Fours::four(block, k, lane) | (get(block, 4, lane) >> k & each(1)) << 4
    }

    #[inline(always)]
    unsafe fn vector<L: Simd>(at: *const u8, k: usize, lane: usize) -> L::Ints {
        // SAFETY: `BYTES` bytes may be read at `at`, and `k` is below 8, so all reads stay within the block.
        unsafe {
            let high = moved::<L>(L::load(at.add(4 * VECTOR + lane * 4)), k, 4);
            L::merge(high, L::bytes(0x10), Fours::vector::<L>(at, k, lane))
        }
    }
}

impl Codes for Sixes {
    const BYTES: usize = 6 * VECTOR;

    fn pack(vectors: &[[u32; PANEL]; VECTORS], out: &mut [u8]) {
        Fours::pack(vectors, out);
        for (i, four) in vectors.chunks_exact(4).enumerate() {
            put_plane(out, 4 + i, four, 2, 4);
        }
    }

    fn four(block: &[u8], k: usize, lane: usize) -> u32 {
        Fours::four(block, k, lane) | (get(block, 4 + k / 4, lane) >> (k % 4 * 2) & each(3)) << 4
    }

    #[inline(always)]
    unsafe fn vector<L: Simd>(at: *const u8, k: usize, lane: usize) -> L::Ints {
        // SAFETY: `BYTES` bytes may be read at `at`, and `k` is below 8, so all reads stay within the block.
        unsafe {
            let four = L::load(at.add((4 + k / 4) * VECTOR + lane * 4));
            let high = moved::<L>(four, k % 4 * 2, 4);
            L::merge(high, L::bytes(0x30), Fours::vector::<L>(at, k, lane))
        }
    }
}

impl Codes for Twos {
    const BYTES: usize = 2 * VECTOR;

    fn pack(vectors: &[[u32; PANEL]; VECTORS], out: &mut [u8]) {
        for (i, four) in vectors.chunks_exact(4).enumerate() {
            put_plane(out, i, four, 2, 0);
        }
    }

    fn four(block: &[u8], k: usize, lane: usize) -> u32 {
        get(block, k / 4, lane) >> (k % 4 * 2) & each(3)
    }

    #[inline(always)]
    unsafe fn vector<L: Simd>(at: *const u8, k: usize, lane: usize) -> L::Ints {
        // SAFETY: `BYTES` bytes may be read at `at`, and `k` is below 8, so all reads stay within the block.
        unsafe {
            let four = L::load(at.add(k / 4 * VECTOR + lane * 4));
            L::and(moved::<L>(four, k % 4 * 2, 0), L::bytes(3))
        }
    }
}

impl Codes for Threes {
    const BYTES: usize = 3 * VECTOR;

    fn pack(vectors: &[[u32; PANEL]; VECTORS], out: &mut [u8]) {
        Twos::pack(vectors, out);
        put_plane(out, 2, vectors, 1, 2);
    }

    fn four(block: &[u8], k: usize, lane: usize) -> u32 {
        Twos::four(block, k, lane) | (get(block, 2, lane) >> k & each(1)) << 2
    }

    #[inline(always)]
    unsafe fn vector<L: Simd>(at: *const u8, k: usize, lane: usize) -> L::Ints {
        // SAFETY: `BYTES` bytes may be read at `at`, and `k` is below 8, so all reads stay within the block.
        unsafe {
            let high = moved::<L>(L::load(at.add(2 * VECTOR + lane * 4)), k, 2);
            L::merge(high, L::bytes(4), Twos::vector::<L>(at, k, lane))
        }
    }
}
