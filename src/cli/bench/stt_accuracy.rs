//! Word error rates: by the margin of the window, and of the streaming way against whole files. Knows
//! recordings and their words; no times.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::name;
use crate::audio::wav::{self, Clip};
use crate::cli::stream::{Heard, Listener};
use crate::config::Config;
use crate::engine::whisper::{self, WhisperOptions};
use crate::engine::{CancelFlag, Effort, Recognizer as _};
use crate::units::PHONE_RATE;

/// One way of transcribing all recordings.
#[derive(Debug, serde::Serialize)]
struct Row {
    model: String,
    way: String,
    recordings: usize,
    word_error_percent: f64,
    /// Of the words that were stable at some time, those that did not stay; of the streaming way.
    taken_back_percent: Option<f64>,
    /// From a pause to the words before it; of the streaming way.
    final_after_ms: Option<[f64; 2]>,
}

/// Judges one model on all recordings and prints a row for each way.
pub(super) fn run(
    options: &WhisperOptions,
    references: &Path,
    margins_ms: &[u16],
    threads: usize,
    config: &Config,
    json: bool,
) -> anyhow::Result<()> {
    let recordings = read(references)?;
    let model = name(&options.model);
    let margin = |&ms: &u16| (format!("margin {ms} ms"), Duration::from_millis(ms.into()), false);
    let margins = margins_ms.iter().map(margin);
    let whole = ("whole window".to_owned(), Duration::ZERO, true);
    for (way, window_margin, full_window) in margins.chain([whole]) {
        let options = WhisperOptions { window_margin, full_window, ..options.clone() };
        let mut recognizer = whisper::load(&options)?.recognizer()?;
        let mut errors = Errors::default();
        for (clip, words) in &recordings {
            let audio = crate::audio::phone_to_whisper(&clip.i16_at(PHONE_RATE)?)?;
            let effort = Effort { threads, second_try: false };
            let heard = recognizer.transcribe(&audio, effort, &CancelFlag::default())?;
            errors.add(words, &heard.text);
        }
        let row = Row {
            model: model.clone(),
            way,
            recordings: recordings.len(),
            word_error_percent: errors.percent(),
            taken_back_percent: None,
            final_after_ms: None,
        };
        print(&row, json)?;
    }
    let mut recognizer = whisper::load(options)?.recognizer()?;
    let (mut errors, mut stable, mut waits) = (Errors::default(), Stable::default(), Vec::new());
    for (clip, words) in &recordings {
        let mut listener = Listener::new(&mut recognizer, threads, config);
        let heard = listener.hear_all(&clip.i16_at(PHONE_RATE)?)?;
        errors.add(words, &all_turns(&heard));
        stable.add(&heard);
        waits.append(&mut listener.final_after);
    }
    let row = Row {
        model,
        way: "streaming".to_owned(),
        recordings: recordings.len(),
        word_error_percent: errors.percent(),
        taken_back_percent: Some(stable.taken_back_percent()),
        final_after_ms: median_and_p95(waits),
    };
    print(&row, json)
}

fn median_and_p95(mut times: Vec<Duration>) -> Option<[f64; 2]> {
    times.sort();
    let last = times.len().checked_sub(1)?;
    Some([last / 2, last * 95 / 100].map(|rank| times[rank].as_secs_f64() * 1000.0))
}

fn read(references: &Path) -> anyhow::Result<Vec<(Clip, String)>> {
    let text = std::fs::read_to_string(references)
        .with_context(|| format!("{} cannot be read; expected lines FILE<tab>WORDS", references.display()))?;
    let folder = references.parent().unwrap_or(Path::new(""));
    let mut recordings = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (file, words) = line.split_once('\t').with_context(|| {
            format!("{} line {}: expected FILE<tab>WORDS", references.display(), number + 1)
        })?;
        let path: PathBuf = folder.join(file);
        recordings.push((wav::read_file(&path)?, words.to_owned()));
    }
    ensure!(!recordings.is_empty(), "{} names no recording", references.display());
    Ok(recordings)
}

fn all_turns(heard: &[Heard]) -> String {
    let turns = heard.iter().filter_map(|heard| match heard {
        Heard::Turn { text, .. } => Some(text.as_str()),
        Heard::Partial { .. } => None,
    });
    turns.collect::<Vec<_>>().join(" ")
}

/// Words that were stable, and those of them that did not stay until their turn was over.
#[derive(Default)]
struct Stable {
    said: usize,
    gone: usize,
}

impl Stable {
    fn add(&mut self, heard: &[Heard]) {
        let mut before: Vec<String> = Vec::new();
        for heard in heard {
            let now = match heard {
                Heard::Partial { stable, .. } => plain(stable),
                Heard::Turn { text, .. } => plain(text),
            };
            let kept = before.iter().zip(&now).take_while(|(a, b)| a == b).count();
            self.gone += before.len() - kept;
            match heard {
                Heard::Partial { .. } => {
                    self.said += now.len() - kept;
                    before = now;
                }
                Heard::Turn { .. } => before.clear(),
            }
        }
    }

    fn taken_back_percent(&self) -> f64 {
        100.0 * self.gone as f64 / self.said.max(1) as f64
    }
}

/// Word errors over words.
#[derive(Default)]
struct Errors {
    wrong: usize,
    words: usize,
}

impl Errors {
    fn add(&mut self, said: &str, heard: &str) {
        let said = plain(said);
        self.wrong += distance(&said, &plain(heard));
        self.words += said.len();
    }

    fn percent(&self) -> f64 {
        100.0 * self.wrong as f64 / self.words.max(1) as f64
    }
}

/// Words without case and punctuation.
fn plain(text: &str) -> Vec<String> {
    let word = |word: &str| -> String {
        word.chars().filter(|c| c.is_alphanumeric() || *c == '\'').flat_map(char::to_lowercase).collect()
    };
    text.split_whitespace().map(word).filter(|word| !word.is_empty()).collect()
}

/// The fewest words to put in, take out or replace (Levenshtein).
fn distance(a: &[String], b: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn print(row: &Row, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(row)?);
        return Ok(());
    }
    let mut more = String::new();
    if let Some(percent) = row.taken_back_percent {
        more += &format!(", {percent:.1} % of stable words taken back");
    }
    if let Some([median, p95]) = row.final_after_ms {
        more += &format!(", final {median:.0} ms after the pause was seen (p95 {p95:.0})");
    }
    println!("{:<30} {:<16} {:>5.1} % of words wrong{more}", row.model, row.way, row.word_error_percent);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_errors_are_counted_without_case_and_punctuation() {
        let mut errors = Errors::default();
        errors.add("When do you open, please?", "when you open police today");
        assert_eq!((errors.wrong, errors.words), (3, 5));
        assert_eq!(distance(&[], &plain("a b")), 2);
    }

    #[test]
    fn stable_words_that_go_are_counted_against_all_that_were_stable() {
        let at = crate::units::CallTime::ZERO;
        let partial = |stable: &str| Heard::Partial { at, stable: stable.into(), unstable: String::new() };
        let turn = Heard::Turn { speech_end: at, known_at: at, text: "On Thursday at ten.".into() };
        let mut stable = Stable::default();
        stable.add(&[partial("on"), partial("on Tuesday"), turn]);
        assert_eq!((stable.said, stable.gone), (2, 1));
    }
}
