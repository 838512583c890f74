//! The engines: they listen, think and speak. Each is a small synchronous trait, driven by its own threads
//! under one arbiter of cores, behind a port (`ports`) that takes jobs. Engines must not know calls, gateways
//! or the conversation: they get audio or text, and return text or audio.

pub mod answer_cache;
pub mod arbiter;
pub mod buffered_playback;
pub mod cancel;
pub mod cores;
pub mod cpu_time;
pub mod engines;
pub mod faults;
pub mod flite;
pub mod generating;
pub mod grammars;
pub mod guarded;
pub mod health;
pub mod ladder;
#[cfg(test)]
mod leaks;
pub mod measures;
pub mod phrase_cache;
pub mod piper;
pub mod pitch;
pub mod ports;
pub mod queue;
pub mod requests;
pub mod route;
mod schedule;
pub mod scripted;
pub mod sharing;
#[cfg(feature = "sherpa")]
pub mod sherpa;
pub mod speech;
pub mod standby;
pub mod synthesizing;
pub mod threads;
mod to_phone;
pub mod tool_answers;
pub mod transcribing;
pub mod voice;
pub mod voices;
pub mod wanted;
pub mod watch;
pub mod whisper;

use std::time::Duration;

pub use cancel::CancelFlag;
pub use offhook_llm as llm;
pub use offhook_llm::{
    EngineError, Generation, Generator, KernelChoice, LoadError, NO_SUCH_FILE, NoRoom, Room, Rooms, Sampling,
    Share, Step, StopReason, Task, TemplateChoice, survive,
};
pub use speech::{Part, Rendering, Speech, Synthesizer, Whole};

/// One word of a transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardWord {
    /// As written, with its punctuation.
    pub text: String,
    /// The confidence of the recogniser, 0 to 1: the probability of the least certain token.
    pub confidence: f32,
    /// Roughly when it ends, from the start of the audio; an estimate.
    pub end: Duration,
}

/// The effort of a transcription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// The number of threads.
    pub threads: usize,
    /// Transcribe again in another way if the words are doubtful, where there is another way. Not for words
    /// that will be transcribed again anyway.
    pub second_try: bool,
}

/// One utterance as text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcript {
    /// The words, trimmed; empty if there was no speech.
    pub text: String,
    /// The text, word by word.
    pub words: Vec<HeardWord>,
    /// The recogniser is unsure of the words, or repeated itself.
    pub doubtful: bool,
    /// Mean log-probability of the tokens (natural logarithm, 0 is certain).
    pub avg_logprob: f32,
    /// The model's own probability that there was no speech, 0 to 1.
    pub no_speech: f32,
}

/// Speech to text. An instance serves one thread; instances share their weights.
pub trait Recognizer: Send {
    /// Turns mono audio at 16 kHz, in -1 to 1, into text. `cancel` ends it early.
    fn transcribe(
        &mut self,
        audio: &[f32],
        effort: Effort,
        cancel: &CancelFlag,
    ) -> Result<Transcript, EngineError>;
}
