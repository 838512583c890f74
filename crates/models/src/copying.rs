//! A file from a folder that has it already into its part: for machines without a network. Must not know what
//! is done with the part.

use std::path::Path;

use crate::contents::LARGEST;
use crate::download::{self, Wanted};
use crate::part::Part;
use crate::problem::Problem;
use crate::room;
use crate::transfer::{self, Limits, Stop};

/// Copies a file from `folder`, from its beginning.
///
/// # Errors
/// If it is not there, or cannot be copied.
pub(crate) fn copy(wanted: &Wanted<'_>, folder: &Path, part: &mut Part) -> Result<(), Problem> {
    let path = folder.join(&wanted.file.file);
    let missing = |error| Problem::NotOffline {
        path: path.clone(),
        error,
        address: wanted.file.urls.first().cloned().unwrap_or_default(),
    };
    let mut from = offhook_files::open(&path).map_err(missing)?;
    let found = from.metadata().map_err(missing)?.len();
    let shown = || path.display().to_string();
    if let Some(expected) = wanted.file.bytes.filter(|bytes| *bytes != found) {
        return Err(Problem::Length { from: shown(), expected, found });
    }
    if found > LARGEST {
        return Err(Problem::TooLong { from: shown(), most: LARGEST });
    }
    download::restart(part)?;
    room::check(found, wanted.options.folder.root(), wanted.options.free_space)?;
    let limits = Limits::new(found, Some(found), wanted.form, wanted.options);
    let other = |what| Problem::Io { path: path.clone(), error: std::io::Error::other(what) };
    let problem = match transfer::run(&mut from, part, &limits, wanted.reporter) {
        Ok(()) if part.length() == found => return Ok(()),
        Ok(()) | Err(Stop::TooLong) => other(offhook_files::CHANGED),
        Err(Stop::Read(error)) => Problem::Io { path: path.clone(), error },
        Err(Stop::Write(error)) => Problem::writing(&part.path, error),
        Err(Stop::Form(what)) => Problem::Form { from: shown(), what: what.to_owned() },
        Err(Stop::Slow) => other("reading it has all but stopped"),
    };
    // The next copy begins anew, too.
    download::restart(part)?;
    Err(problem)
}
