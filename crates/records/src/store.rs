//! The records of a server, for people at a command line: reads and deletes also while a server writes. Must
//! not know how events are written.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use crate::caller_code;
use crate::database::{self, OpenError};
use crate::lock::Lock;
use crate::queries::asked::{self, Said};
use crate::queries::calls::{self, Call, Filter};
use crate::queries::whole::{self, Event, FullCall, Which};
use crate::removal::{self, DeleteError, Deleted};

/// The records of a server, open to be read.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    connection: Connection,
}

/// The records cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("records: {} cannot be read: {cause}", file.display())]
pub struct ReadError {
    /// The database.
    pub file: PathBuf,
    /// Why.
    pub cause: rusqlite::Error,
}

/// Which calls are deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// One call.
    Call(Which),
    /// All calls of a caller's whole number or address, even if only its end is kept.
    Caller(String),
    /// All calls that began before a time in milliseconds since 1970.
    OlderThan(i64),
}

/// Why calls were not deleted, or not all.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// The database cannot be opened to be changed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A call cannot be deleted.
    #[error(transparent)]
    Delete(#[from] DeleteError),
    /// The lock of the database cannot be looked at.
    #[error("records: the lock of {}: {cause}", file.display())]
    Lock {
        /// The database.
        file: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
}

impl Store {
    /// Opens the records, also while a server writes to them.
    ///
    /// # Errors
    /// If there are none, or not of this program and version.
    pub fn open(file: &Path) -> Result<Self, OpenError> {
        Ok(Self { file: file.to_owned(), connection: database::to_read(file)? })
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, ReadError> {
        read(&self.connection).map_err(|cause| ReadError { file: self.file.clone(), cause })
    }

    /// The calls of a filter, newest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Call>, ReadError> {
        self.read(|from| calls::list(from, filter))
    }

    /// A whole call; `None` if there is no such call.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn call(&self, which: &Which) -> Result<Option<FullCall>, ReadError> {
        self.read(|from| match whole::find(from, which)? {
            Some(id) => whole::whole(from, id),
            None => Ok(None),
        })
    }

    /// The last turns of callers, at most so many, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn said(&self, most: u32) -> Result<Vec<Said>, ReadError> {
        self.read(|from| asked::said(from, most))
    }

    /// What happened to the records themselves: when events were dropped, and how many.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn own_events(&self) -> Result<Vec<Event>, ReadError> {
        self.read(whole::own_events)
    }

    /// Deletes calls, with their words and recordings. A call that is still running stays: delete it when it
    /// has ended.
    ///
    /// # Errors
    /// If a call cannot be deleted. Those before it are.
    pub fn delete(&self, by: &By) -> Result<Deleted, RemovalError> {
        let lock = Lock::take(&self.file);
        let lock = lock.map_err(|cause| RemovalError::Lock { file: self.file.clone(), cause })?;
        // Without a server, no call is running, even if it has no end.
        let ended = if lock.is_some() { "" } else { "AND ended_at IS NOT NULL" };
        let mut connection = database::to_change(&self.file)?;
        // Once: when it is deleted, its name may be that of an older call.
        let one = match by {
            By::Call(which) => whole::find(&connection, which).map_err(DeleteError::from)?,
            By::Caller(_) | By::OlderThan(_) => None,
        };
        let caller = match by {
            By::Caller(caller) => caller_code::known(&connection, caller).map_err(DeleteError::from)?,
            By::Call(_) | By::OlderThan(_) => None,
        };
        let rows = |from: &Connection, most: usize| {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let select = |only: &str| format!("SELECT id FROM calls WHERE {only} {ended} LIMIT ?2");
            let get = |row: &rusqlite::Row<'_>| row.get(0);
            match by {
                By::Call(_) => {
                    from.prepare(&select("id = ?1"))?.query_map(params![one, most], get)?.collect()
                }
                By::Caller(_) => from
                    .prepare(&select("caller_code = ?1"))?
                    .query_map(params![caller, most], get)?
                    .collect(),
                By::OlderThan(time) => {
                    from.prepare(&select("started_at < ?1"))?.query_map(params![time, most], get)?.collect()
                }
            }
        };
        Ok(removal::remove(&mut connection, rows)?)
    }
}
