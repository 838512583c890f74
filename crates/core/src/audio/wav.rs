//! WAV files: reads any common kind as mono audio, and writes 16-bit PCM. PURE: from and to bytes;
//! `files::recordings` opens files.
//!
//! The reader is our own: it takes mu-law and A-law, streams whose header has no true length, and truncated
//! data, and it never holds more than it has decoded. Format: "Multimedia Programming Interface and Data
//! Specifications 1.0" (IBM and Microsoft, 1991) and "Multiple channel audio data and WAVE files" (Microsoft,
//! 2007) for the extensible form.

mod coding;
mod input;
#[cfg(test)]
mod tests;

use std::io::{Cursor, Read};
use std::time::Duration;

use self::coding::Format;
use self::input::Input;
use super::resample::{self, RateError};
use super::to_i16;

pub use input::{MAX_BYTES, MAX_SECONDS, WavError};

/// Mono audio and its rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Samples in -1 to 1; several channels are averaged.
    pub samples: Vec<f32>,
    /// Samples a second.
    pub rate: u32,
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

/// Reads a WAV file from any input, and mixes its channels; `name` is for messages.
///
/// # Errors
/// If the input is not a WAV file, of an unknown kind or too long.
pub fn read(input: impl Read, name: &str) -> Result<Clip, WavError> {
    read_as(input, name, mix)
}

/// Reads the first channel of a WAV file: the caller's, in a recording of a call.
///
/// # Errors
/// As [`read`].
pub fn read_first_channel(input: impl Read, name: &str) -> Result<Clip, WavError> {
    read_as(input, name, |channels, into| into.extend(channels.first().into_iter().flatten()))
}

/// Reads a WAV file, of which `take` appends one channel.
fn read_as(
    input: impl Read,
    name: &str,
    take: impl Fn(&[Vec<f32>], &mut Vec<f32>),
) -> Result<Clip, WavError> {
    let mut reader = Reader::open(input, name)?;
    let limit = (MAX_SECONDS * u64::from(reader.rate())).min(MAX_BYTES / reader.frame_bytes() as u64);
    let mut samples = Vec::new();
    while let Some(channels) = reader.read()? {
        take(channels, &mut samples);
        if samples.len() as u64 > limit {
            return Err(WavError::TooLong { name: name.to_owned() });
        }
    }
    Ok(Clip { samples, rate: reader.rate() })
}

/// Appends the average of the channels, which have equal lengths.
pub fn mix(channels: &[Vec<f32>], into: &mut Vec<f32>) {
    let length = channels.first().map_or(0, Vec::len);
    let count = channels.len() as f32;
    into.extend((0..length).map(|n| channels.iter().map(|channel| channel[n]).sum::<f32>() / count));
}

/// The number of frames that a [`Reader`] returns at once.
const BLOCK: usize = 4_096;

/// A length of this or more means that the length was unknown when the header was written: sox writes
/// 0x7fff_f000 less the size of its header, others the largest number there is. A length of 0 means the same.
const UNKNOWN_LENGTH: u64 = 0x7fff_0000;

/// A WAV file that is read block by block, so that its length does not matter, with its channels kept apart.
pub struct Reader<'a, R> {
    input: Input<'a, R>,
    format: Format,
    /// Bytes of audio that the header promises.
    promised: u64,
    /// Bytes of audio read so far.
    got: u64,
    ended: bool,
    bytes: Vec<u8>,
    channels: Vec<Vec<f32>>,
}

/// Whether a file has all the audio that its header promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// All of the audio is there.
    Whole,
    /// This much audio is missing.
    Short(Duration),
    /// The header has no length, as in a stream or from a recorder that was cut off. All audio was read.
    Unknown,
}

impl<'a, R: Read> Reader<'a, R> {
    /// Reads up to the audio; `name` is for messages.
    ///
    /// # Errors
    /// If the input is not a WAV file, or of an unknown kind.
    pub fn open(input: R, name: &'a str) -> Result<Self, WavError> {
        let mut input = Input { input, name };
        let (format, promised) = head(&mut input)?;
        let channels = vec![Vec::new(); usize::from(format.channels)];
        let mut reader = Self { input, format, promised, got: 0, ended: false, bytes: Vec::new(), channels };
        reader.bytes.resize(reader.frame_bytes() * BLOCK, 0);
        Ok(reader)
    }

    /// Samples a second, of each channel.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.format.rate
    }

    /// Bytes of one sample of every channel.
    fn frame_bytes(&self) -> usize {
        self.format.coding.bytes() * usize::from(self.format.channels)
    }

    /// The number of channels.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// The length that the header promises, if it states one.
    #[must_use]
    pub fn promised(&self) -> Option<Duration> {
        let known = self.promised > 0 && self.promised < UNKNOWN_LENGTH;
        known.then(|| self.length_of(self.promised))
    }

    /// Whether all promised audio was there; known once [`Self::read`] has come to the end.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        // Half a frame at the end is no loss.
        let missing = self.promised.saturating_sub(self.got);
        match self.promised() {
            _ if self.promised == self.got => Completeness::Whole,
            None => Completeness::Unknown,
            Some(_) if missing < self.frame_bytes() as u64 => Completeness::Whole,
            Some(_) => Completeness::Short(self.length_of(missing)),
        }
    }

    /// The duration of this many bytes.
    fn length_of(&self, bytes: u64) -> Duration {
        let frames = bytes / self.frame_bytes() as u64;
        Duration::from_micros(frames.saturating_mul(1_000_000) / u64::from(self.format.rate))
    }

    /// The next samples of each channel, in -1 to 1, with equal counts; `None` at the end. A header that
    /// promises more than there is, and half a frame at the end, are accepted.
    ///
    /// # Errors
    /// If the input cannot be read.
    pub fn read(&mut self) -> Result<Option<&[Vec<f32>]>, WavError> {
        self.channels.iter_mut().for_each(Vec::clear);
        // The header of a stream has a length of 0 or the largest number: the rest of the input is audio.
        let streamed = self.promised == 0 || self.promised >= u64::from(u32::MAX) - 64;
        let left = if streamed { u64::MAX } else { self.promised - self.got };
        let want = left.min(self.bytes.len() as u64) as usize;
        if self.ended || want == 0 {
            return Ok(None);
        }
        let got = self.input.fill(&mut self.bytes[..want])?;
        self.got += got as u64;
        self.ended = got < want;
        let (width, frame) = (self.format.coding.bytes(), self.frame_bytes());
        for frame in self.bytes[..got].chunks_exact(frame) {
            for (channel, sample) in self.channels.iter_mut().zip(frame.chunks_exact(width)) {
                channel.push(self.format.coding.sample(sample));
            }
        }
        let some = self.channels.iter().any(|channel| !channel.is_empty());
        Ok(some.then_some(&self.channels))
    }
}

/// Reads up to the audio. Returns its format and the number of bytes that the header promises.
fn head<R: Read>(input: &mut Input<'_, R>) -> Result<(Format, u64), WavError> {
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
        match (&head[..4], format) {
            (b"fmt ", _) => {
                let mut chunk = Vec::new();
                input.take(size + size % 2, 4096, &mut chunk)?;
                format = Some(Format::parse(&chunk, input)?);
            }
            (b"data", Some(format)) => return Ok((format, size)),
            (b"data", None) => {
                return Err(input.not_wav("its audio comes before its format".to_owned()));
            }
            _ => input.skip(size + size % 2)?,
        }
    }
}

/// A 16-bit PCM WAV file, as bytes. `channels` are played side by side (left, right); shorter ones are filled
/// with silence.
///
/// # Errors
/// If the audio is too long for the format (4 GiB).
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
