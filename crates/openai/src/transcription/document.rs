//! A transcription as JSON, short and long. Must not know subtitles.

use serde::Serialize;

use crate::out::{self, finite};
use crate::transcription::request::TranscriptionRequest;
use crate::transcription::spoken::{Segment, Transcription, Word, milliseconds};

/// The short document.
pub(super) fn json(spoken: &Transcription) -> String {
    out::json(&Short { text: spoken.text.trim(), usage: Usage::of(spoken) })
}

/// The long document. What our recogniser does not tell has a value that says nothing: no tokens, a seek of
/// 0, and a compression ratio of 1 (a text that repeats itself, which it is to detect, has more than 2.4).
pub(super) fn verbose(spoken: &Transcription, request: &TranscriptionRequest) -> String {
    let temperature = request.temperature.unwrap_or(0.0);
    let told = |(id, segment): (usize, &Segment)| ToldSegment {
        id,
        seek: 0,
        start: seconds(segment.start_s),
        end: seconds(segment.end_s),
        text: segment.text.clone(),
        tokens: [],
        temperature: finite(temperature),
        avg_logprob: finite(segment.avg_logprob),
        compression_ratio: 1.0,
        no_speech_prob: finite(segment.no_speech),
    };
    let granularities = request.granularities;
    out::json(&Long {
        task: "transcribe",
        language: &spoken.language,
        duration: seconds(spoken.duration_s),
        text: spoken.text.trim(),
        segments: granularities.segment.then(|| spoken.segments.iter().enumerate().map(told).collect()),
        words: granularities.word.then(|| spoken.words().map(ToldWord::of).collect()),
        usage: Usage::of(spoken),
    })
}

/// Seconds, to the millisecond: more digits are noise.
fn seconds(seconds: f64) -> f64 {
    milliseconds(seconds) as f64 / 1000.0
}

#[derive(Serialize)]
struct Short<'a> {
    text: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Long<'a> {
    task: &'static str,
    language: &'a str,
    duration: f64,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<Vec<ToldSegment>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Vec<ToldWord<'a>>>,
    usage: Usage,
}

#[derive(Serialize)]
struct ToldSegment {
    id: usize,
    seek: u32,
    start: f64,
    end: f64,
    text: String,
    tokens: [u32; 0],
    temperature: f64,
    avg_logprob: f64,
    compression_ratio: f64,
    no_speech_prob: f64,
}

#[derive(Serialize)]
struct ToldWord<'a> {
    word: &'a str,
    start: f64,
    end: f64,
}

impl<'a> ToldWord<'a> {
    fn of(word: &'a Word) -> Self {
        Self { word: &word.word, start: seconds(word.start_s), end: seconds(word.end_s) }
    }
}

/// The length of the recording. OpenAI counts seconds that have begun.
#[derive(Serialize)]
struct Usage {
    r#type: &'static str,
    seconds: u64,
}

impl Usage {
    fn of(spoken: &Transcription) -> Self {
        Self { r#type: "duration", seconds: milliseconds(spoken.duration_s).div_ceil(1000) }
    }
}
