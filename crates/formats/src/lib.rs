//! Audio files: reads those of every common kind into samples, and writes speech in several kinds while it is
//! being spoken. Bytes in, samples out, and back. Must not know files, sockets, clocks, threads, engines
//! or calls.
//!
//! Everything that is read is hostile until decoded. Headers are not believed: what is held is bounded by the
//! bytes that are there and by [`Limits`]. Decoders of other people are run under
//! [`catch_unwind`](std::panic::catch_unwind): should one panic, the file is damaged, and the panic's own
//! message goes to stderr by the process's hook, as always. (So the crate needs `panic = "unwind"`.)

mod error;
mod kind;
mod read;
mod sniffing;
mod write;

pub use error::{EXPECTED, FormatError};
pub use kind::Kind;
pub use read::{read, read_while};
pub use write::{Encoder, Format, PCM_RATE, UnknownFormat, WriteError};

/// Mono audio and its rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Samples in -1 to 1, at least one; several channels are averaged.
    pub samples: Vec<f32>,
    /// Samples a second, in [`RATES`](offhook_core::audio::resample::RATES).
    pub rate: u32,
}

/// Audio at a higher rate is limited as if it were at this one, in Hz: nobody speaks at 384 kHz, and memory
/// is counted in samples.
const COUNTED: u32 = 48_000;

/// How much is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest audio, in seconds. Longer audio is an error. While it is decoded, four bytes are held for
    /// each sample, twice that while the vector grows, and a few megabytes beside.
    pub most_seconds: u32,
}

impl Limits {
    /// The most samples at this rate.
    pub(crate) fn samples_at(self, rate: u32) -> usize {
        usize::try_from(u64::from(self.most_seconds) * u64::from(rate.min(COUNTED))).unwrap_or(usize::MAX)
    }
}
