//! The reports of a call: its turns, its summary, its live figures. Plain values in the units of this crate;
//! each provider's protocol has its own form of them. Must not know how the figures are made.

mod after_call;
mod consumption;
mod live;
mod tools;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dialogue::Usage;
use crate::ids::{MarkId, ToolCallId, TurnId, UtteranceId};
use crate::units::CallTime;

pub use after_call::{AfterCall, AfterState};
pub use consumption::{Consumption, TokenCount};
pub use live::{CoreUse, InboundQuality, Pong, Spread};
pub use tools::{CalledTool, ToolEnd, ToolRun};

/// A report to the client of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Report<'a> {
    /// The partial transcript while the caller still speaks.
    Hearing {
        /// The stretch of speech.
        utterance: UtteranceId,
        /// Words on which three partials agree.
        stable: &'a str,
        /// Words that may still change.
        unstable: &'a str,
    },
    /// The caller begins to make a sound.
    CallerSpeaks {
        /// Where, in milliseconds of the caller's audio.
        at_ms: u64,
    },
    /// The caller pauses.
    CallerPauses {
        /// Where, in milliseconds of the caller's audio.
        at_ms: u64,
    },
    /// The caller's turn is over: an answer to these words is coming.
    Heard {
        /// The turn.
        turn: TurnId,
        /// The words that are answered.
        text: &'a str,
    },
    /// The agent is going to say this: its audio follows, unless the caller cuts in before.
    Saying {
        /// The turn.
        turn: TurnId,
        /// A chunk of the reply, as it is written.
        text: &'a str,
        /// The mark behind its audio.
        mark: MarkId,
    },
    /// The agent calls tools.
    ToolsCalled {
        /// The turn.
        turn: TurnId,
        /// The calls, in their order.
        calls: &'a [CalledTool],
    },
    /// A tool, of the server or of its client, is under way.
    ToolBegan {
        /// The turn whose reply called it.
        turn: TurnId,
        /// Its number.
        call: ToolCallId,
        /// The tool.
        name: &'a str,
    },
    /// A tool is under way no longer.
    ToolEnded(&'a ToolRun),
    /// How a turn went.
    Turn(&'a ReportedTurn),
    /// The answer to a ping.
    Pong(&'a Pong),
    /// Something failed; the call may go on.
    Error {
        /// A word for programs.
        code: &'a str,
        /// A sentence for people.
        message: &'a str,
    },
    /// How the whole call went; the last report.
    Summary(&'a Summary),
}

/// The basis of the decision that a turn is over. Scores run from 0 (the words certainly go on) to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EndOfTurn {
    /// How complete the words are by the rules.
    pub rules: f32,
    /// The language model's probability that the turn ends with these words, if it was known in time.
    pub model: Option<f32>,
    /// The completeness that the decision used.
    pub score: f32,
    /// The silence that this score requires, in milliseconds.
    pub wait_ms: f64,
}

/// What each stage added to the caller's waiting time, in milliseconds. The stages add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Stages {
    /// From the last sound to the decision that the turn is over.
    pub endpoint_ms: f64,
    /// From the decision to the transcript; 0 if the transcript was there before.
    pub stt_ms: f64,
    /// From the transcript to the first token.
    pub llm_first_token_ms: f64,
    /// From the first token until the first chunk was synthesised.
    pub tts_first_audio_ms: f64,
    /// From the synthesised chunk until its first audible sample left.
    pub first_frame_ms: f64,
}

impl Stages {
    /// The stages with their names, in the order they happen.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("endpoint_ms", self.endpoint_ms),
            ("stt_ms", self.stt_ms),
            ("llm_first_token_ms", self.llm_first_token_ms),
            ("tts_first_audio_ms", self.tts_first_audio_ms),
            ("first_frame_ms", self.first_frame_ms),
        ]
    }

    /// From the caller's last sound to the agent's first, as the server sees it.
    #[must_use]
    pub fn total_ms(&self) -> f64 {
        self.named().into_iter().map(|(_, ms)| ms).sum()
    }
}

/// Work that was done in the silence before the decision, so that the caller did not wait for it: the part of
/// each stage before the decision, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Hidden {
    /// From the request for the transcript to the transcript.
    pub stt_ms: f64,
    /// From the request for an answer to its first token.
    pub llm_ms: f64,
    /// From the first token to the first chunk of speech.
    pub tts_ms: f64,
}

/// Whether an answer was prepared before the turn was known to be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speculation {
    /// No answer was prepared.
    #[default]
    Off,
    /// The prepared answer was spoken.
    Used,
    /// The caller went on, so the prepared answer was dropped and another one was spoken.
    Wasted,
}

