//! The spool: events in an SQLite file, from before they are sent until they are delivered or given up. A
//! commit survives the end of the process, also by SIGKILL; one just made may be lost when the machine loses
//! power. Must not know how events are sent.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row, params};

use crate::clock::millis;
use crate::event::Event;
use crate::plain;

/// "ofwh": the mark of this program's spools (`PRAGMA application_id`).
const APPLICATION: i32 = 0x6f66_7768;

/// The version that this program writes.
const VERSION: i32 = 1;

const TABLES: &str = "
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        webhook TEXT NOT NULL UNIQUE,
        call TEXT NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        at INTEGER NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        due INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX events_of_call ON events (call, id);
    CREATE INDEX events_due ON events (due, id);
";

/// How long a connection waits for another one's lock before it says so.
const BUSY: Duration = Duration::from_secs(1);

/// Why a spool was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The folder or the file cannot be made or opened.
    #[error("{}: {cause}", path.display())]
    Io {
        /// What cannot be opened.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Another process has it open.
    #[error("{}: another server has it open; stop that one, or name another file", .0.display())]
    InUse(PathBuf),
    /// The file is something else.
    #[error("{}: it is no spool of webhooks of this program; name another file", .0.display())]
    Foreign(PathBuf),
    /// The spool is damaged.
    #[error("{}: it is damaged ({problem}); move it away, and what waits in it is lost", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        problem: String,
    },
    /// Another problem.
    #[error("{}: {cause}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        cause: rusqlite::Error,
    },
}

impl SpoolError {
    fn of(path: &Path, cause: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, problem: cause.to_string() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse(path),
            Some(_) | None => Self::Sqlite { path, cause },
        }
    }
}

/// An event in the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its place in the order of all.
    pub(crate) id: i64,
    /// Its name for the end point, which stays through all tries.
    pub(crate) webhook: String,
    /// Its call.
    pub(crate) call: String,
    /// Its type.
    pub(crate) kind: String,
    /// The body of its request.
    pub(crate) body: String,
    /// When it happened, in milliseconds since 1970.
    pub(crate) at: i64,
    /// How often it was tried.
    pub(crate) tries: u32,
}

/// What becomes of an event that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is delivered or given up.
    Done,
    /// It is tried again at this time, in milliseconds since 1970.
    Again(i64),
}

/// The spool.
#[derive(Debug)]
pub(crate) struct Spool {
    connection: Connection,
    /// Its rows and the bytes of their bodies.
    rows: u64,
    bytes: u64,
}

impl Spool {
    /// Opens a spool, and makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be written, is another program's, is damaged, or another process has it open.
    pub(crate) fn open(path: &Path) -> Result<Self, SpoolError> {
        plain::make(path).map_err(|cause| SpoolError::Io { path: path.to_owned(), cause })?;
        opened(path)
            .map_err(|cause| SpoolError::of(path, cause))?
            .ok_or_else(|| SpoolError::Foreign(path.to_owned()))
    }

