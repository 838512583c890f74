//! Deletes calls with all that belongs to them, also their recordings and traces. Must not know why.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::plain;

/// How many calls are deleted at once: others that write wait for it.
const AT_ONCE: usize = 100;

/// The columns of files that belong to a call, and how their names end. A database that somebody else made
/// may name any file.
const RECORDING: (&str, &str) = ("recording", "wav");
const TRACE: (&str, &str) = ("trace", "jsonl");

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    /// Calls, with their turns and events.
    pub calls: u64,
    /// Their recordings.
    pub recordings: u64,
    /// Their traces: what was said is in them too.
    pub traces: u64,
}

/// Why calls were not deleted, or not all.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// The database cannot be changed.
    #[error("records: calls cannot be deleted: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A recording or a trace cannot be deleted. Its call stays.
    #[error("records: {} cannot be deleted, so its call stays: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// Deletes what `rows` finds until it finds nothing. Words that were deleted are in no file after that.
///
/// # Errors
/// If a call cannot be deleted; all others are.
pub(crate) fn remove(
    from: &mut Connection,
    mut rows: impl FnMut(&Connection, usize) -> rusqlite::Result<Vec<i64>>,
) -> Result<Deleted, DeleteError> {
    let mut deleted = Deleted::default();
    // Calls whose files cannot be deleted: the others go all the same.
    let (mut stay, mut problem) = (HashSet::new(), None);
    loop {
        let mut some = rows(from, AT_ONCE + stay.len())?;
        some.retain(|row| !stay.contains(row));
        if some.is_empty() {
            break;
        }
        // The files first: a call that is still there tells that its recording has to go.
        for &row in &some {
            let recording = remove_file(from, row, RECORDING);
            let files = recording.and_then(|recording| Ok((recording, remove_file(from, row, TRACE)?)));
            match files {
                Ok((recording, trace)) => {
                    deleted.recordings += u64::from(recording);
                    deleted.traces += u64::from(trace);
                }
                Err(error @ DeleteError::Sqlite(_)) => return Err(error),
                Err(error @ DeleteError::File { .. }) => {
                    stay.insert(row);
                    problem = problem.or(Some(error));
                }
            }
        }
        some.retain(|row| !stay.contains(row));
        let whole = from.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in some {
            deleted.calls += whole.execute("DELETE FROM calls WHERE id = ?1", [row])? as u64;
        }
        whole.commit()?;
    }
    if deleted.calls > 0 {
        forget_log(from);
    }
    problem.map_or(Ok(deleted), Err)
}

/// Moves the log into the database: it still has the pages as they were before. Readers may prevent that for
/// a while; the log is overwritten later.
pub(crate) fn forget_log(of: &Connection) {
    let _ = of.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

fn remove_file(from: &Connection, row: i64, (column, ending): (&str, &str)) -> Result<bool, DeleteError> {
    let query = format!("SELECT {column} FROM calls WHERE id = ?1");
    let path: Option<Option<String>> = from.query_row(&query, [row], |row| row.get(0)).optional()?;
    let Some(path) = path.flatten().map(PathBuf::from) else { return Ok(false) };
    if !is_ours(&path, ending) {
        return Ok(false);
    }
    plain::remove(&path).map_err(|cause| DeleteError::File { path, cause })?;
    Ok(true)
}

fn is_ours(path: &Path, ending: &str) -> bool {
    path.is_absolute() && path.extension().is_some_and(|own| own == ending) && plain::is_there(path)
}
