//! `offhook bench barge-in`: while the agent speaks, callers say "mm-hm", make noises, and barge in, through
//! the detector, the recogniser and the conversation of a call. Knows the right effect of each sound.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::barge_in_sounds::{Kind, Sound, all};
use crate::app::engines::whisper_options;
use crate::audio::level::audible_span;
use crate::cli::offline_call::OfflineListener;
use crate::cli::output::outln;
use crate::config::Config;
use crate::engine::whisper::{self, WhisperRecognizer};
use crate::stats::median;
use crate::units::{CallTime, FRAME_SAMPLES, PHONE_RATE, duration_of, samples_in};

/// The agent's words, about twenty seconds.
const TALK: &str = "We are open from Monday to Thursday from eight thirty to five, on Friday from eight to two, and \
    on Saturday from ten to one. A cleaning costs ninety dollars, a checkup costs sixty dollars, and a filling costs \
    one hundred eighty dollars. You can park behind the building, and we take cards and cash.";

/// From the start of the agent's words to the caller's sound.
const AFTER: Duration = Duration::from_secs(3);

/// The time after the sound in which its effect is awaited.
const WAIT: Duration = Duration::from_secs(3);

/// Arguments of `offhook bench barge-in`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder with noise/*.wav, each of which is cut into noises of one second. Without it, only synthetic
    /// noises are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one JSON object per row.
    #[arg(long)]
    json: bool,
}

/// The effect of the sounds of one kind.
#[derive(Debug, Default, serde::Serialize)]
struct Row {
    kind: &'static str,
    sounds: usize,
    /// Times that the agent paused and went on, per 100 sounds.
    hiccups_per_100: f64,
    /// Times that the agent gave up the turn, per 100 sounds.
    interruptions_per_100: f64,
    /// From the first audible sample to the pause, median.
    paused_after_ms: Option<f64>,
    /// From the first audible sample to the decision that it is an interruption, median.
    confirmed_after_ms: Option<f64>,
}

/// Measures and prints.
pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let model = whisper::load(&whisper_options(&config.stt, &config.stt.model))?;
    let mut recognizer = model.recognizer()?;
    let sounds = all(args.data.as_deref())?;
    if !args.json {
        outln!("kind            sounds  hiccups/100  interruptions/100  paused after  confirmed after")?;
    }
    for kind in [Kind::Backchannel, Kind::Noise, Kind::Interruption] {
        let of_kind: Vec<&Sound> = sounds.iter().filter(|sound| sound.kind == kind).collect();
        let row = measure(kind, &of_kind, &mut recognizer, config)?;
        if args.json {
            outln!("{}", crate::cli::json::line(&row)?)?;
        } else {
            let ms = |ms: Option<f64>| ms.map_or("-".to_owned(), |ms| format!("{ms:.0} ms"));
            outln!(
                "{:<14} {:>7} {:>12.1} {:>18.1} {:>13} {:>16}",
                row.kind,
                row.sounds,
                row.hiccups_per_100,
                row.interruptions_per_100,
                ms(row.paused_after_ms),
                ms(row.confirmed_after_ms)
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(
    kind: Kind,
    sounds: &[&Sound],
    recognizer: &mut WhisperRecognizer,
    config: &Config,
) -> anyhow::Result<Row> {
    let (mut hiccups, mut cuts) = (0, 0);
    let (mut paused, mut confirmed) = (Vec::new(), Vec::new());
    for sound in sounds {
        let mut listener = OfflineListener::beside(recognizer, config.stt.threads, config, TALK)?;
        let span = audible_span(&sound.samples, PHONE_RATE).unwrap_or(0..0);
        let first = CallTime::ZERO + AFTER + duration_of(span.start, PHONE_RATE);
        let mut samples = vec![0; samples_in(AFTER, PHONE_RATE)];
        samples.extend(&sound.samples);
        samples.resize(samples.len() + samples_in(WAIT, PHONE_RATE), 0);
        samples.resize(samples.len().next_multiple_of(FRAME_SAMPLES), 0);
        for frame in samples.chunks_exact(FRAME_SAMPLES) {
            listener.hear(frame)?;
        }
        let Some(agent) = &listener.agent else { continue };
        paused.extend(agent.paused.first().or(agent.cut.as_ref()).map(|at| at.millis_after(first)));
        confirmed.extend(agent.cut.map(|at| at.millis_after(first)));
        cuts += usize::from(agent.cut.is_some());
        hiccups += usize::from(agent.cut.is_none() && !agent.paused.is_empty());
        tracing::debug!(kind = kind.name(), name = sound.name, paused = ?agent.paused, cut = ?agent.cut, "sound");
    }
    let per_100 = |n: usize| 100.0 * n as f64 / sounds.len().max(1) as f64;
    Ok(Row {
        kind: kind.name(),
        sounds: sounds.len(),
        hiccups_per_100: per_100(hiccups),
        interruptions_per_100: per_100(cuts),
        paused_after_ms: median(paused),
        confirmed_after_ms: median(confirmed),
    })
}
