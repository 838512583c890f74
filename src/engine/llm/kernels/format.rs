//! The types of weights that the kernels know: how they lie in a file, and what becomes of them. Must not know
//! instructions.
//!
//! Types as in ggml's `ggml-common.h` and `dequantize_row_*` of `ggml-quants.c`; a block's fields follow each
//! other with nothing between them.

use candle_core::quantized::GgmlDType;

use super::codes::{BLOCK, Bytes, Codes, Fives, Fours, Sixes, Threes, Twos};
use super::lanes::PANEL;
use super::tile::{HEADER, NEST, flat_scales, nest_bytes};

/// A type of weights.
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

/// What quantised inputs a format is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// A scale for 32 inputs; sums begin with minus the middle of the codes times the sum of the inputs.
    Flat { middle: i32 },
    /// A scale for 256 inputs, and sums of groups of this many.
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
    /// That of a type of tensors.
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
            // Types of sums, which no file holds.
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

    /// Bytes of 32 packed inputs of a panel.
    fn code_bytes(self) -> usize {
        match self {
            Self::Q8_0 => Bytes::BYTES,
            Self::Q6K => Sixes::BYTES,
            Self::Q5_0 | Self::Q5K => Fives::BYTES,
            Self::Q4_0 | Self::Q4K => Fours::BYTES,
            Self::Q3K => Threes::BYTES,
            Self::Q2K => Twos::BYTES,
        }
    }

    /// Bytes of a panel with so many inputs.
    pub(super) fn panel_bytes(self, inputs: usize) -> usize {
        match self.form() {
            Form::Flat { .. } => flat_scales(inputs / BLOCK) + inputs / BLOCK * self.code_bytes(),
            Form::Nested { .. } => inputs / NEST * nest_bytes(self.code_bytes()),
        }
    }

    /// Writes what sixteen rows have in their block of this number to where it belongs in their panel. A row
    /// that is missing has weights of zero.
    pub(super) fn pack(self, rows: &[Option<&[u8]>; PANEL], block: usize, blocks: usize, panel: &mut [u8]) {
        let mut unpacked = [const { Unpacked::EMPTY }; PANEL];
        for (row, unpacked) in rows.iter().zip(&mut unpacked) {
            match row {
                Some(bytes) => self.unpack(bytes, unpacked),
                None => *unpacked = Unpacked::EMPTY,
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

    /// Takes a block of the file apart.
    fn unpack(self, block: &[u8], to: &mut Unpacked) {
        match self {
            Self::Q4_0 => {
                to.scale = two(block, 0);
                nibbles(&block[2..18], &mut to.codes[..32]);
            }
            Self::Q5_0 => {
                to.scale = two(block, 0);
                nibbles(&block[6..22], &mut to.codes[..32]);
                for (i, code) in to.codes[..32].iter_mut().enumerate() {
                    *code |= (block[2 + i / 8] >> (i % 8) & 1) << 4;
                }
            }
            Self::Q8_0 => {
                to.scale = two(block, 0);
                for (code, byte) in to.codes.iter_mut().zip(&block[2..34]) {
                    *code = byte ^ 0x80;
                }
            }
            Self::Q2K => {
                (to.scale, to.minimum) = (two(block, 80), two(block, 82));
                to.small.copy_from_slice(&block[..16]);
                fours(&block[16..80], &mut to.codes);
            }
            Self::Q3K => {
                to.scale = two(block, 108);
                six_bit_scales(&block[96..108], &mut to.small);
                fours(&block[32..96], &mut to.codes);
                for (eighth, codes) in to.codes.chunks_exact_mut(32).enumerate() {
                    for (code, high) in codes.iter_mut().zip(&block[..32]) {
                        *code |= (high >> eighth & 1) << 2;
                    }
                }
            }
            Self::Q4K => {
                (to.scale, to.minimum) = (two(block, 0), two(block, 2));
                scales_and_minima(&block[4..16], &mut to.small);
                for (bytes, codes) in block[16..144].chunks_exact(32).zip(to.codes.chunks_exact_mut(64)) {
                    nibbles(bytes, codes);
                }
            }
            Self::Q5K => {
                (to.scale, to.minimum) = (two(block, 0), two(block, 2));
                scales_and_minima(&block[4..16], &mut to.small);
                for (bytes, codes) in block[48..176].chunks_exact(32).zip(to.codes.chunks_exact_mut(64)) {
                    nibbles(bytes, codes);
                }
                for (eighth, codes) in to.codes.chunks_exact_mut(32).enumerate() {
                    for (code, high) in codes.iter_mut().zip(&block[16..48]) {
                        *code |= (high >> eighth & 1) << 4;
                    }
                }
            }
            Self::Q6K => {
                to.scale = two(block, 208);
                to.small.copy_from_slice(&block[192..208]);
                let halves = block[..128].chunks_exact(64).zip(block[128..192].chunks_exact(32));
                for ((low, high), codes) in halves.zip(to.codes.chunks_exact_mut(128)) {
                    nibbles(low, codes);
                    for (quarter, codes) in codes.chunks_exact_mut(32).enumerate() {
                        for (code, high) in codes.iter_mut().zip(high) {
                            *code |= (high >> (2 * quarter) & 3) << 4;
                        }
                    }
                }
            }
        }
    }
}

/// A block of one row, taken apart.
struct Unpacked {
    scale: [u8; 2],
    minimum: [u8; 2],
    /// Small scales of up to sixteen groups; or eight of them, then eight minima.
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
    for ((byte, low), high) in bytes.iter().zip(low).zip(high) {
        (*low, *high) = (byte & 0x0f, byte >> 4);
    }
}

/// Of each 32 bytes, the lowest two bits of all, then the next two, and so on.
fn fours(bytes: &[u8], codes: &mut [u8]) {
    for (bytes, codes) in bytes.chunks_exact(32).zip(codes.chunks_exact_mut(128)) {
        for (quarter, codes) in codes.chunks_exact_mut(32).enumerate() {
            for (code, byte) in codes.iter_mut().zip(bytes) {
                *code = byte >> (2 * quarter) & 3;
            }
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

/// Sixteen scales of six bits around 32 (Q3_K).
fn six_bit_scales(twelve: &[u8], small: &mut [u8; 16]) {
    for (j, small) in small.iter_mut().enumerate() {
        let low = if j < 8 { twelve[j] & 0x0f } else { twelve[j - 8] >> 4 };
        let high = twelve[8 + j % 4] >> (2 * (j / 4)) & 3;
        *small = (low | high << 4).wrapping_sub(32);
    }
}
