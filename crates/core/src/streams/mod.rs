//! What a telephone line says to a call and a call to a telephone line, in one vocabulary for all
//! providers. One file a provider turns its messages into `Inbound` and `Media` into its
//! messages. PURE: no sockets, no clock, no threads; and it must not know the conversation or the
//! engines. Wire types live here and nowhere else.

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
mod reorder;
mod sequence;
pub mod telnyx;
pub mod twilio;
pub mod vonage;

use crate::audio::g711::Law;
use crate::report::Report;
use std::collections::BTreeMap;
use std::fmt;

use dialect::Dialect;

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
    /// 16-bit signed linear, big-endian, as RTP has it.
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

    /// The house's word for it, which our own protocol uses.
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

/// The audio of one call on the wire, the same in both directions; always mono.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioFormat {
    /// How a sample is written.
    pub encoding: Encoding,
    /// Samples a second.
    pub rate: u32,
}

impl AudioFormat {
    /// The samples in `bytes`, or why there are none.
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

    /// Samples of one frame of 20 ms.
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

/// Frames of 20 ms, the step of all telephony.
const FRAMES_A_SECOND: usize = 50;

/// Most audio one message may bring, in seconds. Lines send 20 ms, some 100 or 200 ms; a message
/// of more is a mistake or an attack.
pub const MAX_AUDIO_SECONDS: usize = 1;

/// Most bytes of a name: a mark's, a stream's, a call's, a ping's.
pub const MAX_NAME_BYTES: usize = 256;

/// How a call introduces itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The provider's name of the audio stream; `None` where it has none.
    pub stream_id: Option<String>,
    /// The provider's name of the call; `None` leaves the choice to the server.
    pub call_id: Option<String>,
    /// The client's own name of the session, where it may give one. It need not be the only one of its name.
    pub client_id: Option<String>,
    /// Who calls, if the line tells.
    pub from: Option<String>,
    /// Who is called, if the line tells.
    pub to: Option<String>,
    /// What the customer attached to the call.
    pub custom: BTreeMap<String, String>,
    /// The audio in both directions.
    pub format: AudioFormat,
    /// What is otherwise in this call, where the line may say so.
    pub agent: Overrides,
}

/// What a call may have otherwise than the configuration says. `None` leaves it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Who answers and what it knows.
    pub system_prompt: Option<String>,
    /// What is said first; an empty one is not said.
    pub greeting: Option<String>,
}

/// What the line tells the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbound {
    /// The call begins. Comes once, before everything but `Ignored` and `Stopped`.
    Started(Box<Start>),
    /// The caller's audio.
    Audio {
        /// Mono samples at the rate of the start's format.
        samples: Vec<i16>,
        /// Where the first sample lies in the stream, in milliseconds, if the line tells.
        position_ms: Option<u64>,
    },
    /// The audio before this mark has been played, or was cleared: the line does not say which.
    Mark {
        /// The name it was sent with.
        name: String,
    },
    /// The caller pressed a key.
    Dtmf {
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
    },
    /// The line's buffer is full: no audio until there is `Room`.
    Full,
    /// There is room in the line's buffer again.
    Room,
    /// The client asks for the performance figures; the answer is [`Report::Pong`].
    Ping {
        /// To be given back.
        id: String,
    },
    /// The client wants the agent to stop speaking now.
    Interrupt,
    /// The client ends the call and waits for its summary.
    EndRequested,
    /// The line has ended the call; nothing more will come.
    Stopped,
    /// A message nobody needs, tolerated; for a TRACE line.
    Ignored {
        /// What it was called.
        name: String,
    },
}

/// What the call says to the telephone line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Media<'a> {
    /// The call is accepted, under this name.
    Started {
        /// The server's name of the call.
        call_id: &'a str,
        /// The client's own, if it gave one.
        client_id: Option<&'a str>,
    },
    /// The agent's audio: mono, at the rate of the start's format.
    Audio {
        /// The samples.
        samples: &'a [i16],
    },
    /// To be sent back when the audio before it has played.
    Mark {
        /// Its name.
        name: &'a str,
        /// It is in the middle of speech: the rest follows at once, and no silence must come between.
        within: bool,
    },
    /// Throws away what was sent and not yet played.
    Clear,
    /// The agent hangs up. Where the line has no word for it, closing the socket does it.
    Hangup,
}

/// One provider's dialect, for one call.
pub trait Gateway: Send {
    /// What one message means. Nothing if it only changed this codec's state.
    ///
    /// # Errors
    /// A message that breaks the protocol; the call it belongs to should end with the refusal's
    /// reason in the log.
    fn decode(&mut self, wire: Wire<'_>) -> Result<Vec<Inbound>, Refusal>;

    /// The messages that say `media`, in order; none if this protocol has no word for it, or if the
    /// audio does not fill a frame yet.
    fn encode(&mut self, media: &Media<'_>) -> Vec<WireOut>;

    /// The messages that tell `report`. A telephone line has no word for any.
    fn report(&mut self, _report: &Report<'_>) -> Vec<WireOut> {
        Vec::new()
    }

    /// Whose dialect it is; `None` before that is known.
    fn dialect(&self) -> Option<Dialect>;

    /// Messages so far that were out of order or lost on the way. They are tolerated and counted.
    fn disordered(&self) -> u64;
}

/// Why a message was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Refusal {
    /// The kind, for programs and metrics.
    pub code: RefusalCode,
    /// What is wrong with which field. Never holds the caller's words or audio.
    pub reason: String,
}

impl Refusal {
    fn new(code: RefusalCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    fn malformed(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(RefusalCode::Malformed, format!("{field}: {problem}"))
    }
}

/// The kinds of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefusalCode {
    /// Not JSON, or a field is missing or of the wrong kind.
    Malformed,
    /// A well-formed message at the wrong time.
    OutOfOrder,
    /// Audio in a form this server does not speak.
    UnsupportedFormat,
    /// A version of the protocol this server does not speak.
    UnsupportedVersion,
    /// More in one message than is taken.
    TooLarge,
    /// A message of another stream.
    WrongStream,
    /// A dialect that this socket may not speak.
    NotAllowed,
}

impl RefusalCode {
    /// The word used on the wire and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::OutOfOrder => "out_of_order",
            Self::UnsupportedFormat => "unsupported_format",
            Self::UnsupportedVersion => "unsupported_version",
            Self::TooLarge => "too_large",
            Self::WrongStream => "wrong_stream",
            Self::NotAllowed => "not_allowed",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
