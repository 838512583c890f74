//! Checks before anything is loaded: everything that `serve` would refuse or suffer from, in models, memory,
//! folders and certificates, and missing settings. `config check` reports the findings, and `serve` obeys
//! them. Reads the heads of files, and no weights.

mod knowledge;
mod prompts;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::process::{Resource, getrlimit};

use crate::app::certificates::Certificates;
use crate::app::engines::{llm_options, whisper_options};
use crate::config::{Config, Does, Problem, unspeakable};
use crate::engine::LoadError;
use crate::engine::llm::{self, Inspected};
use crate::engine::voice;
use crate::engine::whisper;
use crate::records::{OpenError, Store};
use crate::runtime::library::Library;
use crate::runtime::provider_api::ProviderApi;
use crate::runtime::toolbox::Toolbox;
use crate::webhooks;

const MIB: u64 = 1 << 20;

/// Address space that the program needs beside its models, and that each thread reserves for its allocations
/// (glibc's arenas). Measured: with the shipped models, it starts with 1,800,000 KiB on two cores, but not
/// with 1,600,000.
const BESIDE_MODELS: u64 = 600 * MIB;
const A_THREAD: u64 = 128 * MIB;

/// Threads that are not counted with the engines: sockets, blocking work, signals, the voice.
const OTHER_THREADS: usize = 5;

/// The results of the checks.
#[derive(Default)]
pub(super) struct Findings {
    /// Keys whose values must change.
    pub(super) problems: Vec<Problem>,
    /// Models that cannot be loaded.
    pub(super) models: Vec<LoadError>,
    /// Settings that work but may be unintended.
    pub(super) notes: Vec<String>,
    pub(super) opened: Opened,
}

/// Files and clients that the checks opened, for `serve` to use.
#[derive(Default)]
pub(super) struct Opened {
    /// The language models, by name.
    pub(super) models: Vec<(String, llm::Opened)>,
    pub(super) certificates: Option<Certificates>,
    /// The client of the providers' APIs, if a provider has one that ends calls.
    pub(super) provider_api: Option<ProviderApi>,
    /// The folders that agents know.
    pub(super) library: Library,
}

/// All models that cannot be loaded.
#[derive(Debug)]
pub struct BadModels(Vec<LoadError>);

impl std::error::Error for BadModels {}

impl BadModels {
    /// What is wrong with each.
    pub fn models(&self) -> impl Iterator<Item = &LoadError> {
        self.0.iter()
    }
}

