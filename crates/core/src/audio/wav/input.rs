//! The bytes of a WAV file, chunk by chunk, and the errors that they can have.

use std::io::{self, Read};

/// The longest audio that is read at once, in seconds: an hour. A [`Reader`](super::Reader) has no such
/// limit.
pub const MAX_SECONDS: u64 = 3_600;

/// The most bytes of audio that are read at once: an hour of stereo at 48 kHz and 24 bits is just below.
pub const MAX_BYTES: u64 = 1 << 30;

/// Why a WAV file could not be read or written. The text names the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// The file could not be opened, read or written.
    #[error("{name}: {cause}")]
    Io {
        /// The file.
        name: String,
        /// The system's error.
        cause: io::Error,
    },
    /// The input is not a WAV file.
    #[error(
        "{name} is not a WAV file: {problem}, expected RIFF/WAVE with PCM audio; `sox IN OUT.wav` converts it"
    )]
    NotWav {
        /// The file.
        name: String,
        /// The problem.
        problem: String,
    },
    /// The input is a WAV file of an unsupported kind.
    #[error(
        "{name}: {problem}; expected PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, mu-law or A-law; \
         `sox IN -b 16 OUT.wav` converts it"
    )]
    Unsupported {
        /// The file.
        name: String,
        /// The problem.
        problem: String,
    },
    /// The audio is longer than the limit for reading at once.
    #[error("{name} is too long: at most {MAX_SECONDS} seconds and {} MiB of audio are read", MAX_BYTES >> 20)]
    TooLong {
        /// The file.
        name: String,
    },
    /// More samples than a WAV file's header can count.
    #[error("{name}: {cause}")]
    Encode {
        /// The file.
        name: String,
        /// The encoder's error.
        cause: hound::Error,
    },
}

/// An input, and its name in messages.
pub(super) struct Input<'a, R> {
    pub(super) input: R,
    pub(super) name: &'a str,
}

impl<R: Read> Input<'_, R> {
    pub(super) fn not_wav(&self, problem: String) -> WavError {
        WavError::NotWav { name: self.name.to_owned(), problem }
    }

    pub(super) fn unsupported(&self, problem: String) -> WavError {
        WavError::Unsupported { name: self.name.to_owned(), problem }
    }

    pub(super) fn io(&self, cause: io::Error) -> WavError {
        WavError::Io { name: self.name.to_owned(), cause }
    }

    /// Fills the buffer as far as there is input. Returns the number of bytes read.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, WavError> {
        let mut got = 0;
        while got < buffer.len() {
            match self.input.read(&mut buffer[got..]) {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.io(e)),
            }
        }
        Ok(got)
    }

    /// Reads a chunk of `size` bytes and keeps the first `keep` of them.
    pub(super) fn take(&mut self, size: u64, keep: u64, into: &mut Vec<u8>) -> Result<(), WavError> {
        let kept = self.input.by_ref().take(size.min(keep)).read_to_end(into);
        kept.map_err(|e| self.io(e))?;
        self.skip(size.saturating_sub(keep))
    }

    pub(super) fn skip(&mut self, size: u64) -> Result<(), WavError> {
        let skipped = io::copy(&mut self.input.by_ref().take(size), &mut io::sink());
        skipped.map(|_| ()).map_err(|e| self.io(e))
    }
}
