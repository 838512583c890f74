//! Writes speech while it is being spoken: blocks of samples in, the bytes of a file out, and what is still
//! held back at the end. Must not know where the bytes go, nor how fast they should.

mod at_rate;
mod flac;
mod mp3;
mod opus;
mod plain;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use offhook_core::audio::resample::RateError;

/// The rate of [`Format::Pcm`], whose bytes do not state it: that of OpenAI's server.
pub const PCM_RATE: u32 = 24_000;

/// The kinds of files that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// 16-bit PCM in a RIFF/WAVE file of unknown length: both sizes in its header are 0xFFFFFFFF.
    Wav,
    /// 16-bit samples, little endian, at [`PCM_RATE`], and nothing else.
    Pcm,
    /// FLAC of unknown length.
    Flac,
    /// MP3 at a constant 64 kbit/s, at 16, 22.05 or 24 kHz.
    Mp3,
    /// Opus in Ogg, at about 40 kbit/s.
    Opus,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Wav, Self::Pcm, Self::Flac, Self::Mp3, Self::Opus];

    /// The name, as in `response_format`: `wav`, `pcm`, `flac`, `mp3` or `opus`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Pcm => "pcm",
            Self::Flac => "flac",
            Self::Mp3 => "mp3",
            Self::Opus => "opus",
        }
    }

    /// The MIME type.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Pcm => "audio/pcm;rate=24000",
            Self::Flac => "audio/flac",
            Self::Mp3 => "audio/mpeg",
            Self::Opus => "audio/opus",
        }
    }
}

/// A name that is none of a [`Format`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("audio is not written as {name:?}, expected wav, pcm, flac, mp3 or opus; ask for wav if in doubt")]
pub struct UnknownFormat {
    /// The name, at most 40 characters of it.
    pub name: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let format = Self::ALL.into_iter().find(|format| format.name() == name);
        format.ok_or_else(|| UnknownFormat { name: name.chars().take(40).collect() })
    }
}

/// Why speech could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The voice's rate cannot be converted to one of the format.
    #[error("{format} cannot be written: {cause}; ask for wav, or choose a voice of another rate")]
    Rate {
        /// The name of the format.
        format: &'static str,
        /// The problem.
        cause: RateError,
    },
    /// The encoder failed. That is a bug in it: it is given nothing that it could not take.
    #[error("{format} cannot be written: its encoder failed ({problem}); ask for wav, and please report it")]
    Encoder {
        /// The name of the format.
        format: &'static str,
        /// The problem.
        problem: String,
    },
}

/// A file of speech that is being written.
pub struct Encoder {
    format: Format,
    kind: Box<dyn Write + Send>,
    /// An encoder that panicked is not used again.
    failed: bool,
}

/// What one format does.
trait Write {
    /// Takes the next samples, of any number. Appends the bytes that are ready to `out`.
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), String>;

    /// Appends what was held back.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), String>;
}

impl Encoder {
    /// A file of this format, of samples at `rate`. WAV and FLAC are written at this rate, the others at
    /// theirs.
    ///
    /// # Errors
    /// If the rate is outside [`RATES`](offhook_core::audio::resample::RATES), or cannot be converted.
    pub fn new(format: Format, rate: u32) -> Result<Self, WriteError> {
        let name = format.name();
        let no_rate = |cause| WriteError::Rate { format: name, cause };
        let kind: Box<dyn Write + Send> = match format {
            Format::Wav => Box::new(plain::Wav::new(rate).map_err(no_rate)?),
            Format::Pcm => Box::new(plain::Pcm::new(rate).map_err(no_rate)?),
            Format::Flac => Box::new(flac::Flac::new(rate).map_err(no_rate)?),
            Format::Mp3 => Box::new(mp3::Mp3::new(rate).map_err(no_rate)?),
            Format::Opus => {
                let failed = |problem| WriteError::Encoder { format: name, problem };
                Box::new(opus::Opus::new(rate).map_err(no_rate)?.map_err(failed)?)
            }
        };
        Ok(Self { format, kind, failed: false })
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Takes the next mono samples, any number of them. Returns the bytes that are ready: the header with the
    /// first ones. FLAC holds back up to 1151 samples, MP3 up to 575 and the encoder's own delay, and Opus
    /// some 80 ms of speech.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn push(&mut self, samples: &[i16]) -> Result<Vec<u8>, WriteError> {
        self.run(|kind, out| kind.push(samples, out))
    }

    /// Ends the file. Returns its last bytes. Without any sample before, that is a file of nothing.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn finish(mut self) -> Result<Vec<u8>, WriteError> {
        self.run(|kind, out| kind.finish(out))
    }

    /// Runs other people's code, which should not panic, but might.
    fn run(
        &mut self,
        step: impl FnOnce(&mut dyn Write, &mut Vec<u8>) -> Result<(), String>,
    ) -> Result<Vec<u8>, WriteError> {
        let problem = |problem| WriteError::Encoder { format: self.format.name(), problem };
        if self.failed {
            return Err(problem("it had failed before".to_owned()));
        }
        let mut out = Vec::new();
        let kind = self.kind.as_mut();
        let done = catch_unwind(AssertUnwindSafe(|| step(kind, &mut out)));
        let done = done.unwrap_or_else(|_| Err("it gave up".to_owned()));
        self.failed = done.is_err();
        done.map(|()| out).map_err(problem)
    }
}

/// 16-bit samples, little endian.
fn append(samples: &[i16], out: &mut Vec<u8>) {
    out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
}
