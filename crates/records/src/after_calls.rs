//! What is made of calls after their ends, as columns of their rows. Must not know when they are written, or
//! what is personal in them.

use offhook_core::ids::CallId;
use offhook_core::report::{AfterCall, AfterState};
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};
use serde_json::{Map, Value};

/// The end of what was still to be made when a server ended.
const SERVER_ENDED: (&str, &str) = ("server_ended", "the server ended before it was made");

/// Keeps it. A call that was deleted meanwhile stays deleted. `since` is the first row of the session.
pub(crate) fn keep(to: &Connection, call: &CallId, since: i64, after: &AfterCall) -> Result<()> {
    let ended = |state: AfterState, order: &str| -> Result<Option<i64>> {
        let query = format!(
            "SELECT {order}(id) FROM calls WHERE call_id = ?1 AND id >= ?2 AND ended_at IS NOT NULL
                 AND after_state = ?3"
        );
        to.prepare_cached(&query)?.query_row(params![call.as_str(), since, state.name()], |row| row.get(0))
    };
    // Of two calls of a name, the summary that is made first is that of the first.
    let waiting = if after.is_settled() { ended(AfterState::Pending, "min")? } else { None };
    let Some(row) = waiting.map_or_else(|| ended(AfterState::None, "max"), |row| Ok(Some(row)))? else {
        return Ok(());
    };
    write(to, row, after)
}

fn write(to: &Connection, row: i64, after: &AfterCall) -> Result<()> {
    let AfterCall { state, code, reason, summary, fields } = after;
    let fields = fields.as_ref().and_then(|fields| serde_json::to_string(fields).ok());
    to.prepare_cached(
        "UPDATE calls SET after_state = ?2, after_code = ?3, after_reason = ?4, summary = ?5, fields = ?6
         WHERE id = ?1",
    )?
    .execute(params![row, state.name(), code, reason, summary, fields])?;
    Ok(())
}

/// What was made of a row's call.
pub(crate) fn of_row(row: &Row<'_>) -> Result<AfterCall> {
    let fields: Option<String> = row.get("fields")?;
    Ok(AfterCall {
        state: AfterState::named(&row.get::<_, String>("after_state")?),
        code: row.get("after_code")?,
        reason: row.get("after_reason")?,
        summary: row.get("summary")?,
        fields: fields.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

/// Rewrites the words of it.
pub(crate) fn rewrite(
    to: &Connection,
    row: i64,
    text: impl Fn(&str) -> String,
    fields: impl Fn(&Map<String, Value>) -> Map<String, Value>,
) -> Result<()> {
    let query = "SELECT after_state, after_code, after_reason, summary, fields FROM calls WHERE id = ?1";
    let after = to.prepare_cached(query)?.query_row([row], of_row).optional()?;
    let Some(after) = after.filter(|after| after.state != AfterState::None) else { return Ok(()) };
    let after = AfterCall {
        reason: after.reason.map(|reason| text(&reason)),
        summary: after.summary.map(|summary| text(&summary)),
        fields: after.fields.as_ref().map(fields),
        ..after
    };
    write(to, row, &after)
}

/// What a server left to be made has failed.
pub(crate) fn end_left(to: &Connection) -> Result<()> {
    let (code, reason) = SERVER_ENDED;
    to.execute(
        "UPDATE calls SET after_state = 'failed', after_code = ?1, after_reason = ?2
         WHERE after_state = 'pending'",
        [code, reason],
    )?;
    Ok(())
}
