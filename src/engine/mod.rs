//! The engines: they listen, think and speak. Each is a small synchronous trait, driven by its own threads
//! under one arbiter of cores, behind a port (`ports`) that takes jobs. Engines must not know calls, gateways
//! or the conversation: they get audio or text, and return text or audio.

pub mod arbiter;
pub mod buffered_playback;
pub mod cancel;
pub mod cores;
pub mod engines;
pub mod flite;
pub mod generating;
pub mod ladder;
#[cfg(test)]
mod leaks;
pub mod piper;
pub mod ports;
pub mod queue;
mod schedule;
pub mod synthesizing;
pub mod threads;
pub mod transcribing;
pub mod voice;
pub mod wanted;
pub mod whisper;

use std::time::Duration;

use crate::audio::level::audible_span;
use crate::dialogue::WordTime;
use crate::units::{duration_of, samples_in};

pub use cancel::CancelFlag;
pub use offhook_llm as llm;
pub use offhook_llm::{
    EngineError, Generation, Generator, KernelChoice, LoadError, NO_SUCH_FILE, NoRoom, Room, Rooms, Sampling,
    Share, Step, StopReason, Task, TemplateChoice, survive,
};

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

/// A chunk of synthesised speech.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Speech {
    /// Mono samples at `rate`, with at most 10 ms of leading and 30 ms of trailing silence.
    pub samples: Vec<i16>,
    /// Samples a second.
    pub rate: u32,
    /// The end of every word, in order; empty if the voice cannot tell.
    pub words: Vec<WordTime>,
}

/// Silence kept before and after the audible part of speech. That part is exact to 5 ms, so at most 10 ms of
/// silence stay before it, and at most 30 ms after it.
const LEAD: Duration = Duration::from_millis(5);
const TAIL: Duration = Duration::from_millis(25);

impl Speech {
    /// The audible part of `samples`, with its words: each with the time at which it ends in them, or `None`
    /// if it has no sound (a dash, an emoji) and ends with the word before it. Empty if nothing is audible.
    fn trimmed(
        samples: &[i16],
        rate: u32,
        words: impl IntoIterator<Item = (String, Option<Duration>)>,
    ) -> Self {
        let Some(heard) = audible_span(samples, rate) else { return Self::default() };
        let start = heard.start.saturating_sub(samples_in(LEAD, rate));
        let end = (heard.end + samples_in(TAIL, rate)).min(samples.len());
        let (cut, length) = (duration_of(start, rate), duration_of(end - start, rate));
        let mut last = Duration::ZERO;
        let words = words.into_iter().map(|(word, end)| {
            last = end.map_or(last, |end| end.saturating_sub(cut).min(length).max(last));
            WordTime { word, end: last }
        });
        Self { samples: samples[start..end].to_vec(), rate, words: words.collect() }
    }
}

/// Text to speech.
pub trait Synthesizer: Send {
    /// Speaks `text` (already cleaned for speech, at most a few sentences). `cancel` ends it early; the
    /// result is of no use then.
    fn synthesize(&mut self, text: &str, cancel: &CancelFlag) -> Result<Speech, EngineError> {
        self.synthesize_in_steps(text, cancel, &mut || {})
    }

    /// As [`Self::synthesize`]. A voice that takes long calls `between` between two steps of some 50 ms; it
    /// may wait there until no more urgent work wants the core.
    fn synthesize_in_steps(
        &mut self,
        text: &str,
        cancel: &CancelFlag,
        between: &mut dyn FnMut(),
    ) -> Result<Speech, EngineError>;
}
