//! What a call wants of the engines, and what comes of it. A job is a number and a description: who works on it, and
//! how it is broken off, is the driver's affair.

use crate::dialogue::{Message, Usage, WordTime};

/// A job of one call. Numbers are never used again in the same call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct JobId(u32);

impl JobId {
    /// The number after this one.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// What is to be done.
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
        /// Which language model: 0 is the one in use, 1 the first that stands in for it.
        rung: usize,
        /// It is wanted for certain; one that is not must keep no other call waiting.
        wanted: bool,
    },
    /// Read a conversation that will be answered later.
    ReadAhead {
        /// The conversation so far.
        messages: Vec<Message>,
        /// It is not what is read while the caller speaks, but a beginning that was made anew.
        rebuild: bool,
    },
    /// Speak a text.
    Speak {
        /// Cleaned for speech.
        text: String,
        /// The first piece of a reply: the caller waits for it.
        first: bool,
        /// As of an answer.
        wanted: bool,
    },
}

/// What came of a job. The last outcome of each is one of [`Self::Heard`], [`Self::Done`], [`Self::Spoken`],
/// [`Self::GaveWay`], [`Self::Failed`] and [`Self::Overloaded`]; of a job that was cancelled, none is needed.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The words of an utterance.
    Heard {
        /// Trimmed; empty if there was no speech.
        text: String,
        /// The recogniser is unsure of them.
        doubtful: bool,
    },
    /// A language model of this name works on it.
    Begun {
        /// As the configuration names it.
        model: String,
    },
    /// The next token of an answer.
    Token(String),
    /// How likely it is that the caller's turn ends with the words that were read, 0 to 1.
    EndOfTurn(f32),
    /// All of an answer came, or all was read.
    Done(Usage),
    /// The speech of a text.
    Spoken {
        /// Mono samples at the phone's rate.
        samples: Vec<i16>,
        /// When each word ends; empty if the voice cannot tell.
        words: Vec<WordTime>,
    },
    /// More urgent work took its place.
    GaveWay,
    /// The engine failed; why, for people.
    Failed(String),
    /// There is more to do than the engines hold; which queue is full.
    Overloaded(String),
}

impl Outcome {
    /// Nothing more comes of the job.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        match self {
            Self::Begun { .. } | Self::Token(_) | Self::EndOfTurn(_) => false,
            Self::Heard { .. }
            | Self::Done(_)
            | Self::Spoken { .. }
            | Self::GaveWay
            | Self::Failed(_)
            | Self::Overloaded(_) => true,
        }
    }
}
