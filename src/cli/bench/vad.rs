//! `offhook bench vad`: every detector, in the listener of a call, against known speech.

use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::vad_clips::{self, Labelled};
use crate::cli::output::outln;
use crate::config::Config;
use crate::config::call::listener;
use crate::stats::median;
use crate::units::{CallTime, FRAME, FRAME_SAMPLES, PHONE_RATE, duration_of};
use crate::vad::{DetectorChoice, Edge};

/// A start of speech further than this from any true speech is a false start.
const NEAR: Duration = Duration::from_millis(200);

/// Arguments of `offhook bench vad`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder with `vad/` (NAME.wav, and NAME.spans with a line "start end" in seconds for each span of
    /// speech), `speech/` and `noise/`. Without it, the demo's callers and white noise are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Ratios of speech to noise, in dB.
    #[arg(long, value_name = "DB", value_delimiter = ',', default_values_t = [20.0, 10.0, 5.0, 0.0], allow_hyphen_values = true)]
    snr: Vec<f32>,
    /// Print one JSON object per row.
    #[arg(long)]
    json: bool,
}

/// One detector on one clip.
#[derive(Debug, serde::Serialize)]
struct Row {
    detector: String,
    clip: String,
    /// The harmonic mean of precision and recall, over frames.
    f1: f64,
    /// Starts of speech although nobody spoke, per minute without speech.
    false_starts_per_minute: f64,
    /// From the true start to the moment at which the start was known; median.
    onset_ms: Option<f64>,
    /// From the true end to the moment at which the pause was known; median.
    offset_ms: Option<f64>,
    /// True spans in which no speech was found, in percent.
    missed_percent: f64,
    /// The number of calls that one core could serve.
    calls_per_core: f64,
}

