//! The wire of one call: its codec, its rate, and how well its audio comes. Must not know turns, nor a socket.

use crate::audio::live::LiveResampler;
use crate::audio::resample::RateError;
use crate::media::inbound_quality::InboundMeter;
use crate::report::{InboundQuality, Report};
use crate::streams::{Gateway, Inbound, Media, Refusal, Wire, WireOut};
use crate::units::{CallTime, PHONE_RATE};

/// Codec and rates of one call.
pub struct Line {
    codec: Box<dyn Gateway>,
    inbound_meter: InboundMeter,
    /// Between the line's rate and the phone's, if they differ.
    rates: Option<Rates>,
    rate: u32,
}

struct Rates {
    inbound: LiveResampler,
    outbound: LiveResampler,
}

impl Line {
    /// A line whose call has begun, at `rate` samples a second.
    ///
    /// # Errors
    /// If no converter knows the rate.
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

    /// It sends nothing while nobody speaks.
    #[must_use]
    pub fn has_gaps(&self) -> bool {
        sends_gaps(&*self.codec)
    }

    /// What a message means.
    ///
    /// # Errors
    /// What the codec refuses.
    pub fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        self.codec.decode(wire)
    }

    /// Samples of the line, which came at `now`, at the phone's rate; what is missing before them is made up
    /// for, where the line tells their position.
    pub fn heard(&mut self, samples: Vec<i16>, position_ms: Option<u64>, now: CallTime) -> Vec<i16> {
        let samples = self.inbound_meter.arrived(samples, position_ms, now);
        match &mut self.rates {
            Some(rates) => rates.inbound.push(&samples),
            None => samples,
        }
    }

    /// A gap begins in the caller's audio, where the line sends nothing in silence.
    pub fn gap_begins(&mut self) {
        if let Some(rates) = &mut self.rates {
            rates.inbound.forget();
        }
    }

    /// The messages that bring samples at the phone's rate.
    pub fn audio(&mut self, samples: &[i16]) -> Vec<WireOut> {
        match &mut self.rates {
            Some(rates) => {
                let samples = rates.outbound.push(samples);
                self.media(&Media::Audio { samples: &samples })
            }
            None => self.media(&Media::Audio { samples }),
        }
    }

    /// The messages that say it; none if the protocol has no word for it.
    pub fn media(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        if let (Media::Clear, Some(rates)) = (media, &mut self.rates) {
            // What was cut off does not sound in what comes next.
            rates.outbound.forget();
        }
        self.codec.encode(media)
    }

    /// The messages that tell whoever is at the other end.
    pub fn report(&mut self, report: &Report<'_>) -> Vec<WireOut> {
        self.codec.report(report)
    }

    /// How well the caller's audio comes.
    #[must_use]
    pub fn quality(&self) -> InboundQuality {
        self.inbound_meter.figures(self.codec.disordered())
    }
}

fn sends_gaps(codec: &dyn Gateway) -> bool {
    codec.dialect().is_some_and(|dialect| !dialect.sends_silence())
}
