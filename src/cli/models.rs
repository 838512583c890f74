//! `offhook models`: fetches published models by name, and says what is here. Parses arguments and prints;
//! the work is that of the crate models.

mod progress;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::cli::output::{NO_MODEL, noteln, outln};
use crate::engine::llm::{self, LlmOptions};
use crate::engine::{KernelChoice, voice, whisper};
use crate::models::{
    Address, Finding, Folder, Got, Installed, Kind, Manifest, Memory, Model, Proof, PullOptions, Token, pull,
};
use progress::{Shown, size};

/// `offhook models …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A manifest of your own, beside the built-in one; an entry there replaces the one of the same name.
    #[arg(long, global = true, value_name = "FILE")]
    manifest: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the models that can be fetched, and those that are here
    List(ListArgs),
    /// Fetch models, or go on where an earlier pull ended
    Pull(PullArgs),
    /// Check that models are still what was fetched; exit code 66 if one is not
    Verify {
        /// The models; all that are here if none is named.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Print where a model is; exit code 66 if it is not here
    Path {
        /// The model.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Remove models, and what unfinished pulls of them left
    Remove {
        /// The models.
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only those that are here.
    #[arg(long)]
    installed: bool,
    /// Print one JSON object per model.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct PullArgs {
    /// The models.
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// A mirror: this scheme and host in place of the publisher's, before the same paths.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A folder that has the files under their published names: they are copied, and nothing is fetched.
    #[arg(long, value_name = "FOLDER", conflicts_with = "base_url")]
    offline: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If a model cannot be had, or the folder cannot be used.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let manifest = Manifest::built_in()?;
    let manifest = match &args.manifest {
        Some(path) => manifest.with(Manifest::read(path)?, &path.display().to_string())?,
        None => manifest,
    };
    let folder = Folder::of_user()?;
    let root = folder.root();
    anyhow::ensure!(
        root.is_dir() || root.symlink_metadata().is_err(),
        "{} is no folder: set OFFHOOK_MODELS to one, or to a path that does not exist yet",
        root.display()
    );
    match &args.command {
        Command::List(args) => list(args, &manifest, &folder),
        Command::Pull(args) => pull_all(args, &manifest, folder),
        Command::Verify { names } => verify(names, &manifest, &folder),
        Command::Path { name } => path(name, &manifest, &folder),
        Command::Remove { names } => remove(names, &manifest, &folder),
    }
}

/// The command that fetches the file of this name, if one is known.
#[must_use]
pub fn command_for(file: &std::path::Path) -> Option<String> {
    let manifest = Manifest::built_in().ok()?;
    let model = manifest.for_file(file.file_name()?.to_str()?)?;
    Some(format!("offhook models pull {}", model.name))
}

/// A model in the list.
#[derive(serde::Serialize)]
struct Row<'a> {
    name: &'a str,
    kind: String,
    purpose: &'a str,
    licence: &'a str,
    /// Its publisher wants agreement first.
    terms: bool,
    /// About as much memory do its weights take.
    memory_mib: Option<u64>,
    /// All files are here.
    installed: bool,
    bytes_here: u64,
    bytes_unfinished: u64,
    /// Somebody has fetched it from these addresses with offhook.
    tried: bool,
}

impl<'a> Row<'a> {
    fn new(state: &Installed<'a>) -> Self {
        let model = state.model;
        Self {
            name: &model.name,
            kind: model.kind.to_string(),
            purpose: &model.purpose,
            licence: &model.licence,
            terms: model.terms,
            memory_mib: model
                .memory()
                .map(|(Memory::Measured(mib) | Memory::Computed(mib) | Memory::Estimated(mib))| mib),
            installed: state.is_whole(),
            bytes_here: state.bytes,
            bytes_unfinished: state.unfinished,
            tried: model.files.iter().all(|file| file.tried),
        }
    }

    fn here(&self) -> String {
        match (self.installed, self.bytes_unfinished) {
            (true, _) => size(self.bytes_here),
            (false, 0) if self.bytes_here == 0 => "-".to_owned(),
            (false, _) => format!("{} so far", size(self.bytes_here + self.bytes_unfinished)),
        }
    }
}

fn list(args: &ListArgs, manifest: &Manifest, folder: &Folder) -> anyhow::Result<ExitCode> {
    let states = manifest.models().iter().map(|model| folder.state(model));
    let rows: Vec<Installed<'_>> = states.filter(|state| !args.installed || state.is_whole()).collect();
    let rows: Vec<Row<'_>> = rows.iter().map(Row::new).collect();
    if args.json {
        for row in &rows {
            outln!("{}", crate::cli::json::line(row)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let width = |of: fn(&Row<'_>) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (name, licence) = (width(|row| row.name.len()), width(|row| row.licence.len() + 2));
    for (kind, title) in
        [(Kind::Recogniser, "Recognisers"), (Kind::Language, "Language models"), (Kind::Voice, "Voices")]
    {
        let of_kind: Vec<&Row<'_>> = rows.iter().filter(|row| row.kind == kind.to_string()).collect();
        if of_kind.is_empty() {
            continue;
        }
        outln!("{title:<name$}  {:>9}  {:>12}  {:<licence$}  what for", "memory", "here", "licence")?;
        for row in of_kind {
            let terms = if row.terms { " †" } else { "" };
            let licence_shown = format!("{}{terms}", row.licence);
            let memory = row.memory_mib.map_or_else(|| "?".to_owned(), |mib| format!("{mib} MiB"));
            outln!(
                "{:<name$}  {memory:>9}  {:>12}  {licence_shown:<licence$}  {}",
                row.name,
                row.here(),
                row.purpose
            )?;
        }
        outln!()?;
    }
    if rows.iter().any(|row| row.terms) {
        outln!("† its publisher may want agreement on the model's page, and then a token (docs/models.md)")?;
    }
    if rows.iter().any(|row| !row.tried) {
        outln!("Addresses that nobody has tried with offhook yet are marked so in models/manifest.toml.")?;
    }
    outln!("Kept in {}. To fetch one: offhook models pull NAME", folder.root().display())?;
    Ok(ExitCode::SUCCESS)
}

fn pull_all(args: &PullArgs, manifest: &Manifest, folder: Folder) -> anyhow::Result<ExitCode> {
    let models: Vec<&Model> = args.names.iter().map(|name| manifest.find(name)).collect::<Result<_, _>>()?;
    let mut options = PullOptions::new(folder);
    options.base_url = args.base_url.as_deref().map(Address::new).transpose()?;
    options.offline = args.offline.clone();
    if args.offline.is_none() {
        options.token = Token::from_environment()?;
    }
    for model in models {
        noteln!("{}: licence {}, {}", model.name, model.licence, model.licence_url);
        if model.terms {
            noteln!("  its publisher may want agreement to its terms on the model's page first");
        }
        let shown = Shown::default();
        let pulled = pull(model, &options, &|progress| shown.show(progress));
        shown.clear();
        for file in pulled? {
            match file.got {
                Got::WasThere(finding) => outln!("{}: it is here; {finding}", file.path.display())?,
                Got::Fetched { sum, proof, .. } => {
                    outln!("{}: SHA-256 {sum}, {}", file.path.display(), proven(&proof))?;
                }
            }
        }
        if let Some(problem) = unusable(model, &options.folder) {
            noteln!("{}: offhook cannot use it: {problem}", model.name);
            noteln!("  the file may be damaged: `offhook models remove {}`, and pull it again", model.name);
            return Ok(NO_MODEL.into());
        }
        noteln!("for config.toml, in its section {}", setting(model));
    }
    Ok(ExitCode::SUCCESS)
}

/// What keeps offhook from using a model that is here, as far as the structure of its files tells.
fn unusable(model: &Model, folder: &Folder) -> Option<String> {
    let path = folder.path(model).ok()?;
    let options = |model: PathBuf| LlmOptions {
        model,
        threads: 1,
        kernels: KernelChoice::Auto,
        context_tokens: 512,
        cache_mb: 1024,
        chat_template: None,
        thinking: false,
        date: || Duration::ZERO,
    };
    let looked_at = match model.kind {
        Kind::Recogniser => {
            let length = std::fs::metadata(&path).map_or(0, |file| file.len());
            let file = std::fs::File::open(&path).map_err(|error| error.to_string());
            file.and_then(|file| whisper::look_over(std::io::BufReader::new(file), length))
        }
        Kind::Language => llm::open(options(path)).map(drop).map_err(|error| error.problem),
        Kind::Voice => {
            voice::look(&format!("piper:{}", path.display())).map(drop).map_err(|error| error.problem)
        }
    };
    looked_at.err()
}

fn proven(proof: &Proof) -> String {
    match proof {
        Proof::Manifest(by) => format!("as {by} gives it"),
        Proof::Announced => "as the server announced it".to_owned(),
        Proof::None => "which nobody vouches for: compare it with the publisher's".to_owned(),
    }
}

/// The section and the line in it that takes a model into use.
fn setting(model: &Model) -> String {
    let file = model.files.first().map_or("", |file| file.file.as_str());
    match model.kind {
        Kind::Recogniser => format!("[stt]:  model = \"models/{file}\""),
        Kind::Language => format!("[llm]:  model = \"models/{file}\""),
        Kind::Voice => format!("[tts]:  voice = \"piper:models/{file}\""),
    }
}

fn verify(names: &[String], manifest: &Manifest, folder: &Folder) -> anyhow::Result<ExitCode> {
    let models: Vec<&Model> = if names.is_empty() {
        let here = folder.installed(manifest);
        for unfinished in here.iter().filter(|state| !state.is_whole()) {
            let name = &unfinished.model.name;
            noteln!("{name} is not whole: `offhook models pull {name}` goes on with it");
        }
        here.into_iter().filter(Installed::is_whole).map(|state| state.model).collect()
    } else {
        names.iter().map(|name| manifest.find(name)).collect::<Result<_, _>>()?
    };
    if models.is_empty() {
        noteln!("no model is in {}: `offhook models list` names some", folder.root().display());
    }
    let mut good = true;
    for model in models {
        let unusable = unusable(model, folder);
        for found in folder.verify(model) {
            let is_good = found.finding.is_good() && unusable.is_none();
            good &= is_good;
            let mark = match (is_good, found.finding == Finding::SumUnknown) {
                (true, true) => "?",
                (true, false) => "good",
                (false, _) => "WRONG",
            };
            outln!("{mark:<5}  {}  {}: {}", model.name, found.file, found.finding)?;
        }
        if let Some(problem) = unusable {
            outln!("       {}: offhook cannot use it: {problem}", model.name)?;
        }
    }
    if !good {
        noteln!("`offhook models remove NAME` and `offhook models pull NAME` fetch a model anew");
    }
    Ok(if good { ExitCode::SUCCESS } else { NO_MODEL.into() })
}

fn path(name: &str, manifest: &Manifest, folder: &Folder) -> anyhow::Result<ExitCode> {
    match folder.path(manifest.find(name)?) {
        Ok(path) => {
            outln!("{}", path.display())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(missing) => {
            noteln!("offhook: {missing}");
            Ok(NO_MODEL.into())
        }
    }
}

fn remove(names: &[String], manifest: &Manifest, folder: &Folder) -> anyhow::Result<ExitCode> {
    names.iter().try_for_each(|name| manifest.find(name).map(drop))?;
    for name in names {
        let removed = folder.remove(manifest, name)?;
        outln!("{name}: removed {}, {}", removed.files.join(", "), size(removed.bytes))?;
        for (file, other) in removed.shared {
            outln!("{name}: {file} stays: {other} needs it")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_can_be_fetched_is_known_by_its_name() {
        let command = command_for(std::path::Path::new("/x/models/ggml-tiny.en.bin"));
        assert_eq!(command.as_deref(), Some("offhook models pull whisper-tiny.en"));
        assert_eq!(command_for(std::path::Path::new("/x/mine.gguf")), None);
    }

    #[test]
    fn every_recogniser_that_can_be_named_can_be_fetched() {
        for name in crate::engine::whisper::published::NAMES {
            let file = format!("ggml-{name}.bin");
            let command = command_for(std::path::Path::new(&file));
            assert_eq!(command, Some(format!("offhook models pull whisper-{name}")));
        }
    }
}
