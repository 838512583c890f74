//! Telnyx media streaming, bidirectional in RTP mode (`stream_bidirectional_mode=rtp`): JSON text
//! messages in snake_case, with audio in base64. Telnyx does not promise the order of the audio. PURE; must
//! not know sockets, pacing or the conversation.
//!
//! Source: Telnyx's documentation, "Media streaming over WebSockets".

#[cfg(test)]
mod tests;

use serde_json::json;

use super::dialect::Dialect;
use super::fields::{self, Fields, Spoken};
use super::framer::Framer;
use super::lifecycle::Stage;
use super::reorder::Reorder;
use super::{AudioFormat, Encoding, Gateway, Inbound, Media, Overrides, Refusal, Start, Wire, WireOut};

/// The byte order of L16 audio. Telnyx's documentation does not give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByteOrder {
    /// The low byte first.
    #[default]
    Little,
    /// The high byte first, as in RTP (RFC 3551, section 4.5.11).
    Big,
}

/// One call's codec.
#[derive(Debug)]
pub struct Telnyx {
    l16: Encoding,
    stage: Stage<Stream>,
    order: Reorder<Inbound>,
}

#[derive(Debug)]
struct Stream {
    id: String,
    format: AudioFormat,
    /// Telnyx refuses a message of less than 20 ms.
    frames: Framer,
}

impl Default for Telnyx {
    fn default() -> Self {
        Self::new()
    }
}

impl Telnyx {
    /// A codec for a socket that has just opened.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_byte_order(ByteOrder::Little)
    }

    /// A codec for a connection whose L16 audio has this byte order.
    #[must_use]
    pub const fn with_byte_order(order: ByteOrder) -> Self {
        let l16 = match order {
            ByteOrder::Little => Encoding::Pcm16le,
            ByteOrder::Big => Encoding::Pcm16be,
        };
        Self { l16, stage: Stage::Waiting, order: Reorder::new() }
    }

    fn stream(&mut self, event: &str, message: &Fields<'_>) -> Result<&Stream, Refusal> {
        let stream = self.stage.running(event, "start")?;
        message.belongs_to("stream_id", &stream.id)?;
        Ok(stream)
    }

    fn start(&mut self, message: &Fields<'_>) -> Result<Inbound, Refusal> {
        self.stage.waits("start")?;
        let start = message.object("start", "start")?;
        let id = message.id("stream_id")?.to_owned();
        let spoken: [Spoken; 3] = [
            ("PCMU", Encoding::Mulaw, &[8000]),
            ("PCMA", Encoding::Alaw, &[8000]),
            ("L16", self.l16, &[8000, 16_000, 24_000]),
        ];
        let media = start.object("media_format", "start.media_format")?;
        let format = media.format("encoding", "sample_rate", &spoken)?;
        media.mono()?;
        let mut custom = start.texts("custom_parameters", "start.custom_parameters")?;
        if let Some(state) = start.optional_text("client_state")? {
            custom.insert("client_state".to_owned(), state.to_owned());
        }
        let call_id = Some(start.id("call_control_id")?.to_owned());
        let from = start.remark("from");
        let to = start.remark("to");
        self.stage = Stage::Running(Stream { id: id.clone(), format, frames: Framer::new(format.frame()) });
        let agent = Overrides::default();
        Ok(Inbound::Started(Box::new(Start {
            stream_id: Some(id),
            call_id,
            client_id: None,
            from,
            to,
            custom,
            format,
            agent,
        })))
    }

    fn media(&mut self, message: &Fields<'_>) -> Result<Vec<Inbound>, Refusal> {
        let format = self.stream("media", message)?.format;
        let media = message.object("media", "media")?;
        if let Some(track) = media.optional_id("track")?.filter(|track| *track != "inbound") {
            return Ok(vec![Inbound::Ignored { name: format!("media of track {track}") }]);
        }
        let position_ms = media.optional_number("timestamp")?;
        let audio = Inbound::Audio { samples: media.audio("payload", format)?, position_ms };
        Ok(match media.optional_number("chunk")? {
            Some(chunk) => self.order.push(chunk, audio),
            None => vec![audio],
        })
    }
}

impl Gateway for Telnyx {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        let map = fields::parse(fields::only_text(wire)?)?;
        let message = Fields::top(&map);
        let event = message.id("event")?;
        if self.stage.is_over() {
            return Ok(vec![Inbound::Ignored { name: format!("{event} after stop") }]);
        }
        let inbound = match event {
            "start" => self.start(&message)?,
            "media" => return self.media(&message),
            "dtmf" => {
                self.stream(event, &message)?;
                Inbound::Dtmf { digit: message.object("dtmf", "dtmf")?.digit("digit")? }
            }
            "mark" => {
                self.stream(event, &message)?;
                Inbound::Mark { name: message.object("mark", "mark")?.id("name")?.to_owned() }
            }
            "stop" => {
                if self.stage.speaking().is_some() {
                    self.stream(event, &message)?;
                }
                let mut last = self.order.finish();
                last.push(Inbound::Stopped);
                self.stage = Stage::Over;
                return Ok(last);
            }
            // Telnyx did not take a message of ours. The call goes on.
            "error" => {
                let error = message.optional_object("payload", "payload").ok().flatten();
                let code = error.and_then(|error| error.optional_number("code").ok().flatten());
                Inbound::Ignored { name: format!("error {}", code.unwrap_or_default()) }
            }
            "connected" => return Ok(Vec::new()),
            unknown => Inbound::Ignored { name: unknown.to_owned() },
        };
        Ok(vec![inbound])
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        let Some(stream) = self.stage.speaking() else { return Vec::new() };
        let format = stream.format;
        let audio = |frame: Vec<i16>| {
            let payload = fields::base64(&format.bytes(&frame));
            WireOut::Text(json!({"event": "media", "media": {"payload": payload}}).to_string())
        };
        match *media {
            Media::Audio { samples } => stream.frames.cut(samples).into_iter().map(audio).collect(),
            Media::Mark { name, within } => {
                let mark = json!({"event": "mark", "mark": {"name": name}}).to_string();
                let rest = if within { None } else { stream.frames.fill() };
                rest.map(audio).into_iter().chain([WireOut::Text(mark)]).collect()
            }
            Media::Clear => {
                stream.frames.clear();
                vec![WireOut::Text(json!({"event": "clear"}).to_string())]
            }
            Media::Started { .. } | Media::Hangup | Media::Transfer { .. } => Vec::new(),
        }
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Telnyx)
    }

    fn disordered(&self) -> u64 {
        self.order.disordered()
    }
}
