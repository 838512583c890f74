//! Events of calls as rows. Must not know when they are written, or what is personal in them.

use std::collections::BTreeMap;

use offhook_core::dialogue::{CachedBy, Usage};
use offhook_core::ids::CallId;
use offhook_core::report::{Beginning, Hidden, ReportedTurn, Speculation, Summary};
use rusqlite::{Connection, OptionalExtension as _, Result, named_params, params};

/// The end of a call whose name another one took.
const REPLACED: &str = "replaced";

/// The row of the running call of this name; or else of the one that ended in this session, because events
/// may come late; or else a new one, because the beginning was dropped. `since` is the first row of the
/// session.
pub(crate) fn row(to: &Connection, call: &CallId, at: i64, since: i64) -> Result<i64> {
    if let Some((row, _)) = running(to, call)? {
        return Ok(row);
    }
    let ended: Option<i64> = to
        .prepare_cached("SELECT max(id) FROM calls WHERE call_id = ?1 AND id >= ?2")?
        .query_row(params![call.as_str(), since], |row| row.get(0))?;
    ended.map_or_else(|| new(to, call, at), Ok)
}

/// The row of the running call of this name, and whether its beginning is known.
pub(crate) fn running(to: &Connection, call: &CallId) -> Result<Option<(i64, bool)>> {
    to.prepare_cached("SELECT id, begun FROM calls WHERE call_id = ?1 AND ended_at IS NULL")?
        .query_row([call.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// The row of the running call of this name, or a new one: what comes before the beginning of a call belongs
/// to no call that has ended.
pub(crate) fn coming(to: &Connection, call: &CallId, at: i64) -> Result<i64> {
    running(to, call)?.map_or_else(|| new(to, call, at), |(row, _)| Ok(row))
}

fn new(to: &Connection, call: &CallId, at: i64) -> Result<i64> {
    to.prepare_cached("INSERT INTO calls (call_id, started_at) VALUES (?1, ?2)")?
        .insert(params![call.as_str(), at])
}

/// A call begins. A call of this name that has no end gets one.
pub(crate) fn begin(
    to: &Connection,
    call: &CallId,
    at: i64,
    beginning: &Beginning,
    caller_code: Option<&str>,
) -> Result<()> {
    let row = match running(to, call)? {
        Some((row, false)) => row,
        Some((row, true)) => {
            end_without_summary(to, row, REPLACED, "another call of the same name began")?;
            new(to, call, at)?
        }
        None => new(to, call, at)?,
    };
    let data = serde_json::to_string(&beginning.data).unwrap_or_default();
    to.prepare_cached(
        "UPDATE calls SET begun = 1, started_at = min(started_at, :at), gateway = :gateway, rate = :rate,
         client_id = :client_id, caller = :caller, caller_code = :caller_code, called = :called, data = :data WHERE id = :row",
    )?
    .execute(named_params! {
        ":row": row, ":at": at, ":gateway": beginning.gateway, ":rate": beginning.rate,
        ":client_id": beginning.client_id, ":caller": beginning.from, ":caller_code": caller_code, ":called": beginning.to, ":data": data,
    })?;
    Ok(())
}

/// A call without a summary has ended, at the latest time that is known of it.
fn end_without_summary(to: &Connection, row: i64, code: &str, reason: &str) -> Result<()> {
    to.prepare_cached(
        "UPDATE calls SET end_code = ?2, end_reason = ?3, ended_at = max(started_at,
             coalesce((SELECT max(at) FROM turns WHERE call = calls.id), started_at),
             coalesce((SELECT max(at) FROM events WHERE call = calls.id), started_at)),
             turns = (SELECT count(*) FROM turns WHERE call = calls.id AND turn > 0)
         WHERE id = ?1",
    )?
    .execute(params![row, code, reason])?;
    to.prepare_cached("UPDATE calls SET duration_ms = ended_at - started_at WHERE id = ?1")?
        .execute([row])?;
    Ok(())
}

/// Ends the calls that a server left without an end. Returns how many there were.
pub(crate) fn end_left(to: &Connection) -> Result<u64> {
    let rows: Vec<i64> = to
        .prepare("SELECT id FROM calls WHERE ended_at IS NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    for &row in &rows {
        end_without_summary(to, row, "server_ended", "the server ended in the call")?;
    }
    Ok(rows.len() as u64)
}

/// A turn is over. One that is told twice is the later. `words` are what was heard and replied, if it is
/// kept.
pub(crate) fn turn(
    to: &Connection,
    row: i64,
    at: i64,
    reported: &ReportedTurn,
    words: Option<(&str, &str)>,
) -> Result<()> {
    let ReportedTurn { turn, model, speech_end_ms } = reported;
    let speculation = match turn.speculation {
        Speculation::Off => "off",
        Speculation::Used => "used",
        Speculation::Wasted => "wasted",
    };
    let tokens = |of: fn(&Usage) -> usize| turn.tokens.as_ref().map(|tokens| count(of(tokens) as u64));
    let end_of_turn = turn.end_of_turn.and_then(|end| serde_json::to_string(&end).ok());
    let sources = turn.tokens.as_ref().map(|tokens| &tokens.sources).filter(|sources| !sources.is_empty());
    let sources = sources.and_then(|sources| serde_json::to_string(sources).ok());
    to.prepare_cached(
        "INSERT OR REPLACE INTO turns (call, turn, at, heard, reply, heard_estimated, speech_end_ms, v2v_ms,
             answer_ms, mark_return_ms, interrupted, hiccups, speculation, failed, rung, model,
             tokens_prompt, tokens_reused, tokens_generated, end_of_turn, cached, sources)
         VALUES (:call, :turn, :at, :heard, :reply, :heard_estimated, :speech_end_ms, :v2v_ms,
             :answer_ms, :mark_return_ms, :interrupted, :hiccups, :speculation, :failed, :rung, :model,
             :prompt, :reused, :generated, :end_of_turn, :cached, :sources)",
    )?
    .execute(named_params! {
        ":call": row, ":turn": turn.turn.0, ":at": at,
        ":heard": words.map(|(heard, _)| heard), ":reply": words.map(|(_, reply)| reply),
        ":heard_estimated": turn.heard_estimated, ":speech_end_ms": speech_end_ms,
        ":v2v_ms": turn.stages.map(|stages| stages.total_ms()), ":answer_ms": turn.answer_ms,
        ":mark_return_ms": turn.mark_return_ms, ":interrupted": turn.interrupted, ":hiccups": turn.hiccups,
        ":speculation": speculation, ":failed": turn.failed,
        ":rung": i64::try_from(turn.rung).unwrap_or(i64::MAX), ":model": model,
        ":prompt": tokens(|tokens| tokens.prompt), ":reused": tokens(|tokens| tokens.reused),
        ":generated": tokens(|tokens| tokens.generated), ":end_of_turn": end_of_turn,
        ":cached": turn.tokens.as_ref().and_then(|tokens| tokens.cached).map(CachedBy::name),
        ":sources": sources,
    })?;
    to.prepare_cached("DELETE FROM stages WHERE call = ?1 AND turn = ?2")?
        .execute(params![row, turn.turn.0])?;
    let mut insert =
        to.prepare_cached("INSERT INTO stages (call, turn, of, name, ms) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (of, name, ms) in stages(reported) {
        insert.execute(params![row, turn.turn.0, of, name, ms])?;
    }
    Ok(())
}

fn stages(reported: &ReportedTurn) -> Vec<(&'static str, &'static str, f64)> {
    let mut all = Vec::new();
    for (of, stages) in [("first_sound", reported.turn.stages), ("answer", reported.turn.answer_stages)] {
        all.extend(stages.iter().flat_map(|stages| stages.named()).map(|(name, ms)| (of, name, ms)));
    }
    if let Some(Hidden { stt_ms, llm_ms, tts_ms }) = reported.turn.hidden {
        all.extend([
            ("hidden", "stt_ms", stt_ms),
            ("hidden", "llm_ms", llm_ms),
            ("hidden", "tts_ms", tts_ms),
        ]);
    }
    // No number is NULL in a STRICT column.
    all.retain(|(_, _, ms)| ms.is_finite());
    all
}

/// Something happened, in a call or to the records themselves.
pub(crate) fn event(
    to: &Connection,
    row: Option<i64>,
    at: i64,
    kind: &str,
    code: &str,
    message: &str,
) -> Result<()> {
    to.prepare_cached("INSERT INTO events (call, at, kind, code, message) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![row, at, kind, code, message])?;
    Ok(())
}

/// A note of a tool, in the place of the one before.
pub(crate) fn note(to: &Connection, row: i64, at: i64, tool: &str, text: &str) -> Result<()> {
    to.prepare_cached("DELETE FROM events WHERE call = ?1 AND kind = 'note' AND code = ?2")?
        .execute(params![row, tool])?;
    event(to, Some(row), at, "note", tool, text)
}

/// A call is over.
pub(crate) fn end(to: &Connection, row: i64, at: i64, summary: &Summary) -> Result<()> {
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    let v2v = summary.latency.get("v2v_ms");
    // The beginning was dropped, but its time is known.
    let start = at.saturating_sub(number(summary.duration_ms) as i64);
    let (drafts, consumed) = (&summary.speculation, &summary.consumed);
    let (data, client_id) = (&summary.data, &summary.client_id);
    to.prepare_cached(
        "UPDATE calls SET started_at = iif(begun, started_at, min(started_at, :start)),
             ended_at = max(:at, started_at), duration_ms = :duration_ms, end_code = :end_code,
             end_reason = :end_reason, turns = :turns, interruptions = :interruptions, hiccups = :hiccups,
             client_id = coalesce(:client_id, client_id), data = coalesce(:data, data),
             drafts_started = :started, drafts_used = :used, drafts_thrown_away = :thrown_away,
             drafts_tokens_wasted = :wasted, drafts_audio_wasted_ms = :audio_wasted, stand_ins = :stand_ins,
             fallbacks = :fallbacks, fillers = :fillers, tokens_prompt = :prompt, tokens_reused = :reused,
             tokens_generated = :generated, caller_audio_s = :caller_audio, agent_audio_s = :agent_audio,
             cpu_s = :cpu, v2v_p50_ms = :v2v_p50, v2v_p95_ms = :v2v_p95, latency = :latency, line = :line
         WHERE id = :row",
    )?
    .execute(named_params! {
        ":row": row, ":at": at, ":start": start, ":duration_ms": number(summary.duration_ms), ":end_code": summary.end.code,
        ":end_reason": summary.end.reason, ":turns": summary.turns,
        ":interruptions": summary.interruptions, ":hiccups": summary.hiccups, ":client_id": client_id,
        ":data": (!data.is_empty()).then(|| json(serde_json::to_string(data))),
        ":started": drafts.started, ":used": drafts.used, ":thrown_away": drafts.thrown_away,
        ":wasted": drafts.tokens_wasted, ":audio_wasted": number(drafts.audio_wasted_ms),
        ":stand_ins": summary.stand_ins, ":fallbacks": summary.fallbacks, ":fillers": summary.fillers,
        ":prompt": count(consumed.tokens.prompt), ":reused": count(consumed.tokens.reused),
        ":generated": count(consumed.tokens.generated), ":caller_audio": number(consumed.caller_audio_s),
        ":agent_audio": number(consumed.agent_audio_s), ":cpu": number(consumed.cpu_s),
        ":v2v_p50": v2v.map(|spread| spread.p50), ":v2v_p95": v2v.map(|spread| spread.p95),
        ":latency": json(serde_json::to_string(&summary.latency)),
        ":line": json(serde_json::to_string(&summary.line)),
    })?;
    Ok(())
}

fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn number(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

/// The row of a call that was replaced in this session: its own end may come behind the beginning of the
/// other.
pub(crate) fn replaced(to: &Connection, call: &CallId, since: i64) -> Result<Option<i64>> {
    to.prepare_cached("SELECT max(id) FROM calls WHERE call_id = ?1 AND id >= ?2 AND end_code = ?3")?
        .query_row(params![call.as_str(), since, REPLACED], |row| row.get(0))
}

/// Files belong to a call. A name that is not given stays.
pub(crate) fn files(to: &Connection, row: i64, recording: Option<&str>, trace: Option<&str>) -> Result<()> {
    to.prepare_cached(
        "UPDATE calls SET recording = coalesce(?2, recording), trace = coalesce(?3, trace) WHERE id = ?1",
    )?
    .execute(params![row, recording, trace])?;
    Ok(())
}

/// Rewrites the words that are kept of a call, and its data.
pub(crate) fn rewrite(to: &Connection, row: i64, rewritten: impl Fn(&str) -> String) -> Result<()> {
    let data: String =
        to.prepare_cached("SELECT data FROM calls WHERE id = ?1")?.query_row([row], |row| row.get(0))?;
    let mut data: BTreeMap<String, String> = serde_json::from_str(&data).unwrap_or_default();
    data.values_mut().for_each(|value| *value = rewritten(value));
    to.prepare_cached("UPDATE calls SET data = ?2 WHERE id = ?1")?
        .execute(params![row, serde_json::to_string(&data).unwrap_or_default()])?;
    let turns: Vec<(i64, Option<String>, Option<String>)> = to
        .prepare_cached("SELECT turn, heard, reply FROM turns WHERE call = ?1")?
        .query_map([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_>>()?;
    for (turn, heard, reply) in turns {
        let [heard, reply] = [heard, reply].map(|words| words.map(|words| rewritten(&words)));
        to.prepare_cached("UPDATE turns SET heard = ?3, reply = ?4 WHERE call = ?1 AND turn = ?2")?
            .execute(params![row, turn, heard, reply])?;
    }
    let events: Vec<(i64, String)> = to
        .prepare_cached("SELECT id, message FROM events WHERE call = ?1")?
        .query_map([row], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_>>()?;
    for (event, message) in events {
        to.prepare_cached("UPDATE events SET message = ?2 WHERE id = ?1")?
            .execute(params![event, rewritten(&message)])?;
    }
    Ok(())
}
