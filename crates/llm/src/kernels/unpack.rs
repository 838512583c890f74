//! Extracts the weights of one output from a panel again, so that an embedding table that is also the output
//! matrix need not be in memory twice. Must not know instructions.
//!
//! The numbers are those of ggml's `dequantize_row_*`, computed in ggml's order.

use half::f16;

use super::codes::{BLOCK, Bytes, Codes as _, Fives, Fours, Sixes, Threes, Twos};
use super::format::{Form, Format};
use super::simd::PANEL;
use super::tile::{HEADER, flat_scales, nest_bytes};

impl Format {
    /// Writes the weights of the output in `lane` of this panel. The panel has as many inputs as `out` has
    /// numbers.
    pub(super) fn take_out(self, panel: &[u8], lane: usize, out: &mut [f32]) {
        let blocks = out.len() / self.span();
        for (block, out) in out.chunks_exact_mut(self.span()).enumerate() {
            match self.form() {
                Form::Flat { middle } => {
                    let scale = half_at(panel, (block * PANEL + lane) * 2);
                    let codes = &panel[flat_scales(blocks) + block * self.code_bytes()..];
                    self.codes(codes, lane, out, |_, code| (code - middle) as f32 * scale);
                }
                Form::Nested { group } => {
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

    /// Computes 32 weights from their codes. `weight` gets the index of each code, and the code.
    fn codes(self, block: &[u8], lane: usize, out: &mut [f32], weight: impl Fn(usize, i32) -> f32) {
        for (k, four) in out.chunks_exact_mut(4).enumerate() {
            let codes = match self {
                Self::Q8_0 => Bytes::four(block, k, lane),
                Self::Q6K => Sixes::four(block, k, lane),
                Self::Q5_0 | Self::Q5K => Fives::four(block, k, lane),
                Self::Q4_0 | Self::Q4K => Fours::four(block, k, lane),
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
    fn weight(&self, format: Format, group: usize, code: i32) -> f32 {
        let small = self.small[group];
        let signed = f32::from(small.cast_signed());
        match format {
            Format::Q2K => {
                let (scale, minimum) =
                    (self.scale * f32::from(small & 0x0f), self.minimum * f32::from(small >> 4));
                scale * code as f32 - minimum
            }
            Format::Q3K => self.scale * signed * (code - 4) as f32,
            Format::Q4K | Format::Q5K => {
                let minimum = self.minimum * f32::from(self.small[8 + group]);
                self.scale * f32::from(small) * code as f32 - minimum
            }
            Format::Q6K => self.scale * signed * (code - 32) as f32,
            Format::Q4_0 | Format::Q5_0 | Format::Q8_0 => self.scale * code as f32,
        }
    }
}

fn half_at(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}
