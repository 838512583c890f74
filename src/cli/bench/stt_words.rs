//! The word errors of windows: recordings with known words, transcribed with the whole window, with the floor
//! of stock weights, with windows cut to the speech, and streaming as in calls; and the smallest window that
//! these weights tolerate. Knows recordings and their words.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::name;
use super::timing::{ms, now};
use crate::audio::wav::Clip;
use crate::cli::offline_call::{Heard, OfflineListener};
use crate::cli::output::outln;
use crate::config::Config;
use crate::engine::whisper::{self, WhisperOptions, Window, WindowRule};
use crate::engine::{CancelFlag, Effort, Recognizer as _};
use crate::files::recordings;
use crate::scoring::{ByLength, CLASSES, Score, spoken_words};
use crate::stats::{Distribution, median};
use crate::units::PHONE_RATE;

/// The least windows that are tried, in positions, until one is as good as the whole window.
const FLOORS: [u64; 5] = [0, 128, 256, 384, 512];

/// A recording and its words.
struct Recording {
    audio: Vec<f32>,
    phone: Vec<i16>,
    length: Duration,
    words: String,
}

/// One way of transcribing all recordings.
#[derive(Debug, serde::Serialize)]
struct Row {
    model: String,
    way: String,
    #[serde(flatten)]
    score: ByLength,
    word_error_percent: f64,
    /// The median time of a recording.
    milliseconds: f64,
    /// The share of stable words that did not stay; only when streaming.
    taken_back_percent: Option<f64>,
    /// From a pause to the words before it, median and 95th percentile; only when streaming.
    final_after_ms: Option<[f64; 2]>,
}

/// The window to write beside the weights.
#[derive(Debug, serde::Serialize)]
struct Recommended {
    model: String,
    margin_ms: u64,
    least_positions: u64,
}

/// Judges one model on all recordings: a row for each way, and the smallest window that the model tolerates.
pub(super) fn run(
    options: &WhisperOptions,
    references: &Path,
    margins_ms: &[u16],
    threads: usize,
    config: &Config,
    json: bool,
) -> anyhow::Result<()> {
    let recordings = read(references)?;
    let judge = Judge { options, recordings: &recordings, threads, json };
    if !json {
        print_head(&recordings)?;
    }
    let whole = judge.window("whole window", Window::Whole, false)?;
    judge.window(
        "512 positions",
        Window::Cut(WindowRule { margin: Duration::ZERO, least_positions: 512 }),
        false,
    )?;
    let (mut good, mut margins_ms) = (None, margins_ms.to_vec());
    margins_ms.sort_unstable();
    for least_positions in FLOORS {
        for &margin_ms in &margins_ms {
            let rule = WindowRule { margin: Duration::from_millis(margin_ms.into()), least_positions };
            let floor =
                if least_positions == 0 { String::new() } else { format!(", {least_positions} positions") };
            let cut =
                judge.window(&format!("margin {margin_ms} ms{floor}"), Window::Cut(rule.clone()), false)?;
            if cut.is_as_good_as(&whole) {
                good.get_or_insert(rule);
            }
        }
        if good.is_some() {
            break;
        }
    }
    let rule = WindowRule::of(&options.model).map_err(anyhow::Error::msg)?;
    let cut = Window::Cut(rule);
    judge.window("as the weights say", cut.clone(), false)?;
    judge.window("with second looks", cut, true)?;
    judge.streaming(config)?;
    judge.recommend(good)
}

struct Judge<'a> {
    options: &'a WhisperOptions,
    recordings: &'a [Recording],
    threads: usize,
    json: bool,
}

