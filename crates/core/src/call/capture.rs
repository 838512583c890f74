//! A call as lines, from its socket to its socket: every input, and what was sent. As with a capture of
//! packets, the lines are all that is needed to run the call again. Knows lines, no files; must not know what
//! a call makes of its inputs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ending::Closing;
use super::inputs::{Input, Successor};
use super::job::{JobId, Outcome};
use crate::media::ear::EarSettings;
use crate::report::{CoreUse, End};
use crate::speakable::Dictionary;
use crate::streams::detect::Context;
use crate::streams::dialect::Dialect;
use crate::streams::{Wire, WireOut};
use crate::units::{CallTime, as_micros};
use crate::vad::{DetectorChoice, HysteresisSettings};

/// The version of the format.
pub const VERSION: u32 = 1;

/// Takes the lines of a capture, and never waits.
pub type CaptureSink = Arc<dyn Fn(Line) + Send + Sync>;

/// One line of a capture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When, in microseconds since the socket was opened.
    pub at: CallTime,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// The content of a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// What must be known before the first input, which is the first line.
    Call(Box<Head>),
    /// The call handled an input.
    In(Received),
    /// The call sent a message.
    Out(Sent),
}

/// The header: the setup of the call without the settings of its conversation, which its trace
/// has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// [`VERSION`].
    pub version: u32,
    /// The call's name.
    pub call: String,
    /// What the gateway speaks.
    pub gateway: Dialect,
    /// The parameters of its codec.
    pub codec: Context,
    /// The messages up to the one that started the call.
    pub opening: Vec<(CallTime, Message)>,
    /// What the caller's audio goes through.
    pub ear: EarSettings,
    /// The detector of speech.
    pub detector: DetectorChoice,
    /// How its decisions become edges.
    pub hysteresis: HysteresisSettings,
    /// The audio before a start that belongs to it.
    #[serde(with = "as_micros")]
    pub pre_roll: Duration,
    /// As in the setup.
    #[serde(with = "as_micros")]
    pub lead: Duration,
    /// As in the setup.
    pub echo_loss_db: Option<f32>,
    /// As in the setup.
    #[serde(with = "as_micros")]
    pub idle_timeout: Duration,
    /// As in the setup.
    #[serde(with = "as_micros")]
    pub send_timeout: Duration,
    /// As in the setup.
    pub judge: String,
    /// As in the setup.
    pub dictionary: Dictionary,
    /// As in the setup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// A message of a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message, in base64.
    Binary(#[serde(with = "super::base64_bytes")] Vec<u8>),
}

impl Message {
    /// The message as it came.
    #[must_use]
    pub fn of(wire: Wire<'_>) -> Self {
        match wire {
            Wire::Text(text) => Self::Text(text.to_owned()),
            Wire::Binary(bytes) => Self::Binary(bytes.to_vec()),
        }
    }

    /// The message as a codec takes it.
    #[must_use]
    pub fn wire(&self) -> Wire<'_> {
        match self {
            Self::Text(text) => Wire::Text(text),
            Self::Binary(bytes) => Wire::Binary(bytes),
        }
    }
}

/// What a call received: an [`Input`], or its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// [`Input::Message`].
    Message(Message),
    /// [`Input::SignOfLife`].
    SignOfLife,
    /// [`Input::Closed`].
    Closed,
    /// [`Input::Outcome`].
    Outcome(JobId, Outcome),
    /// [`Input::Measured`].
    Measured {
        /// As in [`Input::Measured`].
        ping: String,
        /// As in [`Input::Measured`].
        queues: BTreeMap<String, u64>,
        /// As in [`Input::Measured`].
        cores: BTreeMap<String, CoreUse>,
        /// As in [`Input::Measured`].
        advice: Vec<String>,
    },
    /// [`Input::HangUp`].
    HangUp,
    /// [`Input::Say`].
    Say(String),
    /// [`Input::Inform`].
    Inform(String),
    /// [`Input::Transferred`].
    Transferred {
        /// As in [`Input::Transferred`].
        to: String,
        /// As in [`Input::Transferred`].
        briefing: Option<String>,
    },
    /// [`Input::Agent`].
    Agent(Box<Successor>),
    /// [`Input::ModelsSwitched`].
    ModelsSwitched,
    /// [`Input::ReplyWords`].
    ReplyWords(usize),
    /// [`Input::Timeout`].
    Timeout,
    /// The driver ended the call.
    End {
        /// Why.
        end: End,
        /// The processor time that was spent on it.
        #[serde(with = "as_micros")]
        cpu: Duration,
    },
}

impl Received {
    fn of(input: &Input<'_>) -> Self {
        match input {
            Input::Message(wire) => Self::Message(Message::of(*wire)),
            Input::SignOfLife => Self::SignOfLife,
            Input::Closed => Self::Closed,
            Input::Outcome(job, outcome) => Self::Outcome(*job, outcome.clone()),
            Input::Measured { ping, queues, cores, advice } => Self::Measured {
                ping: ping.clone(),
                queues: queues.clone(),
                cores: cores.clone(),
                advice: advice.clone(),
            },
            Input::HangUp => Self::HangUp,
            Input::Say(text) => Self::Say(text.clone()),
            Input::Inform(text) => Self::Inform(text.clone()),
            Input::Transferred { to, briefing } => {
                Self::Transferred { to: to.clone(), briefing: briefing.clone() }
            }
            Input::Agent(successor) => Self::Agent(successor.clone()),
            Input::ModelsSwitched => Self::ModelsSwitched,
            Input::ReplyWords(most) => Self::ReplyWords(*most),
            Input::Timeout => Self::Timeout,
        }
    }

