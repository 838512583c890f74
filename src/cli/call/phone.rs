//! What a telephone gateway says on its socket and hears there, for the two protocols the caller can
//! play. It shares the reports' form with the server and nothing else, so that a mistake in the
//! server's codec is not made here too. Must not know sockets or time.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::audio::g711::{mulaw_decode, mulaw_encode};
use crate::gateway::native::{SummaryWire, TurnReportWire};
use crate::gateway::twilio::{REPORT_PARAMETER, ReportWire};

/// What the server said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// The server's name of the call.
    Started(String),
    /// The agent's voice.
    Audio(Vec<i16>),
    /// To be sent back when the audio before it has played.
    Mark(String),
    /// What has not been played is not to be played.
    Clear,
    /// How a turn went.
    Turn(Box<TurnReportWire>),
    /// How the call went.
    Summary(Box<SummaryWire>),
    /// Something failed.
    Error(String),
    /// Something this caller has no use for.
    Other,
}

/// The protocol, by the path that is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Twilio Media Streams.
    Twilio,
    /// Our own.
    Native,
}

impl Protocol {
    /// `/offhook` is our own; everything else is dialled as Twilio would.
    pub(super) fn of_url(url: &str) -> Self {
        let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        if path.ends_with("/offhook") { Self::Native } else { Self::Twilio }
    }
}

/// One call's side of the protocol.
#[derive(Debug)]
pub(super) struct Phone {
    protocol: Protocol,
    stream_sid: String,
    call_id: String,
    sequence: u64,
    chunk: u64,
}

impl Phone {
    /// A phone that is about to call.
    pub(super) fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            stream_sid: format!("MZ{}", token()),
            call_id: format!("CA{}", token()),
            sequence: 0,
            chunk: 0,
        }
    }

    /// The name of the call: Twilio's, or ours once the server has told it.
    pub(super) fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The first messages.
    pub(super) fn opening(&mut self) -> Vec<Message> {
        match self.protocol {
            Protocol::Twilio => {
                let start = json!({
                    "accountSid": format!("AC{}", "0".repeat(32)),
                    "streamSid": self.stream_sid,
                    "callSid": self.call_id,
                    "tracks": ["inbound"],
                    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                    "customParameters": {"from": "offhook call", REPORT_PARAMETER: "1"},
                });
                let connected = json!({"event": "connected", "protocol": "Call", "version": "1.0.0"});
                vec![text(&connected), self.event("start", start)]
            }
            Protocol::Native => {
                let audio = json!({"encoding": "mulaw", "sample_rate": 8000, "transport": "binary"});
                let start =
                    json!({"type": "session.start", "version": 1, "audio": audio, "caller": "offhook call"});
                vec![text(&start)]
            }
        }
    }

    /// The caller's audio; `position` is that of its first sample.
    pub(super) fn audio(&mut self, position: usize, samples: &[i16]) -> Message {
        let bytes: Vec<u8> = samples.iter().map(|&s| mulaw_encode(s)).collect();
        match self.protocol {
            Protocol::Native => Message::binary(bytes),
            Protocol::Twilio => {
                self.chunk += 1;
                let media = json!({
                    "track": "inbound",
                    "chunk": self.chunk.to_string(),
                    "timestamp": (position / 8).to_string(),
                    "payload": STANDARD.encode(bytes),
                });
                self.event("media", media)
            }
        }
    }

    /// A mark whose audio has played.
    pub(super) fn mark(&mut self, name: &str) -> Message {
        match self.protocol {
            Protocol::Twilio => self.event("mark", json!({"name": name})),
            Protocol::Native => text(&json!({"type": "mark", "name": name})),
        }
    }

    /// The caller hangs up.
    pub(super) fn hang_up(&mut self) -> Message {
        match self.protocol {
            Protocol::Twilio => {
                let stop = json!({"accountSid": format!("AC{}", "0".repeat(32)), "callSid": self.call_id});
                self.event("stop", stop)
            }
            Protocol::Native => text(&json!({"type": "session.end"})),
        }
    }

    /// What a message of the server means, or what is wrong with it.
    pub(super) fn read(&mut self, message: &Message) -> Result<Said, String> {
        match message {
            Message::Binary(bytes) if self.protocol == Protocol::Native => {
                Ok(Said::Audio(bytes.iter().map(|&b| mulaw_decode(b)).collect()))
            }
            Message::Binary(_) => Err("a binary message, which Twilio does not know".to_owned()),
            Message::Text(text) => {
                let value: Value =
                    serde_json::from_str(text).map_err(|e| format!("a message that is not JSON: {e}"))?;
                match self.protocol {
                    Protocol::Twilio => self.read_twilio(text, &value),
                    Protocol::Native => self.read_native(&value),
                }
            }
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Ok(Said::Other),
        }
    }

    fn read_twilio(&self, text: &str, value: &Value) -> Result<Said, String> {
        if let Some(report) = ReportWire::decode(text) {
            let turn = report.turn.map(|turn| Said::Turn(Box::new(turn)));
            let summary = report.summary.map(|summary| Said::Summary(Box::new(summary)));
            return Ok(turn.or(summary).unwrap_or(Said::Other));
        }
        // Twilio drops messages of other streams without a word; a caller for tests says so.
        if value["streamSid"] != self.stream_sid.as_str() {
            return Err("a message without this call's streamSid".to_owned());
        }
        match value["event"].as_str() {
            Some("media") => {
                let payload = value["media"]["payload"].as_str().ok_or("media without a payload")?;
                let bytes = STANDARD.decode(payload).map_err(|e| format!("media that is not base64: {e}"))?;
                Ok(Said::Audio(bytes.into_iter().map(mulaw_decode).collect()))
            }
            Some("mark") => name_of(&value["mark"]).map(Said::Mark),
            Some("clear") => Ok(Said::Clear),
            Some(_) => Ok(Said::Other),
            None => Err("a message without an event".to_owned()),
        }
    }

    fn read_native(&mut self, value: &Value) -> Result<Said, String> {
        let part = |e: serde_json::Error| format!("a report in another form: {e}");
        match value["type"].as_str() {
            Some("session.started") => {
                let id = value["call_id"].as_str().ok_or("session.started without a call_id")?;
                self.call_id = id.to_owned();
                Ok(Said::Started(id.to_owned()))
            }
            Some("mark") => name_of(value).map(Said::Mark),
            Some("clear") => Ok(Said::Clear),
            Some("turn") => {
                serde_json::from_value(value.clone()).map(|turn| Said::Turn(Box::new(turn))).map_err(part)
            }
            Some("session.summary") => serde_json::from_value(value.clone())
                .map(|summary| Said::Summary(Box::new(summary)))
                .map_err(part),
            Some("error") => Ok(Said::Error(format!(
                "{}: {}",
                value["code"].as_str().unwrap_or("error"),
                value["message"].as_str().unwrap_or("no message")
            ))),
            Some(_) => Ok(Said::Other),
            None => Err("a message without a type".to_owned()),
        }
    }

    /// A message of Twilio's with the counters it carries.
    fn event(&mut self, event: &str, body: Value) -> Message {
        self.sequence += 1;
        text(&json!({
            "event": event,
            "sequenceNumber": self.sequence.to_string(),
            "streamSid": self.stream_sid,
            event: body,
        }))
    }
}

