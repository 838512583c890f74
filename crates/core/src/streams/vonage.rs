//! Vonage Voice WebSocket endpoints (NCCO `connect`): JSON text messages for control, binary messages
//! of 16-bit linear audio of exactly 20 ms. PURE; must not know sockets, pacing or the conversation.
//!
//! Source: Vonage's documentation, "Voice API - WebSockets".

#[cfg(test)]
mod tests;

use serde_json::json;

use super::dialect::Dialect;
use super::fields::{self, Fields};
use super::framer::Framer;
use super::lifecycle::Stage;
use super::{AudioFormat, Encoding, Gateway, Inbound, Media, Overrides, Refusal, Start, Wire, WireOut};

/// The event of the first message.
pub(super) const CONNECTED: &str = "websocket:connected";

/// The sample rates of Vonage; a frame is 320, 640 or 960 bytes.
const RATES: [u32; 3] = [8000, 16_000, 24_000];

/// One call's codec.
#[derive(Debug)]
pub struct Vonage {
    stage: Stage<Stream>,
}

#[derive(Debug)]
struct Stream {
    format: AudioFormat,
    frames: Framer,
}

impl Default for Vonage {
    fn default() -> Self {
        Self::new()
    }
}

impl Vonage {
    /// A codec for a socket that has just opened.
    #[must_use]
    pub const fn new() -> Self {
        Self { stage: Stage::Waiting }
    }

    fn start(&mut self, message: &Fields<'_>) -> Result<Inbound, Refusal> {
        self.stage.waits(CONNECTED)?;
        let content = message.id("content-type")?;
        let format = format(content).ok_or_else(|| {
            let spoken = "audio/l16;rate=8000, 16000 or 24000";
            message.unsupported("content-type", format!("{content:?}, only {spoken} is spoken"))
        })?;
        // The headers of the NCCO are among the message's own fields.
        let call_id = message.optional_id("call_id")?.map(str::to_owned);
        let (from, to) = (message.remark("from"), message.remark("to"));
        let custom = message.scalars(&["event", "content-type"]);
        self.stage = Stage::Running(Stream { format, frames: Framer::new(format.frame()) });
        let agent = Overrides::default();
        Ok(Inbound::Started(Box::new(Start {
            stream_id: None,
            call_id,
            client_id: None,
            from,
            to,
            custom,
            format,
            agent,
        })))
    }
}

/// The format of a content type such as `audio/l16;rate=16000`.
fn format(content: &str) -> Option<AudioFormat> {
    let (kind, rate) = content.split_once(';')?;
    let rate = rate.trim().strip_prefix("rate=")?.parse().ok()?;
    let known = kind.trim().eq_ignore_ascii_case("audio/l16") && RATES.contains(&rate);
    known.then_some(AudioFormat { encoding: Encoding::Pcm16le, rate })
}

impl Gateway for Vonage {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        let text = match wire {
            Wire::Text(text) => text,
            Wire::Binary(bytes) => {
                let stream = self.stage.running("audio", CONNECTED)?;
                let samples = stream.format.samples(bytes, "binary message")?;
                return Ok(vec![Inbound::Audio { samples, position_ms: None }]);
            }
        };
        let map = fields::parse(text)?;
        let message = Fields::top(&map);
        let event = message.id("event")?;
        let inbound = match event {
            CONNECTED => self.start(&message)?,
            "websocket:dtmf" => {
                self.stage.running(event, CONNECTED)?;
                Inbound::Dtmf { digit: message.digit("digit")? }
            }
            "websocket:notify" => {
                self.stage.running(event, CONNECTED)?;
                let payload = message.optional_object("payload", "payload")?;
                match payload.map(|payload| payload.optional_id("mark")).transpose()?.flatten() {
                    Some(mark) => Inbound::Mark { name: mark.to_owned() },
                    None => Inbound::Ignored { name: event.to_owned() },
                }
            }
            // Such as `websocket:cleared`. Vonage cancels the marks of cleared audio: they do not come back,
            // and the playback ledger does not wait for them.
            unknown => Inbound::Ignored { name: unknown.to_owned() },
        };
        Ok(vec![inbound])
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        let Some(stream) = self.stage.speaking() else { return Vec::new() };
        let format = stream.format;
        let audio = |frame: Vec<i16>| WireOut::Binary(format.bytes(&frame));
        match *media {
            Media::Audio { samples } => stream.frames.cut(samples).into_iter().map(audio).collect(),
            Media::Mark { name, within } => {
                let mark = json!({"action": "notify", "payload": {"mark": name}}).to_string();
                let rest = if within { None } else { stream.frames.fill() };
                rest.map(audio).into_iter().chain([WireOut::Text(mark)]).collect()
            }
            Media::Clear => {
                stream.frames.clear();
                vec![WireOut::Text(json!({"action": "clear"}).to_string())]
            }
            Media::Started { .. } | Media::Hangup | Media::Transfer { .. } => Vec::new(),
        }
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Vonage)
    }

    fn disordered(&self) -> u64 {
        0
    }
}
