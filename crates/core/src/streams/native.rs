//! Our own protocol, for programs that call without a telephone line: JSON text messages with a
//! `type`, audio as binary messages or as base64. docs/protocol.md describes every message. PURE;
//! must not know sockets, pacing or the conversation.

mod conversions;
mod reports;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use super::fields::{self, Fields, Spoken};
use super::{
    AudioFormat, Encoding, Gateway, Inbound, Media, Overrides, Refusal, RefusalCode, Start, Wire, WireOut,
};
use crate::report::Report;
use crate::units::{PHONE_RATE, WHISPER_RATE};

pub use reports::{
    CoresWire, EndOfTurnWire, ErrorWire, HiddenWire, LineWire, PongWire, ReceptionWire, SpeakerWire,
    SpeculationCountWire, SpeculationWire, SpreadWire, StagesWire, SummaryWire, TokensWire, TurnReportWire,
};

/// The version of the protocol this server speaks.
pub const VERSION: u64 = 1;

/// The most characters in a call's own system prompt and greeting, as in the configuration.
const LONGEST_PROMPT: usize = 20_000;
const LONGEST_GREETING: usize = 500;

const SPOKEN: [Spoken; 2] = [
    ("mulaw", Encoding::Mulaw, &[PHONE_RATE]),
    ("pcm16le", Encoding::Pcm16le, &[PHONE_RATE, WHISPER_RATE, 22_050, 24_000, 48_000]),
];

/// One call's codec.
#[derive(Debug, Default)]
pub struct Native {
    state: State,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Waiting,
    Running(Audio),
    Ending(Audio),
}

/// The agreed audio.
#[derive(Debug, Clone, Copy)]
struct Audio {
    format: AudioFormat,
    transport: Transport,
}

/// How the server sends audio. It accepts both forms at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Binary,
    Base64,
}

impl Transport {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Base64 => "base64",
        }
    }
}

impl Native {
    /// A codec for a socket that has just opened.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Waiting }
    }

    fn running(&self, kind: &str) -> Result<Audio, Refusal> {
        match self.state {
            State::Running(audio) | State::Ending(audio) => Ok(audio),
            State::Waiting => Err(Refusal::new(
                RefusalCode::OutOfOrder,
                format!("type: \"{kind}\" before \"session.start\""),
            )),
        }
    }

    fn start(&mut self, message: &Fields<'_>) -> Result<Inbound, Refusal> {
        if !matches!(self.state, State::Waiting) {
            return Err(Refusal::new(RefusalCode::OutOfOrder, "type: \"session.start\" came twice"));
        }
        let version = message.number("version")?;
        if version != VERSION {
            let reason = format!("version: {version}, this server speaks {VERSION}");
            return Err(Refusal::new(RefusalCode::UnsupportedVersion, reason));
        }
        let audio = agree(&message.object("audio", "audio")?)?;
        let start = Start {
            stream_id: None,
            call_id: None,
            client_id: message.remark("client_id"),
            from: message.remark("caller"),
            to: None,
            custom: message.texts("data", "data")?,
            format: audio.format,
            agent: overrides(message)?,
        };
        self.state = State::Running(audio);
        Ok(Inbound::Started(Box::new(start)))
    }

    fn text(&mut self, text: &str) -> Result<Inbound, Refusal> {
        let map = fields::parse(text)?;
        let message = Fields::top(&map);
        let kind = message.id("type")?;
        match kind {
            "session.start" => self.start(&message),
            "audio" => {
                let samples = message.audio("payload", self.running(kind)?.format)?;
                Ok(Inbound::Audio { samples, position_ms: None })
            }
            "mark" => {
                self.running(kind)?;
                Ok(Inbound::Mark { name: message.id("name")?.to_owned() })
            }
            "dtmf" => {
                self.running(kind)?;
                Ok(Inbound::Dtmf { digit: message.digit("digit")? })
            }
            "ping" => {
                self.running(kind)?;
                Ok(Inbound::Ping { id: message.id("id")?.to_owned() })
            }
            "interrupt" => {
                self.running(kind)?;
                Ok(Inbound::Interrupt)
            }
            "session.end" => {
                self.state = State::Ending(self.running(kind)?);
                Ok(Inbound::EndRequested)
            }
            unknown => Ok(Inbound::Ignored { name: unknown.to_owned() }),
        }
    }

    /// The audio of a running session.
    const fn audio(&self) -> Option<Audio> {
        match self.state {
            State::Running(audio) | State::Ending(audio) => Some(audio),
            State::Waiting => None,
        }
    }

    /// The message for `media`, if there is one.
    fn said(&self, media: &Media<'_>) -> Option<WireOut> {
        let audio = self.audio()?;
        match *media {
            Media::Started { call_id, client_id } => {
                let mut body = json!({"version": VERSION, "call_id": call_id, "audio": {
                    "encoding": audio.format.encoding.as_str(),
                    "sample_rate": audio.format.rate,
                    "transport": audio.transport.as_str(),
                }});
                if let Some(client_id) = client_id {
                    body["client_id"] = Value::from(client_id);
                }
                message("session.started", &body).map(WireOut::Text)
            }
            Media::Audio { samples } => {
                let bytes = audio.format.bytes(samples);
                match audio.transport {
                    Transport::Binary => Some(WireOut::Binary(bytes)),
                    Transport::Base64 => {
                        message("audio", &json!({"payload": fields::base64(&bytes)})).map(WireOut::Text)
                    }
                }
            }
            Media::Mark { name, within: _ } => message("mark", &json!({"name": name})).map(WireOut::Text),
            Media::Clear => message("clear", &json!({})).map(WireOut::Text),
            Media::Hangup => None,
            Media::Transfer { to, briefing } => {
                let mut body = json!({"to": to});
                if let Some(briefing) = briefing {
                    body["briefing"] = Value::from(briefing);
                }
                message("transfer", &body).map(WireOut::Text)
            }
        }
    }

    /// The message for a report. Before the session runs, only errors have one.
    fn told(&self, report: &Report<'_>) -> Option<WireOut> {
        if !matches!(report, Report::Error { .. }) {
            self.audio()?;
        }
        message_of(report).map(WireOut::Text)
    }
}

