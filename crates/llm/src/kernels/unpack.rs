//! Extracts the weights of one output from a panel again, so that an embedding table that is also the output
//! matrix need not be in memory twice. Must not know instructions.
//!
//! The numbers are those of ggml's `dequantize_row_*`, computed in ggml's order.

use half::{bf16, f16};

use super::super::tensor_type::TensorType;
use super::codes::{BLOCK, Bytes, Codes as _, Fives, Fours, Looked, Sixes, Threes, Twos};
use super::flat::per_block;
use super::format::Form;
use super::nested::nest_bytes;
use super::simd::PANEL;
use super::tile::HEADER;

impl TensorType {
    /// Writes the weights of the output in `lane` of this panel. The panel has as many inputs as `out` has
    /// numbers.
    pub(super) fn take_out(self, panel: &[u8], lane: usize, out: &mut [f32]) {
        let blocks = out.len() / self.span();
        for (block, out) in out.chunks_exact_mut(self.span()).enumerate() {
            let codes = &panel[self.scale_bytes(blocks) + block * self.code_bytes()..];
            match self.form() {
                Form::Float => self.floats(codes, lane, out),
                Form::Flat { middle } => {
                    let scale = half_at(panel, block * per_block(false) + lane * 2);
                    self.codes(codes, lane, out, |_, code| (code - middle) as f32 * scale);
                }
                Form::Affine => {
                    let scales = &panel[block * per_block(true)..(block + 1) * per_block(true)];
                    let (scale, minimum) = (half_at(scales, lane * 2), half_at(scales, 2 * PANEL + lane * 2));
                    self.codes(codes, lane, out, |_, code| code as f32 * scale + minimum);
                }
                Form::Nested { .. } | Form::Looked => {
                    let group = if let Form::Nested { group } = self.form() { group } else { BLOCK };
                    let bytes = nest_bytes(self.code_bytes());
                    let (header, codes) = panel[block * bytes..(block + 1) * bytes].split_at(HEADER);
                    let nest = Nest::of(header, lane);
                    let parts = codes.chunks_exact(self.code_bytes()).zip(out.chunks_exact_mut(BLOCK));
                    for (part, (codes, out)) in parts.enumerate() {
                        self.codes(codes, lane, out, |i, code| {
                            nest.weight(self, (part * BLOCK + i) / group, code)
                        });
                    }
                }
            }
        }
    }

    /// Takes out 32 floats.
    fn floats(self, block: &[u8], lane: usize, out: &mut [f32]) {
        let size = self.block_bytes();
        for (out, sixteen) in out.iter_mut().zip(block.chunks_exact(PANEL * size)) {
            *out = match sixteen[lane * size..(lane + 1) * size] {
                [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
                [a, b] if self == Self::F16 => f16::from_le_bytes([a, b]).to_f32(),
                [a, b] => bf16::from_le_bytes([a, b]).to_f32(),
                _ => 0.0,
            };
        }
    }

    /// Computes 32 weights from their codes. `weight` gets the index of each code, and the code.
    fn codes(self, block: &[u8], lane: usize, out: &mut [f32], weight: impl Fn(usize, i32) -> f32) {
        for (k, four) in out.chunks_exact_mut(4).enumerate() {
            let codes = match self {
                // These have no codes.
                Self::F32 | Self::F16 | Self::BF16 => return,
                Self::Q8_0 => Bytes::four(block, k, lane),
                Self::Q6K => Sixes::four(block, k, lane),
                Self::Q5_0 | Self::Q5_1 | Self::Q5K => Fives::four(block, k, lane),
                Self::Q4_0 | Self::Q4_1 | Self::Q4K => Fours::four(block, k, lane),
                Self::Iq4Nl | Self::Iq4Xs => Looked::four(block, k, lane),
                Self::Q3K => Threes::four(block, k, lane),
                Self::Q2K => Twos::four(block, k, lane),
            };
            for (i, (out, code)) in four.iter_mut().zip(codes.to_le_bytes()).enumerate() {
                *out = weight(4 * k + i, i32::from(code));
            }
        }
    }
}

/// The scales of 256 weights of one output.
struct Nest {
    scale: f32,
    minimum: f32,
    small: [u8; 16],
}

impl Nest {
    fn of(header: &[u8], lane: usize) -> Self {
        Self {
            scale: half_at(header, lane * 2),
            minimum: half_at(header, 2 * PANEL + lane * 2),
            small: std::array::from_fn(|i| header[4 * PANEL + i * PANEL + lane]),
        }
    }

    /// The weight of a code in this group.
    fn weight(&self, format: TensorType, group: usize, code: i32) -> f32 {
        let small = self.small[group];
        let signed = f32::from(small.cast_signed());
        match format {
            TensorType::Q2K => {
                let (scale, minimum) =
                    (self.scale * f32::from(small & 0x0f), self.minimum * f32::from(small >> 4));
                scale * code as f32 - minimum
            }
            TensorType::Q3K => self.scale * signed * (code - 4) as f32,
            TensorType::Q4K | TensorType::Q5K => {
                let minimum = self.minimum * f32::from(self.small[8 + group]);
                self.scale * f32::from(small) * code as f32 - minimum
            }
            TensorType::Q6K => self.scale * signed * (code - 32) as f32,
            TensorType::Iq4Xs => self.scale * signed * (code - 128) as f32,
            // These are not nested.
            TensorType::F32 | TensorType::F16 | TensorType::BF16 | TensorType::Q4_0 => 0.0,
            TensorType::Q4_1 | TensorType::Q5_0 | TensorType::Q5_1 => 0.0,
            TensorType::Q8_0 | TensorType::Iq4Nl => 0.0,
        }
    }
}

fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}
