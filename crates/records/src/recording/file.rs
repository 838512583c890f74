//! A WAV file that can be played at any moment: stereo, 16-bit PCM. Must not know when it is written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use offhook_core::units::PHONE_RATE;

use super::window::Frame;

/// The bytes of the header, of a frame, and of what the header has before its first length.
const HEADER: u64 = 44;
const FRAME_BYTES: u32 = 4;
const BEFORE_LENGTH: u32 = 8;

/// The file of a recording.
#[derive(Debug)]
pub(super) struct WavFile {
    file: File,
    /// The frames that its header tells.
    frames: usize,
}

impl WavFile {
    /// A new, empty recording.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn begin(file: File) -> io::Result<Self> {
        let mut wav = Self { file, frames: 0 };
        wav.tell(0)?;
        Ok(wav)
    }

    /// Writes frames from a place on. After that, they are the last ones. What was never written before them
    /// is silence.
    ///
    /// # Errors
    /// If the file cannot be written. What it had before can be played.
    pub(super) fn write(&mut self, at: usize, frames: impl Iterator<Item = Frame>) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(frames.size_hint().0 * FRAME_BYTES as usize);
        for [left, right] in frames {
            bytes.extend_from_slice(&left.to_le_bytes());
            bytes.extend_from_slice(&right.to_le_bytes());
        }
        let count = bytes.len() / FRAME_BYTES as usize;
        self.file.write_all_at(&bytes, HEADER + at as u64 * u64::from(FRAME_BYTES))?;
        self.tell(at + count)
    }

    /// Cuts off what was never heard.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn end(&self) -> io::Result<()> {
        self.file.set_len(HEADER + self.frames as u64 * u64::from(FRAME_BYTES))?;
        self.file.sync_data()
    }

    /// Writes the header, if it tells another length.
    fn tell(&mut self, frames: usize) -> io::Result<()> {
        if frames != self.frames || frames == 0 {
            self.file.write_all_at(&header(frames), 0)?;
            self.frames = frames;
        }
        Ok(())
    }
}

/// The header (IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991).
fn header(frames: usize) -> Vec<u8> {
    let data = u32::try_from(frames).unwrap_or(u32::MAX).saturating_mul(FRAME_BYTES);
    let (pcm, channels, bits) = (1_u16, 2_u16, 16_u16);
    let mut bytes = Vec::with_capacity(HEADER as usize);
    bytes.extend(b"RIFF");
    bytes.extend((data.saturating_add(HEADER as u32 - BEFORE_LENGTH)).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend([pcm, channels].map(u16::to_le_bytes).concat());
    bytes.extend([PHONE_RATE, PHONE_RATE * FRAME_BYTES].map(u32::to_le_bytes).concat());
    bytes.extend([FRAME_BYTES as u16, bits].map(u16::to_le_bytes).concat());
    bytes.extend(b"data");
    bytes.extend(data.to_le_bytes());
    bytes
}