impl Judge<'_> {
    fn window(&self, way: &str, window: Window, second_look: bool) -> anyhow::Result<ByLength> {
        let options = WhisperOptions { window: Some(window), second_look, ..self.options.clone() };
        let mut recognizer = whisper::load(&options)?.recognizer()?;
        let effort = Effort { threads: self.threads, second_try: true };
        let (mut score, mut times) = (ByLength::default(), Vec::new());
        for recording in self.recordings {
            let start = now();
            let heard = recognizer.transcribe(&recording.audio, effort, &CancelFlag::default())?;
            times.push(ms(start));
            score.add(recording.length, &recording.words, &heard.text);
        }
        self.print(&Row {
            model: name(&self.options.model),
            way: way.to_owned(),
            word_error_percent: score.all.percent(),
            score,
            milliseconds: median(times).unwrap_or_default(),
            taken_back_percent: None,
            final_after_ms: None,
        })?;
        Ok(score)
    }

    /// Streaming as in a call: through the detector, with partial transcripts, cut at pauses.
    fn streaming(&self, config: &Config) -> anyhow::Result<()> {
        let mut recognizer = whisper::load(self.options)?.recognizer()?;
        let (mut score, mut stable) = (ByLength::default(), Stable::default());
        let (mut waits, mut times) = (Vec::new(), Vec::new());
        for recording in self.recordings {
            let start = now();
            let mut listener = OfflineListener::new(&mut recognizer, self.threads, config);
            let heard = listener.hear_all(&recording.phone)?;
            times.push(ms(start));
            score.add(recording.length, &recording.words, &all_turns(&heard));
            stable.add(&heard);
            waits.append(&mut listener.final_after);
        }
        self.print(&Row {
            model: name(&self.options.model),
            way: "streaming, as in calls".to_owned(),
            word_error_percent: score.all.percent(),
            score,
            milliseconds: median(times).unwrap_or_default(),
            taken_back_percent: Some(stable.taken_back_percent()),
            final_after_ms: median_and_p95(waits),
        })
    }

    fn recommend(&self, good: Option<WindowRule>) -> anyhow::Result<()> {
        // If no smaller window is as good, recommends the whole window, by a floor of all its positions.
        let rule = good.unwrap_or(WindowRule { margin: Duration::ZERO, least_positions: 1_500 });
        let margin_ms = u64::try_from(rule.margin.as_millis())?;
        let recommended = Recommended {
            model: name(&self.options.model),
            margin_ms,
            least_positions: rule.least_positions,
        };
        if self.json {
            outln!("{}", crate::cli::json::line(&recommended)?)?;
            return Ok(());
        }
        outln!(
            "\nthe smallest window that is as good as the whole (no more wrong words in all, at most one\n\
             more in any class of length, and no more recordings without words), to write in {}:\n\n\
             margin_ms = {margin_ms}\nleast_positions = {}\nmeasured = \"{} recordings, offhook bench stt\"",
            WindowRule::file_of(&self.options.model).display(),
            rule.least_positions,
            self.recordings.len()
        )?;
        Ok(())
    }

    fn print(&self, row: &Row) -> anyhow::Result<()> {
        if self.json {
            outln!("{}", crate::cli::json::line(row)?)?;
            return Ok(());
        }
        let class = |score: &Score| match score.clips {
            0 => format!("{:>8}", "–"),
            _ => format!("{:>6.1} %", score.percent()),
        };
        let classes: Vec<String> = row.score.classes.iter().chain([&row.score.all]).map(class).collect();
        let mut more = String::new();
        if let Some(percent) = row.taken_back_percent {
            more += &format!("  {percent:.1} % of stable words taken back");
        }
        if let Some([median, p95]) = row.final_after_ms {
            more += &format!(", final {median:.0} ms after the pause was seen (p95 {p95:.0})");
        }
        outln!(
            "{:<34} {}  {:>5}  {:>7}  {:>6.0} ms{more}",
            row.way,
            classes.join("  "),
            row.score.all.empty,
            row.score.all.doubled,
            row.milliseconds
        )?;
        Ok(())
    }
}

fn print_head(recordings: &[Recording]) -> std::io::Result<()> {
    let clips = recordings.len();
    let mut sizes = ByLength::default();
    for recording in recordings {
        sizes.add(recording.length, &recording.words, "");
    }
    let of_class = |(class, score): (&&str, &Score)| format!("{} {class}", score.clips);
    let classes: Vec<String> = CLASSES.iter().zip(&sizes.classes).map(of_class).collect();
    outln!("{clips} recordings: {}; words wrong by length\n", classes.join(", "))?;
    outln!(
        "{:<34} {:>8}  {:>8}  {:>8}  {:>8}  {:>8}  {:>5}  {:>7}  {:>9}",
        "window",
        "< 1 s",
        "1–2 s",
        "2–4 s",
        "≥ 4 s",
        "all",
        "empty",
        "doubled",
        "median"
    )
}

