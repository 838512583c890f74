//! What the conversation is told and what it wants done: the whole of its world. No audio in it,
//! only edges, texts, marks and times, so that a call is a small text that can be replayed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialogue::{Message, Usage, WordTime};
use crate::ids::{Asked, ChunkId, MarkId, ReadingId, TurnId, UtteranceId};
use crate::report::TurnReport;
use crate::units::{CallTime, as_micros};

/// Something that happened.
#[expect(missing_docs, reason = "the fields are told with their variant")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The gateway said that the call stands.
    CallStarted,
    /// The caller began to make a voiced sound, at this media time.
    SpeechStarted { at: CallTime },
    /// That sound has lasted long enough to be meant: `barge_in.min_speech_ms`. Its level, and that of
    /// the echo of the agent's own voice as far as one is expected, in dBFS.
    SpeechSustained { level: f32, echo: Option<f32> },
    /// The caller paused; the last audible sound ended at this media time.
    SpeechEnded { at: CallTime },
    /// The caller's audio does not come when it should: what they are doing is not known.
    LineStalled,
    /// It has come, all of it.
    LineCaughtUp,
    /// The caller pressed a key.
    Key { key: char },
    /// What the caller said in `utterance` up to `heard_until`, as heard by transcription number `pass`;
    /// of what is open of it, or of a piece, as it was asked.
    Transcribed { utterance: UtteranceId, pass: u32, heard_until: CallTime, text: String, doubtful: bool },
    /// That transcription could not be made, or had to give way to more urgent work.
    TranscriptionFailed { utterance: UtteranceId, pass: u32 },
    /// How likely it is, to the language model, that the caller's turn ends with the words it has read.
    EndOfTurnScore { asked: Asked, probability: f32 },
    /// What was to be read ahead is read, or could not be.
    ReadAhead { reading: ReadingId, done: bool },
    /// The language model said a little more.
    Token { turn: TurnId, text: String },
    /// The language model has said all; what it cost, in tokens.
    GenerationDone {
        turn: TurnId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    },
    /// The language model could not go on.
    GenerationFailed { turn: TurnId },
    /// A piece has been synthesised.
    ChunkReady {
        chunk: ChunkId,
        #[serde(with = "as_micros")]
        duration: Duration,
        words: Vec<WordTime>,
    },
    /// A piece could not be synthesised.
    SynthesisFailed { chunk: ChunkId },
    /// The first audible sample of a piece left for the gateway, which plays it at this time.
    ChunkStarted { chunk: ChunkId, plays_at: CallTime },
    /// The mark behind the first sound of a reply left for the gateway, which should come to it at `due`.
    MarkSent { mark: MarkId, due: CallTime },
    /// The gateway says that everything before this mark was played.
    MarkPlayed { mark: MarkId },
    /// The client asked the agent to be quiet.
    InterruptRequested,
    /// Another language model is the one in use.
    ModelsSwitched,
}

/// Something to be done, in order.
#[expect(missing_docs, reason = "the fields are told with their variant")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Keep the caller's audio from this media time on (and a little before), for `utterance`.
    OpenUtterance { utterance: UtteranceId, from: CallTime },
    /// The words of `utterance` up to the pause that began at `until` are known: forget its audio, but
    /// for a little before `from`, where the caller went on.
    CommitUtterance { utterance: UtteranceId, until: CallTime, from: CallTime },
    /// Transcribe what `utterance` holds up to now. A `partial` one only if nothing else has to wait.
    Transcribe { utterance: UtteranceId, pass: u32, partial: bool },
    /// Cut `utterance` at the quietest moment of its last two seconds, transcribe what lies before, and
    /// keep what lies behind.
    TranscribePiece { utterance: UtteranceId, pass: u32 },
    /// What is heard of a caller who still speaks: words on which three looks agree, and words that
    /// may yet change.
    Hearing { utterance: UtteranceId, stable: String, unstable: String },
    /// The audio of `utterance` is not needed any more.
    CloseUtterance { utterance: UtteranceId },
    /// Let a language model answer: the one in use (`rung` 0), or one that stands in for it. A
    /// `speculative` answer is not wanted for certain: it must not keep other calls waiting.
    Generate {
        turn: TurnId,
        messages: Vec<Message>,
        speculative: bool,
        #[serde(default)]
        rung: usize,
    },
    /// The answer that was begun speculatively is wanted.
    Release { turn: TurnId },
    /// Generate no more for `turn`; what was said of it is still wanted.
    StopGenerating { turn: TurnId },
    /// Stop generating and synthesising for `turn`; nothing more of it is wanted.
    Cancel { turn: TurnId },
    /// The caller has said this so far: the next prompt will begin so, and can be read up to here.
    Prefill { reading: ReadingId, messages: Vec<Message> },
    /// A later prompt will begin with these messages, where older ones were left out: there is time to read
    /// them.
    Rebuild { reading: ReadingId, messages: Vec<Message> },
    /// Synthesise a piece.
    Speak { turn: TurnId, chunk: ChunkId, text: String },
    /// Send a synthesised piece, from `from` in its audio on, after `silence`; and `mark` behind it. If it
    /// is the first of a reply, `first` behind the first 20 ms of its sound.
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
    /// Send nothing for now, and empty the gateway's buffer: what was cut may be sent again.
    Pause,
    /// Send nothing more of what was to be sent, and empty the gateway's buffer.
    ClearPlayback,
    /// That did not come in time, and is not waited for any more.
    TimedOut { on: Awaited },
    /// A turn is over.
    TurnReport(Box<TurnReport>),
    /// End the call.
    HangUp { why: Farewell },
}

/// What an engine is given up for when it does not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// The words of a turn that is over.
    Transcript,
    /// The first token of an answer, from a model for which another stands in.
    StandIn,
    /// The first token of an answer, or the next one.
    Token,
    /// The speech of a text.
    Voice,
}

impl Awaited {
    /// The word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Transcript => "transcription_late",
            Self::StandIn | Self::Token => "generation_late",
            Self::Voice => "synthesis_late",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Transcript => "the recogniser brought no words in time: the fallback phrase is said",
            Self::StandIn => {
                "the language model did not begin within llm.fallback_after_ms: another stands in"
            }
            Self::Token => {
                "the language model brought no token within llm.first_token_timeout_ms: the fallback phrase is said"
            }
            Self::Voice => "the voice brought no speech in time: the rest of the text is not said",
        }
    }
}

/// Why the agent ends a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Farewell {
    /// Nobody spoke.
    NobodySpoke,
    /// It lasted as long as a call may.
    LongestCall,
    /// There was no more to say: an answer was a goodbye.
    AllWasSaid,
}

impl fmt::Display for Farewell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NobodySpoke => "nobody spoke",
            Self::LongestCall => "the longest call",
            Self::AllWasSaid => "all was said",
        })
    }
}
