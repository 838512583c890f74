//! The properties of every gateway's codec: bytes are cut into the messages of a socket, each is decoded, and
//! the call sends messages in between. Must not know any provider.

use offhook::ids::{MarkId, ToolCallId, TurnId, UtteranceId};
use offhook::report::{Pong, Report, ReportedTurn, Summary};
use offhook::streams::dialect::Dialect;
use offhook::streams::{
    AudioFormat, Gateway, Inbound, MAX_AUDIO_SECONDS, MAX_NAME_BYTES, Media, Refusal, Start, Wire, WireOut,
};

/// The most events from one message: messages that waited for their order, and the message itself.
const MAX_INBOUND: usize = 8;

/// The longest reason of a refusal, in bytes. It goes into logs, and part of it back to the client.
const MAX_REASON: usize = 2048;

/// The most bytes of a message other than audio.
const MAX_WORDS: usize = 4096;

/// The highest sample rate. A partly filled frame holds at most a second.
const MAX_RATE: usize = 64_000;

/// One message of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// True for text (valid or not), false for binary.
    pub text: bool,
    /// The number of the message that the call sends after it.
    pub said: u8,
    /// The message.
    pub bytes: Vec<u8>,
}

/// Cuts bytes into messages. Each has a byte whose highest bit means text and whose other bits choose the
/// message that the call sends, two bytes of length with the low one first, and the message. The last one may
/// be cut short.
pub fn unpack(mut data: &[u8]) -> Vec<Packed> {
    let mut messages = Vec::new();
    while let [kind, low, high, rest @ ..] = data {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (bytes, behind) = rest.split_at(length);
        messages.push(Packed { text: kind & 0x80 != 0, said: kind & 0x7f, bytes: bytes.to_vec() });
        data = behind;
    }
    messages
}

/// The inverse of [`unpack`]. A message that is too long for two bytes of length is cut.
pub fn pack(messages: &[Packed]) -> Vec<u8> {
    let mut data = Vec::new();
    for message in messages {
        let length = u16::try_from(message.bytes.len()).unwrap_or(u16::MAX);
        data.push(u8::from(message.text) << 7 | message.said & 0x7f);
        data.extend(length.to_le_bytes());
        data.extend(&message.bytes[..usize::from(length)]);
    }
    data
}

/// Gives the messages to a new codec, and checks its results.
pub fn hold(gateway: &mut dyn Gateway, data: &[u8]) {
    let mut call = Call { format: None, disordered: 0 };
    for message in unpack(data) {
        let decoded = if message.text {
            // A socket delivers only text that is UTF-8.
            gateway.decode(Wire::Text(&String::from_utf8_lossy(&message.bytes)))
        } else {
            gateway.decode(Wire::Binary(&message.bytes))
        };
        match decoded {
            Ok(inbound) => call.heard(&inbound, message.bytes.len()),
            Err(refusal) => refused(&refusal),
        }
        let replies = gateway.replies();
        assert!(replies.len() <= MAX_INBOUND, "{} replies", replies.len());
        assert!(bytes(&replies) <= 16 * message.bytes.len() + MAX_WORDS, "{} bytes", bytes(&replies));
        call.say(gateway, message.said);
        let disordered = gateway.disordered();
        assert!(disordered >= call.disordered, "disorder was forgotten");
        call.disordered = disordered;
    }
}

struct Call {
    format: Option<AudioFormat>,
    disordered: u64,
}

impl Call {
    fn heard(&mut self, inbound: &[Inbound], length: usize) {
        assert!(inbound.len() <= MAX_INBOUND, "one message means {} things", inbound.len());
        for inbound in inbound {
            match inbound {
                Inbound::Started(start) => {
                    assert!(self.format.is_none(), "a call began twice");
                    self.format = Some(start.format);
                    started(start, length);
                }
                Inbound::Audio { samples, .. } => {
                    let rate = self.format.expect("audio before the call began").rate;
                    assert!(samples.len() <= rate as usize * MAX_AUDIO_SECONDS, "{} samples", samples.len());
                }
                Inbound::Mark { name } | Inbound::Ping { id: name } => {
                    assert!(self.format.is_some(), "a mark before the call began");
                    assert!((1..=MAX_NAME_BYTES).contains(&name.len()), "a name of {} bytes", name.len());
                }
                Inbound::Dtmf { digit } => {
                    assert!(self.format.is_some(), "a key before the call began");
                    assert!("0123456789*#ABCD".contains(*digit), "{digit:?} is no key");
                }
                Inbound::Remembered { text, .. }
                | Inbound::AnswerRequested { instructions: text }
                | Inbound::Instructed { system_prompt: text }
                | Inbound::ToolReturned { output: text, .. } => {
                    assert!(self.format.is_some(), "a line before the call began");
                    assert!(text.len() <= 3 * length, "{} bytes of text", text.len());
                }
                Inbound::ToolsGiven { tools, system_prompt: _ } => {
                    assert!(self.format.is_some(), "tools before the call began");
                    assert!(tools.all.len() <= 64, "{} tools", tools.all.len());
                }
                Inbound::Interrupt
                | Inbound::EndRequested
                | Inbound::Full
                | Inbound::Room
                | Inbound::AnswersLimited { .. }
                | Inbound::HeardNoMoreThan { .. } => {
                    assert!(self.format.is_some(), "a wish before the call began");
                }
                Inbound::Ignored { name } => {
                    assert!(name.len() <= MAX_NAME_BYTES + 64, "{} bytes", name.len())
                }
                Inbound::Stopped => {}
            }
        }
    }

