//! One vocabulary for all telephony providers: `Inbound` from the gateway to the call, `Media` from the call
//! to the gateway. One file per provider turns its messages into `Inbound`, and `Media` into its messages.
//! PURE: no sockets, no clock, no threads; and it must not know the conversation or the engines. Wire types
//! live here and nowhere else.

pub mod api;
pub mod asterisk;
pub mod detect;
pub mod dialect;
mod fields;
mod framer;
#[cfg(test)]
mod golden;

pub mod jambonz;
mod lifecycle;
pub mod native;
pub mod plivo;
mod query;
pub mod realtime;
mod refusal;
mod reorder;
mod sequence;
pub mod telnyx;
pub mod transfer;
pub mod twilio;
pub mod vonage;

use crate::audio::g711::Law;
use crate::dialogue::Role;
use crate::dialogue::tools::Tools;
use crate::ids::ToolCallId;
use crate::report::Report;
use std::collections::BTreeMap;
use std::time::Duration;

use dialect::Dialect;
pub use refusal::{Refusal, RefusalCode};

/// One message from the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

/// One message for the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireOut {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
}

/// How samples are written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// G.711 mu-law, one byte a sample.
    Mulaw,
    /// G.711 A-law, one byte a sample.
    Alaw,
    /// 16-bit signed linear, little-endian.
    Pcm16le,
    /// 16-bit signed linear, big-endian, as in RTP.
    Pcm16be,
}

impl Encoding {
    /// Bytes of one sample.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Mulaw | Self::Alaw => 1,
            Self::Pcm16le | Self::Pcm16be => 2,
        }
    }

    /// The name of the encoding in our own protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mulaw => "mulaw",
            Self::Alaw => "alaw",
            Self::Pcm16le => "pcm16le",
            Self::Pcm16be => "pcm16be",
        }
    }
}

/// The format of a call's audio on the wire, in both directions; always mono.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioFormat {
    /// How a sample is written.
    pub encoding: Encoding,
    /// Samples a second.
    pub rate: u32,
}

impl AudioFormat {
    /// The samples in `bytes`, or why they are refused.
    fn samples(self, bytes: &[u8], field: &str) -> Result<Vec<i16>, Refusal> {
        let limit = self.rate as usize * self.encoding.bytes() * MAX_AUDIO_SECONDS;
        if bytes.len() > limit {
            return Err(Refusal::new(
                RefusalCode::TooLarge,
                format!("{field}: {} bytes of audio in one message, at most {limit} are taken", bytes.len()),
            ));
        }
        match self.encoding {
            Encoding::Mulaw => Ok(Law::Mu.decode_all(bytes)),
            Encoding::Alaw => Ok(Law::A.decode_all(bytes)),
            Encoding::Pcm16le => linear(bytes, field, i16::from_le_bytes),
            Encoding::Pcm16be => linear(bytes, field, i16::from_be_bytes),
        }
    }

    /// `samples` as bytes.
    fn bytes(self, samples: &[i16]) -> Vec<u8> {
        match self.encoding {
            Encoding::Mulaw => Law::Mu.encode_all(samples),
            Encoding::Alaw => Law::A.encode_all(samples),
            Encoding::Pcm16le => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
            Encoding::Pcm16be => samples.iter().flat_map(|s| s.to_be_bytes()).collect(),
        }
    }

    /// The number of samples in a frame of 20 ms.
    const fn frame(self) -> usize {
        self.rate as usize / FRAMES_A_SECOND
    }
}

fn linear(bytes: &[u8], field: &str, sample: fn([u8; 2]) -> i16) -> Result<Vec<i16>, Refusal> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|&pair| sample(pair)).collect())
    } else {
        Err(Refusal::malformed(field, "an odd number of bytes cannot be 16-bit samples"))
    }
}

/// The rate of frames of 20 ms, the step of all telephony.
const FRAMES_A_SECOND: usize = 50;

/// The most audio in one message, in seconds. Gateways send 20 ms, some 100 or 200 ms. A longer message is a
/// mistake or an attack.
pub const MAX_AUDIO_SECONDS: usize = 1;

/// The most bytes in a name of a mark, a stream, a call or a ping.
pub const MAX_NAME_BYTES: usize = 256;

/// The parameters in a call's start message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The provider's id of the audio stream; `None` if it has no id.
    pub stream_id: Option<String>,
    /// The provider's id of the call; `None` leaves the choice to the server.
    pub call_id: Option<String>,
    /// The client's own id of the session, if its protocol has one. It need not be unique.
    pub client_id: Option<String>,
    /// The caller, if the provider names it.
    pub from: Option<String>,
    /// The called party, if the provider names it.
    pub to: Option<String>,
    /// The data that the customer attached to the call.
    pub custom: BTreeMap<String, String>,
    /// The format of the audio in both directions.
    pub format: AudioFormat,
    /// The settings that the client overrides for this call, if its protocol allows it.
    pub agent: Overrides,
}

/// The parameter of a call that names its agent, among the data that the customer attached.
pub const AGENT_PARAMETER: &str = "agent";

