//! WAV files: any common kind in, as mono audio; 16-bit PCM out. Reads and writes files and knows
//! nothing of what is in them.
//!
//! The reader is our own: it takes mu-law and A-law, streams whose header has no true length, and
//! data cut short, and it never holds more than it has decoded. Format: "Multimedia Programming
//! Interface and Data Specifications 1.0" (IBM and Microsoft, 1991) and "Multiple channel audio data
//! and WAVE files" (Microsoft, 2007) for the extensible form.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use super::g711::Law;
use super::resample::{self, RateError};
use super::to_i16;

/// Longest audio taken, in seconds: an hour.
pub const MAX_SECONDS: u64 = 3_600;

/// Most bytes of audio taken: an hour of stereo at 48 kHz and 24 bits is just under it.
pub const MAX_BYTES: u64 = 1 << 30;

/// Most channels taken.
const MAX_CHANNELS: u16 = 32;

/// Mono audio and its rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Samples in -1 to 1; several channels are averaged.
    pub samples: Vec<f32>,
    /// Samples a second.
    pub rate: u32,
}

/// Why a WAV file could not be read or written. Its text names the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// The file could not be opened, read or written.
    #[error("{name}: {cause}")]
    Io {
        /// The file.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// It is something else.
    #[error(
        "{name} is not a WAV file: {problem}, expected RIFF/WAVE with PCM audio; convert it with `sox {name} OUT.wav`"
    )]
    NotWav {
        /// The file.
        name: String,
        /// What was found.
        problem: String,
    },
    /// It is a WAV file of a kind that is not read.
    #[error(
        "{name}: {problem}; expected PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, mu-law or A-law; \
         convert it with `sox {name} -b 16 OUT.wav`"
    )]
    Unsupported {
        /// The file.
        name: String,
        /// What was found.
        problem: String,
    },
    /// More audio than is taken at once.
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
        /// What the encoder said.
        cause: hound::Error,
    },
}

impl Clip {
    /// The audio at another rate, in -1 to 1.
    ///
    /// # Errors
    /// If either rate is outside [`resample::RATES`].
    pub fn at(&self, rate: u32) -> Result<Vec<f32>, RateError> {
        resample::resample(&self.samples, self.rate, rate)
    }

    /// The audio at another rate, as 16-bit samples.
    ///
    /// # Errors
    /// If either rate is outside [`resample::RATES`].
    pub fn i16_at(&self, rate: u32) -> Result<Vec<i16>, RateError> {
        Ok(to_i16(&self.at(rate)?))
    }
}

/// Reads a WAV file.
///
/// # Errors
/// If there is no such file, or it is no WAV file, of an unknown kind or too long.
pub fn read_file(path: &Path) -> Result<Clip, WavError> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|cause| WavError::Io { name: name.clone(), cause })?;
    read(BufReader::new(file), &name)
}

/// Reads a WAV file from anything; `name` is for messages.
///
/// # Errors
/// As [`read_file`].
pub fn read(input: impl Read, name: &str) -> Result<Clip, WavError> {
    let mut input = Input { input, name };
    let mut riff = [0; 12];
    let got = input.fill(&mut riff)?;
    if got < riff.len() || !matches!(&riff[..4], b"RIFF") || &riff[8..] != b"WAVE" {
        let problem = match got {
            0 => "it is empty".to_owned(),
            _ => format!("it begins with {:?}", String::from_utf8_lossy(&riff[..got.min(4)])),
        };
        return Err(input.not_wav(problem));
    }
    let mut format = None;
    loop {
        let mut head = [0; 8];
        if input.fill(&mut head)? < head.len() {
            return Err(input.not_wav("it has no audio in it".to_owned()));
        }
        let size = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        match &head[..4] {
            b"fmt " => {
                let mut chunk = Vec::new();
                input.take(size + size % 2, 4096, &mut chunk)?;
                format = Some(Format::parse(&chunk, &input)?);
            }
            b"data" => {
                let Some(format) = format else {
                    return Err(input.not_wav("its audio comes before its format".to_owned()));
                };
                return input.audio(&format, size);
            }
            _ => input.skip(size + size % 2)?,
        }
    }
}

/// How a sample is written down.
#[derive(Debug, Clone, Copy)]
enum Coding {
    /// Unsigned, around 128.
    U8,
    I16,
    I24,
    I32,
    F32,
    F64,
    Law(Law),
}

