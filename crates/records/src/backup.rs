//! Backups of the records: a folder with the database, the configuration and their sums, whole or not there.
//! A server may write meanwhile. Recordings are not in it. Must not know how a backup is restored.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::database::{self, OpenError};
use crate::lock::beside;
use crate::manifest::{self, Entry, Manifest};
use crate::migrations::VERSION;
use crate::plain;

/// The database in a backup.
pub(crate) const DATABASE: &str = "calls.db";

/// The ending of a folder that is not whole yet.
const UNFINISHED: &str = ".offhook-unfinished";

/// Why no backup was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The folder is there.
    #[error("backup: {}: it is there; name a folder that is not, a backup replaces nothing", .0.display())]
    Exists(PathBuf),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be copied.
    #[error("backup: the database cannot be copied: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A file cannot be read or written.
    #[error("backup: {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    |cause| BackupError::Io { path: path.to_owned(), cause }
}

/// Copies the database `file`, as it is at this moment, and the configuration into the new folder `to`. `now`
/// is the time in milliseconds since 1970.
///
/// # Errors
/// If the folder is there, or a file cannot be read or written. Then there is no folder.
pub fn backup(file: &Path, to: &Path, config: Option<&Path>, now: i64) -> Result<Manifest, BackupError> {
    if std::fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let from = database::to_read(file)?;
    let unfinished = beside(to, UNFINISHED);
    // Of a backup that was killed.
    let _ = std::fs::remove_dir_all(&unfinished);
    plain::folder(&unfinished).map_err(at(&unfinished))?;
    let made = fill(&from, &unfinished, config, now).and_then(|manifest| {
        plain::sync_folder(&unfinished).map_err(at(&unfinished))?;
        std::fs::rename(&unfinished, to).map_err(at(to))?;
        let parent = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        plain::sync_folder(parent).map_err(at(parent))?;
        Ok(manifest)
    });
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    made
}

fn fill(
    from: &rusqlite::Connection,
    folder: &Path,
    config: Option<&Path>,
    now: i64,
) -> Result<Manifest, BackupError> {
    let database = folder.join(DATABASE);
    // SQLite fills an empty file, with the permissions that it has.
    drop(plain::new(&database).map_err(at(&database))?);
    from.execute("VACUUM INTO ?1", [database.to_string_lossy()])?;
    plain::open(&database).and_then(|file| file.sync_all()).map_err(at(&database))?;
    let copy = database::to_read(&database)?;
    let calls: i64 = copy.query_row("SELECT count(*) FROM calls", [], |row| row.get(0))?;
    drop(copy);
    let entry = Entry::of(folder, DATABASE).map_err(at(&database))?;
    let config = config.map(|config| copy_config(config, folder)).transpose()?;
    let manifest = Manifest::of(now, VERSION, u64::try_from(calls).unwrap_or(0), entry, config);
    let path = folder.join(manifest::NAME);
    let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::other).map_err(at(&path))?;
    write(&path, text.as_bytes()).map_err(at(&path))?;
    Ok(manifest)
}

fn copy_config(config: &Path, folder: &Path) -> Result<Entry, BackupError> {
    let name = config.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name =
        if [DATABASE, manifest::NAME, ""].contains(&name.as_str()) { "config.toml".into() } else { name };
    let bytes = std::fs::read(config).map_err(at(config))?;
    let path = folder.join(&name);
    write(&path, &bytes).map_err(at(&path))?;
    Entry::of(folder, &name).map_err(at(&path))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = plain::new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
