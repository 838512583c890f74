//! MP3: frames of constant size, so that each leaves as soon as it is full. Must not know other formats.

use offhook_core::audio::resample::RateError;
use rusty_mp3::{Error, Mp3Encoder, Mp3EncoderConfig};

use super::Write;
use super::at_rate::AtRate;

/// Enough for speech: what is left out is under -20 dB of it.
const KBIT: u32 = 64;

/// The rates that are written as they are: those of MPEG-2, whose frames the encoder gives out at once. Those
/// of MPEG-1 it keeps to the end, to share bits between them; and not every player knows the lower ones.
const RATES: [u32; 3] = [16_000, 22_050, 24_000];
const INSTEAD: u32 = 24_000;

/// An MP3 that has no tag before its audio: the tag would have to state the length. So a player plays the
/// encoder's delay too, some 50 ms.
pub(super) struct Mp3 {
    rate: u32,
    at_rate: AtRate,
    encoder: Mp3Encoder,
    /// Whether the encoder's first frame, its tag, has been left out.
    begun: bool,
}

impl Mp3 {
    pub(super) fn new(from: u32) -> Result<Self, RateError> {
        let rate = if RATES.contains(&from) { from } else { INSTEAD };
        let at_rate = AtRate::new(from, rate)?;
        let encoder = Mp3Encoder::new(Mp3EncoderConfig { bitrate_kbps: KBIT, vbr_quality: None });
        Ok(Self { rate, at_rate, encoder, begun: false })
    }

    fn encode(&mut self, samples: &[i16]) -> Result<(), String> {
        self.encoder.push_pcm_s16(samples, 1, self.rate).map_err(|error| error.to_string())
    }

    /// The frames that are ready.
    fn drain(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        loop {
            match self.encoder.next_packet() {
                Ok(frame) if self.begun => out.extend(frame),
                Ok(_) => self.begun = true,
                Err(Error::Again | Error::Eof) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

impl Write for Mp3 {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), String> {
        let samples = self.at_rate.push(samples);
        self.encode(&samples)?;
        self.drain(out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        let last = self.at_rate.finish();
        self.encode(&last)?;
        self.encoder.finish();
        self.drain(out)
    }
}
