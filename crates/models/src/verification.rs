//! Whether the files in the folder are those that they should be. What nobody knows is called unknown. Must
//! not change anything.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use crate::contents::{Form, HEAD, LARGEST_JSON};
use crate::entries::{Model, ModelFile};
use crate::folder::Folder;
use crate::sums::{self, Sum};

/// A file that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its name.
    pub file: String,
    /// What was found.
    pub finding: Finding,
}

/// What a look at a file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It has the sum that the manifest gives, by this source.
    AsPublished(String),
    /// It has the sum that it had when it was pulled. The manifest knows none.
    AsPulled,
    /// Nobody knows what its sum should be: only its form is right.
    SumUnknown,
    /// It is not there.
    Missing,
    /// It cannot be read.
    Unreadable(String),
    /// Its length is not the manifest's.
    Length {
        /// The manifest's.
        expected: u64,
        /// What it has.
        found: u64,
    },
    /// It is no model of its kind.
    Form(String),
    /// Its sum is wrong.
    Sum {
        /// What it should be.
        expected: Sum,
        /// What it is.
        found: Sum,
        /// Who says what it should be.
        by: String,
    },
}

impl Finding {
    /// Whether nothing is known against the file.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self {
            Self::AsPublished(_) | Self::AsPulled | Self::SumUnknown => true,
            Self::Missing | Self::Unreadable(_) | Self::Length { .. } | Self::Form(_) | Self::Sum { .. } => {
                false
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsPublished(by) => write!(f, "its SHA-256 is the one that {by} gives"),
            Self::AsPulled => {
                f.write_str("its SHA-256 is still the one that it was pulled with; the manifest knows none")
            }
            Self::SumUnknown => f.write_str("nobody knows what its SHA-256 should be; its form is right"),
            Self::Missing => f.write_str("it is not there"),
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Self::Length { expected, found } => {
                write!(f, "it has {found} bytes, and the manifest says {expected}")
            }
            Self::Form(what) => f.write_str(what),
            Self::Sum { expected, found, by } => {
                write!(f, "its SHA-256 is {found}, and {by} says {expected}")
            }
        }
    }
}

impl Folder {
    /// Looks at all files of a model, and reads them whole.
    #[must_use]
    pub fn verify(&self, model: &Model) -> Vec<Verified> {
        let look = |file: &ModelFile| Verified { file: file.file.clone(), finding: self.look(model, file) };
        model.files.iter().map(look).collect()
    }

    /// Looks at a file of a model.
    pub(crate) fn look(&self, model: &Model, file: &ModelFile) -> Finding {
        let path = self.file(&file.file);
        match std::fs::metadata(&path) {
            Ok(there) => self.look_at(&path, there.len(), Form::of(model.kind, &file.file), file),
            // A link that leads nowhere is there, and cannot be read.
            Err(error) if std::fs::symlink_metadata(&path).is_ok() => Finding::Unreadable(error.to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::Missing,
            Err(error) => Finding::Unreadable(error.to_string()),
        }
    }

    fn look_at(&self, path: &Path, found: u64, form: Form, file: &ModelFile) -> Finding {
        if let Some(expected) = file.bytes.filter(|bytes| *bytes != found) {
            return Finding::Length { expected, found };
        }
        match form_problem(path, form) {
            Ok(None) => {}
            Ok(Some(what)) => return Finding::Form(what),
            Err(error) => return Finding::Unreadable(error.to_string()),
        }
        let recorded = || sums::recorded(&self.record(&file.file));
        let (expected, by) = match (published(file), recorded()) {
            (Some((sum, by)), _) => (sum, by),
            (None, Some(sum)) => (sum, "its record from when it was pulled".to_owned()),
            (None, None) => return Finding::SumUnknown,
        };
        match sums::of_file(path) {
            Ok(sum) if sum != expected => Finding::Sum { expected, found: sum, by },
            Ok(_) if file.sha256.is_some() => Finding::AsPublished(by),
            Ok(_) => Finding::AsPulled,
            Err(error) => Finding::Unreadable(error.to_string()),
        }
    }
}

/// The sum that a manifest gives for a file, and its source.
pub(crate) fn published(file: &ModelFile) -> Option<(Sum, String)> {
    Some((file.sha256.as_ref()?.parse().ok()?, file.sum_from.clone()?))
}

/// What is wrong with the form of a file.
pub(crate) fn form_problem(path: &Path, form: Form) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    offhook_files::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    if let Some(what) = form.problem(&head) {
        return Ok(Some(what.to_owned()));
    }
    if form != Form::Json {
        return Ok(None);
    }
    let bytes = offhook_files::read(path, LARGEST_JSON)?;
    let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(&bytes);
    Ok(parsed.err().map(|error| format!("this is no JSON: {error}")))
}
