//! What a call tells of itself: how a turn went, how the whole call went, how it goes now. Plain values, in the
//! house's units; each line's wire has its own form of them. Must not know how the figures are made.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialogue::Usage;
use crate::ids::{TurnId, UtteranceId};
use crate::units::CallTime;

/// Something that a call tells whoever follows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Report<'a> {
    /// What is heard of a caller who still speaks.
    Hearing {
        /// Which stretch of speech.
        utterance: UtteranceId,
        /// Words on which three looks agree.
        stable: &'a str,
        /// Words that may yet change.
        unstable: &'a str,
    },
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

/// What the decision that a turn is over rests on. Scores are from 0 (the words go on for certain) to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct EndOfTurn {
    /// How complete the words are by the rules.
    pub rules: f32,
    /// The language model's probability that the turn ends with them, if it was known in time.
    pub model: Option<f32>,
    /// How complete they were taken to be.
    pub score: f32,
    /// The silence that this asked for, in milliseconds.
    pub wait_ms: f64,
}

/// What each stage added to the caller's waiting time, in milliseconds. They add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Stages {
    /// From the last sound to the decision that the turn is over.
    pub endpoint_ms: f64,
    /// From the decision until the transcript was there; 0 if it was there before.
    pub stt_ms: f64,
    /// From there to the first token.
    pub llm_first_token_ms: f64,
    /// From the first token until the first piece was synthesised.
    pub tts_first_audio_ms: f64,
    /// From there until its first audible sample left.
    pub first_frame_ms: f64,
}

impl Stages {
    /// The stages with their names, in the order in which they happen.
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

/// Work that was done in the silence before the decision, so that the caller did not wait for it: the
/// part of each stage that lies before it, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Hidden {
    /// From the request for the transcript to the transcript.
    pub stt_ms: f64,
    /// From the request for an answer to its first token.
    pub llm_ms: f64,
    /// From there to the first piece of speech.
    pub tts_ms: f64,
}

/// Whether an answer was prepared before it was known that the turn was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speculation {
    /// It was not.
    #[default]
    Off,
    /// It was, and this is it.
    Used,
    /// It was, but the caller went on: this is another one.
    Wasted,
}

/// What is told about a turn when it is over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnReport {
    /// Which; the greeting is 0.
    pub turn: TurnId,
    /// What the caller said, as the recogniser heard it.
    pub heard: String,
    /// What the agent said, as far as the caller heard it.
    pub reply: String,
    /// Where that ends is a guess, for the voice did not tell when its words end.
    pub heard_estimated: bool,
    /// The caller's last sound, on media time.
    pub speech_end: Option<CallTime>,
    /// The waterfall; absent for the greeting and for a turn that brought no sound.
    pub stages: Option<Stages>,
    /// From the caller's last sound to the first sound of the answer itself; more than the waterfall where a
    /// filler came first.
    pub answer_ms: Option<f64>,
    /// What does not show in it.
    pub hidden: Option<Hidden>,
    /// From the moment at which the first 20 ms should have been played to the return of the mark behind
    /// them: the way to the ear and back.
    pub mark_return_ms: Option<f64>,
    /// The caller cut in.
    pub interrupted: bool,
    /// Pauses for sounds that were no interruptions.
    pub hiccups: u32,
    /// Whether the answer was prepared ahead.
    pub speculation: Speculation,
    /// The reply is the fallback phrase, because an engine failed.
    pub failed: bool,
    /// Why the turn was taken to be over; absent where no words of the caller decided that.
    pub end_of_turn: Option<EndOfTurn>,
    /// Which language model answered: 0 is the one in use, 1 the first that stands in for it.
    pub rung: usize,
    /// The answer's tokens; absent if it was not generated to its end.
    pub tokens: Option<Usage>,
}

/// What preparing answers ahead brought and cost, over a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SpeculationCount {
    /// Answers begun before it was known that the turn was over.
    pub started: u32,
    /// Of these, those that were spoken.
    pub used: u32,
    /// And those that were thrown away.
    pub thrown_away: u32,
    /// Tokens of those.
    pub tokens_wasted: u32,
    /// Speech that was synthesised for those, in milliseconds.
    pub audio_wasted_ms: f64,
}

