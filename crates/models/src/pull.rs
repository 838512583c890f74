//! Pulls a model: file by file, each from the first of its addresses that gives it, whole and checked or not
//! at all. Must not print: whoever calls it is told of the progress.

use std::path::PathBuf;

use crate::address::Address;
use crate::contents::Form;
use crate::copying;
use crate::download::{self, Wanted};
use crate::entries::Model;
use crate::finishing::{self, Proof};
use crate::lock::Lock;
use crate::options::{Progress, PullOptions, Reporter};
use crate::part::Part;
use crate::problem::{Problem, PullError};
use crate::sums::Sum;
use crate::verification::Finding;

/// A file of a pulled model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Its name.
    pub file: String,
    /// Where it is.
    pub path: PathBuf,
    /// How it got there.
    pub got: Got,
}

/// How a file got to its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    /// It was there, and nothing is known against it.
    WasThere(Finding),
    /// It was fetched.
    Fetched {
        /// From this address or file.
        from: String,
        /// Its sum, which is kept beside it.
        sum: Sum,
        /// What proves that it is the right one.
        proof: Proof,
    },
}

/// Pulls all files of a model into the folder. What is there and right stays; what an earlier pull left
/// unfinished is gone on with. Must not be called from a task of an asynchronous runtime, since it blocks.
///
/// # Errors
/// At the first file that cannot be had. Files before it stay, and so does what has come of it.
pub fn pull(
    model: &Model,
    options: &PullOptions,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Vec<Pulled>, PullError> {
    let mut pulled = Vec::new();
    for file in &model.files {
        let reporter = Reporter { file: &file.file, to: progress };
        let form = Form::of(model.kind, &file.file);
        let wanted = Wanted { file, form, options, reporter: &reporter };
        let got = pull_file(model, &wanted).map_err(|Failed { problems, kept }| PullError {
            model: model.name.clone(),
            file: file.file.clone(),
            problems,
            kept,
        })?;
        pulled.push(Pulled { file: file.file.clone(), path: options.folder.file(&file.file), got });
    }
    Ok(pulled)
}

/// Why a file was not pulled, and how much of it is kept for the next pull.
struct Failed {
    problems: Vec<Problem>,
    kept: u64,
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem], kept: 0 }
    }
}

fn pull_file(model: &Model, wanted: &Wanted<'_>) -> Result<Got, Failed> {
    let (file, folder) = (wanted.file, &wanted.options.folder);
    if let Some(there) = there(model, wanted)? {
        return Ok(there);
    }
    let root = folder.root();
    std::fs::create_dir_all(root).map_err(|error| Problem::writing(root, error))?;
    let lock = folder.lock(&file.file);
    let taken = Lock::take(&lock).map_err(|error| Problem::writing(&lock, error))?;
    let _lock = taken.ok_or_else(|| Problem::Locked { path: folder.file(&file.file) })?;
    // Another process may have pulled it since.
    if let Some(there) = there(model, wanted)? {
        return Ok(there);
    }
    let path = folder.part(&file.file);
    let mut part = Part::open(folder, &file.file).map_err(|error| Problem::writing(&path, error))?;
    let outcome = match &wanted.options.offline {
        Some(offline) => {
            let from = offline.join(&file.file).display().to_string();
            let copied = copying::copy(wanted, offline, &mut part);
            copied.and_then(|()| finish(wanted, &part, from)).map_err(|problem| vec![problem])
        }
        None => from_addresses(wanted, &mut part),
    };
    outcome.map_err(|problems| {
        let goes_on = path.is_file() && (file.sha256.is_some() || part.can_go_on());
        let kept = if goes_on { part.length() } else { 0 };
        if kept == 0 {
            // Of no use to anybody. If it stays, it is only untidy.
            let _ = part.discard();
        }
        Failed { problems, kept }
    })
}

/// The file, if it is there and nothing is known against it.
fn there(model: &Model, wanted: &Wanted<'_>) -> Result<Option<Got>, Problem> {
    let (file, folder) = (wanted.file, &wanted.options.folder);
    let finding = folder.look(model, file);
    if finding.is_good() {
        return Ok(Some(Got::WasThere(finding)));
    }
    let path = folder.file(&file.file);
    // A file that was pulled may be replaced. One that somebody put or linked there may not.
    let is_ours = finding == Finding::Missing
        || (folder.record(&file.file).is_file()
            && path.symlink_metadata().is_ok_and(|there| there.is_file()));
    if is_ours { Ok(None) } else { Err(Problem::Foreign { path, what: finding.to_string() }) }
}

fn from_addresses(wanted: &Wanted<'_>, part: &mut Part) -> Result<Got, Vec<Problem>> {
    let mut problems = Vec::new();
    for url in &wanted.file.urls {
        match address(wanted, url).and_then(|address| from_address(wanted, &address, part)) {
            Ok(got) => return Ok(got),
            Err(problem) => {
                let goes_on = problem.is_of_the_address();
                problems.push(problem);
                if !goes_on {
                    break;
                }
            }
        }
    }
    Err(problems)
}

/// The address, at the mirror if there is one.
fn address(wanted: &Wanted<'_>, url: &str) -> Result<Address, Problem> {
    let address = Address::new(url)?;
    Ok(match &wanted.options.base_url {
        Some(base) => address.at_mirror(base),
        None => address,
    })
}

fn from_address(wanted: &Wanted<'_>, address: &Address, part: &mut Part) -> Result<Got, Problem> {
    let was_there = part.length() > 0;
    download::fetch(wanted, address, part)?;
    let mut got = finish(wanted, part, address.to_string());
    // What an earlier pull left may be what was wrong.
    if was_there && matches!(got, Err(Problem::Sum { .. } | Problem::Form { .. } | Problem::Length { .. })) {
        *part = reopened(wanted)?;
        download::fetch(wanted, address, part)?;
        got = finish(wanted, part, address.to_string());
    }
    match got {
        // It was removed; another address begins with nothing.
        Err(problem) if problem.is_of_the_address() => {
            *part = reopened(wanted)?;
            Err(problem)
        }
        Ok(got) => Ok(got),
        Err(problem) => Err(problem),
    }
}

fn reopened(wanted: &Wanted<'_>) -> Result<Part, Problem> {
    let folder = &wanted.options.folder;
    let mut part = Part::open(folder, &wanted.file.file)
        .map_err(|error| Problem::writing(&folder.part(&wanted.file.file), error))?;
    download::restart(&mut part)?;
    Ok(part)
}

fn finish(wanted: &Wanted<'_>, part: &Part, from: String) -> Result<Got, Problem> {
    let folder = &wanted.options.folder;
    let (sum, proof) = finishing::finish(folder, wanted.file, wanted.form, part, &from)?;
    Ok(Got::Fetched { from, sum, proof })
}