/// The report of a turn when it is over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnReport {
    /// The turn; the greeting is 0.
    pub turn: TurnId,
    /// The caller's words, as the recogniser heard them.
    pub heard: String,
    /// The agent's words, as far as the caller heard them.
    pub reply: String,
    /// The end of `reply` is an estimate, because the voice gave no word times.
    pub heard_estimated: bool,
    /// The caller's last sound, on media time.
    pub speech_end: Option<CallTime>,
    /// The waterfall; absent for the greeting and for a turn that brought no sound.
    pub stages: Option<Stages>,
    /// From the caller's last sound to the first sound of the answer itself, behind any filler.
    pub answer_ms: Option<f64>,
    /// The waterfall of the answer itself, if a filler came first: `stages` then ends at the filler.
    pub answer_stages: Option<Stages>,
    /// The work that does not show in the waterfall.
    pub hidden: Option<Hidden>,
    /// From when the first 20 ms should have been played to the return of their mark: to the ear and back.
    pub mark_return_ms: Option<f64>,
    /// The caller cut in.
    pub interrupted: bool,
    /// False interruptions: pauses for sounds that did not take the turn.
    pub hiccups: u32,
    /// Whether the answer was prepared ahead.
    pub speculation: Speculation,
    /// The reply is the fallback phrase, because an engine failed.
    pub failed: bool,
    /// Why the turn was taken to be over; absent if no words of the caller decided it.
    pub end_of_turn: Option<EndOfTurn>,
    /// The language model that answered: 0 is the one in use, 1 the first stand-in.
    pub rung: usize,
    /// The answer's tokens; absent if the answer was not generated to its end.
    pub tokens: Option<Usage>,
}

/// The gain and the cost of preparing answers ahead, over a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SpeculationCount {
    /// Answers begun before the turn was known to be over.
    pub started: u32,
    /// Prepared answers that were spoken.
    pub used: u32,
    /// Prepared answers that were thrown away.
    pub thrown_away: u32,
    /// Tokens of the answers thrown away.
    pub tokens_wasted: u32,
    /// Speech synthesised for the answers thrown away, in milliseconds.
    pub audio_wasted_ms: f64,
}

/// A turn, with the facts that only the call around the conversation knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportedTurn {
    /// The turn.
    #[serde(flatten)]
    pub turn: TurnReport,
    /// The name of the language model that answered; empty if none answered.
    pub model: String,
    /// Where the caller's speech ended, in milliseconds of the caller's audio since the start of the stream.
    pub speech_end_ms: Option<f64>,
}

/// The speaker of a line of the transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The caller, as the recogniser understood it.
    Caller,
    /// The agent, as far as the caller heard it.
    Agent,
}

/// One line of the transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptLine {
    /// The turn of the line; the greeting is turn 0.
    pub turn: TurnId,
    /// The speaker.
    pub speaker: Speaker,
    /// The words.
    pub text: String,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// The kind of a failure, and who caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The peer sent a message that breaks the protocol.
    OddMessage {
        /// The number of such messages so far, this one included.
        count: u64,
        /// What is wrong with the message.
        reason: String,
    },
    /// An engine delivered nothing in time.
    Late,
    /// An engine failed, or its queue was full.
    Engine,
    /// Something that a client or an operator asked for was not done.
    NotDone,
    /// A tool of the agent failed.
    Tool,
}

/// How a call begins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Beginning {
    /// The name of the gateway's protocol, such as `twilio`.
    pub gateway: String,
    /// Samples a second, on the wire.
    pub rate: u32,
    /// The client's own name for the session, if it gave one.
    pub client_id: Option<String>,
    /// The caller's number or address, if the provider names it.
    pub from: Option<String>,
    /// The number or address that was called, if the provider names it.
    pub to: Option<String>,
    /// The data that the customer attached to the call.
    pub data: BTreeMap<String, String>,
}

/// An event in the life of a call. Each is reported once; the log, records and metrics take what they need.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// The call is established.
    Started(Beginning),
    /// A turn is over.
    Turn(ReportedTurn),
    /// What must be disclosed was spoken.
    Disclosed {
        /// The caller heard all of it.
        heard: bool,
    },
    /// This agent answers the call, or goes on with it. Told where there are several.
    Agent {
        /// Its name.
        name: String,
        /// It is the first of the call.
        first: bool,
    },
    /// A tool of the server or of its client was carried out, or was to be.
    ToolRan(ToolRun),
    /// Something went wrong; the call goes on.
    Failed(Trouble, Failure),
    /// The call is over.
    Ended(Summary),
    /// What is made of the call after its end: that it is going to be made, or what came of it. Told after
    /// [`Self::Ended`], if it is told.
    Summarised(AfterCall),
}

/// Why a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// A word for programs; there are a dozen.
    pub code: String,
    /// A sentence for people.
    pub reason: String,
}

/// How a whole call went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The server's name for the call.
    pub call_id: String,
    /// Why it ended.
    pub end: End,
    /// The client's own name for the session, if it gave one.
    pub client_id: Option<String>,
    /// The data that the customer attached to the call.
    pub data: BTreeMap<String, String>,
    /// From the start of the session to its end.
    pub duration_ms: f64,
    /// Turns answered.
    pub turns: u32,
    /// Replies that the caller interrupted.
    pub interruptions: u32,
    /// False interruptions: pauses of the agent for sounds that did not take the turn.
    pub hiccups: u32,
    /// Answers that were prepared ahead.
    pub speculation: SpeculationCount,
    /// Answers that a stand-in wrote, because the model in use failed or was late.
    pub stand_ins: u32,
    /// Turns in which the fallback phrase was spoken.
    pub fallbacks: u32,
    /// Turns in which a filler preceded the answer.
    pub fillers: u32,
    /// What the call consumed.
    pub consumed: Consumption,
    /// The conversation as the server has it.
    pub transcript: Vec<TranscriptLine>,
    /// As in a pong.
    pub latency: BTreeMap<String, Spread>,
    /// As in a pong.
    pub line: InboundQuality,
    /// Everything that went wrong.
    pub errors: Vec<Failure>,
}
