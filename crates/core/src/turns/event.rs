//! The events that a conversation handles and the actions that it asks for: its whole interface. They hold
//! no audio, only edges, texts, marks and times, so that a call is a small text that can be replayed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::settings::Settings;
use crate::dialogue::tools::{Conduct, Tools};
use crate::dialogue::{Message, Role, Usage, WordTime};
use crate::ids::{Asked, ChunkId, MarkId, ReadingId, ToolCallId, TurnId, UtteranceId};
use crate::report::{CalledTool, TurnReport};
use crate::units::{CallTime, as_micros};

/// Something that happened.
#[expect(missing_docs, reason = "the fields are documented with their variant")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The gateway reported that the call is established.
    CallStarted,
    /// The caller began to make a voiced sound, at this media time.
    SpeechStarted { at: CallTime },
    /// The sound has lasted long enough to be meant: `barge_in.min_speech_ms`. `level` is its level, `echo`
    /// the level of the agent's own echo if one is expected, both in dBFS.
    SpeechSustained { level: f32, echo: Option<f32> },
    /// The caller paused; the last audible sound ended at this media time.
    SpeechEnded { at: CallTime },
    /// The caller's audio does not arrive when it should: whether the caller speaks is unknown.
    LineStalled,
    /// All of the late audio has arrived.
    LineCaughtUp,
    /// The caller pressed a key.
    Key { key: char },
    /// The result of transcription number `pass`: the caller's words in `utterance` up to `heard_until`, of
    /// the open part or of a piece, whichever was asked for.
    Transcribed { utterance: UtteranceId, pass: u32, heard_until: CallTime, text: String, doubtful: bool },
    /// Transcription number `pass` could not be made, or gave way to more urgent work.
    TranscriptionFailed { utterance: UtteranceId, pass: u32 },
    /// The language model's probability that the caller's turn ends with the words it has read.
    EndOfTurnScore { asked: Asked, probability: f32 },
    /// A prefill is `done`, or could not be made.
    ReadAhead { reading: ReadingId, done: bool },
    /// The language model generated more text.
    Token { turn: TurnId, text: String },
    /// The language model has finished; `usage` is the cost in tokens.
    GenerationDone {
        turn: TurnId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    },
    /// The language model could not go on.
    GenerationFailed { turn: TurnId },
    /// A chunk has been synthesised, or the next part of it: `duration` and `words` are those so far, and
    /// `more` is to come.
    ChunkReady {
        chunk: ChunkId,
        #[serde(with = "as_micros")]
        duration: Duration,
        words: Vec<WordTime>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    },
    /// A chunk could not be synthesised.
    SynthesisFailed { chunk: ChunkId },
    /// The first audible sample of a chunk left for the gateway, which plays it at `plays_at`.
    ChunkStarted { chunk: ChunkId, plays_at: CallTime },
    /// The voice did not bring the next part of a chunk in time: after a gap of `lasting`, the chunk goes on
    /// now.
    ChunkStalled {
        chunk: ChunkId,
        #[serde(with = "as_micros")]
        lasting: Duration,
    },
    /// The mark after the first sound of a reply left for the gateway, whose playback should reach it at
    /// `due`.
    MarkSent { mark: MarkId, due: CallTime },
    /// The gateway returned this mark: everything before it was played.
    MarkPlayed { mark: MarkId },
    /// The client asked the agent to be quiet.
    InterruptRequested,
    /// A line of the conversation that nobody says now: the caller typed it, or it is from before the call.
    Remembered { role: Role, text: String },
    /// The client asks the agent to speak now: to what was typed, or by these instructions.
    AnswerRequested { instructions: String },
    /// The agent gets another system prompt.
    Instructed { system_prompt: String },
    /// The agent learns something that belongs behind its system prompt.
    Informed { text: String },
    /// The agent gets these tools, instead of those it had.
    ToolsGiven {
        tools: Tools,
        /// The system prompt that comes with them: the agent gets both or neither.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        system_prompt: Option<String>,
    },
    /// The language model cannot be held to the tools, so that there was no answer to `turn`.
    ToolsRefused { turn: TurnId },
    /// A tool that the agent called, and the client carried out, has brought this. It is answered when the
    /// client asks for an answer.
    ToolReturned { call: ToolCallId, output: String },
    /// A tool that the agent called, and the server carried out, has brought this. It is answered by itself.
    ToolDone {
        call: ToolCallId,
        output: String,
        /// It failed, and may be called again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
    },
    /// The agent is to say this as soon as nobody speaks.
    SayRequested { text: String },
    /// The client has cleared its playback: the caller heard no more than this much of the reply's audio.
    HeardNoMoreThan {
        #[serde(with = "as_micros")]
        lasting: Duration,
    },
    /// Another agent goes on with the conversation.
    AgentChanged { settings: Box<Settings> },
    /// Another language model is now in use.
    ModelsSwitched,
    /// Replies end with the sentence that reaches this number of words, from the next one on.
    ReplyWords { most: usize },
}

