//! Twilio Media Streams, bidirectional (`<Connect><Stream>`): JSON text messages, mu-law at 8 kHz in
//! base64. PURE; must not know sockets, pacing or the conversation.
//!
//! Source: Twilio's documentation, "Media Streams - WebSocket messages".

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::dialect::Dialect;
use super::fields::{self, Fields, Spoken};
use super::native::{SummaryWire, TurnReportWire};
use super::sequence::Sequence;
use super::{
    AudioFormat, Encoding, Gateway, Inbound, Media, Overrides, Refusal, RefusalCode, Start, Wire, WireOut,
};
use crate::report::Report;
use crate::units::PHONE_RATE;

/// The audio that Twilio announces, with its encoding on the wire.
const FORMATS: &[Spoken] = &[("audio/x-mulaw", Encoding::Mulaw, &[PHONE_RATE])];

/// The custom parameter with which a program asks for reports of its turns. A telephone never sets it.
pub const REPORT_PARAMETER: &str = "offhook_report";

/// The name of the event that carries reports to a client that asked for them.
pub const REPORT_EVENT: &str = "offhook";

/// A report to a client that asked for reports with `REPORT_PARAMETER`: not part of Twilio's protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportWire {
    /// Always `REPORT_EVENT`.
    pub event: String,
    /// The stream of the report.
    #[serde(rename = "streamSid")]
    pub stream_sid: String,
    /// A turn that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnReportWire>,
    /// The whole call, at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<SummaryWire>,
}

impl ReportWire {
    /// The report in a text message; `None` if the message is something else.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|report: &Self| report.event == REPORT_EVENT)
    }
}

/// One call's codec.
#[derive(Debug)]
pub struct Twilio {
    state: State,
    sequence: Sequence,
}

#[derive(Debug)]
enum State {
    Waiting,
    Streaming(Stream),
    /// The stream is kept, because the summary follows the stop.
    Stopped(Option<Stream>),
}

#[derive(Debug)]
struct Stream {
    id: String,
    format: AudioFormat,
    reports: bool,
}

impl Default for Twilio {
    fn default() -> Self {
        Self::new()
    }
}

impl Twilio {
    /// A codec for a socket that has just opened.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Waiting, sequence: Sequence::new() }
    }

    /// The stream that a message belongs to, or a refusal.
    fn stream(&self, event: &str, message: &Fields<'_>) -> Result<&Stream, Refusal> {
        let State::Streaming(stream) = &self.state else {
            return Err(Refusal::new(
                RefusalCode::OutOfOrder,
                format!("event: \"{event}\" before \"start\""),
            ));
        };
        message.belongs_to("streamSid", &stream.id)?;
        Ok(stream)
    }

    fn start(&mut self, message: &Fields<'_>) -> Result<Inbound, Refusal> {
        if !matches!(self.state, State::Waiting) {
            return Err(Refusal::new(RefusalCode::OutOfOrder, "event: \"start\" came twice"));
        }
        let start = message.object("start", "start")?;
        let id = match message.optional_id("streamSid")? {
            Some(id) => id,
            None => start.id("streamSid")?,
        };
        let media = start.object("mediaFormat", "start.mediaFormat")?;
        let format = media.format("encoding", "sampleRate", FORMATS)?;
        media.mono()?;
        let custom = start.texts("customParameters", "start.customParameters")?;
        let call_id = start.id("callSid")?.to_owned();
        let reports = custom.get(REPORT_PARAMETER).is_some_and(|value| value == "1");
        self.state = State::Streaming(Stream { id: id.to_owned(), format, reports });
        Ok(Inbound::Started(Box::new(Start {
            stream_id: Some(id.to_owned()),
            call_id: Some(call_id),
            client_id: None,
            // Twilio sends neither; the customer can, with `<Parameter name="from" value="{{From}}"/>`.
            from: custom.get("from").cloned(),
            to: custom.get("to").cloned(),
            custom,
            format,
            agent: Overrides::default(),
        })))
    }

    fn media(&self, message: &Fields<'_>) -> Result<Inbound, Refusal> {
        let stream = self.stream("media", message)?;
        let media = message.object("media", "media")?;
        // A bidirectional stream brings only the caller; anything else is not for us.
        if let Some(track) = media.optional_id("track")?.filter(|track| *track != "inbound") {
            return Ok(Inbound::Ignored { name: format!("media of track {track}") });
        }
        let position_ms = media.optional_number("timestamp")?;
        Ok(Inbound::Audio { samples: media.audio("payload", stream.format)?, position_ms })
    }

    /// The message for `media`, if there is one.
    fn said(&self, media: &Media<'_>) -> Option<String> {
        let State::Streaming(stream) = &self.state else { return None };
        let id = &stream.id;
        let text = match *media {
            Media::Audio { samples } => {
                let payload = fields::base64(&stream.format.bytes(samples));
                json!({"event": "media", "streamSid": id, "media": {"payload": payload}})
            }
            Media::Mark { name, within: _ } => {
                json!({"event": "mark", "streamSid": id, "mark": {"name": name}})
            }
            Media::Clear => json!({"event": "clear", "streamSid": id}),
            Media::Started { .. } | Media::Hangup | Media::Transfer { .. } => return None,
        };
        Some(text.to_string())
    }

    /// The message for a report, if the client asked for reports. The summary may come after the stop.
    fn told(&self, report: &Report<'_>) -> Option<String> {
        let (stream, turn, summary) = match (&self.state, report) {
            (State::Streaming(stream), Report::Turn(turn)) => (stream, Some((*turn).into()), None),
            (State::Streaming(stream) | State::Stopped(Some(stream)), Report::Summary(summary)) => {
                (stream, None, Some((*summary).into()))
            }
            _ => return None,
        };
        if !stream.reports {
            return None;
        }
        let event = REPORT_EVENT.to_owned();
        serde_json::to_string(&ReportWire { event, stream_sid: stream.id.clone(), turn, summary }).ok()
    }
}

impl Gateway for Twilio {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        let map = fields::parse(fields::only_text(wire)?)?;
        let message = Fields::top(&map);
        let event = message.id("event")?;
        if matches!(self.state, State::Stopped(_)) {
            return Ok(vec![Inbound::Ignored { name: format!("{event} after stop") }]);
        }
        self.sequence.count(&message)?;
        let inbound = match event {
            "start" => self.start(&message)?,
            "media" => self.media(&message)?,
            "dtmf" => {
                self.stream(event, &message)?;
                Inbound::Dtmf { digit: message.object("dtmf", "dtmf")?.digit("digit")? }
            }
            "mark" => {
                self.stream(event, &message)?;
                Inbound::Mark { name: message.object("mark", "mark")?.id("name")?.to_owned() }
            }
            "stop" => {
                if matches!(self.state, State::Streaming(_)) {
                    self.stream(event, &message)?;
                }
                self.state = match std::mem::replace(&mut self.state, State::Waiting) {
                    State::Streaming(stream) => State::Stopped(Some(stream)),
                    State::Waiting | State::Stopped(_) => State::Stopped(None),
                };
                Inbound::Stopped
            }
            "connected" => return Ok(Vec::new()),
            unknown => Inbound::Ignored { name: unknown.to_owned() },
        };
        Ok(vec![inbound])
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        self.said(media).into_iter().map(WireOut::Text).collect()
    }

    fn report(&mut self, report: &Report<'_>) -> Vec<WireOut> {
        self.told(report).into_iter().map(WireOut::Text).collect()
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Twilio)
    }

    fn disordered(&self) -> u64 {
        self.sequence.disordered()
    }
}
