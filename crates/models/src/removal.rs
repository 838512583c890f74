//! Removes a model: its own files, and those that were kept beside them. What another model needs stays. Must
//! not follow links: a link is removed, and what it leads to stays.

use std::io;
use std::path::PathBuf;

use crate::entries::Model;
use crate::folder::Folder;
use crate::lock::Lock;
use crate::manifest::{Manifest, NoSuchModel};
use crate::plain;

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removed {
    /// The files.
    pub files: Vec<String>,
    /// The bytes that they had, with those of unfinished pulls.
    pub bytes: u64,
    /// The files that stay, each with the other model that needs it.
    pub shared: Vec<(String, String)>,
}

/// Why a model was not removed, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// There is no such model.
    #[error(transparent)]
    Unknown(NoSuchModel),
    /// Nothing of it is there.
    #[error("{0} is not in {folder}: there is nothing to remove", folder = .1.display())]
    NotHere(String, PathBuf),
    /// It is being pulled.
    #[error("another process is pulling {file} now: wait until it has ended", file = .0.display())]
    Locked(PathBuf),
    /// A file cannot be removed.
    #[error("{file}: {1}: remove it as a user who may", file = .0.display())]
    Io(PathBuf, io::Error),
}

impl Folder {
    /// Removes the files of a model, and unfinished pulls of them.
    ///
    /// # Errors
    /// If nothing is there, it is being pulled, or a file cannot be removed.
    pub fn remove(&self, manifest: &Manifest, name: &str) -> Result<Removed, RemoveError> {
        let model = manifest.find(name).map_err(RemoveError::Unknown)?;
        let mut removed = Removed::default();
        let others: Vec<&Model> = manifest.models().iter().filter(|other| other.name != name).collect();
        for file in model.files.iter().map(|file| &file.file) {
            if !self.has_anything_of(file) {
                continue;
            }
            let needs = |other: &&&Model| {
                other.files.iter().any(|theirs| theirs.file == *file) && self.state(other).is_whole()
            };
            if let Some(other) = others.iter().find(needs) {
                removed.shared.push((file.clone(), other.name.clone()));
            } else {
                removed.bytes += self.remove_file(file)?;
                removed.files.push(file.clone());
            }
        }
        if removed.files.is_empty() && removed.shared.is_empty() {
            return Err(RemoveError::NotHere(name.to_owned(), self.root().to_owned()));
        }
        Ok(removed)
    }

    fn has_anything_of(&self, file: &str) -> bool {
        [self.file(file), self.part(file)].iter().any(|path| path.symlink_metadata().is_ok())
    }

    fn remove_file(&self, file: &str) -> Result<u64, RemoveError> {
        let lock = self.lock(file);
        let taken = Lock::take(&lock).map_err(|error| RemoveError::Io(lock, error))?;
        let _lock = taken.ok_or_else(|| RemoveError::Locked(self.file(file)))?;
        let mut bytes = 0;
        // The file before its sum: a sum without a file does no harm.
        for path in [self.file(file), self.part(file), self.notes(file), self.record(file)] {
            let length = path.symlink_metadata().map_or(0, |there| there.len());
            plain::remove(&path).map_err(|error| RemoveError::Io(path, error))?;
            bytes += length;
        }
        Ok(bytes)
    }
}