fn name_of(mark: &Value) -> Result<String, String> {
    mark["name"].as_str().map(str::to_owned).ok_or_else(|| "a mark without a name".to_owned())
}

fn text(value: &Value) -> Message {
    Message::text(value.to_string())
}

/// 32 hexadecimal digits that differ from call to call.
fn token() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::native::Native;
    use crate::gateway::twilio::Twilio;
    use crate::gateway::{Gateway, Inbound, Wire};

    fn heard_by(gateway: &mut dyn Gateway, message: &Message) -> Vec<Inbound> {
        let data = message.clone().into_data();
        let wire =
            if message.is_text() { Wire::Text(message.to_text().unwrap()) } else { Wire::Binary(&data) };
        gateway.decode(wire).unwrap()
    }

    #[test]
    fn the_path_chooses_the_protocol() {
        assert_eq!(Protocol::of_url("ws://127.0.0.1:1/offhook"), Protocol::Native);
        assert_eq!(Protocol::of_url("ws://127.0.0.1:1/offhook/?x=1"), Protocol::Native);
        assert_eq!(Protocol::of_url("ws://127.0.0.1:1/twilio"), Protocol::Twilio);
    }

    #[test]
    fn the_server_understands_every_message_of_the_phone() {
        let phones: [(Protocol, Box<dyn Gateway>); 2] =
            [(Protocol::Twilio, Box::new(Twilio::new())), (Protocol::Native, Box::new(Native::new()))];
        for (protocol, mut gateway) in phones {
            let mut phone = Phone::new(protocol);
            let opening: Vec<Inbound> =
                phone.opening().iter().flat_map(|m| heard_by(&mut *gateway, m)).collect();
            assert!(matches!(&opening[..], [Inbound::Started(_)]), "{opening:?}");
            let audio = heard_by(&mut *gateway, &phone.audio(160, &[0; 160]));
            assert!(matches!(&audio[..], [Inbound::Audio { samples, .. }] if samples.len() == 160));
            let mark = heard_by(&mut *gateway, &phone.mark("m1"));
            assert_eq!(mark, [Inbound::Mark { name: "m1".into() }]);
            let end = heard_by(&mut *gateway, &phone.hang_up());
            assert!(matches!(&end[..], [Inbound::Stopped | Inbound::EndRequested]), "{end:?}");
        }
    }

    #[test]
    fn messages_of_another_stream_are_not_played() {
        let mut phone = Phone::new(Protocol::Twilio);
        assert!(phone.read(&Message::text(r#"{"event":"clear","streamSid":"MZ0"}"#)).is_err());
        let own = json!({"event": "clear", "streamSid": phone.stream_sid}).to_string();
        assert_eq!(phone.read(&Message::text(own)), Ok(Said::Clear));
    }
}
