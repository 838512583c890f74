//! One channel of a file on its way to the recogniser: resampled, run through the detector as on a call, and
//! cut into pieces. Holds no more than a piece; knows no file and no recogniser.

use std::time::Duration;

use super::cutting::{Cutter, Piece, Rules};
use super::loudness::{Leveller, raise};
use super::segments::Channel;
use crate::audio::resample::{RateError, Resampler};
use crate::audio::{to_i16, wav};
use crate::config::Config;
use crate::config::call::listener;
use crate::engine::whisper::LONGEST_WINDOW;
use crate::media::listener::Listener;
use crate::units::{CallTime, FRAME, FRAME_SAMPLES, PHONE_RATE, WHISPER_RATE};

/// The detector reports a start of speech at most this late.
const TOLD_LATE: Duration = Duration::from_secs(1);

/// The way in which a file is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By voice activity, as calls are.
    ByVoice,
    /// Into consecutive windows of Whisper.
    Windows,
}

/// One channel.
pub(crate) struct Side {
    pub(crate) channel: Channel,
    to_whisper: Resampler,
    hearing: Option<Hearing>,
    cutter: Cutter,
    /// All edges of speech before this time are known.
    now: CallTime,
    mixed: Vec<f32>,
}

/// The path from samples to the edges of speech.
struct Hearing {
    to_phone: Resampler,
    level: Leveller,
    listener: Listener,
    /// Samples at the phone's rate that the detector has not had yet.
    pending: Vec<f32>,
}

impl Side {
    /// `rate` is the sample rate of the file.
    ///
    /// # Errors
    /// If the resampler does not support the rate.
    pub(crate) fn new(channel: Channel, rate: u32, way: Way, config: &Config) -> Result<Self, RateError> {
        let (hearing, cutter) = match way {
            // A second is left for the silence around a window.
            Way::Windows => (None, Cutter::by_length(LONGEST_WINDOW - Duration::from_secs(1))),
            Way::ByVoice => {
                let rules = Rules {
                    pre_roll: config.vad.pre_roll,
                    tail: config.vad.pre_roll,
                    gap: config.endpoint.open,
                    longest: config.stt.max_piece,
                };
                let hearing = Hearing {
                    to_phone: Resampler::new(rate, PHONE_RATE)?,
                    level: Leveller::default(),
                    listener: listener(config, config.vad.detector),
                    pending: Vec::new(),
                };
                (Some(hearing), Cutter::by_voice(rules))
            }
        };
        let to_whisper = Resampler::new(rate, WHISPER_RATE)?;
        Ok(Self { channel, to_whisper, hearing, cutter, now: CallTime::ZERO, mixed: Vec::new() })
    }

    /// Takes the next samples of all channels. Returns the pieces that are complete.
    pub(crate) fn hear(&mut self, channels: &[Vec<f32>]) -> Vec<Piece> {
        self.mixed.clear();
        let samples = match self.channel {
            Channel::Mono | Channel::Left | Channel::Both => channels.first(),
            Channel::Right => channels.get(1),
            Channel::Mix => {
                wav::mix(channels, &mut self.mixed);
                Some(&self.mixed)
            }
        };
        let samples = samples.map_or(&[][..], Vec::as_slice);
        let mut audio = Vec::new();
        self.to_whisper.push(samples, &mut audio);
        self.cutter.take(&audio);
        if let Some(hearing) = &mut self.hearing {
            hearing.to_phone.push(samples, &mut hearing.pending);
        }
        self.advance()
    }

    /// Ends the channel. Returns the last pieces.
    pub(crate) fn finish(&mut self) -> Vec<Piece> {
        let mut audio = Vec::new();
        self.to_whisper.finish(&mut audio);
        self.cutter.take(&audio);
        if let Some(hearing) = &mut self.hearing {
            hearing.to_phone.finish(&mut hearing.pending);
            // Adds silence, in which the detector sees the last pause.
            let whole = hearing.pending.len().next_multiple_of(FRAME_SAMPLES);
            hearing.pending.resize(whole + PHONE_RATE as usize, 0.0);
        }
        let mut pieces = self.advance();
        pieces.extend(std::iter::from_fn(|| self.cutter.finish()).map(raised));
        pieces
    }

    /// The time before which no more segments can start.
    pub(crate) fn settled_until(&self) -> Duration {
        self.cutter.open_since().unwrap_or_else(|| self.now.back(TOLD_LATE).since(CallTime::ZERO))
    }

    fn advance(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let Some(hearing) = &mut self.hearing else {
            // Without a detector, there are no edges to wait for.
            let all = CallTime::from_micros(u64::MAX);
            pieces.extend(std::iter::from_fn(|| self.cutter.next(all)).map(raised));
            return pieces;
        };
        let whole = hearing.pending.len() / FRAME_SAMPLES * FRAME_SAMPLES;
        for frame in hearing.pending[..whole].chunks_exact(FRAME_SAMPLES) {
            self.now += FRAME;
            let mut frame = to_i16(frame);
            hearing.level.level(&mut frame);
            for edge in hearing.listener.hear(&frame, self.now) {
                self.cutter.edge(edge);
            }
            pieces.extend(self.cutter.next(self.now).map(raised));
        }
        hearing.pending.drain(..whole);
        pieces
    }
}

fn raised(mut piece: Piece) -> Piece {
    raise(&mut piece.samples);
    piece
}
