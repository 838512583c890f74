//! Puts the database of a backup in place of one that is lost: whole or not at all. Must not know how a
//! backup is made.

use std::io;
use std::path::{Path, PathBuf};

use crate::backup::DATABASE;
use crate::database::{self, OpenError};
use crate::lock::{Lock, beside};
use crate::manifest::{Manifest, ManifestError};
use crate::migrations::VERSION;
use crate::plain;

/// The files that SQLite keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// The ending of a database that is not whole yet.
const UNFINISHED: &str = ".offhook-unfinished";

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// How many calls there are now.
    pub calls: u64,
    /// The configuration in the backup: it is not put in place.
    pub config: Option<PathBuf>,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// It is no backup, or not whole.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A newer program made the backup.
    #[error(
        "restore: the backup has version {found}, and this program knows versions up to {VERSION}; take the newer \
         program"
    )]
    Newer {
        /// Its version.
        found: u32,
    },
    /// The database in the backup cannot be used, or the one that is there cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There are calls that would be lost.
    #[error(
        "restore: {}: it has {calls} calls, which would be lost; make a backup of it, and restore with force",
        file.display()
    )]
    NotEmpty {
        /// The database.
        file: PathBuf,
        /// How many calls it has.
        calls: u64,
    },
    /// A server has the database open.
    #[error("restore: {}: a server has it open; stop it first", .0.display())]
    InUse(PathBuf),
    /// A file cannot be read or written.
    #[error("restore: {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RestoreError + '_ {
    |cause| RestoreError::Io { path: path.to_owned(), cause }
}

/// Puts the database of the backup `from` in place of `file`. With `force` also where calls are, or where the
/// file is no database that can be read: what is there is lost.
///
/// # Errors
/// If the backup is not whole, if calls would be lost, or if a server has the database open. Then all is as
/// it was.
pub fn restore(from: &Path, file: &Path, force: bool) -> Result<Restored, RestoreError> {
    let manifest = Manifest::checked(from)?;
    if manifest.version > VERSION {
        return Err(RestoreError::Newer { found: manifest.version });
    }
    let parent = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    plain::folder(parent).map_err(at(parent))?;
    let lock = Lock::take(file).map_err(at(file))?;
    let _lock = lock.ok_or_else(|| RestoreError::InUse(file.to_owned()))?;
    if !force {
        let calls = match std::fs::symlink_metadata(file) {
            Err(_) => 0,
            // The file of a server that was started and wrote nothing.
            Ok(there) if there.len() == 0 => 0,
            Ok(_) => calls(file)?,
        };
        if calls > 0 {
            return Err(RestoreError::NotEmpty { file: file.to_owned(), calls });
        }
    }
    let unfinished = beside(file, UNFINISHED);
    let placed = place(&from.join(DATABASE), &unfinished, file, parent);
    if placed.is_err() {
        let _ = plain::remove(&unfinished);
    }
    let calls = placed?;
    Ok(Restored { calls, config: manifest.config.map(|config| from.join(config.name)) })
}

fn place(saved: &Path, unfinished: &Path, file: &Path, parent: &Path) -> Result<u64, RestoreError> {
    plain::remove(unfinished).map_err(at(unfinished))?;
    let mut to = plain::new(unfinished).map_err(at(unfinished))?;
    let mut source = std::fs::File::open(saved).map_err(at(saved))?;
    io::copy(&mut source, &mut to).and_then(|_| to.sync_all()).map_err(at(unfinished))?;
    // Brought up to date before it is in place, and all of it in the one file.
    let connection = database::to_write(unfinished)?;
    drop(connection);
    let calls = calls(unfinished)?;
    for companion in COMPANIONS {
        let gone = beside(unfinished, companion);
        plain::remove(&gone).map_err(at(&gone))?;
    }
    // The log of the old database must not be taken for one of the new. It is moved away before: whoever is
    // killed between the two steps finds the old database as it was at its last checkpoint.
    for companion in COMPANIONS {
        let old = beside(file, companion);
        plain::remove(&old).map_err(at(&old))?;
    }
    std::fs::rename(unfinished, file).map_err(at(file))?;
    plain::sync_folder(parent).map_err(at(parent))?;
    Ok(calls)
}

/// How many calls a database has. One of an older version is not counted, and counts as one that has some.
fn calls(file: &Path) -> Result<u64, OpenError> {
    let count = |connection: &rusqlite::Connection| {
        connection.query_row("SELECT count(*) FROM calls", [], |row| row.get::<_, i64>(0))
    };
    let connection = match database::to_read(file) {
        Ok(connection) => connection,
        Err(OpenError::Older { found: 0, .. }) => return Ok(0),
        Err(other) => return Err(other),
    };
    let calls = count(&connection).map_err(|cause| OpenError::of(file, cause))?;
    Ok(u64::try_from(calls).unwrap_or(0))
}
