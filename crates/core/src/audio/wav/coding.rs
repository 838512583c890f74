//! The sample formats of WAV files: the supported kinds and their numbers. Knows bytes, must not know files.

use std::io::Read;

use super::super::g711::Law;
use super::super::resample;
use super::input::{Input, WavError};

/// The most channels that are supported.
const MAX_CHANNELS: u16 = 32;

/// The encoding of a sample.
#[derive(Debug, Clone, Copy)]
pub(super) enum Coding {
    /// Unsigned, around 128.
    U8,
    I16,
    I24,
    I32,
    F32,
    F64,
    Law(Law),
}

/// The header's description of the samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    pub(super) coding: Coding,
    pub(super) channels: u16,
    pub(super) rate: u32,
}

impl Format {
    /// Reads a `fmt ` chunk; `input` is for messages.
    pub(super) fn parse<R: Read>(chunk: &[u8], input: &Input<'_, R>) -> Result<Self, WavError> {
        let u16_at = |at: usize| chunk.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        let (Some(mut tag), Some(channels), Some(low), Some(high), Some(bits)) =
            (u16_at(0), u16_at(2), u16_at(4), u16_at(6), u16_at(14))
        else {
            return Err(input.not_wav("its format is cut short".to_owned()));
        };
        let rate = u32::from(high) << 16 | u32::from(low);
        // Extensible: the tag is the beginning of a longer identifier.
        if tag == 0xfffe {
            tag = u16_at(24).unwrap_or(tag);
        }
        let coding = match (tag, bits) {
            (1, 8) => Coding::U8,
            (1, 16) => Coding::I16,
            (1, 24) => Coding::I24,
            (1, 32) => Coding::I32,
            (3, 32) => Coding::F32,
            (3, 64) => Coding::F64,
            (6, 8) => Coding::Law(Law::A),
            (7, 8) => Coding::Law(Law::Mu),
            _ => return Err(input.unsupported(format!("format {tag} with {bits} bits a sample"))),
        };
        if channels == 0 || channels > MAX_CHANNELS {
            return Err(input.unsupported(format!("{channels} channels (1 to {MAX_CHANNELS} are read)")));
        }
        if !resample::RATES.contains(&rate) {
            return Err(input.unsupported(format!(
                "{rate} samples a second ({} to {} are read)",
                resample::RATES.start(),
                resample::RATES.end()
            )));
        }
        Ok(Self { coding, channels, rate })
    }
}

impl Coding {
    /// Bytes of a sample.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::Law(_) => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// One sample of exactly [`bytes`](Self::bytes) bytes, in -1 to 1.
    pub(super) fn sample(self, b: &[u8]) -> f32 {
        let word = |n: usize| b.get(n).copied().unwrap_or(0);
        let sample = match self {
            Self::U8 => (f32::from(word(0)) - 128.0) / 128.0,
            Self::Law(law) => f32::from(law.decode(word(0))) / 32_768.0,
            Self::I16 => f32::from(i16::from_le_bytes([word(0), word(1)])) / 32_768.0,
            Self::I24 => i32::from_le_bytes([0, word(0), word(1), word(2)]) as f32 / 2_147_483_648.0,
            Self::I32 => i32::from_le_bytes([word(0), word(1), word(2), word(3)]) as f32 / 2_147_483_648.0,
            Self::F32 => f32::from_le_bytes([word(0), word(1), word(2), word(3)]),
            Self::F64 => {
                let eight = [word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7)];
                f64::from_le_bytes(eight) as f32
            }
        };
        // A float may be out of range, infinite or NaN.
        if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
    }
}