    /// The input that was received; `None` for the end.
    pub(super) fn as_input(&self) -> Option<Input<'_>> {
        Some(match self {
            Self::Message(message) => Input::Message(message.wire()),
            Self::SignOfLife => Input::SignOfLife,
            Self::Closed => Input::Closed,
            Self::Outcome(job, outcome) => Input::Outcome(*job, outcome.clone()),
            Self::Measured { ping, queues, cores, advice } => Input::Measured {
                ping: ping.clone(),
                queues: queues.clone(),
                cores: cores.clone(),
                advice: advice.clone(),
            },
            Self::HangUp => Input::HangUp,
            Self::Say(text) => Input::Say(text.clone()),
            Self::Inform(text) => Input::Inform(text.clone()),
            Self::Transferred { to, briefing } => {
                Input::Transferred { to: to.clone(), briefing: briefing.clone() }
            }
            Self::Agent(successor) => Input::Agent(successor.clone()),
            Self::ModelsSwitched => Input::ModelsSwitched,
            Self::ReplyWords(most) => Input::ReplyWords(*most),
            Self::Timeout => Input::Timeout,
            Self::End { .. } => return None,
        })
    }
}

/// A message that was sent: enough to see whether another one is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its length in bytes.
    pub bytes: usize,
    /// The sum of its bytes: 64-bit FNV-1a.
    pub sum: u64,
    /// The beginning of a text message, for people.
    pub begins: String,
}

/// The most characters of a message that are kept.
const SHOWN: usize = 120;

impl Sent {
    /// What is kept of a message.
    #[must_use]
    pub fn of(message: &WireOut) -> Self {
        let (bytes, begins) = match message {
            WireOut::Text(text) => (text.as_bytes(), text.chars().take(SHOWN).collect()),
            WireOut::Binary(bytes) => (bytes.as_slice(), String::new()),
        };
        let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { bytes: bytes.len(), sum, begins }
    }
}

/// Writes down what a call does, if somebody wants to know.
pub(super) struct Capturing {
    to: Option<CaptureSink>,
    now: CallTime,
}

impl Capturing {
    pub(super) fn new(to: Option<CaptureSink>, now: CallTime) -> Self {
        Self { to, now }
    }

    pub(super) fn received(&mut self, now: CallTime, input: &Input<'_>) {
        self.now = now;
        if let Some(to) = &self.to {
            to(Line { at: now, what: What::In(Received::of(input)) });
        }
    }

    pub(super) fn ends(&mut self, now: CallTime, closing: &Closing) {
        self.now = now;
        if let Some(to) = &self.to {
            let Closing { end, cpu } = closing.clone();
            to(Line { at: now, what: What::In(Received::End { end, cpu }) });
        }
    }

    pub(super) fn sent(&self, message: &WireOut) {
        if let Some(to) = &self.to {
            to(Line { at: self.now, what: What::Out(Sent::of(message)) });
        }
    }
}

impl Line {
    /// The bytes of its message or its audio in memory.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        match &self.what {
            What::In(Received::Message(Message::Text(text))) => text.len(),
            What::In(Received::Message(Message::Binary(bytes))) => bytes.len(),
            What::In(Received::Outcome(_, Outcome::Speaking(part) | Outcome::Spoken(part))) => {
                part.samples.len() * size_of::<i16>()
            }
            What::Call(_) | What::In(_) | What::Out(_) => 0,
        }
    }

    /// The line as it is written.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Numbers and texts always become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line.
    ///
    /// # Errors
    /// If `text` is no line of a capture.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::SpokenPart;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let spoken = SpokenPart { samples: vec![0, -1, 32_767, -32_768], words: Vec::new() };
        let lines = [
            What::In(Received::Message(Message::Binary(vec![0, 255, 7]))),
            What::In(Received::Message(Message::Text("{\"a\":1}".into()))),
            What::In(Received::Outcome(JobId::default(), Outcome::Spoken(spoken))),
            What::In(Received::Outcome(JobId::default(), Outcome::EndOfTurn(0.1))),
            What::In(Received::End { end: End::default(), cpu: Duration::from_micros(7) }),
            What::Out(Sent::of(&WireOut::Text("ä".repeat(500)))),
        ];
        for what in lines {
            let line = Line { at: CallTime::from_millis(3), what };
            let text = line.to_text();
            assert!(!text.contains('\n') && text.len() < 700, "{text}");
            assert_eq!(Line::read(&text).expect(&text), line);
        }
    }

    #[test]
    fn one_byte_more_or_less_is_another_message() {
        let of = |bytes: &[u8]| Sent::of(&WireOut::Binary(bytes.to_vec()));
        // The published value of "foobar" (Noll's test vectors).
        assert_eq!(of(b"foobar").sum, 0x8594_4171_f739_67e8);
        assert_ne!(of(b"foobar"), of(b"foobas"));
        assert_ne!(of(b"foobar"), of(b"fooba"));
    }
}
