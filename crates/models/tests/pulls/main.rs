//! What a pull promises, against a server that is as hostile as a test wants it: the whole, right file under
//! its name, or a message that says what was wrong and what to do. Each test is a sentence.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may panic, and measure from outside"
)]

mod answers;
mod cuts;
mod disk;
mod folder;
mod killed;
mod limits;
mod property;
mod redirects;
mod server;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use offhook_models::{Folder, Got, Manifest, Model, Progress, PullError, PullOptions, Pulled, Sum, pull};
use tempfile::TempDir;

/// The name of the file in most tests.
const FILE: &str = "a.gguf";

/// A file that passes for a language model.
fn gguf(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    b"GGUF".iter().copied().chain(noise).take(length).collect()
}

fn sum_of(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `, sha256 = "…", sum_from = "the test"`
fn with_sum(bytes: &[u8]) -> String {
    format!(", sha256 = \"{}\", sum_from = \"the test\"", sum_of(bytes))
}

fn manifest(kind: &str, files: &str) -> Manifest {
    let text = format!(
        "[[model]]\nname = \"tiny\"\nkind = \"{kind}\"\npurpose = \"tests\"\nlicence = \"MIT\"\n\
         licence_url = \"https://a.example/licence\"\nfiles = {files}\n"
    );
    Manifest::parse(&text, "the test's").unwrap()
}

/// A language model with one file; `rest` is what else its entry says.
fn tiny(urls: &[String], rest: &str) -> Model {
    let manifest = manifest("language", &format!("[{{ file = \"{FILE}\", url = {urls:?}{rest} }}]"));
    manifest.models()[0].clone()
}

/// A folder for models, and how they are pulled into it.
struct Place {
    _folder: TempDir,
    options: PullOptions,
    reports: RefCell<Vec<String>>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = PullOptions::new(Folder::at(folder.path().join("models")));
        options.stall = Duration::from_secs(10);
        options.least_bytes_per_s = 1;
        options.first_wait = Duration::from_millis(1);
        options.retries = 3;
        Self { _folder: folder, options, reports: RefCell::default() }
    }

    /// That does not wait so long for a server that stops.
    fn with_stall(mut self, stall: Duration) -> Self {
        self.options.stall = stall;
        self
    }

    /// With the folder there already, and this file in it.
    fn with(self, name: &str, bytes: &[u8]) -> Self {
        std::fs::create_dir_all(self.options.folder.root()).unwrap();
        std::fs::write(self.at(name), bytes).unwrap();
        self
    }

    fn at(&self, name: &str) -> PathBuf {
        self.options.folder.root().join(name)
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.at(name)).ok()
    }

    fn pull(&self, model: &Model) -> Result<Vec<Pulled>, PullError> {
        pull(model, &self.options, &|progress: Progress<'_>| {
            let waits = progress.waits.map_or_else(String::new, |(reason, _)| format!(", waits: {reason}"));
            let line = format!("{} {}/{:?}{waits}", progress.file, progress.done, progress.total);
            self.reports.borrow_mut().push(line);
        })
    }

    /// Pulls a model of one file, and says what happened to it.
    fn got(&self, model: &Model) -> Got {
        self.pull(model).unwrap().remove(0).got
    }

    /// Pulls a model that cannot be pulled, and says what is told.
    fn told(&self, model: &Model) -> String {
        let told = self.pull(model).unwrap_err().to_string();
        assert!(told.starts_with("tiny: "), "{told}");
        told
    }

    /// The names of all files in the folder, in order.
    fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.options.folder.root()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn assert_pulled(&self, bytes: &[u8]) {
        assert!(self.read(FILE).as_deref() == Some(bytes), "another file, or none");
        assert_eq!(self.names(), [FILE, "a.gguf.sha256"]);
        let record = String::from_utf8(self.read("a.gguf.sha256").unwrap()).unwrap();
        assert_eq!(record, format!("{}  {FILE}\n", sum_of(bytes)));
    }

    fn assert_nothing_is_there(&self) {
        assert_eq!(self.names(), [""; 0]);
    }
}

/// What a file is if it was fetched: its sum.
fn fetched(got: &Got) -> Sum {
    match got {
        Got::Fetched { sum, .. } => *sum,
        Got::WasThere(finding) => panic!("it was there: {finding}"),
    }
}
