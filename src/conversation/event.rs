//! What the conversation is told and what it wants done: the whole of its world. No audio in it,
//! only edges, texts, marks and times, so that a call is a small text that can be replayed.

use std::time::Duration;

use super::latency::TurnReport;
use crate::engine::{Message, WordTime};
use crate::ids::{ChunkId, MarkId, TurnId, UtteranceId};
use crate::units::CallTime;

/// Something that happened.
#[expect(missing_docs, reason = "the fields are told with their variant")]
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The gateway said that the call stands.
    CallStarted,
    /// The caller began to make a voiced sound, at this media time.
    SpeechStarted { at: CallTime },
    /// That sound has lasted long enough to be meant: `barge_in.min_speech_ms`.
    SpeechSustained,
    /// The caller paused; the last audible sound ended at this media time.
    SpeechEnded { at: CallTime },
    /// The caller's audio does not come when it should: what they are doing is not known.
    LineStalled,
    /// It has come, all of it.
    LineCaughtUp,
    /// What the caller said in `utterance` up to `heard_until`, as heard by transcription number `pass`;
    /// of what is open of it, or of a piece, as it was asked.
    Transcribed { utterance: UtteranceId, pass: u32, heard_until: CallTime, text: String, doubtful: bool },
    /// That transcription could not be made, or had to give way to more urgent work.
    TranscriptionFailed { utterance: UtteranceId, pass: u32 },
    /// The language model said a little more.
    Token { turn: TurnId, text: String },
    /// The language model has said all.
    GenerationDone { turn: TurnId },
    /// The language model could not go on.
    GenerationFailed { turn: TurnId },
    /// A piece has been synthesised.
    ChunkReady { chunk: ChunkId, duration: Duration, words: Vec<WordTime> },
    /// A piece could not be synthesised.
    SynthesisFailed { chunk: ChunkId },
    /// The first audible sample of a piece left for the gateway, which plays it at this time.
    ChunkStarted { chunk: ChunkId, plays_at: CallTime },
    /// The gateway says that everything before this mark was played.
    MarkPlayed { mark: MarkId },
    /// The client asked the agent to be quiet.
    InterruptRequested,
}

/// Something to be done, in order.
#[expect(missing_docs, reason = "the fields are told with their variant")]
#[derive(Debug, Clone, PartialEq)]
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
    /// What is heard of a caller who still speaks: words that were heard twice, and words that
    /// may yet change.
    Hearing { utterance: UtteranceId, stable: String, unstable: String },
    /// The audio of `utterance` is not needed any more.
    CloseUtterance { utterance: UtteranceId },
    /// Let the language model answer.
    Generate { turn: TurnId, messages: Vec<Message> },
    /// Stop generating and synthesising for `turn`; nothing more of it is wanted.
    Cancel { turn: TurnId },
    /// Synthesise a piece.
    Speak { turn: TurnId, chunk: ChunkId, text: String },
    /// Send a synthesised piece after `silence`, and `mark` behind it.
    Send { chunk: ChunkId, mark: MarkId, silence: Duration },
    /// Send nothing more of what was to be sent, and empty the gateway's buffer.
    ClearPlayback,
    /// A turn is over.
    TurnReport(TurnReport),
}
