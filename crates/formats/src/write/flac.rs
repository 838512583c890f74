//! FLAC: a header of unknown length (RFC 9639, 8.2), then frames as blocks fill. Must not know other formats.

use std::io;
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};

use flac_codec::encode::{FlacStreamWriter, Options};
use offhook_core::audio::resample::RateError;

use super::Write;
use super::at_rate::AtRate;

/// Samples of a frame: 48 ms at 24 kHz.
const BLOCK: u16 = 1_152;

/// The highest rate that a frame's header states in Hz (RFC 9639, 9.1.2); higher ones are converted to
/// [`INSTEAD`].
const HIGHEST: u32 = 65_535;
const INSTEAD: u32 = 48_000;

/// A FLAC file whose length is not known when its header is written.
pub(super) struct Flac {
    rate: u32,
    at_rate: AtRate,
    frames: FlacStreamWriter<Sink>,
    sink: Sink,
    /// Samples that do not fill a block yet.
    pending: Vec<i32>,
    begun: bool,
}

/// The bytes of the frames: shared, as the encoder does not lend out what it writes to.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Flac {
    pub(super) fn new(from: u32) -> Result<Self, RateError> {
        let rate = if from > HIGHEST { INSTEAD } else { from };
        let sink = Sink::default();
        Ok(Self {
            rate,
            at_rate: AtRate::new(from, rate)?,
            frames: FlacStreamWriter::new(sink.clone(), Options::default()),
            sink,
            pending: Vec::new(),
            begun: false,
        })
    }

    /// The header comes before everything else.
    fn begin(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        // The only block of metadata, of 34 bytes. Frames' sizes, the number of samples and the checksum are
        // unknown: 0.
        out.extend(b"fLaC\x80\0\0\x22");
        out.extend([BLOCK.to_be_bytes(), BLOCK.to_be_bytes()].concat());
        out.extend([0; 6]);
        // 20 bits of the rate, 3 of channels less one, 5 of bits a sample less one, 36 of the length.
        out.extend((u64::from(self.rate) << 44 | 15 << 36).to_be_bytes());
        out.extend([0; 16]);
    }

    /// Writes the frames of all full blocks, or of everything.
    fn write(&mut self, everything: bool, out: &mut Vec<u8>) -> Result<(), String> {
        let block = usize::from(BLOCK);
        let full = if everything { self.pending.len() } else { self.pending.len() / block * block };
        for samples in self.pending[..full].chunks(block) {
            self.frames.write(self.rate, 1, 16, samples).map_err(|error| error.to_string())?;
        }
        self.pending.drain(..full);
        out.append(&mut self.sink.take());
        Ok(())
    }
}

impl Write for Flac {
    fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), String> {
        self.begin(out);
        self.pending.extend(self.at_rate.push(samples).iter().map(|&sample| i32::from(sample)));
        self.write(false, out)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        self.begin(out);
        self.pending.extend(self.at_rate.finish().into_iter().map(i32::from));
        self.write(true, out)
    }
}
