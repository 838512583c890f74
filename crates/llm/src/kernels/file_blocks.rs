//! The fields of blocks as a file holds them: scales, minima and codes. Must not know how they are packed.
//!
//! The layouts are ggml's (`dequantize_row_*` of `ggml-quants.c`).

use super::super::iq4;
use super::super::tensor_type::TensorType;
use super::codes::BLOCK;
use super::tile::NEST;

impl TensorType {
    /// Splits a block of the file into its fields.
    pub(super) fn unpack(self, block: &[u8], to: &mut Unpacked) {
        match self {
            // These have no codes.
            Self::F32 | Self::F16 | Self::BF16 => return,
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 | Self::Iq4Nl => {
                to.scale = two(block, 0);
                to.codes[..BLOCK].copy_from_slice(&self.flat_codes(block));
                return;
            }
            Self::Q4_1 | Self::Q5_1 => {
                (to.scale, to.minimum) = (two(block, 0), two(block, 2));
                to.codes[..BLOCK].copy_from_slice(&self.flat_codes(block));
                return;
            }
            Self::Iq4Xs => {
                to.scale = two(block, 0);
                let scales = iq4::group_scales(block);
                to.small.iter_mut().zip(scales).for_each(|(small, scale)| *small = scale.cast_unsigned());
            }
            Self::Q2K => {
                (to.scale, to.minimum) = (two(block, 80), two(block, 82));
                to.small.copy_from_slice(&block[..16]);
            }
            Self::Q3K => {
                to.scale = two(block, 108);
                six_bit_scales(&block[96..108], &mut to.small);
            }
            Self::Q4K | Self::Q5K => {
                (to.scale, to.minimum) = (two(block, 0), two(block, 2));
                scales_and_minima(&block[4..16], &mut to.small);
            }
            Self::Q6K => {
                to.scale = two(block, 208);
                to.small.copy_from_slice(&block[192..208]);
            }
        }
        to.codes = self.nested_codes(block);
    }

    fn flat_codes(self, block: &[u8]) -> [u8; BLOCK] {
        let mut codes = [0; BLOCK];
        if self == Self::Q8_0 {
            codes.iter_mut().zip(&block[2..34]).for_each(|(code, byte)| *code = byte ^ 0x80);
            return codes;
        }
        let (before, low) = block.split_at(block.len() - 16);
        nibbles(low, &mut codes);
        if let (Self::Q5_0 | Self::Q5_1, Some((_, high))) = (self, before.split_last_chunk::<4>()) {
            for (i, code) in codes.iter_mut().enumerate() {
                *code |= (high[i / 8] >> (i % 8) & 1) << 4;
            }
        }
        codes
    }

    /// The codes are built in a local array. So the compiler knows that they do not overlap the block, and
    /// vectorises the loops.
    fn nested_codes(self, block: &[u8]) -> [u8; NEST] {
        let mut codes = [0; NEST];
        match self {
            Self::Q2K => twos(&block[16..80], &mut codes),
            Self::Q3K => {
                twos(&block[32..96], &mut codes);
                add_bits(&block[..32], &mut codes, 2);
            }
            Self::Q6K => {
                for (low, codes) in block[..128].chunks_exact(64).zip(codes.chunks_exact_mut(128)) {
                    nibbles(low, codes);
                }
                let mut high = [0; NEST];
                twos(&block[128..192], &mut high);
                codes.iter_mut().zip(high).for_each(|(code, high)| *code |= high << 4);
            }
            Self::Iq4Xs => {
                for (bytes, codes) in block[8..136].chunks_exact(16).zip(codes.chunks_exact_mut(BLOCK)) {
                    nibbles(bytes, codes);
                }
            }
            Self::F32 | Self::F16 | Self::BF16 | Self::Q4_0 | Self::Q4_1 => {}
            Self::Q5_0 | Self::Q5_1 | Self::Q8_0 | Self::Iq4Nl => {}
            Self::Q4K | Self::Q5K => {
                let low = &block[block.len() - 128..];
                for (bytes, codes) in low.chunks_exact(32).zip(codes.chunks_exact_mut(64)) {
                    nibbles(bytes, codes);
                }
                if self == Self::Q5K {
                    add_bits(&block[16..48], &mut codes, 4);
                }
            }
        }
        codes
    }
}

/// The fields of one row's block.
pub(super) struct Unpacked {
    pub(super) scale: [u8; 2],
    pub(super) minimum: [u8; 2],
    /// Small scales of up to sixteen groups, or of eight groups followed by their eight minima.
    pub(super) small: [u8; 16],
    pub(super) codes: [u8; NEST],
}

impl Unpacked {
    pub(super) const EMPTY: Self = Self { scale: [0; 2], minimum: [0; 2], small: [0; 16], codes: [0; NEST] };
}

fn two(block: &[u8], at: usize) -> [u8; 2] {
    [block[at], block[at + 1]]
}

/// The low halves of all bytes, then the high ones.
fn nibbles(bytes: &[u8], codes: &mut [u8]) {
    let (low, high) = codes.split_at_mut(bytes.len());
    low.iter_mut().zip(bytes).for_each(|(code, byte)| *code = byte & 0x0f);
    high.iter_mut().zip(bytes).for_each(|(code, byte)| *code = byte >> 4);
}

/// For every 32 bytes: the lowest two bits of all, then the next two, and so on.
fn twos(bytes: &[u8], codes: &mut [u8]) {
    for (bytes, codes) in bytes.chunks_exact(32).zip(codes.chunks_exact_mut(128)) {
        for (quarter, codes) in codes.chunks_exact_mut(32).enumerate() {
            for (code, byte) in codes.iter_mut().zip(bytes) {
                *code = byte >> (2 * quarter) & 3;
            }
        }
    }
}

/// Sets bit `place` of the `i`th group of 32 codes from bit `i` of each of 32 bytes.
fn add_bits(bytes: &[u8], codes: &mut [u8; NEST], place: u32) {
    for (eighth, codes) in codes.chunks_exact_mut(32).enumerate() {
        for (code, high) in codes.iter_mut().zip(bytes) {
            *code |= (high >> eighth & 1) << place;
        }
    }
}

/// Eight scales and eight minima of six bits (`get_scale_min_k4`).
fn scales_and_minima(twelve: &[u8], small: &mut [u8; 16]) {
    for j in 0..4 {
        small[j] = twelve[j] & 63;
        small[8 + j] = twelve[j + 4] & 63;
        small[4 + j] = (twelve[j + 8] & 0x0f) | (twelve[j] >> 6) << 4;
        small[12 + j] = (twelve[j + 8] >> 4) | (twelve[j + 4] >> 6) << 4;
    }
}

/// Sixteen scales of six bits, with an offset of 32 (Q3_K).
fn six_bit_scales(twelve: &[u8], small: &mut [u8; 16]) {
    for (j, small) in small.iter_mut().enumerate() {
        let low = if j < 8 { twelve[j] & 0x0f } else { twelve[j - 8] >> 4 };
        let high = twelve[8 + j % 4] >> (2 * (j / 4)) & 3;
        *small = (low | high << 4).wrapping_sub(32);
    }
}
