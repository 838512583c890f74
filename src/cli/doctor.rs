//! `offhook doctor`: what is installed, what it costs in memory, and what this machine does in real time.
//! Prints; `measure` holds the stopwatch. Knows no calls.

mod measure;

use std::path::Path;
use std::process::ExitCode;

use crate::cli::models::command_for;
use crate::cli::output::{NO_MODEL, outln, show_progress};
use crate::cli::preflight::{self, Findings};
use crate::config::Config;
use crate::engine::llm::{free_memory, limit_threads};
use crate::engine::voice;
use crate::models::{Folder, Manifest};
use measure::{Language, Recogniser, Voice, Window};

/// Arguments of `offhook doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also find the best number of threads and the recogniser's shortest good window, and print the lines
    /// for config.toml. Takes ten seconds with the models that ship, and minutes with large ones.
    #[arg(long)]
    measure: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, serde::Serialize)]
struct Report {
    processor: String,
    cores: usize,
    memory_mib: Option<u64>,
    free_memory_mib: Option<u64>,
    /// Where `offhook models pull` keeps models, and how many of the known ones are there.
    models_folder: Option<String>,
    models_installed: usize,
    free_disk_mib: Option<u64>,
    /// What keeps this configuration from being measured, beside broken models.
    problems: Vec<String>,
    /// The models of the configuration.
    models: Vec<ModelRow>,
    recogniser: Option<Recogniser>,
    language: Option<Language>,
    voice: Option<Voice>,
    /// From the end of the caller's speech to the first sound, by the sum of what was measured: the silence
    /// that ends a turn, a transcript, the answer's first words, and the voice. Calls do much of it in the
    /// silence already.
    expected_answer_ms: Option<f64>,
    /// Lines for config.toml.
    settings: Vec<String>,
}

/// A model of the configuration.
#[derive(Debug, serde::Serialize)]
struct ModelRow {
    role: &'static str,
    file: String,
    mib: Option<u64>,
    /// What is wrong with it, and how to get it.
    problem: Option<String>,
}

/// Words before a first clause can be spoken, in tokens.
const FIRST_WORDS: f64 = 8.0;
/// Tokens that a voice speaks in a second, and that a model should write.
const SPOKEN: f64 = 4.0;
const ENOUGH: f64 = 12.0;

/// Looks, measures and prints. Exit code 66 if a model of the configuration is missing.
///
/// # Errors
/// If a model that is there cannot be used.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<ExitCode> {
    let findings = preflight::look(config);
    let mut report = looked_at(config, &findings);
    let broken = report.models.iter().any(|model| model.problem.is_some());
    let mut outcome = Ok(if broken { NO_MODEL.into() } else { ExitCode::SUCCESS });
    if !broken && report.problems.is_empty() {
        limit_threads(report.cores);
        if let Err(error) = measured(&mut report, config, args) {
            report.problems.push(format!("{error:#}"));
            outcome = Err(error);
        }
    } else if !broken {
        outcome = Ok(ExitCode::FAILURE);
    }
    if args.json {
        outln!("{}", crate::cli::json::line(&report)?)?;
    } else {
        print(&report, config, args)?;
    }
    outcome
}

/// The name of the processor, if the system tells it.
pub(super) fn processor() -> Option<String> {
    after(&std::fs::read_to_string("/proc/cpuinfo").ok()?, "model name")
}

