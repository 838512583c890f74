//! The weight types that the kernels support: their layout in the file, and how they are packed. Must not
//! know instructions.
//!
//! The types are those of ggml (`ggml-common.h`, and `dequantize_row_*` of `ggml-quants.c`). The fields of a
//! block follow each other without padding.

use candle_core::quantized::GgmlDType;

use super::codes::{BLOCK, Bytes, Codes, Fives, Fours, Sixes, Threes, Twos};
use super::simd::PANEL;
use super::tile::{HEADER, NEST, flat_scales, nest_bytes};

/// A weight type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Q4_0,
    Q5_0,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

/// The form of the quantised inputs that a format is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One scale for 32 inputs. Sums start at minus the middle of the codes times the sum of the inputs.
    Flat { middle: i32 },
    /// One scale for 256 inputs, and sums of groups of `group` inputs.
    Nested { group: usize },
}

impl Form {
    /// Inputs that share a scale.
    pub(super) fn span(self) -> usize {
        match self {
            Self::Flat { .. } => BLOCK,
            Self::Nested { .. } => NEST,
        }
    }
}

impl Format {
    /// The format of a tensor type.
    pub(super) fn of(kind: GgmlDType) -> Option<Self> {
        match kind {
            GgmlDType::Q4_0 => Some(Self::Q4_0),
            GgmlDType::Q5_0 => Some(Self::Q5_0),
            GgmlDType::Q8_0 => Some(Self::Q8_0),
            GgmlDType::Q2K => Some(Self::Q2K),
            GgmlDType::Q3K => Some(Self::Q3K),
            GgmlDType::Q4K => Some(Self::Q4K),
            GgmlDType::Q5K => Some(Self::Q5K),
            GgmlDType::Q6K => Some(Self::Q6K),
            GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => None,
            GgmlDType::Q4_1 | GgmlDType::Q5_1 => None,
            // Types of intermediate results, which no file holds.
            GgmlDType::Q8_1 | GgmlDType::Q8K => None,
        }
    }

    pub(super) fn form(self) -> Form {
        match self {
            Self::Q4_0 => Form::Flat { middle: 8 },
            Self::Q5_0 => Form::Flat { middle: 16 },
            Self::Q8_0 => Form::Flat { middle: 128 },
            Self::Q4K | Self::Q5K => Form::Nested { group: 32 },
            Self::Q2K | Self::Q3K | Self::Q6K => Form::Nested { group: 16 },
        }
    }

    /// Weights of a block in the file.
    pub(super) fn span(self) -> usize {
        self.form().span()
    }

    /// Bytes of a block in the file.
    pub(super) fn file_bytes(self) -> usize {
        match self {
            Self::Q4_0 => 2 + 16,
            Self::Q5_0 => 2 + 4 + 16,
            Self::Q8_0 => 2 + 32,
            Self::Q2K => 16 + 64 + 2 + 2,
            Self::Q3K => 32 + 64 + 12 + 2,
            Self::Q4K => 2 + 2 + 12 + 128,
            Self::Q5K => 2 + 2 + 12 + 32 + 128,
            Self::Q6K => 128 + 64 + 16 + 2,
        }
    }

    /// Bytes of the packed codes of 32 inputs of a panel.
    pub(super) fn code_bytes(self) -> usize {
        match self {
            Self::Q8_0 => Bytes::BYTES,
            Self::Q6K => Sixes::BYTES,
            Self::Q5_0 | Self::Q5K => Fives::BYTES,
            Self::Q4_0 | Self::Q4K => Fours::BYTES,
            Self::Q3K => Threes::BYTES,
            Self::Q2K => Twos::BYTES,
        }
    }

    /// Bytes of a panel with `inputs` inputs.
    pub(super) fn panel_bytes(self, inputs: usize) -> usize {
        match self.form() {
            Form::Flat { .. } => flat_scales(inputs / BLOCK) + inputs / BLOCK * self.code_bytes(),
            Form::Nested { .. } => inputs / NEST * nest_bytes(self.code_bytes()),
        }
    }

