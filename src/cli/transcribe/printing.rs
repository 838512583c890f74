//! Prints a transcript: lines for people, subtitles, or JSON. Writes to anything; knows no audio and no
//! recogniser.

use std::io::{self, Write};
use std::time::Duration;

use owo_colors::OwoColorize as _;
use serde::Serialize;

use crate::audio::wav::Completeness;
use crate::transcript::segments::{Segment, Word};
use crate::units::tenths;

/// The form of a printed transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `[00:12 left] Text`; with `colours` at a terminal.
    Text { colours: bool },
    /// SubRip.
    Srt,
    /// One object per file, each on its own line.
    Json,
}

/// The most characters in a subtitle: two lines of 42.
const CUE_CHARACTERS: usize = 84;

/// The longest subtitle.
const CUE_TIME: Duration = Duration::from_secs(7);

/// The facts of a file after all of it was transcribed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summary {
    pub(super) file: String,
    pub(super) duration: Duration,
    pub(super) completeness: Completeness,
    pub(super) took: Duration,
}

impl Summary {
    /// The time that the transcription took, as a share of the audio's length.
    pub(super) fn real_time_factor(&self) -> f64 {
        if self.duration.is_zero() { 0.0 } else { self.took.as_secs_f64() / self.duration.as_secs_f64() }
    }
}

/// Prints one file.
pub(super) struct Printer<W> {
    out: W,
    form: Form,
    /// The number of subtitles so far.
    cues: usize,
    /// The segments so far, kept to the end for JSON.
    segments: Vec<SegmentObject>,
    empty: bool,
}

impl<W: Write> Printer<W> {
    pub(super) const fn new(out: W, form: Form) -> Self {
        Self { out, form, cues: 0, segments: Vec::new(), empty: true }
    }

    /// Prints the next segment. Segments come in order.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn segment(&mut self, segment: &Segment) -> io::Result<()> {
        self.empty = false;
        match self.form {
            Form::Text { colours } => {
                let stamp = stamp(segment);
                let stamp = if colours { stamp.dimmed().to_string() } else { stamp };
                writeln!(self.out, "{stamp} {}", segment.text)
            }
            Form::Srt => {
                for cue in cues(segment) {
                    self.cues += 1;
                    let (start, end) = (srt_time(cue.start), srt_time(cue.end));
                    let speaker = segment.channel.label().map(|name| format!("{name}: ")).unwrap_or_default();
                    writeln!(self.out, "{}\n{start} --> {end}\n{speaker}{}\n", self.cues, cue.text)?;
                }
                Ok(())
            }
            Form::Json => {
                self.segments.push(object(segment));
                Ok(())
            }
        }
    }

    /// Prints the end of the transcript. True if there were any words.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn end(mut self, summary: &Summary) -> io::Result<bool> {
        match self.form {
            Form::Text { .. } if self.empty => writeln!(self.out, "no words")?,
            Form::Text { .. } | Form::Srt => {}
            Form::Json => {
                let (truncated, missing) = match summary.completeness {
                    Completeness::Whole => (Some(false), None),
                    Completeness::Short(missing) => (Some(true), Some(missing)),
                    Completeness::Unknown => (None, None),
                };
                let report = FileObject {
                    file: &summary.file,
                    duration_ms: millis(summary.duration),
                    truncated,
                    missing_ms: missing.map(millis),
                    segments: &self.segments,
                    took_ms: millis(summary.took),
                    real_time_factor: thousandths(summary.real_time_factor()),
                };
                writeln!(self.out, "{}", serde_json::to_string(&report)?)?;
            }
        }
        self.out.flush()?;
        Ok(!self.empty)
    }
}

/// The object of a file. All times are in milliseconds.
#[derive(Serialize)]
struct FileObject<'a> {
    file: &'a str,
    duration_ms: f64,
    /// True if the header promises more audio than the file has; null if it has no length.
    truncated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_ms: Option<f64>,
    segments: &'a [SegmentObject],
    took_ms: f64,
    real_time_factor: f64,
}

#[derive(Serialize)]
struct SegmentObject {
    channel: &'static str,
    start_ms: f64,
    end_ms: f64,
    text: String,
    doubtful: bool,
    avg_logprob: f64,
    no_speech: f64,
    words: Vec<WordObject>,
}

#[derive(Serialize)]
struct WordObject {
    text: String,
    start_ms: f64,
    end_ms: f64,
    confidence: f64,
}

fn object(segment: &Segment) -> SegmentObject {
    let word = |word: &Word| WordObject {
        text: word.text.clone(),
        start_ms: millis(word.start),
        end_ms: millis(word.end),
        confidence: thousandths(word.confidence.into()),
    };
    SegmentObject {
        channel: segment.channel.name(),
        start_ms: millis(segment.start),
        end_ms: millis(segment.end),
        text: segment.text.clone(),
        doubtful: segment.doubtful,
        avg_logprob: thousandths(segment.avg_logprob.into()),
        no_speech: thousandths(segment.no_speech.into()),
        words: segment.words.iter().map(word).collect(),
    }
}

fn millis(time: Duration) -> f64 {
    tenths(time.as_secs_f64() * 1000.0)
}

/// Rounds a number to three decimals.
fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn stamp(segment: &Segment) -> String {
    let time = clock(segment.start);
    segment.channel.label().map_or_else(|| format!("[{time}]"), |name| format!("[{time} {name}]"))
}

/// Minutes and seconds, and hours if there are any.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

fn srt_time(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02},{:03}", time.subsec_millis())
}

/// One subtitle.
#[derive(Debug, PartialEq)]
struct Cue {
    start: Duration,
    end: Duration,
    text: String,
}

/// Splits a segment into subtitles of readable length, between words.
fn cues(segment: &Segment) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    for word in &segment.words {
        let fits = |cue: &&mut Cue| {
            let characters = cue.text.chars().count() + 1 + word.text.chars().count();
            characters <= CUE_CHARACTERS && word.end.saturating_sub(cue.start) <= CUE_TIME
        };
        match cues.last_mut().filter(fits) {
            Some(cue) => {
                cue.text.push(' ');
                cue.text.push_str(&word.text);
                cue.end = word.end;
            }
            None => cues.push(Cue { start: word.start, end: word.end, text: word.text.clone() }),
        }
    }
    match cues.last_mut() {
        // The end of the last word is an estimate; the end of the voice is known.
        Some(last) => last.end = segment.end,
        None => cues.push(Cue { start: segment.start, end: segment.end, text: segment.text.clone() }),
    }
    cues
}

#[cfg(test)]
mod tests;
