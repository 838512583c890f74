//! Samples that are not compressed: WAV and raw ones. Must not know other formats.

use offhook_core::audio::resample::{RATES, RateError};

use super::at_rate::AtRate;
use super::{PCM_RATE, Write, append};

/// A WAV file whose length is not known when its header is written.
pub(super) struct Wav {
    rate: u32,
    begun: bool,
}

impl Wav {
    pub(super) fn new(rate: u32) -> Result<Self, RateError> {
        if !RATES.contains(&rate) {
            return Err(RateError { from: rate, to: rate });
        }
        Ok(Self { rate, begun: false })
    }

    /// The header comes before everything else.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        out.extend(b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0");
        out.extend(self.rate.to_le_bytes());
        // Bytes a second; bytes of a sample; bits of a sample.
        out.extend((self.rate * 2).to_le_bytes());
        out.extend(b"\x02\0\x10\0data\xff\xff\xff\xff");
    }
}

impl Write for Wav {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), String> {
        self.begin(out);
        append(samples, out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        self.begin(out);
        Ok(())
    }
}

/// Samples, and nothing else.
pub(super) struct Pcm(AtRate);

impl Pcm {
    pub(super) fn new(rate: u32) -> Result<Self, RateError> {
        AtRate::new(rate, PCM_RATE).map(Self)
    }
}

impl Write for Pcm {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), String> {
        append(&self.0.push(samples), out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        append(&self.0.finish(), out);
        Ok(())
    }
}
