//! What the server tells about its own work, as it stands on the wire: how a turn went, how a call
//! went, how it goes now. Times are milliseconds. Must not know how the figures are made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where the time of one turn went. The stages follow each other and add up to the way from the
/// caller's last sound to the agent's first; what was done ahead of time takes 0. A stage that was
/// not reached is absent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StagesWire {
    /// From the end of the caller's speech to the decision that the turn is over.
    pub endpoint_ms: Option<f64>,
    /// From there to the transcript.
    pub stt_ms: Option<f64>,
    /// From there to the first token of the reply.
    pub llm_first_token_ms: Option<f64>,
    /// From there to the first synthesised audio.
    pub tts_first_audio_ms: Option<f64>,
    /// From there to the first audible frame handed to the socket.
    pub first_frame_ms: Option<f64>,
}

impl StagesWire {
    /// The stages with their names, in the order in which they happen.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("endpoint_ms", self.endpoint_ms),
            ("stt_ms", self.stt_ms),
            ("llm_first_token_ms", self.llm_first_token_ms),
            ("tts_first_audio_ms", self.tts_first_audio_ms),
            ("first_frame_ms", self.first_frame_ms),
        ]
    }

    /// All stages together; `None` if one of them was not reached.
    #[must_use]
    pub fn total(&self) -> Option<f64> {
        self.named().into_iter().map(|(_, ms)| ms).sum()
    }
}

/// Work on the answer that was done in the silence before the turn was known to be over. The caller
/// would have waited anyway, so that it does not count in the stages. Work that was not done is absent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HiddenWire {
    /// Of the recogniser.
    pub stt_ms: Option<f64>,
    /// Of the language model.
    pub llm_ms: Option<f64>,
    /// Of the voice.
    pub tts_ms: Option<f64>,
}

/// Whether the answer was prepared while it was not yet sure that the turn was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeculationWire {
    /// It was not.
    #[default]
    Off,
    /// It was, and was then spoken.
    Used,
    /// It was, and was thrown away: the caller went on.
    Wasted,
}

/// What preparing answers ahead brought and cost, over a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SpeculationCountWire {
    /// Answers begun before it was sure that the turn was over.
    pub started: u32,
    /// Of these, those that were spoken.
    pub used: u32,
    /// And those that were thrown away.
    pub thrown_away: u32,
    /// Tokens of the latter.
    pub tokens_wasted: u32,
    /// Speech that was made for the latter.
    pub audio_wasted_ms: f64,
}

/// Why a turn was taken to be over: how complete the caller's words were, from 0 (they go on for certain)
/// to 1. Absent where no words decided that.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndOfTurnWire {
    /// By the rules.
    pub rules: Option<f64>,
    /// The language model's probability that the turn ends with them, if it was known in time.
    pub model: Option<f64>,
    /// What they were taken for.
    pub score: Option<f64>,
    /// The silence that this asked for.
    pub wait_ms: Option<f64>,
}

/// The tokens of an answer. Absent where it was not generated to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokensWire {
    /// Of the prompt.
    pub prompt: Option<u64>,
    /// Of these, known from before and not read again.
    pub reused: Option<u64>,
    /// Read while the caller spoke.
    pub read_ahead: Option<u64>,
    /// Of these, of no use, because the words turned out to be others.
    pub read_in_vain: Option<u64>,
    /// Of the answer.
    pub generated: Option<u64>,
}

/// How one turn went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnReportWire {
    /// Counts from 1; the greeting is turn 0.
    pub turn: u32,
    /// What the recogniser understood; empty for the greeting.
    pub heard: String,
    /// What the agent said, as far as the caller heard it.
    pub reply: String,
    /// Whether the caller cut the reply.
    pub interrupted: bool,
    /// Where the time went.
    pub stages: StagesWire,
    /// From the caller's last sound to the first audible frame, by the server's own clock.
    pub v2v_ms: Option<f64>,
    /// Where the caller's speech ended, in milliseconds of the caller's audio since the start of
    /// the stream: it says to which of the caller's sentences the turn belongs.
    pub speech_end_ms: Option<f64>,
    /// Pauses of the agent that were no interruptions: it stopped for a sound and went on.
    pub hiccups: u32,
    /// Whether the answer was prepared ahead.
    pub speculation: SpeculationWire,
    /// Whether the end of `reply` is an estimate, because the voice told no word times.
    pub heard_estimated: bool,
    /// Work that the stages do not count.
    pub hidden: HiddenWire,
    /// From the moment at which the first 20 ms should have been played to the return of the mark
    /// behind them: the way to the ear and back.
    pub mark_return_ms: Option<f64>,
    /// From the caller's last sound to the first sound of the answer itself; `v2v_ms` ends with a filler.
    pub answer_ms: Option<f64>,
    /// Why the turn was taken to be over.
    pub end_of_turn: EndOfTurnWire,
    /// The name of the language model that answered; empty if none did.
    pub model: String,
    /// What the answer cost.
    pub tokens: TokensWire,
}

/// The distribution of one figure over a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SpreadWire {
    /// The latest value.
    pub last: f64,
    /// Half of the values are at most this.
    pub p50: f64,
    /// 95 of 100 values are at most this.
    pub p95: f64,
    /// The largest value.
    pub max: f64,
}

/// Live figures of a call, the answer to a ping.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PongWire {
    /// The ping's id.
    pub id: String,
    /// Turns answered so far.
    pub turns: u32,
    /// Per figure (`v2v_ms` and the names of the stages) its spread so far; a figure that has no
    /// value yet is absent.
    pub latency: BTreeMap<String, SpreadWire>,
    /// Per queue the entries waiting in it.
    pub queues: BTreeMap<String, u64>,
    /// How well the caller's audio comes.
    pub line: ReceptionWire,
    /// Per kind of work what it waited for cores and held them, over all calls since the start.
    #[serde(default)]
    pub cores: BTreeMap<String, CoresWire>,
}

/// How well the caller's audio comes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceptionWire {
    /// How unevenly its messages arrive: the interarrival jitter of RFC 3550, section 6.4.1.
    pub jitter_ms: f64,
    /// Audio that was missing in it, and made up for.
    pub concealed_ms: f64,
    /// Holes of more than a second, which nobody makes up for.
    pub jumps: u64,
    /// Messages that were out of order or lost on the way.
    pub disordered: u64,
}

/// What one kind of work has cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CoresWire {
    /// Times that cores were given.
    pub jobs: u64,
    /// Times that there was no core, or that the work was broken off while it had one.
    pub dropped: u64,
    /// Time spent waiting for cores, all together.
    pub waited_ms: f64,
    /// The longest of these.
    pub longest_wait_ms: f64,
    /// Time that cores were held, all together.
    pub held_ms: f64,
}

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerWire {
    /// The caller, as the recogniser understood it.
    Caller,
    /// The agent, as far as the caller heard it.
    Agent,
}

/// One line of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineWire {
    /// The turn it belongs to; the greeting is turn 0.
    pub turn: u32,
    /// Who spoke.
    pub speaker: SpeakerWire,
    /// The words.
    pub text: String,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorWire {
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// How a whole call went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SummaryWire {
    /// The server's name of the call.
    pub call_id: String,
    /// The client's own name of the session, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    pub speculation: SpeculationCountWire,
    /// The conversation as the server has it.
    pub transcript: Vec<LineWire>,
    /// As in a pong.
    pub latency: BTreeMap<String, SpreadWire>,
    /// As in a pong.
    pub line: ReceptionWire,
    /// Everything that went wrong.
    pub errors: Vec<ErrorWire>,
}