/// Something to be done, in order.
#[expect(missing_docs, reason = "the fields are documented with their variant")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Keep the caller's audio from this media time on (and a little before), for `utterance`.
    OpenUtterance { utterance: UtteranceId, from: CallTime },
    /// The words of `utterance` up to the pause that began at `until` are known: drop its audio, except for
    /// a little before `from`, where the caller went on.
    CommitUtterance { utterance: UtteranceId, until: CallTime, from: CallTime },
    /// Transcribe the audio of `utterance` up to now. If `partial`, only if nothing else has to wait for
    /// it.
    Transcribe { utterance: UtteranceId, pass: u32, partial: bool },
    /// Cut `utterance` at the quietest moment of its last two seconds, transcribe the audio before the cut,
    /// and keep the audio after it.
    TranscribePiece { utterance: UtteranceId, pass: u32 },
    /// The words of a caller who still speaks: those on which three partials agree, and those that may yet
    /// change.
    Hearing { utterance: UtteranceId, stable: String, unstable: String },
    /// The audio of `utterance` is not needed any more.
    CloseUtterance { utterance: UtteranceId },
    /// Let a language model answer: the one in use (`rung` 0), or one that stands in for it. A
    /// `speculative` answer may never be wanted: it must not keep other calls waiting.
    Generate {
        turn: TurnId,
        messages: Vec<Message>,
        speculative: bool,
        #[serde(default)]
        rung: usize,
    },
    /// The speculative answer is wanted.
    Release { turn: TurnId },
    /// Generate no more for `turn`; the text generated so far is still wanted.
    StopGenerating { turn: TurnId },
    /// Stop generating and synthesising for `turn`; nothing more of it is wanted.
    Cancel { turn: TurnId },
    /// Prefill these messages, which end with the caller's words so far: the next prompt will begin with
    /// them.
    Prefill { reading: ReadingId, messages: Vec<Message> },
    /// Prefill these messages, in which older ones are left out: a later prompt will begin with them. There
    /// is time for it.
    Rebuild { reading: ReadingId, messages: Vec<Message> },
    /// Synthesise a chunk.
    Speak {
        turn: TurnId,
        chunk: ChunkId,
        text: String,
        /// It fills a silence: it waits for no other text.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        urgent: bool,
    },
    /// Send a synthesised chunk after `silence`, beginning at `from` in its audio, then `mark`. Parts of it
    /// that are still to come follow by themselves. In the first chunk of a reply, the mark `first` follows
    /// the first 20 ms of sound.
    Send {
        chunk: ChunkId,
        mark: MarkId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<MarkId>,
        #[serde(with = "as_micros")]
        silence: Duration,
        #[serde(with = "as_micros")]
        from: Duration,
    },
    /// Send nothing for now, and clear the gateway's playback buffer: the audio that was cut may be sent
    /// again.
    Pause,
    /// Drop all audio that is still to be sent, and clear the gateway's playback buffer.
    ClearPlayback,
    /// Let the client carry out these calls of the reply to `turn`.
    CallTools { turn: TurnId, calls: Vec<CalledTool> },
    /// Carry out this call of the reply to `turn`, in this way.
    RunTool {
        turn: TurnId,
        call: CalledTool,
        #[serde(default)]
        conduct: Conduct,
    },
    /// This call is not to be carried out any further: its result is not awaited.
    CancelTool { call: ToolCallId },
    /// `on` did not come in time, and is awaited no longer.
    TimedOut { on: Awaited },
    /// Other instructions would leave too little room for the conversation: the ones of before stay.
    PromptTooLong { tokens: usize, most: usize },
    /// Too many sentences wait to be said: this one will not be.
    NotSaid { text: String },
    /// A turn is over.
    TurnReport(Box<TurnReport>),
    /// End the call.
    HangUp { why: Farewell },
}

/// The result that an engine did not bring in time, so that it was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// The transcript of a turn that is over.
    Transcript,
    /// The first token of an answer, from a model for which another stands in.
    StandIn,
    /// The first token of an answer, or the next one.
    Token,
    /// The speech of a text.
    Voice,
}

impl Awaited {
    /// The code, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Transcript => "transcription_late",
            Self::StandIn | Self::Token => "generation_late",
            Self::Voice => "synthesis_late",
        }
    }

    /// The message, for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Transcript => "no transcript came in time: the turn goes on without it",
            Self::StandIn => {
                "the language model sent no token within llm.fallback_after_ms: another one is asked"
            }
            Self::Token => {
                "the model sent no token within llm.first_token_timeout_ms: the fallback phrase is spoken"
            }
            Self::Voice => "no synthesised speech came in time: the rest of the text is not spoken",
        }
    }
}

/// Why the agent ends a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Farewell {
    /// Nobody spoke.
    NobodySpoke,
    /// The call reached its longest duration.
    LongestCall,
    /// There was no more to say: an answer was a goodbye.
    AllWasSaid,
    /// Turn after turn could not be answered, because engines failed or were late.
    CannotAnswer,
}

impl fmt::Display for Farewell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NobodySpoke => "nobody spoke",
            Self::LongestCall => "the call reached its longest duration",
            Self::AllWasSaid => "the agent said goodbye",
            Self::CannotAnswer => "the agent could not answer again and again",
        })
    }
}