struct Format {
    coding: Coding,
    channels: u16,
    rate: u32,
}

impl Format {
    fn parse<R: Read>(chunk: &[u8], input: &Input<'_, R>) -> Result<Self, WavError> {
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
    const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::Law(_) => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// One sample of exactly [`bytes`](Self::bytes) bytes, in -1 to 1.
    fn sample(self, b: &[u8]) -> f32 {
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
        // Floats may be anything.
        if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
    }
}

struct Input<'a, R> {
    input: R,
    name: &'a str,
}

impl<R: Read> Input<'_, R> {
    fn not_wav(&self, problem: String) -> WavError {
        WavError::NotWav { name: self.name.to_owned(), problem }
    }

    fn unsupported(&self, problem: String) -> WavError {
        WavError::Unsupported { name: self.name.to_owned(), problem }
    }

    fn io(&self, cause: io::Error) -> WavError {
        WavError::Io { name: self.name.to_owned(), cause }
    }

    /// Fills the buffer as far as there is input; returns how far.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, WavError> {
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
    fn take(&mut self, size: u64, keep: u64, into: &mut Vec<u8>) -> Result<(), WavError> {
        let kept = self.input.by_ref().take(size.min(keep)).read_to_end(into);
        kept.map_err(|e| self.io(e))?;
        self.skip(size.saturating_sub(keep))
    }

    fn skip(&mut self, size: u64) -> Result<(), WavError> {
        let skipped = io::copy(&mut self.input.by_ref().take(size), &mut io::sink());
        skipped.map(|_| ()).map_err(|e| self.io(e))
    }

    /// Reads the audio. A stream's header says 0 or the largest number: then all that comes is audio.
    /// A header that promises more than comes is forgiven, and so is half a sample at the end.
    fn audio(&mut self, format: &Format, size: u64) -> Result<Clip, WavError> {
        let width = format.coding.bytes();
        let frame = width * usize::from(format.channels);
        let limit = (MAX_SECONDS * u64::from(format.rate)).min(MAX_BYTES / frame as u64);
        let streamed = size == 0 || size >= u64::from(u32::MAX) - 64;
        let mut left = if streamed { u64::MAX } else { size };
        let mut samples = Vec::new();
        let mut buffer = vec![0; frame * 4096];
        while left > 0 {
            let want = left.min(buffer.len() as u64) as usize;
            let got = self.fill(&mut buffer[..want])?;
            left -= got as u64;
            for frame in buffer[..got].chunks_exact(frame) {
                let sum: f32 = frame.chunks_exact(width).map(|b| format.coding.sample(b)).sum();
                samples.push(sum / f32::from(format.channels));
            }
            if samples.len() as u64 > limit {
                return Err(WavError::TooLong { name: self.name.to_owned() });
            }
            if got < want {
                break;
            }
        }
        Ok(Clip { samples, rate: format.rate })
    }
}

/// A 16-bit PCM WAV file, as bytes. `channels` are played side by side (left, right); the shorter
/// ones are filled with silence.
///
/// # Errors
/// If it is too long for the format (4 GiB).
pub fn encode(rate: u32, channels: &[&[i16]]) -> Result<Vec<u8>, hound::Error> {
    let mut bytes = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: u16::try_from(channels.len()).map_err(|_| hound::Error::TooWide)?,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec)?;
    let length = channels.iter().map(|c| c.len()).max().unwrap_or(0);
    for n in 0..length {
        for channel in channels {
            writer.write_sample(channel.get(n).copied().unwrap_or(0))?;
        }
    }
    writer.finalize()?;
    Ok(bytes.into_inner())
}

/// Writes a 16-bit PCM WAV file, mono or stereo, as [`encode`] makes it.
///
/// # Errors
/// If it cannot be written, or is too long for the format (4 GiB).
pub fn write_file(path: &Path, rate: u32, channels: &[&[i16]]) -> Result<(), WavError> {
    let name = || path.display().to_string();
    let bytes = encode(rate, channels).map_err(|cause| WavError::Encode { name: name(), cause })?;
    std::fs::write(path, bytes).map_err(|cause| WavError::Io { name: name(), cause })
}

#[cfg(test)]
#[path = "wav_tests.rs"]
mod tests;
