//! How matrices of each weight type are packed. Must not know instructions.
//!
//! The types are those of ggml (`ggml-common.h`).

use super::super::tensor_type::TensorType;
use super::codes::{BLOCK, Bytes, Codes, Fives, Fours, Looked, Sixes, Threes, Twos};
use super::file_blocks::Unpacked;
use super::flat::{flat_scales, per_block};
use super::nested::nest_bytes;
use super::simd::PANEL;
use super::tile::{HEADER, NEST};

/// The form of the inputs that a type is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One scale for 32 inputs. Sums start at minus the middle of the codes times the sum of the inputs.
    Flat { middle: i32 },
    /// One scale for 32 inputs, and their sum times the scale, which is multiplied with a minimum.
    Affine,
    /// One scale for 256 inputs, and sums of groups of `group` inputs, of two groups as a pair of 16-bit
    /// numbers.
    Nested { group: usize },
    /// One scale for 256 inputs. Sums of 32 inputs start at -128 times the sum of the inputs.
    Looked,
    /// The inputs themselves.
    Float,
}

impl Form {
    /// Inputs of a block. They share a scale, if there is one.
    pub(super) fn span(self) -> usize {
        match self {
            Self::Flat { .. } | Self::Affine | Self::Float => BLOCK,
            Self::Nested { .. } | Self::Looked => NEST,
        }
    }
}

impl TensorType {
    pub(super) fn form(self) -> Form {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => Form::Float,
            Self::Q4_0 => Form::Flat { middle: 8 },
            Self::Q5_0 => Form::Flat { middle: 16 },
            Self::Q8_0 | Self::Iq4Nl => Form::Flat { middle: 128 },
            Self::Q4_1 | Self::Q5_1 => Form::Affine,
            Self::Q4K | Self::Q5K => Form::Nested { group: 32 },
            Self::Q2K | Self::Q3K | Self::Q6K => Form::Nested { group: 16 },
            Self::Iq4Xs => Form::Looked,
        }
    }

    /// Weights that are packed together.
    pub(super) fn span(self) -> usize {
        self.form().span()
    }

    /// Bytes of these weights in the file.
    pub(super) fn file_bytes(self) -> usize {
        self.span() / self.block_weights() * self.block_bytes()
    }

    /// Bytes of the packed codes of 32 inputs of a panel.
    pub(super) fn code_bytes(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => BLOCK * PANEL * self.block_bytes(),
            Self::Q8_0 => Bytes::BYTES,
            Self::Q6K => Sixes::BYTES,
            Self::Q5_0 | Self::Q5_1 | Self::Q5K => Fives::BYTES,
            Self::Q4_0 | Self::Q4_1 | Self::Q4K => Fours::BYTES,
            Self::Iq4Nl | Self::Iq4Xs => Looked::BYTES,
            Self::Q3K => Threes::BYTES,
            Self::Q2K => Twos::BYTES,
        }
    }

    /// Bytes of a panel with `inputs` inputs.
    pub(super) fn panel_bytes(self, inputs: usize) -> usize {
        let blocks = inputs / self.span();
        match self.form() {
            Form::Flat { .. } | Form::Affine | Form::Float => {
                self.scale_bytes(blocks) + blocks * self.code_bytes()
            }
            Form::Nested { .. } | Form::Looked => blocks * nest_bytes(self.code_bytes()),
        }
    }

    /// Bytes before the codes of a panel.
    pub(super) fn scale_bytes(self, blocks: usize) -> usize {
        match self.form() {
            Form::Flat { .. } => flat_scales(blocks, false),
            Form::Affine => flat_scales(blocks, true),
            Form::Nested { .. } | Form::Looked | Form::Float => 0,
        }
    }

    /// Packs block number `block` of sixteen rows into its place in their panel. A missing row has weights of
    /// zero.
    pub(super) fn pack(self, rows: &[Option<&[u8]>; PANEL], block: usize, blocks: usize, panel: &mut [u8]) {
        let at = self.scale_bytes(blocks) + block * self.code_bytes();
        if self.form() == Form::Float {
            self.pack_floats(rows, &mut panel[at..at + self.code_bytes()]);
            return;
        }
        let mut unpacked = [const { Unpacked::EMPTY }; PANEL];
        for (row, unpacked) in rows.iter().zip(&mut unpacked) {
            if let Some(bytes) = row {
                self.unpack(bytes, unpacked);
            }
        }
        match self.form() {
            Form::Flat { .. } | Form::Affine | Form::Float => {
                let minima = self.form() == Form::Affine;
                let scales = &mut panel[block * per_block(minima)..(block + 1) * per_block(minima)];
                for (lane, row) in unpacked.iter().enumerate() {
                    scales[lane * 2..lane * 2 + 2].copy_from_slice(&row.scale);
                    if minima {
                        scales[2 * PANEL + lane * 2..][..2].copy_from_slice(&row.minimum);
                    }
                }
                self.pack_codes(&unpacked, 0, &mut panel[at..at + self.code_bytes()]);
            }
            Form::Nested { .. } | Form::Looked => {
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

    /// Packs 32 floats of each row.
    fn pack_floats(self, rows: &[Option<&[u8]>; PANEL], out: &mut [u8]) {
        let size = self.block_bytes();
        for (lane, row) in rows.iter().enumerate() {
            let numbers = row.map(|row| row.chunks_exact(size)).into_iter().flatten();
            for (number, sixteen) in numbers.zip(out.chunks_exact_mut(PANEL * size)) {
                sixteen[lane * size..(lane + 1) * size].copy_from_slice(number);
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
            // These have no codes.
            Self::F32 | Self::F16 | Self::BF16 => {}
            Self::Q8_0 => Bytes::pack(&vectors, out),
            Self::Q6K => Sixes::pack(&vectors, out),
            Self::Q5_0 | Self::Q5_1 | Self::Q5K => Fives::pack(&vectors, out),
            Self::Q4_0 | Self::Q4_1 | Self::Q4K => Fours::pack(&vectors, out),
            Self::Iq4Nl | Self::Iq4Xs => Looked::pack(&vectors, out),
            Self::Q3K => Threes::pack(&vectors, out),
            Self::Q2K => Twos::pack(&vectors, out),
        }
    }
}
