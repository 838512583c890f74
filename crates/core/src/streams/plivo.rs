//! Plivo audio streaming, bidirectional (`<Stream bidirectional="true">`): JSON text messages, mu-law
//! or 16-bit linear in base64. PURE; must not know sockets, pacing or the conversation.
//!
//! Source: Plivo's documentation, "Audio streaming - Stream events". It does not give the byte order of L16,
//! which is taken to be little-endian.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::json;

use super::dialect::Dialect;
use super::fields::{self, Fields, Spoken};
use super::lifecycle::Stage;
use super::sequence::Sequence;
use super::{AudioFormat, Encoding, Gateway, Inbound, Media, Overrides, Refusal, Start, Wire, WireOut};

const MULAW: &str = "audio/x-mulaw";
const L16: &str = "audio/x-l16";

const SPOKEN: [Spoken; 2] = [(MULAW, Encoding::Mulaw, &[8000]), (L16, Encoding::Pcm16le, &[8000, 16_000])];

/// One call's codec.
#[derive(Debug)]
pub struct Plivo {
    stage: Stage<Stream>,
    sequence: Sequence,
}

#[derive(Debug)]
struct Stream {
    id: String,
    format: AudioFormat,
    /// The timestamp of the first audio. Plivo's timestamps are milliseconds since 1970.
    began: Option<u64>,
}

impl Default for Plivo {
    fn default() -> Self {
        Self::new()
    }
}

impl Plivo {
    /// A codec for a socket that has just opened.
    #[must_use]
    pub const fn new() -> Self {
        Self { stage: Stage::Waiting, sequence: Sequence::new() }
    }

    fn stream(&mut self, event: &str, message: &Fields<'_>) -> Result<&mut Stream, Refusal> {
        let stream = self.stage.running(event, "start")?;
        message.belongs_to("streamId", &stream.id)?;
        Ok(stream)
    }

    fn start(&mut self, message: &Fields<'_>) -> Result<Inbound, Refusal> {
        self.stage.waits("start")?;
        let start = message.object("start", "start")?;
        let id = start.id("streamId")?.to_owned();
        let call_id = Some(start.id("callId")?.to_owned());
        let media = start.object("mediaFormat", "start.mediaFormat")?;
        let format = media.format("encoding", "sampleRate", &SPOKEN)?;
        media.mono()?;
        let custom = extra_headers(message.optional_text("extra_headers")?.unwrap_or_default());
        self.stage = Stage::Running(Stream { id: id.clone(), format, began: None });
        Ok(Inbound::Started(Box::new(Start {
            stream_id: Some(id),
            call_id,
            client_id: None,
            // Plivo sends neither; the customer can, with `extraHeaders="from=...,to=..."`.
            from: custom.get("from").cloned(),
            to: custom.get("to").cloned(),
            custom,
            format,
            agent: Overrides::default(),
        })))
    }

    fn media(&mut self, message: &Fields<'_>) -> Result<Inbound, Refusal> {
        let stream = self.stream("media", message)?;
        let media = message.object("media", "media")?;
        if let Some(track) = media.optional_id("track")?.filter(|track| *track != "inbound") {
            return Ok(Inbound::Ignored { name: format!("media of track {track}") });
        }
        let samples = media.audio("payload", stream.format)?;
        let at = media.optional_number("timestamp")?;
        let position_ms = at.map(|at| at.saturating_sub(*stream.began.get_or_insert(at)));
        Ok(Inbound::Audio { samples, position_ms })
    }
}

/// The pairs in `k=v;k=v` or, with the commas of the XML, `k=v,k=v`. A pair without `=` is left out.
fn extra_headers(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split([';', ',']).filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

impl Gateway for Plivo {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        let map = fields::parse(fields::only_text(wire)?)?;
        let message = Fields::top(&map);
        let event = message.id("event")?;
        if self.stage.is_over() {
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
            "playedStream" => {
                self.stream(event, &message)?;
                Inbound::Mark { name: message.id("name")?.to_owned() }
            }
            "stop" => {
                if self.stage.speaking().is_some() {
                    self.stream(event, &message)?;
                }
                self.stage = Stage::Over;
                Inbound::Stopped
            }
            // Such as `clearedAudio`: the buffer counts as empty from our `clearAudio` on.
            unknown => Inbound::Ignored { name: unknown.to_owned() },
        };
        Ok(vec![inbound])
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        let Some(stream) = self.stage.speaking() else { return Vec::new() };
        let message = match *media {
            Media::Audio { samples } => {
                let content = match stream.format.encoding {
                    Encoding::Mulaw | Encoding::Alaw => MULAW,
                    Encoding::Pcm16le | Encoding::Pcm16be => L16,
                };
                let payload = fields::base64(&stream.format.bytes(samples));
                json!({"event": "playAudio", "media": {
                    "contentType": content, "sampleRate": stream.format.rate, "payload": payload,
                }})
            }
            Media::Mark { name, within: _ } => {
                json!({"event": "checkpoint", "streamId": stream.id, "name": name})
            }
            Media::Clear => json!({"event": "clearAudio", "streamId": stream.id}),
            Media::Started { .. } | Media::Hangup | Media::Transfer { .. } => return Vec::new(),
        };
        vec![WireOut::Text(message.to_string())]
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Plivo)
    }

    fn disordered(&self) -> u64 {
        self.sequence.disordered()
    }
}