    /// Packs block number `block` of sixteen rows into its place in their panel. A missing row has weights of
    /// zero.
    pub(super) fn pack(self, rows: &[Option<&[u8]>; PANEL], block: usize, blocks: usize, panel: &mut [u8]) {
        let mut unpacked = [const { Unpacked::EMPTY }; PANEL];
        for (row, unpacked) in rows.iter().zip(&mut unpacked) {
            if let Some(bytes) = row {
                self.unpack(bytes, unpacked);
            }
        }
        match self.form() {
            Form::Flat { .. } => {
                for (lane, row) in unpacked.iter().enumerate() {
                    let at = (block * PANEL + lane) * 2;
                    panel[at..at + 2].copy_from_slice(&row.scale);
                }
                let at = flat_scales(blocks) + block * self.code_bytes();
                self.pack_codes(&unpacked, 0, &mut panel[at..at + self.code_bytes()]);
            }
            Form::Nested { .. } => {
                let bytes = nest_bytes(self.code_bytes());
                let nest = &mut panel[block * bytes..(block + 1) * bytes];
                let (header, codes) = nest.split_at_mut(HEADER);
                for (lane, row) in unpacked.iter().enumerate() {
                    header[lane * 2..lane * 2 + 2].copy_from_slice(&row.scale);
                    header[2 * PANEL + lane * 2..][..2].copy_from_slice(&row.minimum);
                    for (i, small) in row.small.iter().enumerate() {
                        header[4 * PANEL + i * PANEL + lane] = *small;
                    }
                }
                for (part, out) in codes.chunks_exact_mut(self.code_bytes()).enumerate() {
                    self.pack_codes(&unpacked, part, out);
                }
            }
        }
    }

    /// Packs the codes of 32 inputs.
    fn pack_codes(self, rows: &[Unpacked; PANEL], part: usize, out: &mut [u8]) {
        let mut vectors = [[0; PANEL]; BLOCK / 4];
        for (lane, row) in rows.iter().enumerate() {
            let (fours, _) = row.codes[part * BLOCK..(part + 1) * BLOCK].as_chunks();
            for (vector, four) in vectors.iter_mut().zip(fours) {
                vector[lane] = u32::from_le_bytes(*four);
            }
        }
        match self {
            Self::Q8_0 => Bytes::pack(&vectors, out),
            Self::Q6K => Sixes::pack(&vectors, out),
            Self::Q5_0 | Self::Q5K => Fives::pack(&vectors, out),
            Self::Q4_0 | Self::Q4K => Fours::pack(&vectors, out),
            Self::Q3K => Threes::pack(&vectors, out),
            Self::Q2K => Twos::pack(&vectors, out),
        }
    }

    /// Splits a block of the file into its fields.
    fn unpack(self, block: &[u8], to: &mut Unpacked) {
        match self {
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => {
                to.scale = two(block, 0);
                to.codes[..BLOCK].copy_from_slice(&self.flat_codes(block));
                return;
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
        nibbles(&block[self.file_bytes() - 16..self.file_bytes()], &mut codes);
        if self == Self::Q5_0 {
            for (i, code) in codes.iter_mut().enumerate() {
                *code |= (block[2 + i / 8] >> (i % 8) & 1) << 4;
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
            Self::Q4K | Self::Q5K | Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => {
                let low = &block[self.file_bytes() - 128..self.file_bytes()];
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
struct Unpacked {
    scale: [u8; 2],
    minimum: [u8; 2],
    /// Small scales of up to sixteen groups, or of eight groups followed by their eight minima.
    small: [u8; 16],
    codes: [u8; NEST],
}

impl Unpacked {
    const EMPTY: Self = Self { scale: [0; 2], minimum: [0; 2], small: [0; 16], codes: [0; NEST] };
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
