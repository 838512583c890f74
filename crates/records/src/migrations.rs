//! The versions of the database, and the steps from each to the next. A step is never changed after a
//! release: another one is added. Must not know who opens the database.

use rusqlite::{Connection, TransactionBehavior};

/// "ofhk": the mark of this program's databases (`PRAGMA application_id`).
pub(crate) const APPLICATION: i32 = 0x6f66_686b;

/// The steps: the first makes version 1 of an empty database.
const STEPS: [&str; 3] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
];

/// The version that this program writes.
pub const VERSION: u32 = STEPS.len() as u32;

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// An empty database.
    Empty,
    /// Records of this version.
    Records(u32),
    /// A database with this mark of another program.
    Foreign(i32),
}

/// Says what is in a database.
///
/// # Errors
/// If it cannot be read, or is no database.
pub(crate) fn found(connection: &Connection) -> rusqlite::Result<Found> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match application {
        APPLICATION => Found::Records(u32::try_from(version).unwrap_or(u32::MAX)),
        0 if tables == 0 && version == 0 => Found::Empty,
        other => Found::Foreign(other),
    })
}

/// Brings a database of this version to the newest: each step whole, or not at all.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn migrate(connection: &mut Connection, version: u32) -> rusqlite::Result<()> {
    for (step, to) in STEPS.iter().zip(1_u32..).skip(version as usize) {
        let step_whole = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step_whole.execute_batch(step)?;
        step_whole.pragma_update(None, "application_id", APPLICATION)?;
        step_whole.pragma_update(None, "user_version", to)?;
        step_whole.commit()?;
    }
    Ok(())
}
