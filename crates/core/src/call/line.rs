//! The connection of one call: its codec, its rate, and the quality of its audio. Must not know turns or
//! sockets.

use crate::audio::live::LiveResampler;
use crate::audio::resample::RateError;
use crate::media::inbound_quality::InboundMeter;
use crate::report::{InboundQuality, Report};
use crate::streams::dialect::Dialect;
use crate::streams::{Gateway, Inbound, Media, Refusal, Wire, WireOut};
use crate::units::{CallTime, PHONE_RATE};

/// Codec and rates of one call.
pub struct Line {
    codec: Box<dyn Gateway>,
    inbound_meter: InboundMeter,
    /// Resampling between the rate on the wire and the phone's, if they differ.
    rates: Option<Rates>,
    rate: u32,
}

struct Rates {
    inbound: LiveResampler,
    outbound: LiveResampler,
}

impl Line {
    /// A connection whose call has begun, at `rate` samples a second.
    ///
    /// # Errors
    /// If the resampler does not support the rate.
    pub fn new(codec: Box<dyn Gateway>, rate: u32) -> Result<Self, RateError> {
        let rates = (rate != PHONE_RATE)
            .then(|| {
                let (inbound, outbound) =
                    (LiveResampler::new(rate, PHONE_RATE)?, LiveResampler::new(PHONE_RATE, rate)?);
                Ok(Rates { inbound, outbound })
            })
            .transpose()?;
        let inbound_meter = InboundMeter::new(rate, sends_gaps(&*codec));
        Ok(Self { codec, inbound_meter, rates, rate })
    }

    /// Samples a second, on the wire.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The name of the gateway's protocol; empty before it is known.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        self.codec.dialect().map_or("", |dialect| dialect.name())
    }

    /// True if the connection sends nothing in silence.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        sends_gaps(&*self.codec)
    }

    /// The meaning of a message.
    ///
    /// # Errors
    /// If the codec refuses the message.
    pub fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        self.codec.decode(wire)
    }

    /// What the codec itself answers to the messages that it decoded.
    pub fn replies(&mut self) -> Vec<WireOut> {
        self.codec.replies()
    }

    /// True if the gateway returns marks.
    #[must_use]
    pub fn returns_marks(&self) -> bool {
        self.codec.dialect().is_none_or(Dialect::returns_marks)
    }

    /// Takes samples that arrived at `now`, and returns them at the phone's rate. If the gateway sends
    /// positions, audio that is missing before the samples is concealed.
    pub fn heard(&mut self, samples: Vec<i16>, position_ms: Option<u64>, now: CallTime) -> Vec<i16> {
        let samples = self.inbound_meter.arrived(samples, position_ms, now);
        match &mut self.rates {
            Some(rates) => rates.inbound.push(&samples),
            None => samples,
        }
    }

    /// A gap begins in the caller's audio, on a connection that sends nothing in silence.
    pub fn gap_begins(&mut self) {
        if let Some(rates) = &mut self.rates {
            rates.inbound.forget();
        }
    }

    /// The messages for samples at the phone's rate.
    pub fn audio(&mut self, samples: &[i16]) -> Vec<WireOut> {
        match &mut self.rates {
            Some(rates) => {
                let samples = rates.outbound.push(samples);
                self.media(&Media::Audio { samples: &samples })
            }
            None => self.media(&Media::Audio { samples }),
        }
    }

    /// The messages for `media`; none if the protocol has no word for it.
    pub fn media(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        if let (Media::Clear, Some(rates)) = (media, &mut self.rates) {
            // Audio that was cut off must not sound in the audio after it.
            rates.outbound.forget();
        }
        self.codec.encode(media)
    }

    /// The messages that carry a report to the client.
    pub fn report(&mut self, report: &Report<'_>) -> Vec<WireOut> {
        self.codec.report(report)
    }

    /// The quality of the caller's audio.
    #[must_use]
    pub fn quality(&self) -> InboundQuality {
        self.inbound_meter.figures(self.codec.disordered())
    }
}

fn sends_gaps(codec: &dyn Gateway) -> bool {
    codec.dialect().is_some_and(|dialect| !dialect.sends_silence())
}