impl fmt::Display for BadModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, model) in self.0.iter().enumerate() {
            write!(f, "{}{model}", if n == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Findings {
    /// The models that cannot be loaded, as an error.
    pub(super) fn bad_models(self) -> Option<BadModels> {
        (!self.models.is_empty()).then_some(BadModels(self.models))
    }
}

/// Checks everything that the configuration names.
pub(super) fn look(config: &Config) -> Findings {
    let mut findings = Findings::default();
    findings.missing_words(config);
    findings.tools(config);
    findings.knowledge(config);
    if let Err(error) = whisper::check(&whisper_options(&config.stt, &config.stt.model)) {
        findings.models.push(error);
    }
    let voices: BTreeSet<&str> = config.agents.values().map(|agent| agent.tts.voice.as_str()).collect();
    for voice in &voices {
        if let Err(error) = voice::look(voice) {
            findings.models.push(error);
        }
    }
    let voices = voices.into_iter().filter_map(voice::file_of);
    let files = std::iter::once(config.stt.model.clone()).chain(voices);
    let mut bytes = files.map(|file| std::fs::metadata(file).map_or(0, |file| file.len())).sum::<u64>();
    let prompts = prompts::of(config);
    for (index, (name, path)) in config.llm.models().enumerate() {
        let opened = llm::open(llm_options(&config.llm, path));
        let inspected = opened.and_then(|model| {
            let inspect = |(key, prompt): &(String, String)| Ok((key.clone(), model.inspect(prompt)?));
            Ok((prompts.iter().map(inspect).collect::<Result<Vec<_>, LoadError>>()?, model))
        });
        match inspected {
            Ok((inspected, model)) => {
                if let Some((_, first)) = inspected.first() {
                    bytes = bytes.saturating_add(first.bytes);
                    findings.model(config, index == 0, name, first);
                }
                let told = inspected.iter().map(|(key, of)| prompts::told(config, name, key, of));
                told.for_each(|(problem, note)| {
                    findings.problems.extend(problem);
                    findings.notes.extend(note);
                });
                findings.opened.models.push((name.to_owned(), model));
            }
            Err(error) => findings.models.push(error),
        }
    }
    if config.llm.thinking {
        findings.notes.push(
            "llm.thinking is true: until a thought ends, the caller hears nothing and llm.fallback_after_ms and \
             llm.first_token_timeout_ms run; its tokens count for llm.max_tokens. Raise all three, or set it to false"
                .to_owned(),
        );
    }
    findings.memory(config, bytes);
    findings.files(config);
    findings
}

impl Findings {
    fn refuse(&mut self, key: &str, value: String, allowed: String) {
        self.problems.push(Problem::of(key, value, allowed));
    }

    /// The agent's identity has no default. A server without one is not a mistake, but hardly intended.
    fn missing_words(&mut self, config: &Config) {
        if config.agent.prompt().is_empty() {
            self.notes.push(
                "agent.system_prompt is not set: the agent knows neither who it is nor any facts".into(),
            );
        }
        if config.records.recordings.is_some() && config.agent.phrases.disclosure.is_empty() {
            self.notes.push(
                "records.recordings is set and agent.disclosure is not: callers are not told that they are recorded"
                    .into(),
            );
        }
        if config.agent.phrases.opening().is_empty() {
            self.notes
                .push("agent.greeting is not set: the agent waits for the caller to speak first".into());
        }
        for (key, phrase) in unspeakable(config) {
            let allowed = "a text in Latin letters: the voice speaks no others";
            self.refuse(&key, format!("{phrase:?}"), allowed.into());
        }
        if config.quality.small_model.as_deref() == Some(config.llm.name.as_str()) {
            self.notes.push(format!(
                "quality.small_model = \"{0}\": the model \"{0}\" answers anyway, so it makes nothing quicker",
                config.llm.name
            ));
        }
        if config.agent.phrases.fallback.is_empty() {
            self.notes.push("agent.fallback is not set: callers hear nothing when an engine fails".into());
        }
    }

    /// What tools need of the rest of the configuration.
    fn tools(&mut self, config: &Config) {
        if let Err(error) = Toolbox::open(&config.tools) {
            self.problems.push(error.problem());
        }
        for tool in &config.tools {
            if tool.does == Does::Note && config.records.file.is_none() {
                let what = "a note is kept in the records: set records.file".to_owned();
                self.problems.push(Problem::about(&format!("tools.{}.does", tool.name), what));
            }
        }
    }

    fn model(&mut self, config: &Config, first: bool, name: &str, model: &Inspected) {
        let llm = &config.llm;
        if llm.context_tokens > model.context {
            let allowed = format!("at most {}, which the model \"{name}\" was trained for", model.context);
            if first {
                self.refuse("llm.context_tokens", llm.context_tokens.to_string(), allowed);
            } else {
                self.notes.push(format!("llm.context_tokens = {}: {allowed}", llm.context_tokens));
            }
        }
        let per_call = (model.bytes_per_call as u64).div_ceil(MIB);
        if model.calls == 0 {
            let allowed = format!(
                "at least {per_call}, needed by a call with the model \"{name}\"; or lower llm.context_tokens"
            );
            self.refuse("llm.cache_mb", llm.cache_mb.to_string(), allowed);
        } else if model.calls < config.server.max_calls {
            self.notes.push(format!(
                "llm.cache_mb = {} holds {} calls with the model \"{name}\" ({per_call} MiB each), and \
                 server.max_calls is {}: further calls are refused",
                llm.cache_mb, model.calls, config.server.max_calls
            ));
        }
    }

    fn memory(&mut self, config: &Config, models: u64) {
        let needed = address_space(config, models);
        // The limit itself, not the part of it that is in use: nothing is loaded yet.
        if let Some(limit) = getrlimit(Resource::As).current.filter(|limit| *limit < needed) {
            let allowed = format!(
                "at least {} MiB of address space, which these models and calls may take: lift the limit (`ulimit -v \
                 unlimited`, LimitAS= of systemd)",
                needed.div_ceil(MIB)
            );
            self.refuse("memory", format!("a limit of {} MiB", limit / MIB), allowed);
        }
        if let Some(free) = llm::free_memory().filter(|free| *free < models) {
            // A server that is running may be what takes it.
            self.notes.push(format!(
                "the models take {} MiB, and {} MiB of memory are free: `offhook serve` refuses to load more than \
                 there is",
                models.div_ceil(MIB),
                free / MIB
            ));
        }
    }

    fn files(&mut self, config: &Config) {
        match config.server.tls.as_ref().map(Certificates::load).transpose() {
            Ok(certificates) => self.opened.certificates = certificates,
            Err(error) => self.problems.push(Problem::about("server.tls_certificate", error.to_string())),
        }
        if let Some(folder) = &config.log.traces
            && let Err(problem) = writable(folder)
        {
            self.refuse("log.traces", format!("\"{}\"", folder.display()), format!("a folder; {problem}"));
        }
        if let Some(file) = &config.records.file
            && let Some(problem) = records_problem(file)
        {
            self.refuse("records.file", format!("\"{}\"", file.display()), problem);
        }
        if let Some(folder) = &config.records.recordings
            && let Err(problem) = writable(folder)
        {
            self.refuse(
                "records.recordings",
                format!("\"{}\"", folder.display()),
                format!("a folder; {problem}"),
            );
        }
        if let Some(file) = config.webhooks.file.as_ref().filter(|_| config.webhooks.url.is_some())
            && let Some(problem) = spool_problem(file)
        {
            self.refuse("webhooks.file", format!("\"{}\"", file.display()), problem);
        }
        let asked = config.lines.taken.values().any(|line| line.api.is_some());
        match asked.then(ProviderApi::new).transpose() {
            Ok(provider_api) => self.opened.provider_api = provider_api,
            Err(error) => {
                let what = format!(
                    "no provider's API can be asked to hang up or to transfer; install ca-certificates ({error:#})"
                );
                self.problems.push(Problem::about("certificates", what));
            }
        }
    }
}

/// An estimate of the address space that the server takes at most. This counts against its limit, not against
/// the machine's memory.
fn address_space(config: &Config, models: u64) -> u64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let engines =
        cores.min(config.server.max_calls) + config.llm.models().count() * config.llm.threads.min(cores);
    // Weights that candle multiplies are packed once more.
    let threads = (OTHER_THREADS + engines) as u64 * A_THREAD;
    BESIDE_MODELS.saturating_add(threads).saturating_add(models.saturating_mul(2))
}

/// What is wrong with the database of records, if it is there, or with its folder.
fn records_problem(file: &Path) -> Option<String> {
    match Store::open(file) {
        // It is made, or brought to this version, when a server starts.
        Err(OpenError::Missing(_) | OpenError::Older { .. }) | Ok(_) => {}
        Err(error) => return Some(format!("the path of a database; {error}")),
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    writable(folder).err().map(|problem| format!("a file in a folder; {problem}"))
}

/// What is wrong with the spool of webhooks, if it is there, or with its folder.
fn spool_problem(file: &Path) -> Option<String> {
    if let Err(error) = webhooks::look(file) {
        return Some(format!("the path of a file for webhooks that wait; {error}"));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    writable(folder).err().map(|problem| format!("a file in a folder; {problem}"))
}

/// Checks that files can be created in a folder, or the folder in the nearest existing one above.
fn writable(folder: &Path) -> Result<(), String> {
    let there = folder.ancestors().find(|above| above.as_os_str().is_empty() || above.exists());
    let there = there.filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let about = |problem: &str| format!("\"{}\" {problem}", there.display());
    if !there.is_dir() {
        return Err(about("is a file"));
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| about(&format!("cannot be written to ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn look_at(text: &str) -> Findings {
        look(&parse(text, "test", Path::new("")).expect("it can be read"))
    }

    fn problems(text: &str) -> Vec<String> {
        look_at(text).problems.iter().map(ToString::to_string).collect()
    }

    /// Fault: `config check` accepted settings that `serve` refuses: memory for no call, a prompt that fits
    /// in no context, a context that the model does not have, traces that cannot be written.
    #[test]
    fn what_serve_would_refuse_is_found_before_anything_is_loaded() {
        for (text, told) in [
            ("[llm]\ncache_mb = 1", "llm.cache_mb = 1: allowed is at least 7, needed by a call"),
            ("[llm]\ncontext_tokens = 4096", "llm.context_tokens = 4096: allowed is at most 1024, which"),
            (
                &format!("[agent]\nsystem_prompt = \"{}\"", "parking ".repeat(1200)),
                "agent.system_prompt = a text of ",
            ),
            (
                "[log]\ntraces = \"Cargo.toml/traces\"",
                "log.traces = \"Cargo.toml/traces\": allowed is a folder",
            ),
            (
                "[server]\ntls_certificate = \"none.pem\"\ntls_key = \"none.pem\"",
                "server.tls_certificate: server.tls_certificate = \"none.pem\"",
            ),
        ] {
            let problems = problems(text);
            assert!(problems.len() == 1 && problems[0].starts_with(told), "{told}: {problems:?}");
        }
        assert_eq!(problems(crate::config::DEFAULT_CONFIG), Vec::<String>::new());
    }

    /// Fault: of several models that cannot be loaded, only the first was reported, and a model of another
    /// kind not at all.
    #[test]
    fn all_models_are_looked_at() {
        let text = "[stt]\nmodel = \"models/none.bin\"\n[llm]\nmodel = \"models/whisper/whisper-tiny.en-tuned.bin\"\n\
                    stand_ins = [{ name = \"b\", model = \"models/none.gguf\" }]";
        let told: Vec<String> = look_at(text).models.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].contains("there is no such file") && told[0].contains("/usr/share/offhook"),
            "{told:?}"
        );
        assert!(told[1].contains("GGUF"), "{told:?}");
        assert!(told[2].contains("models/none.gguf") && !told[2].contains("make -C"), "{told:?}");
    }

    /// Fault: with only [server] in its configuration, an agent had no greeting and no facts, and no warning
    /// said so.
    #[test]
    fn what_is_missing_is_told() {
        let notes = look_at("[server]\nport = 1").notes.join("\n");
        assert!(
            notes.contains("agent.system_prompt is not set") && notes.contains("agent.greeting is not set")
        );
        assert_eq!(look_at(crate::config::DEFAULT_CONFIG).notes, Vec::<String>::new());
    }
}
