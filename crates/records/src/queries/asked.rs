//! What callers said, over many calls. Must not know what it means.

use rusqlite::{Connection, Result};

/// A turn of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The number of the call.
    pub call: i64,
    /// The agent who answered the call, where there were several.
    pub agent: Option<String>,
    /// The caller's words.
    pub heard: String,
}

/// The last turns of callers, as many as there are up to `most`, the oldest first.
pub(crate) fn said(from: &Connection, most: u32) -> Result<Vec<Said>> {
    let query = "SELECT call, agent, heard FROM (
             SELECT call, turn, heard,
                    (SELECT code FROM events WHERE events.call = turns.call AND kind = 'agent'
                         ORDER BY events.id LIMIT 1) AS agent
                 FROM turns WHERE turn > 0 AND heard <> '' ORDER BY call DESC, turn DESC LIMIT ?1)
         ORDER BY call, turn";
    from.prepare(query)?
        .query_map([most], |row| Ok(Said { call: row.get(0)?, agent: row.get(1)?, heard: row.get(2)? }))?
        .collect()
}
