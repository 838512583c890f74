//! The list of the files of a backup, with their sums. Must not know what is in them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// The version of the list's form.
const FORM: u32 = 1;

/// The list's file.
pub(crate) const NAME: &str = "manifest.json";

/// The largest list that is read: it has two files.
const LARGEST: u64 = 64 << 10;

/// How much of a file is read at a time.
const CHUNK: usize = 1 << 18;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub offhook_backup: u32,
    /// When it was made, in milliseconds since 1970.
    pub made_at: i64,
    /// The version of the database.
    pub version: u32,
    /// How many calls it has.
    pub calls: u64,
    /// The database.
    pub database: Entry,
    /// The configuration, if it is there.
    pub config: Option<Entry>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// Why a backup is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The list cannot be read.
    #[error("backup: {}: {cause}; name the folder that a backup made", path.display())]
    Unreadable {
        /// The list.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The list is none.
    #[error("backup: {}: it is no list of a backup: {cause}", path.display())]
    NoManifest {
        /// The list.
        path: PathBuf,
        /// Why.
        cause: serde_json::Error,
    },
    /// A newer program made the backup.
    #[error("backup: {}: it has form {found}, and this program knows form {FORM}; take the newer program", path.display())]
    Newer {
        /// The list.
        path: PathBuf,
        /// Its form.
        found: u32,
    },
    /// A file is not as it was when the backup was made.
    #[error("backup: {}: it is not the file that was saved (its length or its SHA-256 differs); take another backup", .0.display())]
    Changed(PathBuf),
}

impl Manifest {
    /// A list of a database and a configuration.
    pub(crate) fn of(made_at: i64, version: u32, calls: u64, database: Entry, config: Option<Entry>) -> Self {
        Self { offhook_backup: FORM, made_at, version, calls, database, config }
    }

    /// Reads the list of a backup, and checks that all of its files are as they were.
    ///
    /// # Errors
    /// If it is no backup, or not whole.
    pub(crate) fn checked(folder: &Path) -> Result<Self, ManifestError> {
        let path = folder.join(NAME);
        let text = read(&path).map_err(|cause| ManifestError::Unreadable { path: path.clone(), cause })?;
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|cause| ManifestError::NoManifest { path: path.clone(), cause })?;
        if manifest.offhook_backup != FORM {
            return Err(ManifestError::Newer { path, found: manifest.offhook_backup });
        }
        for entry in std::iter::once(&manifest.database).chain(&manifest.config) {
            let file = folder.join(&entry.name);
            // A name leads to no other folder.
            let plain = Path::new(&entry.name).file_name().is_some_and(|name| name == entry.name.as_str());
            let same = plain && Entry::of(folder, &entry.name).is_ok_and(|now| now == *entry);
            if !same {
                return Err(ManifestError::Changed(file));
            }
        }
        Ok(manifest)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut text)?;
    Ok(text)
}

impl Entry {
    /// The file of this name in a folder, as it is now.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn of(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        if !crate::plain::is_there(&path) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no such file"));
        }
        let (mut file, mut sum, mut bytes) = (File::open(path)?, Context::new(&SHA256), 0);
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            sum.update(chunk.get(..count).unwrap_or_default());
            bytes += count as u64;
        }
        let sha256 = sum.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { name: name.to_owned(), bytes, sha256 })
    }
}