/// The message of a report, as a client of this protocol gets it; `None` if it has none.
#[must_use]
pub fn message_of(report: &Report<'_>) -> Option<String> {
    match *report {
        Report::Hearing { utterance, stable, unstable } => {
            let body = json!({"utterance": utterance.0, "stable": stable, "unstable": unstable});
            message("hearing", &body)
        }
        Report::Heard { turn, text } => message("heard", &json!({"turn": turn.0, "text": text})),
        Report::Saying { turn, text, mark } => {
            message("saying", &json!({"turn": turn.0, "text": text, "mark": mark.to_string()}))
        }
        Report::Turn(turn) => message("turn", &TurnReportWire::from(turn)),
        Report::Pong(pong) => message("pong", &PongWire::from(pong)),
        Report::Error { code, message: text } => message("error", &json!({"code": code, "message": text})),
        Report::Summary(summary) => message("session.summary", &SummaryWire::from(summary)),
        Report::CallerSpeaks { .. }
        | Report::CallerPauses { .. }
        | Report::ToolsCalled { .. }
        | Report::ToolBegan { .. }
        | Report::ToolEnded(_) => None,
    }
}

/// The audio a session asks for, if this server speaks it.
fn agree(audio: &Fields<'_>) -> Result<Audio, Refusal> {
    let format = audio.format("encoding", "sample_rate", &SPOKEN)?;
    let transport = match audio.optional_id("transport")? {
        None | Some("binary") => Transport::Binary,
        Some("base64") => Transport::Base64,
        Some(other) => {
            let problem = format!("{other:?} is neither \"binary\" nor \"base64\"");
            return Err(audio.unsupported("transport", problem));
        }
    };
    Ok(Audio { format, transport })
}

/// The settings of this call that override the configuration.
fn overrides(message: &Fields<'_>) -> Result<Overrides, Refusal> {
    let Some(agent) = message.optional_object("agent", "agent")? else { return Ok(Overrides::default()) };
    let text = |field: &str, most: usize| {
        let text = agent.optional_text(field)?.map(str::trim);
        match text.map(|text| text.chars().count()).filter(|count| *count > most) {
            None => Ok(text.map(str::to_owned)),
            Some(count) => {
                let reason = format!("agent.{field}: {count} characters, at most {most} are taken");
                Err(Refusal::new(RefusalCode::TooLarge, reason))
            }
        }
    };
    Ok(Overrides {
        name: agent.optional_id("name")?.map(str::to_owned),
        voice: agent.optional_text("voice")?.map(str::to_owned),
        system_prompt: text("system_prompt", LONGEST_PROMPT)?,
        greeting: text("greeting", LONGEST_GREETING)?,
    })
}

/// A message of type `kind` with the fields of `body`. Who reads a socket along sees the type first.
fn message(kind: &str, body: &impl Serialize) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(body) else { return None };
    let mut map = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    map.extend(fields);
    Some(Value::Object(map).to_string())
}

impl Gateway for Native {
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal> {
        let inbound = match wire {
            Wire::Text(text) => self.text(text)?,
            Wire::Binary(bytes) => {
                let samples = self.running("audio")?.format.samples(bytes, "binary message")?;
                Inbound::Audio { samples, position_ms: None }
            }
        };
        match (inbound, self.state) {
            // After the client's goodbye, its audio is dropped until the summary.
            (Inbound::Audio { .. }, State::Ending(_)) => Ok(Vec::new()),
            (inbound, State::Waiting | State::Running(_) | State::Ending(_)) => Ok(vec![inbound]),
        }
    }

    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut> {
        self.said(media).into_iter().collect()
    }

    fn report(&mut self, report: &Report<'_>) -> Vec<WireOut> {
        self.told(report).into_iter().collect()
    }

    fn dialect(&self) -> Option<Dialect> {
        Some(Dialect::Native)
    }

    fn disordered(&self) -> u64 {
        0
    }
}
