//! The engines: what listens, thinks and speaks. Each is a small synchronous trait, driven by
//! threads of its own (`workers`) under one arbiter of cores. Engines must not know calls,
//! gateways or the conversation: they get audio or text, and give text or audio.

pub mod arbiter;
pub mod cancel;
pub mod cores;
pub mod flite;
pub mod generating;
#[cfg(test)]
mod leaks;
pub mod llm;
pub mod runway;
pub mod start;
mod transcribing;
pub mod whisper;
pub mod workers;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use cancel::CancelFlag;

/// What an engine could not do, for a log line and for the choice of a fallback.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The job was cancelled before it was done.
    #[error("cancelled")]
    Cancelled,
    /// The input is outside what the engine takes.
    #[error("{0}")]
    BadInput(String),
    /// The engine itself failed.
    #[error("{0}")]
    Failed(String),
}

/// What stopped a model from being loaded. Its text says which file, what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{kind} model {path}: {problem}\n  {remedy}")]
pub struct LoadError {
    /// "speech-to-text" or "language".
    pub kind: &'static str,
    /// The file as given in the configuration.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
    /// The command or the setting that mends it.
    pub remedy: String,
}

/// One word of a transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardWord {
    /// As written, with its punctuation.
    pub text: String,
    /// How sure the recogniser was, 0 to 1: the probability of its least sure token.
    pub confidence: f32,
    /// About where it ends, from the start of the audio; an estimate.
    pub end: Duration,
}

/// How a transcription is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Threads.
    pub threads: usize,
    /// If the words are doubtful, try again in another way, if there is one. Not for words that are
    /// looked at again anyway.
    pub second_try: bool,
}

/// One utterance as text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcript {
    /// The words, trimmed; empty if there was no speech.
    pub text: String,
    /// The same word by word.
    pub words: Vec<HeardWord>,
    /// The recogniser is unsure of the words, or repeated itself.
    pub doubtful: bool,
    /// Mean log-probability of the tokens (natural logarithm, 0 is certain).
    pub avg_logprob: f32,
    /// The model's own probability that there was no speech, 0 to 1.
    pub no_speech: f32,
}

/// Speech to text. One instance serves one thread; instances share their weights.
pub trait Recognizer: Send {
    /// Turns mono audio at 16 kHz, in -1 to 1, into text. `cancel` ends it early.
    fn transcribe(
        &mut self,
        audio: &[f32],
        effort: Effort,
        cancel: &CancelFlag,
    ) -> Result<Transcript, EngineError>;
}

/// When a word ends, from the start of the speech it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordTime {
    /// The word as written in the text.
    pub word: String,
    /// Where it ends in the audio.
    #[serde(with = "crate::units::as_micros")]
    pub end: Duration,
}

/// One piece of synthesised speech.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Speech {
    /// Mono samples at `rate`; leading silence at most 10 ms, trailing at most 30 ms.
    pub samples: Vec<i16>,
    /// Samples a second.
    pub rate: u32,
    /// The end of every word, in order; empty if the voice cannot tell.
    pub words: Vec<WordTime>,
}

/// Text to speech.
pub trait Synthesizer: Send {
    /// Speaks `text` (already cleaned for speech, at most a few sentences).
    fn synthesize(&mut self, text: &str) -> Result<Speech, EngineError>;
}

/// Who said a line of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The instructions and facts.
    System,
    /// The caller.
    User,
    /// The agent.
    Assistant,
}

/// One line of the conversation, as the language model sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What, as plain text.
    pub text: String,
}

/// Counts the tokens of a text, as the language model does. Cheap to clone.
#[derive(Clone)]
pub struct CountTokens(Arc<dyn Fn(&str) -> usize + Send + Sync>);

impl CountTokens {
    /// Counts with this function.
    #[must_use]
    pub fn new(count: impl Fn(&str) -> usize + Send + Sync + 'static) -> Self {
        Self(Arc::new(count))
    }

    /// Tokens of `text`.
    #[must_use]
    pub fn of(&self, text: &str) -> usize {
        (self.0)(text)
    }
}

impl std::fmt::Debug for CountTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CountTokens")
    }
}

/// How tokens are chosen and how many.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// Upper limit of generated tokens.
    pub max_tokens: usize,
    /// A reply ends after this time, with what it has said. `None` is no limit.
    pub time_limit: Option<Duration>,
    /// 0 takes the likeliest token every time.
    pub temperature: f32,
    /// Only so many tokens, the likeliest. 0 is off.
    pub top_k: usize,
    /// Nucleus: the smallest set of tokens with this much probability. 1 is off.
    pub top_p: f32,
    /// Only tokens that are at least this many times as likely as the likeliest. 0 is off.
    pub min_p: f32,
    /// Divides the logits of tokens that occurred in this reply. 1 is off.
    pub repetition_penalty: f32,
    /// Leaves out tokens that no voice can speak: markup and emoji.
    pub speakable: bool,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Texts that end a reply and are not part of it.
    pub stop: Vec<String>,
}

impl Default for Sampling {
    /// The likeliest token every time, at most 60 of them, and nothing else.
    fn default() -> Self {
        Self {
            max_tokens: 60,
            time_limit: None,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            speakable: false,
            seed: 0,
            stop: Vec::new(),
        }
    }
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model said so, or a stop text came.
    EndOfText,
    /// `max_tokens` was reached, or the context is full.
    Length,
}

/// What one step of a generation brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A slice of the prompt was read; more is to do.
    Prefilled,
    /// A token's text (may be empty while a character or a possible stop text is incomplete).
    Text(String),
    /// No more will come.
    Done(StopReason),
}

/// A reply in the making. Dropping it cancels it.
pub trait Generation: Send {
    /// Does one bounded piece of work (one token, or a slice of the prompt).
    fn step(&mut self) -> Result<Step, EngineError>;
    /// Tokens of the prompt, tokens of it that were already in a cache, tokens generated so far.
    fn usage(&self) -> Usage;
}

/// Counts of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens in the prompt.
    pub prompt: usize,
    /// Of these, found in a cache and not computed again.
    pub reused: usize,
    /// Tokens generated.
    pub generated: usize,
}

/// A language model that serves many calls.
pub trait Generator: Send {
    /// Begins the answer to `messages`. `session` names the call, so that what it computed
    /// before (its history) is found again; the prefix of the system prompt is shared by all.
    fn begin(
        &mut self,
        session: &str,
        messages: &[Message],
        sampling: &Sampling,
    ) -> Result<Box<dyn Generation>, EngineError>;
    /// Forgets what is kept for `session`.
    fn end_session(&mut self, session: &str);
    /// How many tokens `text` is.
    fn count_tokens(&self, text: &str) -> usize;
}
