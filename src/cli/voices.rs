//! `offhook voices`: the voices that can be named in `tts.voice`. Must not know calls.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::output::outln;
use crate::config::Config;
use crate::engine::voice;
use crate::files::search_path;

/// Arguments of `offhook voices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also list the voices in these folders. Without it: beside the configuration and where offhook is
    /// installed, and in the folders models and voices there.
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Print one JSON object per voice.
    #[arg(long)]
    json: bool,
}

/// Folders within those that are searched for models.
const WITHIN: [&str; 3] = ["", "models", "voices"];

/// One voice.
#[derive(Debug, serde::Serialize)]
struct Row {
    voice: String,
    /// It is the voice of the configuration.
    in_use: bool,
    language: Option<String>,
    rate: Option<u32>,
    /// What is wrong with its files.
    problem: Option<String>,
}

/// Lists the voices. Exit code 0, even if some are broken: they are named with what is wrong.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(args: &Args, config: &Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    for folder in &args.folders {
        std::fs::read_dir(folder)
            .map_err(|error| anyhow::anyhow!("{}: {error}; name a folder with voices", folder.display()))?;
    }
    let rows = rows(config, &folders(&args.folders, path));
    if args.json {
        for row in &rows {
            outln!("{}", crate::cli::json::line(row)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let width = rows.iter().map(|row| row.voice.chars().count()).max().unwrap_or(0).max(5);
    outln!("  {:<width$}  language   rate", "voice")?;
    for row in &rows {
        let mark = if row.in_use { '*' } else { ' ' };
        let rate = row.rate.map(|rate| rate.to_string()).unwrap_or_default();
        match (&row.language, &row.problem) {
            (Some(language), _) => outln!("{mark} {:<width$}  {language:<8} {rate:>6}", row.voice)?,
            (None, problem) => outln!("{mark} {:<width$}  {}", row.voice, problem.as_deref().unwrap_or("?"))?,
        }
    }
    outln!()?;
    outln!("* is tts.voice. To hear one: offhook say \"Hello.\" --voice NAME -o hello.wav")?;
    Ok(ExitCode::SUCCESS)
}

/// The folders that are searched: those named, and those of models.
fn folders(named: &[PathBuf], config: Option<&Path>) -> Vec<PathBuf> {
    let beside = config.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_owned);
    let beside = if beside.as_os_str().is_empty() { PathBuf::from(".") } else { beside };
    let usual = std::iter::once(beside).chain(search_path::folders());
    let usual = usual.flat_map(|folder| WITHIN.map(|within| folder.join(within)));
    let mut seen = std::collections::BTreeSet::new();
    let all = named.iter().cloned().chain(usual);
    all.filter(|folder| folder.canonicalize().is_ok_and(|real| seen.insert(real))).collect()
}

fn rows(config: &Config, folders: &[PathBuf]) -> Vec<Row> {
    let in_use = config.tts.voice.as_str();
    let mut listed = voice::list(folders);
    let is_in_use = |voice: &str| {
        let real = |voice: &str| voice::file_of(voice).and_then(|file| file.canonicalize().ok());
        voice == in_use || real(voice).is_some_and(|file| Some(file) == real(in_use))
    };
    // The voice of the configuration may be anywhere.
    if !listed.iter().any(|(voice, _)| is_in_use(voice)) {
        listed.push((in_use.to_owned(), voice::look(in_use)));
    }
    let row = |(voice, found): voice::Listed| {
        let in_use = is_in_use(&voice);
        match found {
            Ok(found) => {
                Row { voice, in_use, language: Some(found.language), rate: found.rate, problem: None }
            }
            Err(error) => Row { voice, in_use, language: None, rate: None, problem: Some(error.problem) },
        }
    };
    listed.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_voice_is_in_use_and_a_broken_one_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, content) in [("a.onnx", "no voice"), ("a.onnx.json", "{}"), ("vad.onnx", "no voice")] {
            std::fs::write(folder.path().join(file), content).expect("a file");
        }
        let config = crate::config::parse("", "test", Path::new("")).expect("a configuration");
        let rows = rows(&config, &[folder.path().to_owned()]);
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(rows[0].in_use && rows[0].rate == Some(16_000));
        assert!(rows[1].voice.ends_with("a.onnx") && !rows[1].in_use);
        assert!(rows[1].problem.as_ref().is_some_and(|problem| problem.contains("JSON")), "{rows:?}");
    }

    #[test]
    fn each_folder_is_searched_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let twice = [folder.path().to_owned(), folder.path().join(".")];
        let count = folders(&twice, None).iter().filter(|found| found.starts_with(folder.path())).count();
        assert_eq!(count, 1);
    }
}