/// A turn, with what only the call around the conversation knows of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportedTurn {
    /// The turn.
    #[serde(flatten)]
    pub turn: TurnReport,
    /// The name of the language model that answered; empty if none did.
    pub model: String,
    /// Where the caller's speech ended, in milliseconds of the caller's audio since the start of the stream.
    pub speech_end_ms: Option<f64>,
}

/// The distribution of one figure over a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spread {
    /// The latest value.
    pub last: f64,
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The largest value.
    pub max: f64,
}

/// How well the caller's audio comes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InboundQuality {
    /// How unevenly its messages arrive: the interarrival jitter of RFC 3550, section 6.4.1.
    pub jitter_ms: f64,
    /// Audio that was missing in it, and concealed.
    pub concealed_ms: f64,
    /// Holes of more than a second, which are not concealed.
    pub jumps: u64,
    /// Messages that were out of order or lost on the way.
    pub disordered: u64,
}

/// What one kind of work has cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CoreUse {
    /// Times that cores were given.
    pub jobs: u64,
    /// Times that there was no core, or that the work was broken off while it had one, by more urgent
    /// work or by its own call.
    pub dropped: u64,
    /// Time spent waiting for cores, all together.
    pub waited: Duration,
    /// The longest of these.
    pub longest_wait: Duration,
    /// Time that cores were held, all together.
    pub held: Duration,
}

/// Live figures of a call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pong {
    /// The ping's id.
    pub id: String,
    /// Turns answered so far.
    pub turns: u32,
    /// Per figure (`v2v_ms`, `answer_ms`, `mark_return_ms` and the names of the stages) its spread so far; a figure
    /// that has no value yet is absent.
    pub latency: BTreeMap<String, Spread>,
    /// Per queue the entries waiting in it.
    pub queues: BTreeMap<String, u64>,
    /// How well the caller's audio comes.
    pub line: InboundQuality,
    /// Per kind of work what it waited for cores and held them, over all calls since the start.
    pub cores: BTreeMap<String, CoreUse>,
}

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The caller, as the recogniser understood it.
    Caller,
    /// The agent, as far as the caller heard it.
    Agent,
}

/// One line of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptLine {
    /// The turn it belongs to; the greeting is turn 0.
    pub turn: TurnId,
    /// Who spoke.
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

/// What went wrong, by whose fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The peer sent a message that breaks the protocol.
    OddMessage {
        /// How many it has sent so far, with this one.
        count: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// An engine brought nothing in time.
    Late,
    /// An engine failed, or had more to do than it holds.
    Engine,
}

/// Something that happened to a call. Each is told once; the log, records and metrics take of it what they need.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// It stands.
    Started {
        /// Samples a second, on its line.
        rate: u32,
        /// The client's own name of the session, if it gave one.
        client_id: Option<String>,
        /// What the customer attached to the call.
        data: BTreeMap<String, String>,
    },
    /// A turn is over.
    Turn(ReportedTurn),
    /// Something went wrong; the call goes on.
    Failed(Trouble, Failure),
    /// It is over.
    Ended(Summary),
}

/// How a whole call went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The server's name of the call.
    pub call_id: String,
    /// The client's own name of the session, if it gave one.
    pub client_id: Option<String>,
    /// What the customer attached to the call.
    pub data: BTreeMap<String, String>,
    /// From the start of the session to its end.
    pub duration_ms: f64,
    /// Turns answered.
    pub turns: u32,
    /// Replies the caller cut.
    pub interruptions: u32,
    /// Pauses of the agent for sounds that were no interruptions.
    pub hiccups: u32,
    /// Answers that were prepared ahead.
    pub speculation: SpeculationCount,
    /// The conversation as the server has it.
    pub transcript: Vec<TranscriptLine>,
    /// As in a pong.
    pub latency: BTreeMap<String, Spread>,
    /// As in a pong.
    pub line: InboundQuality,
    /// Everything that went wrong.
    pub errors: Vec<Failure>,
}
