//! `offhook transcribe --stream`: prints words as they appear, become stable and become turns.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use owo_colors::OwoColorize as _;

use super::{Heard, OfflineListener, frames};
use crate::audio::wav::Clip;
use crate::config::Config;
use crate::engine::whisper::WhisperRecognizer;
use crate::units::{CallTime, FRAME, PHONE_RATE, tenths};

/// Characters of a terminal's line that are overwritten as words come.
const LINE: usize = 76;

/// One line of JSON.
#[derive(serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Hearing { at_ms: f64, stable: &'a str, unstable: &'a str },
    Turn { speech_end_ms: f64, known_ms: f64, text: &'a str },
}

/// Plays a recording to an [`OfflineListener`] and prints the transcripts: at a terminal at the pace of
/// speech, elsewhere one line per turn, or with `json` one object per transcript.
pub(in crate::cli) fn show(
    clip: &Clip,
    recognizer: &mut WhisperRecognizer,
    threads: usize,
    config: &Config,
    json: bool,
) -> anyhow::Result<()> {
    let terminal = std::io::stdout().is_terminal() && !json;
    let mut listener = OfflineListener::new(recognizer, threads, config);
    let samples = clip.i16_at(PHONE_RATE)?;
    #[expect(clippy::disallowed_methods, reason = "words appear when they would on a call")]
    let start = Instant::now();
    let mut due = Duration::ZERO;
    for frame in frames(&samples) {
        due += FRAME;
        if terminal {
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
        print(&listener.hear(&frame)?, terminal, json)?;
    }
    print(&listener.finish()?, terminal, json)
}

fn print(heard: &[Heard], terminal: bool, json: bool) -> anyhow::Result<()> {
    let mut out = crate::cli::output::stdout();
    for heard in heard {
        match heard {
            _ if json => writeln!(out, "{}", serde_json::to_string(&line(heard))?)?,
            Heard::Partial { stable, unstable, .. } if terminal => {
                let room = LINE.saturating_sub(unstable.chars().count());
                write!(out, "\r\x1b[K{} {}", end_of(stable, room), unstable.dimmed())?;
            }
            Heard::Partial { .. } => {}
            Heard::Turn { speech_end, known_at, text } if terminal => {
                let after = known_at.millis_after(*speech_end);
                writeln!(
                    out,
                    "\r\x1b[K{} {}",
                    text.bold(),
                    format!("({after:.0} ms after the end)").dimmed()
                )?;
            }
            Heard::Turn { text, .. } => writeln!(out, "{text}")?,
        }
    }
    Ok(out.flush()?)
}

/// The last `room` characters of a text, because a text longer than the line cannot be overwritten.
fn end_of(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    std::iter::once('…').chain(text.chars().skip(length + 1 - room.max(1))).collect()
}

fn line(heard: &Heard) -> Line<'_> {
    let millis = |at: &CallTime| tenths(at.millis_after(CallTime::ZERO));
    match heard {
        Heard::Partial { at, stable, unstable } => Line::Hearing { at_ms: millis(at), stable, unstable },
        Heard::Turn { speech_end, known_at, text } => {
            Line::Turn { speech_end_ms: millis(speech_end), known_ms: millis(known_at), text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_milliseconds_to_a_tenth() {
        let at = |micros| CallTime::from_micros(micros);
        let turn = Heard::Turn { speech_end: at(1_234_567), known_at: at(1_500_000), text: "Hi.".into() };
        assert_eq!(
            serde_json::to_string(&line(&turn)).expect("JSON"),
            r#"{"type":"turn","speech_end_ms":1234.6,"known_ms":1500.0,"text":"Hi."}"#
        );
    }

    #[test]
    fn what_does_not_fit_in_a_line_loses_its_beginning() {
        assert_eq!(end_of("one two", 7), "one two");
        assert_eq!(end_of("one two three", 6), "…three");
        assert_eq!(end_of("one two", 0), "…");
    }
}
