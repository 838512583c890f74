//! `offhook say`: text in, a WAV file out, and the time it took. For trying voices; knows no calls.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;

use crate::audio::{resample, wav};
use crate::cli::output::noteln;
use crate::config::{Config, limits};
use crate::engine::{CancelFlag, Speech, voice};
use crate::files::recordings;
use crate::language::ENGLISH;
use crate::speakable::{spoken, written};
use crate::units::duration_of;

/// Arguments of `offhook say`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The text to speak; "-" reads it from standard input.
    text: String,
    /// The WAV file to write (16 bits, mono); "-" is standard output, and the default if the output is a
    /// pipe.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Sample rate, in Hz; the voice's own if not given.
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(i64::from(*resample::RATES.start())..=i64::from(*resample::RATES.end())))]
    rate: Option<u32>,
    /// The voice, such as "flite:slt" or "piper:FILE.onnx"; `tts.voice` if not given.
    #[arg(long, value_name = "NAME")]
    voice: Option<String>,
    /// Speed: 1 is the voice's own pace, 2 is twice as fast; `tts.speed` if not given.
    #[arg(long, value_name = "X", value_parser = speed)]
    speed: Option<f32>,
    /// Also print when each word ends, in seconds, on standard error.
    #[arg(long)]
    words: bool,
}

fn speed(text: &str) -> Result<f32, String> {
    limits::number(text, &limits::SPEED)
}

/// The most bytes of text read from standard input; more than the voice accepts.
const MAX_TEXT_BYTES: u64 = 1 << 16;

/// Speaks the text and writes the audio. Exit code 0, or an error.
///
/// # Errors
/// If the voice is unknown, the text too long, or the file cannot be written.
pub fn run(args: Args, config: &Config) -> anyhow::Result<ExitCode> {
    let output = args.output.as_deref().filter(|path| *path != Path::new("-"));
    if output.is_none() && std::io::stdout().is_terminal() {
        anyhow::bail!("a WAV file cannot go to a terminal: give a file with -o FILE, or pipe the output");
    }
    let text = if args.text == "-" { read_text()? } else { args.text };
    // As in a call.
    let said = spoken(&written(&text, &ENGLISH), &ENGLISH.speech, &config.tts.pronounce).text;
    let name = args.voice.as_deref().unwrap_or(&config.tts.voice);
    let mut voice = voice::open(name, args.speed.unwrap_or(config.tts.speed))?;

    // The first sentence of a process includes the loading of the voice, which is not part of its speed.
    voice.synthesize("Ready.", &CancelFlag::default())?;
    #[expect(clippy::disallowed_methods, reason = "the stopwatch of a command-line tool")]
    let start = Instant::now();
    let mut speech = voice.synthesize(&said, &CancelFlag::default())?;
    let took = start.elapsed();
    if speech.samples.is_empty() {
        anyhow::bail!("there is nothing to say in {text:?}");
    }
    let length = duration_of(speech.samples.len(), speech.rate);

    if let Some(rate) = args.rate {
        speech.samples = resample::resample_i16(&speech.samples, speech.rate, rate)?;
        speech.rate = rate;
    }
    write(&speech, output)?;
    if args.words {
        for word in &speech.words {
            noteln!("{:8.3}  {}", word.end.as_secs_f64(), word.word);
        }
    }
    noteln!(
        "{:.2} s of speech in {:.1} ms, real-time factor {:.4}",
        length.as_secs_f64(),
        took.as_secs_f64() * 1000.0,
        took.as_secs_f64() / length.as_secs_f64()
    );
    Ok(ExitCode::SUCCESS)
}

fn read_text() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().take(MAX_TEXT_BYTES).read_to_string(&mut text).context("reading standard input")?;
    Ok(text)
}

fn write(speech: &Speech, output: Option<&Path>) -> anyhow::Result<()> {
    match output {
        Some(path) => recordings::write(path, speech.rate, &[&speech.samples])?,
        None => {
            let bytes = wav::encode(speech.rate, &[&speech.samples])?;
            let mut out = crate::cli::output::stdout();
            out.write_all(&bytes)?;
            out.flush()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_a_wav_file_at_its_rate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let speech = Speech { samples: vec![1, 2, 3], rate: 8_000, words: Vec::new() };
        write(&speech, Some(&path)).unwrap();
        let clip = recordings::read(&path).unwrap();
        assert_eq!((clip.rate, clip.i16_at(8_000).unwrap()), (8_000, vec![1, 2, 3]));
    }
}
