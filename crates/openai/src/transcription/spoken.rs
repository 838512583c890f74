//! What was heard. Must not know in which form it is told.

/// A word, and when it was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The word, without spaces around it.
    pub word: String,
    /// Its beginning, in seconds.
    pub start_s: f64,
    /// Its end, in seconds.
    pub end_s: f64,
}

/// A part of a recording, as the recogniser cut it.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Its beginning, in seconds.
    pub start_s: f64,
    /// Its end, in seconds.
    pub end_s: f64,
    /// What was said.
    pub text: String,
    /// The mean logarithm of the probabilities of its tokens: 0 at best.
    pub avg_logprob: f64,
    /// How probable it is that nothing was said, 0 to 1.
    pub no_speech: f64,
    /// Its words; none if they were not asked for.
    pub words: Vec<Word>,
}

/// A whole recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcription {
    /// Its language. OpenAI writes the name, in lower case: "english".
    pub language: String,
    /// Its length in seconds.
    pub duration_s: f64,
    /// All that was said.
    pub text: String,
    /// Its parts, in their order.
    pub segments: Vec<Segment>,
}

impl Transcription {
    /// All words, in their order.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.segments.iter().flat_map(|segment| &segment.words)
    }
}

/// A time in milliseconds. What is no number, or before the beginning, is 0.
pub(super) fn milliseconds(seconds: f64) -> u64 {
    // From a float, `as` saturates, and makes 0 of what is no number.
    (seconds * 1000.0).round() as u64
}
