//! `offhook transcribe`: WAV files in, text out, and the time it took. For recordings, and for trying models;
//! knows no calls.

mod printing;
mod progress;

use std::fs::File;
use std::io::{BufReader, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use self::printing::{Form, Printer, Summary};
use self::progress::Progress;
use super::offline_call;
use crate::app::engines::whisper_options;
use crate::audio::wav::{self, Clip, Completeness, MAX_SECONDS, Reader};
use crate::cli::output::{noteln, outln};
use crate::config::{Config, limits};
use crate::engine::whisper::{self, WhisperOptions, WhisperRecognizer, Window, languages, published};
use crate::engine::{CancelFlag, Effort, Recognizer as _};
use crate::transcript::cutting::Piece;
use crate::transcript::segments::{Channel, InOrder, Segment};
use crate::transcript::side::{Side, Way};
use crate::units::duration_of;

/// Arguments of `offhook transcribe`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// WAV files of any kind and length; "-" reads one from standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The model, by name (base.en) or path; `stt.model` if not given.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// The spoken language: a code such as "en" or "de", or "auto"; `stt.language` if not given.
    #[arg(long, value_name = "CODE", value_parser = languages::parse)]
    language: Option<String>,
    /// Number of threads; `stt.threads` if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(limits::signed(&limits::THREADS)))]
    threads: Option<u16>,
    /// The channel to transcribe. Without it, a stereo file gives a transcript of each channel, and a file
    /// with more channels one of their mix.
    #[arg(long, value_enum)]
    channel: Option<ChannelChoice>,
    /// Cut the audio into consecutive windows of up to 29 seconds instead of utterances, for comparison.
    #[arg(long, conflicts_with = "stream")]
    whole: bool,
    /// Transcribe as on a call, while the speech goes on: words appear, become stable, and become turns. Runs
    /// at the pace of speech at a terminal, and as fast as it can in a pipe. For files of up to an hour.
    #[arg(long)]
    stream: bool,
    /// Use Whisper's whole window of 30 seconds instead of one cut to the speech, for comparison.
    #[arg(long)]
    full_window: bool,
    /// Print subtitles in SubRip format; one file at a time.
    #[arg(long, conflicts_with_all = ["json", "stream"])]
    srt: bool,
    /// Print one line of JSON per file, with words and their times; with --stream, one per partial and turn.
    #[arg(long)]
    json: bool,
}

/// The end of `--help`.
const AFTER_HELP: &str = "\
A recording is cut into utterances by voice activity, as calls are ([vad] and
endpoint.open_ms of the configuration), and each is transcribed on its own. The
sides of a stereo file, such as `offhook call` records, come in order of time:

  [00:00 right] Hello, this is Green Street Dental Clinic.
  [00:03 left] What time do you open?

A file may have any length: no more than an utterance of it is held in memory.

--json: file, duration_ms, truncated (null if the header has no length),
missing_ms (if truncated), segments, took_ms, real_time_factor. A segment has
channel (mono, left, right, mix, or both if the two are identical), start_ms,
end_ms, text, doubtful, avg_logprob, no_speech, words; a word has text,
start_ms, end_ms (estimates) and confidence (0 to 1).

Exit code 0: all files were transcribed, even if they hold no words; 1: a file
could not be transcribed; 66: the model could not be loaded.";

/// A channel by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ChannelChoice {
    Left,
    Right,
    /// The average of all channels
    Mix,
}

/// Transcribes the files in order. Exit code 0 if all were transcribed, 1 if one could not be read.
///
/// # Errors
/// If the model cannot be loaded, or standard output cannot be written.
pub fn run(args: Args, config: &Config) -> anyhow::Result<ExitCode> {
    if args.srt && args.files.len() > 1 {
        bail!("--srt numbers the subtitles of one recording: give one file, or use --json for several");
    }
    // If no file exists, no model is loaded.
    let missing = |file: &PathBuf| file != Path::new("-") && !file.exists();
    if args.files.iter().all(missing) {
        for error in args.files.iter().filter_map(|file| open(file).err()) {
            noteln!("{error:#}");
        }
        return Ok(ExitCode::FAILURE);
    }
    let model = args.model.as_deref().map_or_else(|| config.stt.model.clone(), published::named);
    let mut options = WhisperOptions {
        window: args.full_window.then_some(Window::Whole),
        ..whisper_options(&config.stt, &model)
    };
    if let Some(language) = &args.language {
        options.language.clone_from(language);
    }
    let threads = args.threads.map_or(config.stt.threads, usize::from);
    let recognizer = whisper::load(&options)?.recognizer()?;
    let mut transcriber = Transcriber { args: &args, config, threads, recognizer };
    let mut code = ExitCode::SUCCESS;
    for file in &args.files {
        match transcriber.transcribe(file) {
            Ok(()) => {}
            Err(Failure::File(error)) => {
                noteln!("{error:#}");
                code = ExitCode::FAILURE;
            }
            Err(Failure::All(error)) => return Err(error),
        }
    }
    Ok(code)
}

