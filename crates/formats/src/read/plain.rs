//! Samples that are not compressed: WAV, by the core's reader, and raw ones. Must not know other kinds.

use offhook_core::audio::wav::{Reader, WavError, mix};

use super::clip::Clip;
use crate::kind::Kind;
use crate::{Audio, FormatError, Limits};

/// Reads a WAV file, also one of unknown length.
pub(super) fn wav(bytes: &[u8], limits: Limits) -> Result<Audio, FormatError> {
    let mut reader = Reader::open(bytes, "").map_err(problem)?;
    let mut clip = Clip::new(Kind::Wav, reader.rate(), limits)?;
    let mut mixed = Vec::new();
    while let Some(channels) = reader.read().map_err(problem)? {
        mixed.clear();
        mix(channels, &mut mixed);
        clip.push(&mixed, 1)?;
    }
    clip.finish(None)
}

/// The core's errors name the file and what was expected; here both are said once, for all kinds.
fn problem(error: WavError) -> FormatError {
    let kind = Kind::Wav;
    match error {
        WavError::Unsupported { problem, .. } => FormatError::Unsupported { kind, problem },
        WavError::NotWav { problem, .. } => FormatError::Damaged { kind, problem },
        WavError::Io { cause, .. } => FormatError::Damaged { kind, problem: cause.to_string() },
        WavError::TooLong { .. } | WavError::Encode { .. } => {
            FormatError::Damaged { kind, problem: error.to_string() }
        }
    }
}

/// Reads 16-bit samples, little endian, mono. Half a sample at the end is left out.
pub(super) fn raw(bytes: &[u8], rate: u32, limits: Limits) -> Result<Audio, FormatError> {
    let mut clip = Clip::new(Kind::Raw { rate }, rate, limits)?;
    let mut block = Vec::new();
    for bytes in bytes.chunks(8_192) {
        block.clear();
        block.extend(bytes.chunks_exact(2).map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0));
        clip.push(&block, 1)?;
    }
    clip.finish(None)
}