fn looked_at(config: &Config, findings: &Findings) -> Report {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let (folder, manifest) = (Folder::of_user().ok(), Manifest::built_in().ok());
    let installed = folder.as_ref().zip(manifest.as_ref()).map_or(0, |(folder, manifest)| {
        folder.installed(manifest).iter().filter(|state| state.is_whole()).count()
    });
    let room = |folder: &Folder| {
        let there = folder.root().ancestors().find(|above| above.is_dir())?;
        crate::models::free_space(there).ok()
    };
    let mut models = vec![ModelRow::of("recogniser", &config.stt.model)];
    models.extend(config.llm.models().map(|(_, path)| ModelRow::of("language", path)));
    models.push(match voice::file_of(&config.tts.voice) {
        Some(file) => ModelRow::of("voice", &file),
        None => ModelRow { role: "voice", file: config.tts.voice.clone(), mib: None, problem: None },
    });
    for model in &mut models {
        if let Some(broken) = findings.models.iter().find(|broken| broken.path == model.file) {
            model.problem.get_or_insert_with(|| broken.problem.clone());
        }
    }
    Report {
        problems: findings.problems.iter().map(ToString::to_string).collect(),
        processor: processor().unwrap_or_else(|| "unknown".to_owned()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mib: kilobytes(&meminfo, "MemTotal").map(|kb| kb >> 10),
        free_memory_mib: free_memory().map(|bytes| bytes >> 20),
        free_disk_mib: folder.as_ref().and_then(room).map(|bytes| bytes >> 20),
        models_folder: folder.map(|folder| folder.root().display().to_string()),
        models_installed: installed,
        models,
        recogniser: None,
        language: None,
        voice: None,
        expected_answer_ms: None,
        settings: Vec::new(),
    }
}

impl ModelRow {
    fn of(role: &'static str, path: &Path) -> Self {
        let file = path.display().to_string();
        match std::fs::metadata(path) {
            Ok(there) => Self { role, file, mib: Some(there.len().div_ceil(1 << 20)), problem: None },
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Self { role, file, mib: None, problem: Some(error.to_string()) }
            }
            Err(error) => {
                let remedy = command_for(path).unwrap_or_else(|| "offhook models list".to_owned());
                Self { role, file, mib: None, problem: Some(format!("{error}; try `{remedy}`")) }
            }
        }
    }
}

fn measured(report: &mut Report, config: &Config, args: &Args) -> anyhow::Result<()> {
    let threads: Vec<usize> = match (args.measure, report.cores) {
        (false, _) => vec![],
        (true, cores) => [1, 2, 4, 8].into_iter().filter(|n| *n <= cores).collect(),
    };
    let progress = |doing: &str| {
        if !args.json {
            show_progress(doing);
        }
    };
    progress("measuring the recogniser");
    let recogniser = measure::recogniser(config, &threads)?;
    progress("measuring the language model");
    let language = measure::language(config, &threads)?;
    progress("measuring the voice");
    let voice = measure::voice(config)?;
    progress(if args.measure { "looking for the shortest window" } else { "" });
    let window = args.measure.then(|| measure::window(config)).transpose()?;
    progress("");
    let first_words = FIRST_WORDS / language.tokens_per_s * 1000.0;
    let answer = config.endpoint.complete.as_secs_f64() * 1000.0
        + recogniser.transcript_ms
        + language.question_ms
        + first_words
        + voice.first_audio_ms;
    report.expected_answer_ms = Some(answer);
    if args.measure {
        report.settings.push("[stt]".to_owned());
        report.settings.push(format!("threads = {}", recogniser.threads));
        report.settings.extend(match window {
            Some(Window::Margin(ms)) => Some(format!("window_margin_ms = {ms}")),
            Some(Window::NoneIsGood) => Some(
                "# no shortened window heard as well as the whole one: try another model, or `offhook bench stt \
                 --references`"
                    .to_owned(),
            ),
            Some(Window::Own) | None => None,
        });
        report.settings.push("[llm]".to_owned());
        report.settings.push(format!("threads = {}", language.threads));
    }
    (report.recogniser, report.language, report.voice) = (Some(recogniser), Some(language), Some(voice));
    Ok(())
}