/// What went wrong.
enum Failure {
    /// This file cannot be transcribed; other files may still be.
    File(anyhow::Error),
    /// No file can be transcribed.
    All(anyhow::Error),
}

struct Transcriber<'a> {
    args: &'a Args,
    config: &'a Config,
    threads: usize,
    recognizer: WhisperRecognizer,
}

impl Transcriber<'_> {
    fn transcribe(&mut self, file: &Path) -> Result<(), Failure> {
        let (input, name) = open(file).map_err(Failure::File)?;
        let mut reader = Reader::open(input, &name).map_err(|e| Failure::File(e.into()))?;
        let several = self.args.files.len() > 1;
        if self.args.stream {
            let clip = one_side(&mut reader, &name, self.args.channel).map_err(Failure::File)?;
            tell_missing(&name, reader.completeness());
            if several && !self.args.json {
                outln!("{name}:").map_err(|e| Failure::All(e.into()))?;
            }
            return offline_call::show(
                &clip,
                &mut self.recognizer,
                self.threads,
                self.config,
                self.args.json,
            )
            .map_err(Failure::All);
        }
        let channels = channels(self.args.channel, reader.channel_count())
            .map_err(|problem| Failure::File(anyhow::anyhow!("{name}: {problem}")))?;
        if self.args.channel.is_none() && reader.channel_count() > 2 {
            noteln!(
                "{name} has {} channels: their mix is transcribed; --channel left or right takes the first or the \
                 second alone",
                reader.channel_count()
            );
        }
        if several && !self.args.json {
            outln!("{name}:").map_err(|e| Failure::All(e.into()))?;
        }
        self.read_through(&mut reader, &name, &channels)
    }

    /// Transcribes a file while it is read.
    fn read_through(
        &mut self,
        reader: &mut Reader<'_, impl Read>,
        name: &str,
        channels: &[Channel],
    ) -> Result<(), Failure> {
        let of_file = |error: wav::WavError| Failure::File(error.into());
        let (rate, way) = (reader.rate(), if self.args.whole { Way::Windows } else { Way::ByVoice });
        let sides = channels.iter().map(|&channel| Side::new(channel, rate, way, self.config));
        let mut sides = sides.collect::<Result<Vec<_>, _>>().map_err(|e| Failure::File(e.into()))?;
        let mut printer = Printer::new(crate::cli::output::stdout(), self.form());
        let mut progress = Progress::new(reader.promised());
        let (mut order, mut frames, mut alike) = (InOrder::default(), 0, sides.len() == 2);
        #[expect(clippy::disallowed_methods, reason = "the stopwatch of a command-line tool")]
        let start = Instant::now();
        loop {
            let block = reader.read().map_err(of_file)?;
            if let Some(block) = block {
                frames += block[0].len();
                alike = alike && block[0] == block[1];
            }
            let mut pieces = Vec::new();
            for side in &mut sides {
                let cut = match block {
                    Some(block) => side.hear(block),
                    None => side.finish(),
                };
                pieces.extend(cut.into_iter().map(|piece| (side.channel, piece)));
            }
            pieces.sort_by_key(|(channel, piece)| (piece.from, *channel));
            for (channel, piece) in pieces {
                // Both channels are identical so far, so the audio is transcribed once.
                if alike && channel == Channel::Right {
                    continue;
                }
                let channel = if alike { Channel::Both } else { channel };
                progress.at(piece.voice.end);
                let segment = self.hear(channel, &piece).map_err(Failure::All)?;
                segment.into_iter().for_each(|segment| order.add(segment));
            }
            let settled = sides.iter().map(Side::settled_until).min().unwrap_or_default();
            for segment in order.before(if block.is_some() { settled } else { Duration::MAX }) {
                progress.clear();
                printer.segment(&segment).map_err(|e| Failure::All(e.into()))?;
            }
            if block.is_none() {
                break;
            }
            progress.at(duration_of(frames, rate));
        }
        progress.clear();
        if frames == 0 {
            return Err(Failure::File(anyhow::anyhow!(
                "{name} has no audio: the header of a WAV file, and not one sample after it"
            )));
        }
        let completeness = reader.completeness();
        let (file, duration) = (name.to_owned(), duration_of(frames, rate));
        let summary = Summary { file, duration, completeness, took: start.elapsed() };
        let any = printer.end(&summary).map_err(|e| Failure::All(e.into()))?;
        self.tell(&summary, any);
        Ok(())
    }

    /// The form in which the transcript is printed.
    fn form(&self) -> Form {
        match (self.args.json, self.args.srt) {
            (true, _) => Form::Json,
            (false, true) => Form::Srt,
            (false, false) => Form::Text { colours: std::io::stdout().is_terminal() },
        }
    }

    /// Transcribes one piece; `None` if it has no words.
    fn hear(&mut self, channel: Channel, piece: &Piece) -> anyhow::Result<Option<Segment>> {
        let effort = Effort { threads: self.threads, second_try: true };
        let heard = self.recognizer.transcribe(&piece.samples, effort, &CancelFlag::default())?;
        Ok(Segment::of(channel, piece, heard))
    }

    /// Prints remarks for people, on standard error.
    fn tell(&self, summary: &Summary, any: bool) {
        tell_missing(&summary.file, summary.completeness);
        if self.args.srt && !any {
            noteln!("{}: no words", summary.file);
        }
        if !self.args.json {
            noteln!(
                "{:.2} s of audio in {:.2} s, real-time factor {:.3}",
                summary.duration.as_secs_f64(),
                summary.took.as_secs_f64(),
                summary.real_time_factor()
            );
        }
    }
}

