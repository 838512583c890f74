//! Opus: packets to samples at 48 kHz (RFC 6716), with the delay and the gain of its header (RFC 7845, 5.1).
//! Must not know containers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opus_decoder::OpusDecoder;
use symphonia::core::packet::Packet;

/// Opus has no other rate inside.
const RATE: u32 = 48_000;

/// What is told of a packet that the decoder cannot survive.
const DAMAGED: &str = "a packet of Opus is damaged";

/// The most samples of a packet, of each channel: 120 ms.
const MOST_SAMPLES: usize = 5_760;

/// One stream of Opus.
pub(super) struct Opus {
    decoder: OpusDecoder,
    channels: usize,
    /// Samples at the beginning that are no audio, still to be skipped.
    skip: usize,
    /// By how much the header says that all is to be multiplied.
    gain: f32,
    block: Vec<f32>,
    /// The decoder has panicked.
    broken: bool,
}

impl Opus {
    /// A stream with this header (`OpusHead`, if there is one), or else this number of channels.
    ///
    /// # Errors
    /// If it has more than two channels.
    pub(super) fn new(header: Option<&[u8]>, channels: Option<usize>) -> Result<Self, String> {
        let header = header.filter(|header| header.starts_with(b"OpusHead") && header.len() >= 19);
        let word = |at: usize| header.map_or(0, |h| u16::from_le_bytes([h[at], h[at + 1]]));
        let channels = header.map(|h| usize::from(h[9])).or(channels).unwrap_or(2);
        if !(1..=2).contains(&channels) {
            return Err(format!("its Opus has {channels} channels (1 or 2 are read)"));
        }
        let decoder = OpusDecoder::new(RATE, channels).map_err(|error| error.to_string())?;
        // In 1/256 of a decibel.
        let gain = 10_f32.powf(f32::from(word(16).cast_signed()) / 256.0 / 20.0);
        let block = vec![0.0; MOST_SAMPLES * channels];
        Ok(Self { decoder, channels, skip: usize::from(word(10)), gain, block, broken: false })
    }

    /// Appends the samples of a packet. Returns their rate and the number of channels.
    ///
    /// # Errors
    /// If the packet is damaged.
    pub(super) fn decode(&mut self, packet: &Packet, into: &mut Vec<f32>) -> Result<(u32, usize), String> {
        // To the decoder an empty packet is one that was lost; in a file there is nothing to conceal.
        if packet.data.is_empty() {
            return Err("a packet of Opus is empty".to_owned());
        }
        if self.broken {
            return Err(DAMAGED.to_owned());
        }
        // Some damaged packets make the decoder read beyond their end, and panic. It is not used again then.
        let decode = || self.decoder.decode_float(&packet.data, &mut self.block, false);
        let samples = catch_unwind(AssertUnwindSafe(decode)).map_err(|_| {
            self.broken = true;
            DAMAGED.to_owned()
        })?;
        let samples = samples.map_err(|error| error.to_string())?.min(MOST_SAMPLES);
        let skip = self.skip.min(samples);
        self.skip -= skip;
        let end = samples - usize::try_from(packet.trim_end.get()).unwrap_or(samples).min(samples - skip);
        let block = &self.block[skip * self.channels..end * self.channels];
        into.extend(block.iter().map(|sample| sample * self.gain));
        Ok((RATE, self.channels))
    }
}
