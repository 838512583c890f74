//! Opens the database: to write, to read beside a writer, and to change what is there. Refuses what is no
//! database of this program. Must not know what is read or written.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::clock::Stopwatch;
use crate::migrations::{self, Found, VERSION};
use crate::plain;

/// The longest check of a whole database when it is opened. What is not checked by then shows when it is
/// read.
const LONGEST_CHECK: Duration = Duration::from_secs(2);

/// How many steps of SQLite's machine pass between two looks at the clock: some ten thousandths of a second.
const STEPS_BETWEEN_LOOKS: std::ffi::c_int = 10_000;

/// How long a connection waits for another one's lock before it says so.
pub(crate) const BUSY: Duration = Duration::from_secs(2);

/// Why a database of records was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder or the file cannot be made or opened.
    #[error("records: {}: {cause}", path.display())]
    Io {
        /// What cannot be opened.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// There is no such file.
    #[error("records: {}: there is no such database; a server makes it when its records are on", .0.display())]
    Missing(PathBuf),
    /// Another process writes to it.
    #[error("records: {}: another server has it open; stop that one, or name another file", .0.display())]
    InUse(PathBuf),
    /// The file is no database.
    #[error("records: {}: it is no SQLite database; name another file, or move this one away", .0.display())]
    NotADatabase(PathBuf),
    /// The file is a database of another program.
    #[error("records: {}: it is a database of another program; name another file", .0.display())]
    Foreign(PathBuf),
    /// The database was written by a newer version of this program.
    #[error(
        "records: {}: it has version {found}, and this program knows versions up to {VERSION}; take the newer \
         program, or a backup from before it", path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The database has an older version, and is opened to be read.
    #[error(
        "records: {}: it has version {found} and this program reads version {VERSION}; start the server once, \
         which brings it up to date", path.display()
    )]
    Older {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The database is damaged.
    #[error("records: {}: it is damaged ({problem}); restore a backup, or move it away", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        problem: String,
    },
    /// Another problem of the database.
    #[error("records: {}: {cause}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        cause: rusqlite::Error,
    },
    /// The thread of the writer cannot be started.
    #[error("records: the thread that writes them cannot be started: {0}")]
    Thread(io::Error),
}

impl OpenError {
    /// The problem of a database that SQLite tells.
    pub(crate) fn of(path: &Path, cause: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, problem: cause.to_string() },
            Some(_) | None => Self::Sqlite { path, cause },
        }
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |cause| Self::Io { path: path.to_owned(), cause }
    }
}

/// Opens a database to write to it. Makes it, and its folder, if it is not there, and brings it up to date.
///
/// # Errors
/// If it is not to be written, or is no database of this program.
pub(crate) fn to_write(path: &Path) -> Result<Connection, OpenError> {
    drop(plain::open(path).map_err(OpenError::io(path))?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(path, flags)?;
    let version = match version(path, &connection)? {
        Found::Foreign(_) => return Err(OpenError::Foreign(path.to_owned())),
        Found::Empty => 0,
        Found::Records(version) => version,
    };
    if version > 0 {
        check(path, &mut connection)?;
    }
    let prepared = (|| {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        settings(&connection)?;
        migrations::migrate(&mut connection, version)
    })();
    prepared.map_err(|cause| OpenError::of(path, cause))?;
    Ok(connection)
}

/// Opens a database to read it, also while a server writes to it.
///
/// # Errors
/// If it is not there, or is no database of this program and of this version.
pub(crate) fn to_read(path: &Path) -> Result<Connection, OpenError> {
    existing(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a database to change what is there, also while a server writes to it.
///
/// # Errors
/// As for [`to_read`].
pub(crate) fn to_change(path: &Path) -> Result<Connection, OpenError> {
    let connection = existing(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    settings(&connection).map_err(|cause| OpenError::of(path, cause))?;
    Ok(connection)
}

fn existing(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    if !plain::is_there(path) {
        return Err(OpenError::Missing(path.to_owned()));
    }
    let connection = connect(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    match version(path, &connection)? {
        Found::Records(VERSION) => Ok(connection),
        Found::Records(found) => Err(OpenError::Older { path: path.to_owned(), found }),
        Found::Empty => Err(OpenError::Older { path: path.to_owned(), found: 0 }),
        Found::Foreign(_) => Err(OpenError::Foreign(path.to_owned())),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    let connected = (|| {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        // Nothing in a file that somebody else made may run as code.
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    })();
    connected.map_err(|cause| OpenError::of(path, cause))
}

fn version(path: &Path, connection: &Connection) -> Result<Found, OpenError> {
    let found = migrations::found(connection).map_err(|cause| OpenError::of(path, cause))?;
    match found {
        Found::Records(found) if found > VERSION => Err(OpenError::Newer { path: path.to_owned(), found }),
        Found::Empty | Found::Records(_) | Found::Foreign(_) => Ok(found),
    }
}

/// What holds for a connection that writes. A commit survives the end of the process, but may be lost when
/// the machine loses power. Deleted words are overwritten.
fn settings(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    // After a burst the log shrinks again.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)
}

/// Checks a database as far as time allows.
///
/// # Errors
/// If it is damaged.
pub(crate) fn check(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let started = Stopwatch::start();
    let checked = (|| {
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || started.elapsed() > LONGEST_CHECK))?;
        let told: rusqlite::Result<String> =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        connection.progress_handler(0, None::<fn() -> bool>)?;
        told
    })();
    match checked {
        Ok(told) if told == "ok" => Ok(()),
        Ok(problem) => Err(OpenError::Damaged { path: path.to_owned(), problem }),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
        Err(error) => Err(OpenError::of(path, error)),
    }
}
