//! The jobs of a call for the engines, and their outcomes. A job is a number and a description. Which engine
//! works on a job, and how a job is cancelled, is the driver's affair.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dialogue::tools::{Conduct, ToolCall, Tools};
use crate::dialogue::{Message, Usage, WordTime};
use crate::ids::ToolCallId;

/// The number of a job. A call never uses a number twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct JobId(u32);

impl JobId {
    /// The number after this one.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// The description of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Transcribe speech.
    Hear {
        /// Mono samples at the phone's rate.
        samples: Vec<i16>,
        /// The caller is not done: the words are wanted now or not at all.
        partial: bool,
    },
    /// Answer a conversation.
    Answer {
        /// The conversation so far.
        messages: Vec<Message>,
        /// The tools that the answer may call; `None` if it may call none.
        tools: Option<Arc<Tools>>,
        /// The language model: 0 is the one in use, 1 the first stand-in.
        rung: usize,
        /// The answer is certainly wanted. A speculative answer must not keep other calls waiting.
        wanted: bool,
        /// The most tokens of the answer, if the client limits them more than the server does.
        most_tokens: Option<usize>,
    },
    /// Prefill a conversation that will be answered later.
    ReadAhead {
        /// The conversation so far.
        messages: Vec<Message>,
        /// The messages are a new beginning of the prompt, not the words of a caller who still speaks.
        rebuild: bool,
    },
    /// Speak a text.
    Speak {
        /// Spoken words: numbers and signs are spelled out.
        text: String,
        /// The first chunk of a reply: the caller waits for it.
        first: bool,
        /// The speech is certainly wanted, as with an answer.
        wanted: bool,
    },
    /// Carry out a call of a tool of the server.
    CallTool {
        /// Its number in this telephone call.
        id: ToolCallId,
        /// The tool and its arguments.
        call: ToolCall,
        /// Whether it stops when the caller takes the turn or is gone, and whether the same arguments ask for
        /// the same thing.
        conduct: Conduct,
    },
}

/// Speech of a text, or the next part of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SpokenPart {
    /// Mono samples at the phone's rate, which follow those of the part before.
    #[serde(with = "super::base64_samples")]
    pub samples: Vec<i16>,
    /// The words that end in this part, and when, from the beginning of the speech; empty if the voice gives
    /// no word times.
    pub words: Vec<WordTime>,
}

/// An outcome of a job. The last outcome of each job is one of [`Self::Heard`], [`Self::Done`],
/// [`Self::Spoken`], [`Self::Returned`], [`Self::GaveWay`], [`Self::Failed`], [`Self::ToolsRefused`] and
/// [`Self::Overloaded`]. A cancelled job needs no outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The words of an utterance.
    Heard {
        /// Trimmed; empty if there was no speech.
        text: String,
        /// The recogniser is unsure of the words.
        doubtful: bool,
    },
    /// A language model works on the job.
    Begun {
        /// The name of the model in the configuration.
        model: String,
    },
    /// The next token of an answer.
    Token(String),
    /// The probability that the caller's turn ends with the words in the prompt, 0 to 1.
    EndOfTurn(f32),
    /// An answer or a prefill is complete.
    Done(Usage),
    /// The next part of the speech of a text; more follows.
    Speaking(SpokenPart),
    /// The last part of the speech of a text, or all of it.
    Spoken(SpokenPart),
    /// A tool has brought this.
    Returned(String),
    /// The job gave way to more urgent work.
    GaveWay,
    /// The engine failed, for this reason (for people).
    Failed(String),
    /// The language model cannot be held to the tools, for this reason (for people).
    ToolsRefused(String),
    /// The engines have more to do than they can hold: this queue is full.
    Overloaded(String),
}

impl Outcome {
    /// True if the job has no more outcomes.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        match self {
            Self::Begun { .. } | Self::Token(_) | Self::EndOfTurn(_) | Self::Speaking(_) => false,
            Self::Heard { .. }
            | Self::Done(_)
            | Self::Spoken(_)
            | Self::Returned(_)
            | Self::GaveWay
            | Self::Failed(_)
            | Self::ToolsRefused(_)
            | Self::Overloaded(_) => true,
        }
    }
}