    /// How many events it holds.
    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Keeps events, all or none, and drops the oldest beyond these numbers of rows and bytes. Returns how
    /// many it dropped.
    ///
    /// # Errors
    /// What SQLite says; nothing is changed then.
    pub(crate) fn keep(
        &mut self,
        events: &[(String, Event)],
        (most_rows, most_bytes): (u64, u64),
    ) -> rusqlite::Result<u64> {
        let transaction = self.connection.transaction()?;
        let (mut rows, mut bytes, mut dropped) = (self.rows, self.bytes, 0);
        {
            let sql = "INSERT INTO events (webhook, call, kind, body, at, due) VALUES (?1, ?2, ?3, ?4, ?5,
                    coalesce((SELECT max(due) FROM events WHERE call = ?2), 0))";
            let mut insert = transaction.prepare_cached(sql)?;
            for (webhook, event) in events {
                insert.execute(params![webhook, event.call, event.kind, event.body, event.at])?;
                rows += 1;
                bytes += event.body.len() as u64;
            }
            let sql =
                "DELETE FROM events WHERE id = (SELECT min(id) FROM events) RETURNING octet_length(body)";
            let mut oldest = transaction.prepare_cached(sql)?;
            while rows > most_rows || bytes > most_bytes {
                let Some(freed) = oldest.query_row([], |row| row.get::<_, i64>(0)).optional()? else { break };
                rows -= 1;
                bytes = bytes.saturating_sub(freed.unsigned_abs());
                dropped += 1;
            }
        }
        transaction.commit()?;
        (self.rows, self.bytes) = (rows, bytes);
        Ok(dropped)
    }

    /// The events that may be sent now, at most so many: the first of each call, if its time has come. A time
    /// that is further away than any pause is one from before somebody set the clock, and has come.
    ///
    /// # Errors
    /// What SQLite says.
    pub(crate) fn due(&self, now: i64, longest_pause: Duration, most: usize) -> rusqlite::Result<Vec<Kept>> {
        // All events of a call have the time of its first one, so that those of calls that wait are not
        // looked at.
        let asked = |when: &str, time: i64| {
            let sql = format!(
                "SELECT id, webhook, call, kind, body, at, tries FROM events AS event WHERE {when}
                    AND NOT EXISTS
                        (SELECT 1 FROM events AS before WHERE before.call = event.call AND before.id < event.id)
                ORDER BY due, id LIMIT ?2"
            );
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params![time, most as i64], kept)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let come = asked("due <= ?1", now)?;
        let latest = now.saturating_add(millis(longest_pause));
        if come.is_empty() { asked("due > ?1", latest) } else { Ok(come) }
    }

    /// What becomes of an event that was tried. That it is not there any more is no error.
    ///
    /// # Errors
    /// What SQLite says.
    pub(crate) fn settle(&mut self, event: &Kept, next: Next) -> rusqlite::Result<()> {
        match next {
            Next::Done => {
                let sql = "DELETE FROM events WHERE id = ?1";
                if self.connection.prepare_cached(sql)?.execute([event.id])? > 0 {
                    self.rows -= 1;
                    self.bytes = self.bytes.saturating_sub(event.body.len() as u64);
                }
            }
            Next::Again(due) => {
                let sql = "UPDATE events SET tries = tries + (id = ?1), due = ?2 WHERE call = ?3";
                self.connection.prepare_cached(sql)?.execute(params![event.id, due, event.call])?;
            }
        }
        Ok(())
    }

    /// Removes all events. Returns how many there were.
    ///
    /// # Errors
    /// What SQLite says.
    pub(crate) fn clear(&mut self) -> rusqlite::Result<u64> {
        self.connection.execute("DELETE FROM events", [])?;
        self.bytes = 0;
        Ok(std::mem::take(&mut self.rows))
    }
}

/// Looks whether a file can be a spool, without changing it. That it is not there is right: it is made.
///
/// # Errors
/// If it is something else, or cannot be read.
pub fn look(path: &Path) -> Result<(), SpoolError> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let found = Connection::open_with_flags(path, flags).and_then(|connection| found(&connection));
    match found.map_err(|cause| SpoolError::of(path, cause)) {
        Ok(Found::Foreign) => Err(SpoolError::Foreign(path.to_owned())),
        // A running server has it.
        Ok(Found::Empty | Found::Ours) | Err(SpoolError::InUse(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

enum Found {
    Empty,
    Ours,
    Foreign,
}

fn found(connection: &Connection) -> rusqlite::Result<Found> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (number("application_id")?, number("user_version")?) {
        (APPLICATION, VERSION) => Found::Ours,
        (0, 0) if tables == 0 => Found::Empty,
        _ => Found::Foreign,
    })
}

/// `None` if the file is another program's.
fn opened(path: &Path) -> rusqlite::Result<Option<Spool>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // Nothing in a file that somebody else made may run as code.
    connection.pragma_update(None, "trusted_schema", false)?;
    // One process at a time: two would send everything twice.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let is_empty = match found(&connection)? {
        Found::Foreign => return Ok(None),
        Found::Empty => true,
        Found::Ours => false,
    };
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if is_empty {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    let sums = "SELECT count(*), coalesce(sum(octet_length(body)), 0) FROM events";
    let (rows, bytes): (i64, i64) = transaction.query_row(sums, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    transaction.commit()?;
    Ok(Some(Spool { connection, rows: rows.unsigned_abs(), bytes: bytes.unsigned_abs() }))
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        id: row.get(0)?,
        webhook: row.get(1)?,
        call: row.get(2)?,
        kind: row.get(3)?,
        body: row.get(4)?,
        at: row.get(5)?,
        tries: row.get(6)?,
    })
}