/// Settings of one call that override the configuration. `None` keeps the configured value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// The agent of the server that answers.
    pub name: Option<String>,
    /// A voice that is loaded.
    pub voice: Option<String>,
    /// The system prompt: who answers, and what the agent knows.
    pub system_prompt: Option<String>,
    /// The greeting; an empty one is not spoken.
    pub greeting: Option<String>,
}

/// A message from the gateway to the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbound {
    /// The call begins. Comes once, before all others but `Ignored` and `Stopped`.
    Started(Box<Start>),
    /// The caller's audio.
    Audio {
        /// Mono samples at the rate of the start's format.
        samples: Vec<i16>,
        /// The position of the first sample in the stream, in milliseconds, if the gateway sends it.
        position_ms: Option<u64>,
    },
    /// The audio before this mark was played, or was cleared: the gateway does not say which.
    Mark {
        /// The name of the mark.
        name: String,
    },
    /// The caller pressed a key.
    Dtmf {
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
    },
    /// Back-pressure: the gateway's buffer is full, and takes no audio until there is `Room`.
    Full,
    /// There is room in the gateway's buffer again.
    Room,
    /// The client asks for the live figures; the answer is [`Report::Pong`].
    Ping {
        /// The id of the ping, which the answer repeats.
        id: String,
    },
    /// The client wants the agent to stop speaking now.
    Interrupt,
    /// A line of the conversation that nobody says now: typed by the caller, or of an earlier conversation.
    Remembered {
        /// Who says it.
        role: Role,
        /// The words.
        text: String,
    },
    /// The client wants the agent to speak now: to what was typed, or by these instructions.
    AnswerRequested {
        /// What the agent is to do; may be empty.
        instructions: String,
    },
    /// The agent gets another system prompt.
    Instructed {
        /// The whole prompt.
        system_prompt: String,
    },
    /// The agent gets these tools, instead of those it had.
    ToolsGiven {
        /// All of them, and which a reply may call.
        tools: Tools,
        /// The system prompt that comes with them, if one does: the agent gets both or neither.
        system_prompt: Option<String>,
    },
    /// The agent's answers have at most so many tokens from now on.
    AnswersLimited {
        /// `None` for as many as the server allows.
        tokens: Option<u64>,
    },
    /// A tool that the agent called has brought this.
    ToolReturned {
        /// The call.
        call: ToolCallId,
        /// What it brought, as text.
        output: String,
    },
    /// The client has cleared its playback: the caller heard no more than this much of the reply's audio.
    HeardNoMoreThan {
        /// Since the reply's first audio.
        lasting: Duration,
    },
    /// The client ends the call and waits for its summary.
    EndRequested,
    /// The gateway has ended the call; nothing more will come.
    Stopped,
    /// A message that nobody needs. It is tolerated, and logged at TRACE.
    Ignored {
        /// The name of the message.
        name: String,
    },
}

/// A message from the call to the gateway.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Media<'a> {
    /// The call is accepted, under this id.
    Started {
        /// The server's id of the call.
        call_id: &'a str,
        /// The client's own id of the session, if it gave one.
        client_id: Option<&'a str>,
    },
    /// The agent's audio: mono, at the rate of the start's format.
    Audio {
        /// The samples.
        samples: &'a [i16],
    },
    /// A mark, which the gateway sends back when it has played the audio before the mark.
    Mark {
        /// The name of the mark.
        name: &'a str,
        /// The mark is in the middle of speech. The rest follows at once, and no silence must come between.
        within: bool,
    },
    /// Clears the gateway's playback buffer: audio that was sent and not yet played.
    Clear,
    /// The agent hangs up. If the protocol has no word for a hang-up, closing the socket ends the call.
    Hangup,
    /// The call goes on with another party. Only our own protocol has a word for it, and its client carries
    /// it out; telephony providers are asked through their APIs before.
    Transfer {
        /// A number in E.164 or a SIP address.
        to: &'a str,
        /// What the new party is to hear before it is connected.
        briefing: Option<&'a str>,
    },
}

/// The codec of one provider's dialect, for one call.
pub trait Gateway: Send {
    /// The meaning of one message. Nothing if the message only changed the state of this codec.
    ///
    /// # Errors
    /// If the message breaks the protocol. The call drops such messages, and ends if there are too many; the
    /// log has the reason of the refusal.
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal>;

    /// The messages for `media`, in order; none if this protocol has no word for it, or if the audio does not
    /// fill a frame yet.
    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut>;

    /// The messages for a socket that has just opened. Telephony gateways speak first.
    fn greeting(&mut self) -> Vec<WireOut> {
        Vec::new()
    }

    /// What the codec itself answers to the messages that it decoded since it was asked last.
    fn replies(&mut self) -> Vec<WireOut> {
        Vec::new()
    }

    /// The messages for `report`. Telephony protocols have no words for reports.
    fn report(&mut self, _report: &Report<'_>) -> Vec<WireOut> {
        Vec::new()
    }

    /// The dialect of this codec; `None` before it is known.
    fn dialect(&self) -> Option<Dialect>;

    /// The number of messages so far that were out of order or lost on the way. Such messages are tolerated.
    fn disordered(&self) -> u64;
}
