//! Subtitles: SubRip, and WebVTT (<https://www.w3.org/TR/webvtt1/>). What was said is somebody's text: it
//! stays within its cue, which a blank line or an arrow would end. Must not know JSON.

use crate::transcription::spoken::{Transcription, milliseconds};

/// One subtitle: never blank, on one line, and shown for at least a millisecond.
struct Cue {
    start_ms: u64,
    end_ms: u64,
    text: String,
}

/// SubRip: numbers from 1, and a comma before the milliseconds.
pub(super) fn srt(spoken: &Transcription) -> String {
    let cues = cues(spoken).into_iter().enumerate();
    cues.map(|(i, cue)| {
        // SubRip has no escapes.
        let text = cue.text.replace("-->", "→");
        format!("{}\n{} --> {}\n{text}\n\n", i + 1, stamp(cue.start_ms, ','), stamp(cue.end_ms, ','))
    })
    .collect()
}

/// WebVTT: a header, and a point before the milliseconds.
pub(super) fn vtt(spoken: &Transcription) -> String {
    let cues = cues(spoken).into_iter();
    let blocks = cues.map(|cue| {
        let text = cue.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!("{} --> {}\n{text}\n\n", stamp(cue.start_ms, '.'), stamp(cue.end_ms, '.'))
    });
    std::iter::once("WEBVTT\n\n".to_owned()).chain(blocks).collect()
}

/// All segments that say something. A text without segments is one cue.
fn cues(spoken: &Transcription) -> Vec<Cue> {
    let segments = spoken.segments.iter();
    let mut cues: Vec<Cue> = segments.filter_map(|s| cue(s.start_s, s.end_s, &s.text)).collect();
    if cues.is_empty() {
        cues.extend(cue(0.0, spoken.duration_s, &spoken.text));
    }
    cues
}

fn cue(start_s: f64, end_s: f64, text: &str) -> Option<Cue> {
    // Also line ends that only some players know.
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let text = words.collect::<Vec<_>>().join(" ");
    let start_ms = milliseconds(start_s).min(LATEST_MS - 1);
    let end_ms = milliseconds(end_s).clamp(start_ms + 1, LATEST_MS);
    (!text.is_empty()).then_some(Cue { start_ms, end_ms, text })
}

/// A stamp has two digits of hours: players know no more.
const LATEST_MS: u64 = 100 * 3_600_000 - 1;

/// Hours, minutes, seconds, and milliseconds after the given mark: "00:01:02,345".
fn stamp(ms: u64, mark: char) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{mark}{:03}", ms % 1000)
}
