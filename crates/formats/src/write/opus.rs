//! Opus in Ogg: packets of 20 ms, in pages that leave some ten times a second. Must not know other formats.

use std::fmt::Display;

use offhook_core::audio::resample::RateError;
use opus_pure::{Application, MAX_PACKET_BYTES, OggOpusWriter, OpusEncoder, OpusHead, Signal};

use super::Write;
use super::at_rate::AtRate;

/// What is heard of speech at twice as much is the same.
const BITS_A_SECOND: i32 = 40_000;

/// Bytes of audio in a page: 80 ms of speech, and more of silence, which has fewer.
const PAGE: usize = 400;

/// The rates that the encoder takes as they are.
const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// The rate in which Ogg counts.
const TICKS_A_SECOND: u32 = 48_000;

/// Opus of a length that is known at its end only, where a player stops with the last sample.
pub(super) struct Opus {
    at_rate: AtRate,
    /// Samples of a packet.
    frame: usize,
    /// Ticks of a sample.
    ticks: u64,
    encoder: OpusEncoder,
    /// What the encoder is behind, in ticks.
    delay: u64,
    /// `None` once it has ended.
    file: Option<OggOpusWriter<Vec<u8>>>,
    /// Samples that are no whole packet yet.
    held: Vec<i16>,
    /// All samples so far.
    samples: u64,
    packet: Vec<u8>,
}

impl Opus {
    pub(super) fn new(from: u32) -> Result<Result<Self, String>, RateError> {
        // Half a rate more is made up of nothing.
        let next = RATES.into_iter().find(|rate| *rate >= from).unwrap_or(TICKS_A_SECOND);
        let at_rate = AtRate::new(from, next)?;
        Ok(Self::at(next, at_rate))
    }

    fn at(rate: u32, at_rate: AtRate) -> Result<Self, String> {
        let signed = i32::try_from(rate).map_err(told)?;
        let mut encoder = OpusEncoder::new(signed, 1, Application::Audio).map_err(told)?;
        encoder.bitrate_bps = BITS_A_SECOND;
        encoder.signal_type = Some(Signal::Voice);
        let head = OpusHead::for_encoder(&encoder, rate);
        let delay = u64::from(head.pre_skip);
        let mut file = OggOpusWriter::new(Vec::new(), head).map_err(told)?;
        file.set_page_target(PAGE);
        let (frame, ticks) = (rate as usize / 50, u64::from(TICKS_A_SECOND / rate));
        let packet = vec![0; MAX_PACKET_BYTES];
        let (file, held) = (Some(file), Vec::new());
        Ok(Self { at_rate, frame, ticks, encoder, delay, file, held, samples: 0, packet })
    }

    /// Encodes the packets that are whole. `keeps` so many samples for later.
    fn encode(&mut self, keeps: usize) -> Result<(), String> {
        let Some(file) = &mut self.file else { return Err("it has ended".to_owned()) };
        let whole = self.held.len().saturating_sub(keeps) / self.frame * self.frame;
        for samples in self.held[..whole].chunks(self.frame) {
            let bytes = self.encoder.encode_s16(samples, self.frame, &mut self.packet).map_err(told)?;
            file.write_packet(self.packet.get(..bytes).unwrap_or_default()).map_err(told)?;
        }
        self.held.drain(..whole);
        Ok(())
    }

    fn take(&mut self, out: &mut Vec<u8>) {
        if let Some(bytes) = self.file.as_mut().and_then(OggOpusWriter::get_mut) {
            out.append(bytes);
        }
    }
}

impl Write for Opus {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), String> {
        let samples = self.at_rate.push(samples);
        self.samples += samples.len() as u64;
        self.held.extend_from_slice(&samples);
        self.encode(0)?;
        self.take(out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        let last = self.at_rate.finish();
        self.samples += last.len() as u64;
        self.held.extend_from_slice(&last);
        // Silence brings out what the encoder still holds, and fills the last packet.
        let delay = usize::try_from(self.delay.div_ceil(self.ticks)).map_err(told)?;
        let whole = (self.held.len() + delay).div_ceil(self.frame).max(1) * self.frame;
        self.held.resize(whole, 0);
        self.encode(self.frame)?;
        let Some(mut file) = self.file.take() else { return Err("it has ended".to_owned()) };
        let bytes = self.encoder.encode_s16(&self.held, self.frame, &mut self.packet).map_err(told)?;
        // A player stops where the samples end.
        let end = self.delay + self.samples * self.ticks;
        let lasts = end.saturating_sub(u64::try_from(file.granule()).map_err(told)?);
        let lasts = u32::try_from(lasts).map_err(told)?;
        let packet = self.packet.get(..bytes).unwrap_or_default();
        file.write_packet_with_duration(packet, lasts).map_err(told)?;
        out.append(&mut file.finish().map_err(told)?);
        Ok(())
    }
}

fn told(error: impl Display) -> String {
    error.to_string()
}