fn print(report: &Report, config: &Config, args: &Args) -> anyhow::Result<()> {
    let mib = |mib: Option<u64>| mib.map_or("?".to_owned(), |mib| format!("{mib} MiB"));
    outln!("machine     {}, {} cores", report.processor, report.cores)?;
    outln!("memory      {}, {} free", mib(report.memory_mib), mib(report.free_memory_mib))?;
    let folder = report.models_folder.as_deref().unwrap_or("no folder: set OFFHOOK_MODELS to one");
    outln!(
        "models      {folder}: {} of the known ones; {} of disk free",
        report.models_installed,
        mib(report.free_disk_mib)
    )?;
    outln!()?;
    for ModelRow { role, file, mib, problem } in &report.models {
        let size = mib.map_or_else(|| "built in".to_owned(), |mib| format!("{mib} MiB"));
        match problem {
            None => outln!("{role:<10}  {size:>9}  {file}")?,
            Some(problem) => outln!("{role:<10}     BROKEN  {file}: {problem}")?,
        }
    }
    let (Some(recogniser), Some(language), Some(voice)) =
        (&report.recogniser, &report.language, &report.voice)
    else {
        outln!()?;
        outln!("Nothing was measured: a model cannot be used, or a setting is wrong.")?;
        report.problems.iter().try_for_each(|problem| outln!("{problem}"))?;
        return Ok(());
    };
    outln!()?;
    let threads = |n: usize| if n == 1 { "1 thread".to_owned() } else { format!("{n} threads") };
    let verdict = |good: bool| if good { "keeps up" } else { "TOO SLOW for calls" };
    outln!(
        "listens     {} s of speech in {:.0} ms ({}): {}",
        measure::SPEECH_SECONDS,
        recogniser.transcript_ms,
        threads(recogniser.threads),
        verdict(recogniser.transcript_ms < f64::from(measure::SPEECH_SECONDS) * 1000.0 / 2.0)
    )?;
    outln!(
        "thinks      reads {:.0} and writes {:.0} tokens a second ({}); a voice speaks {SPOKEN}: {}",
        language.prefill_tokens_per_s,
        language.tokens_per_s,
        threads(language.threads),
        verdict(language.tokens_per_s >= ENOUGH)
    )?;
    outln!(
        "speaks      first sound after {:.0} ms, a second of speech in {:.0} ms: {}",
        voice.first_audio_ms,
        voice.real_time_factor * 1000.0,
        verdict(voice.real_time_factor < 0.7)
    )?;
    if let Some(answer) = report.expected_answer_ms {
        outln!()?;
        outln!(
            "A caller waits about {answer:.0} ms, of which {} are silence (endpoint.complete_ms).",
            config.endpoint.complete.as_millis()
        )?;
        outln!(
            "(The sum of the above; a call does much of it in the silence. `offhook call` measures one.)"
        )?;
    }
    if args.measure {
        outln!()?;
        outln!("For config.toml:")?;
        for line in &report.settings {
            outln!("{line}")?;
        }
    } else {
        outln!()?;
        outln!("`offhook doctor --measure` also finds the best number of threads.")?;
    }
    Ok(())
}

/// The value behind the first `key` in text such as /proc/cpuinfo.
fn after(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    after(text, key)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_model_is_named_with_the_command_that_fetches_it() {
        let row = ModelRow::of("recogniser", Path::new("/nowhere/ggml-base.en.bin"));
        let problem = row.problem.unwrap_or_default();
        assert!(problem.contains("offhook models pull whisper-base.en"), "{problem}");
        let own = ModelRow::of("language", Path::new("/nowhere/mine.gguf")).problem.unwrap_or_default();
        assert!(own.contains("offhook models list"), "{own}");
    }

    #[test]
    fn the_machine_is_read_from_what_the_system_says() {
        assert_eq!(after("a: 1\nmodel name\t: EPYC 9\n", "model name").as_deref(), Some("EPYC 9"));
        assert_eq!(kilobytes("MemTotal:  2048 kB\n", "MemTotal"), Some(2048));
        assert_eq!(kilobytes("", "MemTotal"), None);
    }
}
