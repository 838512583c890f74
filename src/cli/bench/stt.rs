//! `offhook bench stt`: the time of a transcript with the window cut to the speech and with the whole window,
//! and with references, the word errors of both.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::{name, stt_beside, stt_words};
use crate::app::engines::whisper_options;
use crate::cli::output::outln;
use crate::config::{Config, limits};
use crate::engine::flite::Flite;
use crate::engine::whisper::{self, WhisperOptions, WhisperRecognizer, Window, published};
use crate::engine::{CancelFlag, Effort, Recognizer as _, Synthesizer as _};
use crate::stats::median;
use crate::units::{PHONE_RATE, WHISPER_RATE, samples_in};

/// Tokens of a sentence per second of speech. Models with random weights stop at this number only.
const TOKENS_PER_SECOND: f32 = 3.0;

/// The text that is spoken, repeated until it is long enough.
const TEXT: &str = "Hello, I would like to know when you are open on Tuesday, whether I can park my car behind \
    the building, and how much a cleaning costs if I come without insurance, thank you very much.";

/// Arguments of `offhook bench stt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Models, by name (base.en) or path; `stt.model` if none is given.
    #[arg(long, value_name = "MODEL")]
    model: Vec<String>,
    /// Seconds of speech, at most 28.
    #[arg(long, value_name = "S", value_delimiter = ',', default_values_t = [2, 4, 8], value_parser = clap::value_parser!(u16).range(1..=28))]
    seconds: Vec<u16>,
    /// Number of threads; the number of cores if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(limits::signed(&limits::THREADS)))]
    threads: Option<u16>,
    /// Number of rounds; whole and cut windows take turns, and the medians count.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Recordings with known words: measure the word errors by length and window, and the smallest window
    /// that these weights tolerate. A table with a line "FILE<tab>WORDS" or
    /// "FILE<tab>SECONDS<tab>SOURCE<tab>WORDS" for each recording (paths relative to the table), or the
    /// folder that holds it as ref.tsv or references.tsv.
    #[arg(long, value_name = "DIR|TSV")]
    references: Option<PathBuf>,
    /// Margins of the window to try with the references, in milliseconds.
    #[arg(long, value_name = "MS", value_delimiter = ',', requires = "references", default_values_t = [160, 320, 480, 640, 960, 1280], value_parser = clap::value_parser!(u16).range(limits::signed(&limits::WINDOW_MARGIN_MS)))]
    margin: Vec<u16>,
    /// Measure this many finals instead, alone and beside another caller whose partials never stop: do
    /// partial transcripts delay the finals of another call?
    #[arg(long, value_name = "N", conflicts_with_all = ["references", "model", "threads"], value_parser = clap::value_parser!(u16).range(8..=10_000))]
    beside_partials: Option<u16>,
    /// Print one JSON object per row.
    #[arg(long)]
    json: bool,
}

/// One model with one length of speech.
#[derive(Debug, serde::Serialize)]
struct Row {
    model: String,
    speech_ms: f64,
    threads: usize,
    full_ms: f64,
    cut_ms: f64,
    /// The speed-up of the cut window.
    ratio: f64,
    /// The cut window with one thread, as for partials.
    partial_ms: f64,
}

/// Measures and prints.
pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    if let Some(finals) = args.beside_partials {
        let seconds = args.seconds.first().copied().unwrap_or(2);
        let audio = phone_speech(Duration::from_secs(seconds.into()))?;
        stt_beside::run(config, &audio, finals.into(), args.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.map_or(cores, usize::from);
    let named: Vec<PathBuf> = args.model.iter().map(|name| published::named(name)).collect();
    let models = if named.is_empty() { std::slice::from_ref(&config.stt.model) } else { &named };
    if !args.json && args.references.is_none() {
        outln!("model                          speech  full window  cut window   ratio  partial (1 thread)")?;
    }
    for model in models {
        let options = whisper_options(&config.stt, model);
        if let Some(references) = &args.references {
            stt_words::run(&options, references, &args.margin, threads, config, args.json)?;
            continue;
        }
        let options = WhisperOptions { tokens_per_second: TOKENS_PER_SECOND, ..options };
        let mut full = whisper::load(&WhisperOptions { window: Some(Window::Whole), ..options.clone() })?
            .recognizer()?;
        let mut cut = whisper::load(&options)?.recognizer()?;
        for &seconds in &args.seconds {
            let audio = speech(Duration::from_secs(seconds.into()))?;
            let row = measure(&mut full, &mut cut, &audio, threads, args.rounds)?;
            let row = Row { model: name(model), speech_ms: f64::from(seconds) * 1000.0, ..row };
            print(&row, args.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Speech of the built-in voice, of this length.
pub(in crate::cli) fn speech(lasting: Duration) -> anyhow::Result<Vec<f32>> {
    let spoken = Flite::new("slt", 1.0)?.synthesize(TEXT, &CancelFlag::default())?;
    let audio = crate::audio::resample::resample_i16(&spoken.samples, spoken.rate, WHISPER_RATE)?;
    let length = samples_in(lasting, WHISPER_RATE);
    Ok(crate::audio::to_f32(&audio).into_iter().cycle().take(length).collect())
}

/// The same speech at the phone's rate.
fn phone_speech(lasting: Duration) -> anyhow::Result<Vec<i16>> {
    let audio = crate::audio::to_i16(&speech(lasting)?);
    Ok(crate::audio::resample::resample_i16(&audio, WHISPER_RATE, PHONE_RATE)?)
}

fn measure(
    full: &mut WhisperRecognizer,
    cut: &mut WhisperRecognizer,
    audio: &[f32],
    threads: usize,
    rounds: u16,
) -> anyhow::Result<Row> {
    let all = Effort { threads, second_try: false };
    let alone = Effort { threads: 1, second_try: false };
    let mut times: [Vec<f64>; 3] = Default::default();
    time(full, audio, all)?;
    time(cut, audio, all)?;
    for _ in 0..rounds {
        times[0].push(time(full, audio, all)?);
        times[1].push(time(cut, audio, all)?);
        times[2].push(time(cut, audio, alone)?);
    }
    let [full_ms, cut_ms, partial_ms] = times.map(|times| median(times).unwrap_or_default());
    Ok(Row {
        model: String::new(),
        speech_ms: 0.0,
        threads,
        full_ms,
        cut_ms,
        ratio: full_ms / cut_ms,
        partial_ms,
    })
}

/// The time of a transcript, in ms.
pub(in crate::cli) fn time(
    recognizer: &mut WhisperRecognizer,
    audio: &[f32],
    effort: Effort,
) -> anyhow::Result<f64> {
    #[expect(clippy::disallowed_methods, reason = "the stopwatch of a benchmark")]
    let start = Instant::now();
    recognizer.transcribe(audio, effort, &CancelFlag::default())?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

fn print(row: &Row, json: bool) -> anyhow::Result<()> {
    if json {
        outln!("{}", crate::cli::json::line(row)?)?;
        return Ok(());
    }
    outln!(
        "{:<30} {:>4} s  {:>8.1} ms  {:>7.1} ms  {:>5.1} x  {:>10.1} ms",
        row.model,
        row.speech_ms / 1000.0,
        row.full_ms,
        row.cut_ms,
        row.ratio,
        row.partial_ms
    )?;
    Ok(())
}