fn open(file: &Path) -> anyhow::Result<(Box<dyn Read>, String)> {
    if file == Path::new("-") {
        return Ok((Box::new(std::io::stdin().lock()), "standard input".to_owned()));
    }
    let name = file.display().to_string();
    let input = File::open(file).with_context(|| name.clone())?;
    Ok((Box::new(BufReader::new(input)), name))
}

fn tell_missing(name: &str, completeness: Completeness) {
    match completeness {
        Completeness::Whole => {}
        Completeness::Short(missing) => noteln!(
            "{name} is cut short: {:.3} s that its header promises are missing; the rest was transcribed",
            missing.as_secs_f64()
        ),
        Completeness::Unknown => noteln!(
            "{name}: its header has no length, so it is unknown whether audio is missing; all of it was \
             transcribed"
        ),
    }
}

/// The channels to transcribe of a file with `count` channels.
fn channels(choice: Option<ChannelChoice>, count: usize) -> Result<Vec<Channel>, String> {
    match (choice, count) {
        (None | Some(ChannelChoice::Mix), 1) => Ok(vec![Channel::Mono]),
        (Some(ChannelChoice::Left | ChannelChoice::Right), 1) => {
            Err("it is mono and has neither left nor right; omit --channel".to_owned())
        }
        (None, 2) => Ok(vec![Channel::Left, Channel::Right]),
        (None | Some(ChannelChoice::Mix), _) => Ok(vec![Channel::Mix]),
        (Some(ChannelChoice::Left), _) => Ok(vec![Channel::Left]),
        (Some(ChannelChoice::Right), _) => Ok(vec![Channel::Right]),
    }
}

/// Reads one channel as a whole, as on a call.
fn one_side(
    reader: &mut Reader<'_, impl Read>,
    name: &str,
    choice: Option<ChannelChoice>,
) -> anyhow::Result<Clip> {
    let count = reader.channel_count();
    if choice.is_none() && count > 1 {
        bail!(
            "{name} has {count} channels, and --stream listens to one caller: choose with --channel left, right or mix"
        );
    }
    let channels = channels(choice, count).map_err(|problem| anyhow::anyhow!("{name}: {problem}"))?;
    let (mut samples, rate) = (Vec::new(), reader.rate());
    while let Some(block) = reader.read()? {
        match channels[..] {
            [Channel::Right] => samples.extend_from_slice(&block[1]),
            [Channel::Left] => samples.extend_from_slice(&block[0]),
            _ => wav::mix(block, &mut samples),
        }
        if samples.len() as u64 > MAX_SECONDS * u64::from(rate) {
            bail!(
                "{name} is longer than an hour, too long for --stream; without it a file may have any length"
            );
        }
    }
    Ok(Clip { samples, rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stereo_file_gives_both_sides_and_one_of_more_channels_their_mix() {
        assert_eq!(channels(None, 1), Ok(vec![Channel::Mono]));
        assert_eq!(channels(None, 2), Ok(vec![Channel::Left, Channel::Right]));
        assert_eq!(channels(None, 6), Ok(vec![Channel::Mix]));
        assert_eq!(channels(Some(ChannelChoice::Right), 2), Ok(vec![Channel::Right]));
        assert_eq!(channels(Some(ChannelChoice::Mix), 2), Ok(vec![Channel::Mix]));
        assert_eq!(channels(Some(ChannelChoice::Mix), 1), Ok(vec![Channel::Mono]));
        assert!(channels(Some(ChannelChoice::Left), 1).is_err());
    }
}