    /// Lets the call send a message.
    fn say(&self, gateway: &mut dyn Gateway, said: u8) {
        let samples = vec![i16::from(said) - 2; [0, 1, 160, 161, 960][usize::from(said) % 5]];
        let long = "x".repeat(300);
        let name = ["m1", "a b", "\u{1F600}\"\\", long.as_str()][usize::from(said) / 16 % 4];
        let media = match said % 16 {
            0..=4 => Media::Audio { samples: &samples },
            5 | 6 => Media::Mark { name, within: said % 16 == 5 },
            7 => Media::Clear,
            8 => Media::Started { call_id: name, client_id: Some(name).filter(|name| name.len() % 2 == 0) },
            9 => Media::Hangup,
            10 => Media::Transfer { to: name, briefing: Some(name).filter(|name| name.len() % 2 == 1) },
            _ => return self.tell(gateway, said, name),
        };
        let wire = gateway.encode(&media);
        let rate = self.format.map_or(0, |format| format.rate as usize);
        assert!(rate <= MAX_RATE, "a rate of {rate}");
        if let Media::Audio { samples } = media {
            assert!(wire.len() <= samples.len() + events(gateway), "{} messages", wire.len());
            // At most two bytes per sample, and four for three of these in base64, plus the audio that waited
            // for a whole frame.
            let most = wire.len() * 512 + (samples.len() + rate) * 3;
            assert!(bytes(&wire) <= most, "{} bytes of audio", bytes(&wire));
        } else {
            assert!(wire.len() <= 2, "{} messages", wire.len());
            assert!(bytes(&wire) <= MAX_WORDS + rate * 3, "{} bytes", bytes(&wire));
        }
    }

    /// Lets the call send a report.
    fn tell(&self, gateway: &mut dyn Gateway, said: u8, name: &str) {
        let (turn, pong, summary) = (ReportedTurn::default(), Pong::default(), Summary::default());
        let report = match said % 16 {
            10 => Report::Hearing { utterance: UtteranceId(1), stable: name, unstable: "and" },
            11 => Report::Turn(&turn),
            12 => Report::Pong(&pong),
            13 => Report::Error { code: "busy", message: name },
            14 => Report::Summary(&summary),
            15 => Report::ToolBegan { turn: TurnId(1), call: ToolCallId(1), name },
            _ => match said / 16 {
                0 => Report::CallerSpeaks { at_ms: 20 },
                1 => Report::CallerPauses { at_ms: 40 },
                2 | 3 => Report::Heard { turn: TurnId(u32::from(said)), text: name },
                _ => Report::Saying { turn: TurnId(u32::from(said) % 3), text: name, mark: MarkId(1) },
            },
        };
        let wire = gateway.report(&report);
        assert!(wire.len() <= events(gateway), "{} messages", wire.len());
        assert!(bytes(&wire) <= events(gateway) * MAX_WORDS, "{} bytes", bytes(&wire));
    }
}

/// The most messages of one report. One protocol tells in many small events what others tell at once.
fn events(gateway: &dyn Gateway) -> usize {
    if gateway.dialect() == Some(Dialect::Realtime) { 16 } else { 1 }
}

/// The start of a call holds no more bytes than its message, apart from the spelling of numbers.
fn started(start: &Start, length: usize) {
    for name in [&start.stream_id, &start.call_id].into_iter().flatten() {
        assert!((1..=MAX_NAME_BYTES).contains(&name.len()), "a name of {} bytes", name.len());
    }
    assert!((8000..=MAX_RATE).contains(&(start.format.rate as usize)), "a rate of {}", start.format.rate);
    let custom: usize = start.custom.iter().map(|(key, value)| key.len() + value.len()).sum();
    let ends: usize = [&start.from, &start.to].into_iter().flatten().map(String::len).sum();
    // A byte that is not UTF-8 becomes three.
    assert!(custom + ends <= 16 * length, "{custom} bytes of parameters in a message of {length}");
}

fn refused(refusal: &Refusal) {
    assert!(!refusal.reason.is_empty());
    assert!(refusal.reason.len() <= MAX_REASON, "a reason of {} bytes", refusal.reason.len());
}

fn bytes(wire: &[WireOut]) -> usize {
    let length = |message: &WireOut| match message {
        WireOut::Text(text) => text.len(),
        WireOut::Binary(bytes) => bytes.len(),
    };
    wire.iter().map(length).sum()
}
