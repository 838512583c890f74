//! The server's reports on the wire: how a turn went, how a call went, how a call goes now. Times are in
//! milliseconds. Must not know how the figures are made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dialogue::CachedBy;

/// Where the time of one turn went. The stages follow each other and add up to the time from the caller's
/// last sound to the agent's first. Work that was done ahead takes 0. A stage that was not reached is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StagesWire {
    /// From the end of the caller's speech to the decision that the turn is over.
    pub endpoint_ms: Option<f64>,
    /// From the decision to the transcript.
    pub stt_ms: Option<f64>,
    /// From the transcript to the first token of the reply.
    pub llm_first_token_ms: Option<f64>,
    /// From the first token to the first synthesised audio.
    pub tts_first_audio_ms: Option<f64>,
    /// From the synthesised audio to the first audible frame handed to the socket.
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

/// Work on the answer that was done in the silence before the turn was known to be over. The caller would
/// have waited anyway, so this work does not count in the stages. Work that was not done is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HiddenWire {
    /// The time of the recogniser.
    pub stt_ms: Option<f64>,
    /// The time of the language model.
    pub llm_ms: Option<f64>,
    /// The time of the voice.
    pub tts_ms: Option<f64>,
}

/// Whether an answer was prepared before the turn was known to be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeculationWire {
    /// No answer was prepared.
    #[default]
    Off,
    /// The prepared answer was spoken.
    Used,
    /// The prepared answer was thrown away, because the caller went on.
    Wasted,
}

/// The gain and the cost of preparing answers ahead, over a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SpeculationCountWire {
    /// Answers begun before the turn was known to be over.
    pub started: u32,
    /// Prepared answers that were spoken.
    pub used: u32,
    /// Prepared answers that were thrown away.
    pub thrown_away: u32,
    /// Tokens of the answers thrown away.
    pub tokens_wasted: u32,
    /// Speech synthesised for the answers thrown away.
    pub audio_wasted_ms: f64,
}

/// The basis of the decision that a turn is over: how complete the caller's words were, from 0 (they
/// certainly go on) to 1. `None` if no words decided it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndOfTurnWire {
    /// The completeness by the rules.
    pub rules: Option<f64>,
    /// The language model's probability that the turn ends with these words, if it was known in time.
    pub model: Option<f64>,
    /// The completeness that the decision used.
    pub score: Option<f64>,
    /// The silence that this score requires.
    pub wait_ms: Option<f64>,
}

/// The tokens of an answer. `None` if the answer was not generated to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokensWire {
    /// Tokens in the prompt.
    pub prompt: Option<u64>,
    /// Prompt tokens that were known from before and not computed again.
    pub reused: Option<u64>,
    /// Tokens that were prefilled while the caller spoke.
    pub read_ahead: Option<u64>,
    /// Prefilled tokens that were wasted because the words changed.
    pub read_in_vain: Option<u64>,
    /// Tokens of the answer.
    pub generated: Option<u64>,
    /// How an answer was found that was given before: "exact" or "pattern".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<CachedBy>,
}

/// How one turn went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnReportWire {
    /// The number of the turn, from 1; the greeting is turn 0.
    pub turn: u32,
    /// The transcript of the caller's words; empty for the greeting.
    pub heard: String,
    /// The agent's words, as far as the caller heard them.
    pub reply: String,
    /// Whether the caller cut the reply.
    pub interrupted: bool,
    /// Where the time went, up to the first sound.
    pub stages: StagesWire,
    /// Where the time went up to the answer itself, if a filler came first; otherwise all `None`.
    pub answer_stages: StagesWire,
    /// From the caller's last sound to the first audible frame, by the server's own clock.
    pub v2v_ms: Option<f64>,
    /// Where the caller's speech ended, in milliseconds of the caller's audio since the start of the stream.
    /// This shows to which of the caller's sentences the turn belongs.
    pub speech_end_ms: Option<f64>,
    /// Where the passages stand that were looked up for the answer, the best one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// False interruptions: the agent stopped for a sound and went on.
    pub hiccups: u32,
    /// Whether the answer was prepared ahead.
    pub speculation: SpeculationWire,
    /// Whether the end of `reply` is an estimate, because the voice gave no word times.
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
    /// The cost of the answer in tokens.
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
    /// The spread so far of each figure: `v2v_ms`, `answer_ms`, `mark_return_ms` and the stages by name. A
    /// figure that has no value yet is absent.
    pub latency: BTreeMap<String, SpreadWire>,
    /// The entries waiting in each queue.
    pub queues: BTreeMap<String, u64>,
    /// The quality of the caller's audio.
    pub line: ReceptionWire,
    /// How long each kind of work waited for cores and held them, over all calls since the server started.
    #[serde(default)]
    pub cores: BTreeMap<String, CoresWire>,
    /// What the server's operator should change, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}

/// The quality of the caller's audio as it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceptionWire {
    /// How unevenly messages arrive: the interarrival jitter of RFC 3550, section 6.4.1.
    pub jitter_ms: f64,
    /// Missing audio that was concealed.
    pub concealed_ms: f64,
    /// Holes of a second or more, which are not concealed.
    pub jumps: u64,
    /// Messages that were out of order or lost on the way.
    pub disordered: u64,
}

/// The cost of one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CoresWire {
    /// How often cores were granted.
    pub jobs: u64,
    /// How often there was no core, or the work was broken off while it had one.
    pub dropped: u64,
    /// The total time spent waiting for cores.
    pub waited_ms: f64,
    /// The longest single wait.
    pub longest_wait_ms: f64,
    /// The total time that cores were held.
    pub held_ms: f64,
}

/// The speaker of a line.
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
    /// The turn of the line; the greeting is turn 0.
    pub turn: u32,
    /// The speaker.
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

/// Why a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndWire {
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub reason: String,
}

/// What a call consumed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsumptionWire {
    /// Tokens of all prompts.
    pub prompt_tokens: u64,
    /// Prompt tokens that were known from before and not computed again.
    pub reused_tokens: u64,
    /// Tokens of all answers.
    pub generated_tokens: u64,
    /// Audio that came from the caller, in seconds.
    pub caller_audio_s: f64,
    /// Audio of the agent that was sent, in seconds, with the pauses between its sentences.
    pub agent_audio_s: f64,
    /// Processor time that was spent on the call, in seconds of one core.
    pub cpu_s: f64,
}

/// How a whole call went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SummaryWire {
    /// The server's id of the call.
    pub call_id: String,
    /// Why the call ended.
    pub end: EndWire,
    /// The client's own id of the session, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The data that the customer attached to the call.
    pub data: BTreeMap<String, String>,
    /// From the start of the session to its end.
    pub duration_ms: f64,
    /// Turns answered.
    pub turns: u32,
    /// Replies that the caller cut.
    pub interruptions: u32,
    /// False interruptions: pauses of the agent for a sound.
    pub hiccups: u32,
    /// Answers that were prepared ahead.
    pub speculation: SpeculationCountWire,
    /// Answers that a stand-in wrote, because the model in use failed or was late.
    pub stand_ins: u32,
    /// Turns in which the fallback phrase was spoken.
    pub fallbacks: u32,
    /// Turns in which a filler preceded the answer.
    pub fillers: u32,
    /// What the call consumed.
    pub consumed: ConsumptionWire,
    /// The conversation as the server has it.
    pub transcript: Vec<LineWire>,
    /// The spread of each figure, as in a pong.
    pub latency: BTreeMap<String, SpreadWire>,
    /// The quality of the caller's audio, as in a pong.
    pub line: ReceptionWire,
    /// Everything that went wrong.
    pub errors: Vec<ErrorWire>,
}