/// Judges the detectors and prints the table.
pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let clips = vad_clips::all(args.data.as_deref(), &args.snr)?;
    let mut choices: Vec<DetectorChoice> = (0..=3).map(DetectorChoice::WebRtc).collect();
    choices.extend([0.3, 0.4, 0.5, 0.6, 0.7].map(DetectorChoice::Earshot));
    let mut rows = Vec::new();
    for clip in &clips {
        for &choice in &choices {
            rows.push(judge(choice, clip, config));
        }
    }
    let means: Vec<Row> = choices.iter().map(|choice| mean(&choice.to_string(), &rows)).collect();
    rows.extend(means);
    if args.json {
        for row in &rows {
            outln!("{}", crate::cli::json::line(row)?)?;
        }
    } else {
        print(&rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// An edge, and the time at which it was known.
struct Known {
    edge: Edge,
    at: Duration,
}

fn judge(choice: DetectorChoice, clip: &Labelled, config: &Config) -> Row {
    let mut ears = listener(config, choice);
    #[expect(clippy::disallowed_methods, reason = "the stopwatch of a benchmark")]
    let start = Instant::now();
    let (mut edges, mut at) = (Vec::new(), Duration::ZERO);
    for frame in clip.samples.chunks_exact(FRAME_SAMPLES) {
        at += FRAME;
        let heard = ears.hear(frame, CallTime::ZERO + at);
        edges.extend(heard.into_iter().map(|edge| Known { edge, at }));
    }
    let took = start.elapsed();
    let length = duration_of(clip.samples.len(), PHONE_RATE);
    let found = found_spans(&edges, length);
    let outside = |t: Duration| clip.speech.iter().all(|s| t + NEAR < s.start || t > s.end + NEAR);
    let silence = length.saturating_sub(clip.speech.iter().map(|s| s.end - s.start).sum());
    let false_starts =
        found.iter().filter(|s| outside(s.start) && outside(s.end.min(s.start + NEAR))).count();
    let missed = clip.speech.iter().filter(|s| !found.iter().any(|f| overlap(f, s))).count();
    Row {
        detector: choice.to_string(),
        clip: clip.name.clone(),
        f1: f1(&found, &clip.speech, length),
        false_starts_per_minute: false_starts as f64 / (silence.as_secs_f64() / 60.0).max(0.01),
        onset_ms: median(delays(&clip.speech, |s| s.start, &edges, |e| matches!(e, Edge::Started(_)))),
        offset_ms: median(delays(&clip.speech, |s| s.end, &edges, |e| matches!(e, Edge::Paused(_)))),
        missed_percent: 100.0 * missed as f64 / clip.speech.len().max(1) as f64,
        calls_per_core: length.as_secs_f64() / took.as_secs_f64().max(1e-9),
    }
}

fn found_spans(edges: &[Known], length: Duration) -> Vec<Range<Duration>> {
    let mut spans: Vec<Range<Duration>> = Vec::new();
    for known in edges {
        match known.edge {
            Edge::Started(at) => spans.push(at - CallTime::ZERO..length),
            Edge::Paused(at) => {
                if let Some(last) = spans.last_mut() {
                    last.end = at - CallTime::ZERO;
                }
            }
            Edge::Sustained => {}
        }
    }
    spans
}

fn overlap(a: &Range<Duration>, b: &Range<Duration>) -> bool {
    a.start < b.end && b.start < a.end
}

/// The F1 score over frames. A frame counts as speech if its middle is in speech.
fn f1(found: &[Range<Duration>], truth: &[Range<Duration>], length: Duration) -> f64 {
    let frames = (length.as_micros() / FRAME.as_micros()) as u32;
    let (mut both, mut either) = (0_u32, 0_u32);
    for frame in 0..frames {
        let middle = FRAME * frame + FRAME / 2;
        let inside = |spans: &[Range<Duration>]| spans.iter().any(|s| s.contains(&middle));
        let (a, b) = (inside(found), inside(truth));
        both += u32::from(a && b);
        either += u32::from(a) + u32::from(b);
    }
    2.0 * f64::from(both) / f64::from(either.max(1))
}

/// The delays from each true moment to the first edge of the kind that became known within a second of it, in
/// milliseconds.
fn delays(
    truth: &[Range<Duration>],
    moment: impl Fn(&Range<Duration>) -> Duration,
    edges: &[Known],
    kind: impl Fn(Edge) -> bool,
) -> Vec<f64> {
    let of_kind: Vec<Duration> = edges.iter().filter(|k| kind(k.edge)).map(|k| k.at).collect();
    truth
        .iter()
        .filter_map(|span| {
            let at = moment(span);
            let delay = of_kind.iter().find(|known| **known >= at)?.saturating_sub(at);
            (delay < Duration::from_secs(1)).then_some(delay.as_secs_f64() * 1000.0)
        })
        .collect()
}

/// The results of a detector over all clips.
fn mean(detector: &str, rows: &[Row]) -> Row {
    let of: Vec<&Row> = rows.iter().filter(|row| row.detector == detector).collect();
    let count = of.len().max(1) as f64;
    let average = |value: fn(&Row) -> f64| of.iter().map(|row| value(row)).sum::<f64>() / count;
    let middle = |value: fn(&Row) -> Option<f64>| median(of.iter().filter_map(|row| value(row)));
    Row {
        detector: detector.to_owned(),
        clip: "all".to_owned(),
        f1: average(|row| row.f1),
        false_starts_per_minute: average(|row| row.false_starts_per_minute),
        onset_ms: middle(|row| row.onset_ms),
        offset_ms: middle(|row| row.offset_ms),
        missed_percent: average(|row| row.missed_percent),
        calls_per_core: average(|row| row.calls_per_core),
    }
}

fn print(rows: &[Row]) -> std::io::Result<()> {
    outln!(
        "clip                        detector      F1 %  false/min  onset ms  offset ms  missed %  calls/core"
    )?;
    let mut before = "";
    for row in rows {
        if !before.is_empty() && before != row.clip {
            outln!()?;
        }
        before = &row.clip;
        let ms = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.0}"));
        outln!(
            "{:<27} {:<12} {:>5.1}  {:>9.1}  {:>8}  {:>9}  {:>8.1}  {:>10.0}",
            row.clip,
            row.detector,
            row.f1 * 100.0,
            row.false_starts_per_minute,
            ms(row.onset_ms),
            ms(row.offset_ms),
            row.missed_percent,
            row.calls_per_core
        )?;
    }
    Ok(())
}