fn median_and_p95(times: Vec<Duration>) -> Option<[f64; 2]> {
    let times: Distribution = times.into_iter().map(|time| time.as_secs_f64() * 1000.0).collect();
    Some([times.median()?, times.percentile(95.0)?])
}

/// The recordings of a table, or of the folder that holds it as `ref.tsv` or `references.tsv`.
fn read(references: &Path) -> anyhow::Result<Vec<Recording>> {
    let in_folder = ["ref.tsv", "references.tsv"].map(|name| references.join(name));
    let table = if references.is_dir() {
        in_folder
            .iter()
            .find(|table| table.is_file())
            .with_context(|| format!("{} holds neither ref.tsv nor references.tsv", references.display()))?
    } else {
        references
    };
    let text =
        std::fs::read_to_string(table).with_context(|| format!("{} cannot be read", table.display()))?;
    let folder = table.parent().unwrap_or(Path::new(""));
    let mut recordings = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (file, words) = match columns[..] {
            [file, words] | [file, _, _, words] => (file, words),
            _ => anyhow::bail!(
                "{} line {}: expected FILE<tab>WORDS, or FILE<tab>SECONDS<tab>SOURCE<tab>WORDS",
                table.display(),
                number + 1
            ),
        };
        if number == 0 && file == "file" && words == "words" {
            continue;
        }
        recordings.push(recording(&folder.join(file), words)?);
    }
    ensure!(!recordings.is_empty(), "{} names no recording", table.display());
    Ok(recordings)
}

fn recording(file: &Path, words: &str) -> anyhow::Result<Recording> {
    let clip: Clip = recordings::read(file)?;
    let phone = clip.i16_at(PHONE_RATE)?;
    let audio = crate::audio::phone_to_whisper(&phone)?;
    let length = crate::units::duration_of(phone.len(), PHONE_RATE);
    Ok(Recording { audio, phone, length, words: words.to_owned() })
}

fn all_turns(heard: &[Heard]) -> String {
    let turns = heard.iter().filter_map(|heard| match heard {
        Heard::Turn { text, .. } => Some(text.as_str()),
        Heard::Partial { .. } => None,
    });
    turns.collect::<Vec<_>>().join(" ")
}

/// The number of stable words, and of those that did not stay until their turn was over.
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
                Heard::Partial { stable, .. } => spoken_words(stable),
                Heard::Turn { text, .. } => spoken_words(text),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_words_that_go_are_counted_against_all_that_were_stable() {
        let at = crate::units::CallTime::ZERO;
        let partial = |stable: &str| Heard::Partial { at, stable: stable.into(), unstable: String::new() };
        let turn = Heard::Turn { speech_end: at, known_at: at, text: "On Thursday at ten.".into() };
        let mut stable = Stable::default();
        stable.add(&[partial("on"), partial("on Tuesday"), turn]);
        assert_eq!((stable.said, stable.gone), (2, 1));
    }

    #[test]
    fn references_are_a_table_or_its_folder_and_wrong_lines_are_told_by_number() {
        let dir = tempfile::tempdir().expect("a folder");
        let told = |text: &str| {
            std::fs::write(dir.path().join("ref.tsv"), text).expect("written");
            read(dir.path()).map(|recordings| recordings.len()).map_err(|error| format!("{error:#}"))
        };
        let caller = concat!(env!("CARGO_MANIFEST_DIR"), "/models/demo/callers/1.wav");
        assert_eq!(
            told(&format!("file\tseconds\tsource\twords\n{caller}\t1.0\tme\thello\n\n{caller}\thi")),
            Ok(2)
        );
        assert!(told("a.wav").unwrap_err().contains("ref.tsv line 1: expected FILE<tab>WORDS"));
        assert!(told("").unwrap_err().contains("names no recording"));
        assert!(told("nothing.wav\thello").unwrap_err().contains("nothing.wav"));
        std::fs::remove_file(dir.path().join("ref.tsv")).expect("removed");
        let error = read(dir.path()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("holds neither ref.tsv nor references.tsv"), "{error}");
    }
}
