//! From a part to a file with its name: everything is checked before, and the name is given in one step. Must
//! not know how the part came.

use std::fs::File;
use std::path::Path;

use crate::contents::Form;
use crate::entries::ModelFile;
use crate::folder::Folder;
use crate::part::Part;
use crate::plain;
use crate::problem::Problem;
use crate::sums::{self, Sum};
use crate::verification::{form_problem, published};

/// What proves that a file is the one that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The manifest's sum, by this source.
    Manifest(String),
    /// The sum that the server announced, which proves only that nothing was damaged on the way.
    Announced,
    /// Nothing: nobody knows its sum.
    None,
}

/// Checks a part, and gives it the file's name. A part that is wrong is removed.
///
/// # Errors
/// If it is not the file, or the folder cannot be written to.
pub(crate) fn finish(
    folder: &Folder,
    file: &ModelFile,
    form: Form,
    part: &Part,
    from: &str,
) -> Result<(Sum, Proof), Problem> {
    let writing = |error| Problem::writing(&part.path, error);
    let sum = part.sum();
    let proof = check(file, form, part, from, sum).inspect_err(|problem| {
        if problem.is_of_the_address() {
            // If it stays, the next pull begins anew: its form or sum is still wrong.
            let _ = part.discard();
        }
    })?;
    part.sync().map_err(writing)?;
    let record = folder.record(&file.file);
    // Before the file: a sum without a file does no harm.
    plain::write(&record, sums::record(sum, &file.file).as_bytes())
        .map_err(|error| Problem::writing(&record, error))?;
    let path = folder.file(&file.file);
    std::fs::rename(&part.path, &path).map_err(|error| Problem::writing(&path, error))?;
    part.forget_notes();
    sync_folder(folder.root());
    Ok((sum, proof))
}

fn check(file: &ModelFile, form: Form, part: &Part, from: &str, found: Sum) -> Result<Proof, Problem> {
    if let Some(expected) = file.bytes.filter(|bytes| *bytes != part.length()) {
        return Err(Problem::Length { from: from.to_owned(), expected, found: part.length() });
    }
    let problem = form_problem(&part.path, form).map_err(|error| Problem::writing(&part.path, error))?;
    if let Some(what) = problem {
        return Err(Problem::Form { from: from.to_owned(), what });
    }
    let (expected, by, proof) = match (published(file), part.announced()) {
        (Some((sum, by)), _) => (sum, by.clone(), Proof::Manifest(by)),
        (None, Some(sum)) => (sum, from.to_owned(), Proof::Announced),
        (None, None) => return Ok(Proof::None),
    };
    if found == expected { Ok(proof) } else { Err(Problem::Sum { expected, by, found }) }
}

/// The new name must outlast a power cut. Some file systems do not sync folders, and need not.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
