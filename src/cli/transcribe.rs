//! `offhook transcribe`: WAV files in, text out, with what it cost. For trying models; knows no calls.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::stream;
use crate::audio::wav::{self, Clip};
use crate::config::{Config, whisper_model};
use crate::engine::whisper::{self, LONGEST_WINDOW, WhisperOptions, WhisperRecognizer, Window};
use crate::engine::{CancelFlag, Effort, Recognizer as _};
use crate::units::{WHISPER_RATE, duration_of, samples_in};

/// Arguments of `offhook transcribe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// WAV files of any kind; "-" reads one from standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The model, by name (base.en) or path; `stt.model` if not given.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Threads; `stt.threads` if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: Option<u16>,
    /// Listen as on a phone line, while the speech goes on: words appear, settle, and become turns. At a
    /// terminal at the pace of speech, in a pipe as fast as it goes.
    #[arg(long)]
    stream: bool,
    /// Work on the whole window of 30 seconds instead of the speech alone, for comparison.
    #[arg(long)]
    full_window: bool,
    /// One JSON object a file, with timings and words; with --stream one for all that is heard.
    #[arg(long)]
    json: bool,
}

/// What came of one file.
#[derive(Debug, serde::Serialize)]
struct Report {
    file: String,
    text: String,
    audio_seconds: f64,
    milliseconds: f64,
    real_time_factor: f64,
    words: Vec<Word>,
    avg_logprob: f32,
    no_speech: f32,
}

/// One word of it.
#[derive(Debug, serde::Serialize)]
struct Word {
    text: String,
    /// How sure the recogniser was, 0 to 1.
    confidence: f32,
    /// About where it ends in the file; an estimate.
    end_seconds: f64,
}

/// Transcribes the files in order. Exit code 0 if all were transcribed, 1 if one could not be read.
///
/// # Errors
/// If the model cannot be loaded.
pub fn run(args: Args, config: &Config) -> anyhow::Result<ExitCode> {
    let model = args.model.as_deref().map_or_else(|| config.stt.model.clone(), whisper_model::named);
    let options = WhisperOptions {
        window: args.full_window.then_some(Window::Whole),
        ..WhisperOptions::of(&model, &config.stt)
    };
    let threads = args.threads.map_or(config.stt.threads, usize::from);
    let effort = Effort { threads, second_try: true };
    let mut recognizer = whisper::load(&options)?.recognizer()?;

    let mut code = ExitCode::SUCCESS;
    let several = args.files.len() > 1;
    for file in &args.files {
        let clip = match read(file) {
            Ok(clip) => clip,
            Err(error) => {
                eprintln!("{error:#}");
                code = ExitCode::FAILURE;
                continue;
            }
        };
        if args.stream {
            if several && !args.json {
                println!("{}:", file.display());
            }
            stream::show(&clip, &mut recognizer, threads, config, args.json)?;
            continue;
        }
        let report = transcribe(&mut recognizer, effort, file, &clip)?;
        if args.json {
            println!("{}", serde_json::to_string(&report)?);
            continue;
        }
        if several {
            println!("{}: {}", report.file, report.text);
        } else {
            println!("{}", report.text);
        }
        eprintln!(
            "{:.2} s of audio in {:.1} ms, real-time factor {:.4}",
            report.audio_seconds, report.milliseconds, report.real_time_factor
        );
    }
    Ok(code)
}

fn read(file: &Path) -> anyhow::Result<Clip> {
    if file == Path::new("-") {
        return Ok(wav::read(std::io::stdin().lock(), "standard input")?);
    }
    Ok(wav::read_file(file)?)
}

fn transcribe(
    recognizer: &mut WhisperRecognizer,
    effort: Effort,
    file: &Path,
    clip: &Clip,
) -> anyhow::Result<Report> {
    let audio = clip.at(WHISPER_RATE)?;
    #[expect(clippy::disallowed_methods, reason = "the stopwatch of a command-line tool")]
    let start = Instant::now();
    let (mut texts, mut words) = (Vec::new(), Vec::new());
    // Of several pieces, the one that Whisper was least sure of counts.
    let (mut avg_logprob, mut no_speech) = (0.0_f32, 0.0_f32);
    for piece in pieces(&audio) {
        let before = duration_of(piece.start, WHISPER_RATE);
        let heard = recognizer.transcribe(&audio[piece], effort, &CancelFlag::default())?;
        avg_logprob = avg_logprob.min(heard.avg_logprob);
        no_speech = no_speech.max(heard.no_speech);
        texts.push(heard.text);
        words.extend(heard.words.into_iter().map(|word| Word {
            text: word.text,
            confidence: word.confidence,
            end_seconds: (before + word.end).as_secs_f64(),
        }));
    }
    let took = start.elapsed().as_secs_f64();
    texts.retain(|t| !t.is_empty());
    let audio_seconds = duration_of(audio.len(), WHISPER_RATE).as_secs_f64();
    Ok(Report {
        file: file.display().to_string(),
        text: texts.join(" "),
        audio_seconds,
        milliseconds: took * 1000.0,
        real_time_factor: if audio_seconds > 0.0 { took / audio_seconds } else { 0.0 },
        words,
        avg_logprob,
        no_speech,
    })
}

/// Cuts audio that is longer than Whisper's window into pieces that fit, each at the quietest moment
/// of its last ten seconds.
fn pieces(audio: &[f32]) -> Vec<Range<usize>> {
    // A second is kept for the silence around a piece.
    let longest = samples_in(LONGEST_WINDOW - Duration::from_secs(1), WHISPER_RATE);
    let search = samples_in(Duration::from_secs(10), WHISPER_RATE);
    let step = samples_in(Duration::from_millis(200), WHISPER_RATE);
    let mut pieces = Vec::new();
    let mut start = 0;
    while audio.len() - start > longest {
        let power = |at: usize| audio[at..at + step].iter().map(|s| s * s).sum::<f32>();
        let quietest = (start + longest - search..=start + longest - step)
            .step_by(step / 4)
            .map(|at| (at, power(at)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let end = quietest.map_or(start + longest, |(at, _)| at + step / 2);
        pieces.push(start..end);
        start = end;
    }
    pieces.push(start..audio.len());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_audio_stays_whole() {
        assert_eq!(pieces(&[]), vec![0..0]);
        assert_eq!(pieces(&[0.1; 16_000]), vec![0..16_000]);
    }

    #[test]
    fn long_audio_is_cut_where_it_is_quiet() {
        let mut audio = vec![0.5; 16_000 * 70];
        audio[16_000 * 25..16_000 * 26].fill(0.0);
        let pieces = pieces(&audio);
        assert_eq!(pieces.first().map(|p| p.start), Some(0));
        assert_eq!(pieces.last().map(|p| p.end), Some(audio.len()));
        assert!(pieces.windows(2).all(|p| p[0].end == p[1].start));
        assert!(pieces.iter().all(|p| p.len() <= 16_000 * 29));
        assert!((16_000 * 25..16_000 * 26).contains(&pieces[0].end), "{pieces:?}");
    }
}
