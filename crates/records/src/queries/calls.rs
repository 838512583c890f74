//! Calls by what is known of them, newest first. Must not know their turns' figures.

use std::collections::BTreeMap;

use offhook_core::report::{AfterCall, InboundQuality, Spread};
use rusqlite::{Connection, Result, Row, ToSql, params_from_iter};
use serde::{Deserialize, Serialize};

use crate::{after_calls, caller_code};

/// The most calls of a list.
const MOST: usize = 10_000;

/// The codes of calls that ended as calls do. All others ended badly.
pub const ENDED_WELL: [&str; 8] = [
    "hung_up",
    "said_goodbye",
    "requested",
    "operator",
    "transferred",
    "taken_over",
    "replaced",
    "server_stopped",
];

/// A call, as it is kept. Times are in milliseconds since 1970 (UTC).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RecordedCall))]
pub struct Call {
    /// The number of the call in this database, which no other call gets.
    pub id: i64,
    /// The server's name of the call. It may repeat after a restart of the server.
    pub call_id: String,
    /// Whether its beginning is known. If not, all before `data` is empty.
    pub begun: bool,
    /// The gateway's protocol.
    pub gateway: String,
    /// Samples a second, on the wire.
    pub rate: Option<u32>,
    /// The client's own name of the session.
    pub client_id: Option<String>,
    /// The caller's number or address.
    pub caller: Option<String>,
    /// The number or address that was called.
    pub called: Option<String>,
    /// The data that the customer attached.
    pub data: BTreeMap<String, String>,
    /// When it began.
    pub started_at: i64,
    /// When it ended; absent while it runs.
    pub ended_at: Option<i64>,
    /// How long it was, in milliseconds.
    pub duration_ms: Option<f64>,
    /// Why it ended, in a word: as in a summary, and `server_ended` (the server was killed), `replaced`
    /// (another call of its name began).
    pub end_code: Option<String>,
    /// Why it ended, in a sentence.
    pub end_reason: Option<String>,
    /// Turns answered.
    pub turns: u32,
    /// Replies that the caller interrupted.
    pub interruptions: u32,
    /// False interruptions.
    pub hiccups: u32,
    /// Answers that were prepared ahead.
    pub drafts: Drafts,
    /// Answers that a stand-in wrote.
    pub stand_ins: u32,
    /// Turns in which the fallback phrase was spoken.
    pub fallbacks: u32,
    /// Turns in which a filler preceded the answer.
    pub fillers: u32,
    /// Tokens of its answers.
    pub tokens: Tokens,
    /// Audio that came from the caller, in seconds.
    pub caller_audio_s: f64,
    /// Audio of the agent that was sent, in seconds.
    pub agent_audio_s: f64,
    /// Processor time, in seconds of one core.
    pub cpu_s: f64,
    /// The spread of each figure, in milliseconds.
    pub latency: BTreeMap<String, Spread>,
    /// The quality of the caller's audio.
    pub line: InboundQuality,
    /// Its recording.
    pub recording: Option<String>,
    /// Its trace.
    pub trace: Option<String>,
    /// What was made of it after its end: its summary and its fields.
    pub after_call: AfterCall,
}

/// Answers that were prepared ahead.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Drafts {
    /// Begun.
    pub started: u32,
    /// Spoken.
    pub used: u32,
    /// Thrown away.
    pub thrown_away: u32,
    /// Tokens of those.
    pub tokens_wasted: u32,
    /// Speech that was synthesised for those, in milliseconds.
    pub audio_wasted_ms: f64,
}

/// Tokens of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// Of the prompts.
    pub prompt: i64,
    /// Those of them that were known from before.
    pub reused: i64,
    /// Generated.
    pub generated: i64,
}

/// Which calls are listed: those for which all of this holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// They began at this time or later.
    pub from: Option<i64>,
    /// They began before this time.
    pub to: Option<i64>,
    /// Their caller's number or address: the whole one, or as it is kept.
    pub caller: Option<String>,
    /// Their gateway's protocol.
    pub gateway: Option<String>,
    /// They ended, and for a reason that is not in [`ENDED_WELL`].
    pub ended_badly: bool,
    /// The 95th percentile of the time from voice to voice is at least so many milliseconds.
    pub v2v_p95_ms: Option<f64>,
    /// Somebody said these words, in any case of ASCII letters.
    pub text: Option<String>,
    /// The most calls: 0 means as many as may be, which is 10,000.
    pub limit: usize,
    /// Only calls with smaller numbers: the next page of a list by number.
    pub before: Option<i64>,
}

/// The calls of a filter, newest first: by their numbers, because two calls may be dated by a clock that was
/// set in between.
pub(crate) fn list(from: &Connection, filter: &Filter) -> Result<Vec<Call>> {
    let mut conditions: Vec<String> = Vec::new();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut add = |condition: &str, value: Box<dyn ToSql>| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("?{}", values.len())));
    };
    // The numbers from the index of times: a list by number would else look at every call that it has not.
    if let Some(time) = filter.from {
        add("id IN (SELECT id FROM calls WHERE started_at >= ?)", Box::new(time));
    }
    if let Some(to) = filter.to {
        add("id IN (SELECT id FROM calls WHERE started_at < ?)", Box::new(to));
    }
    if let Some(caller) = &filter.caller {
        // As a list shows it, or the whole number.
        match caller_code::known(from, caller)?.filter(|_| !caller.starts_with('…')) {
            Some(code) => add("caller_code = ?", Box::new(code)),
            None => add("caller = ?", Box::new(caller.clone())),
        }
    }
    if let Some(gateway) = &filter.gateway {
        add("gateway = ?", Box::new(gateway.clone()));
    }
    if let Some(ms) = filter.v2v_p95_ms {
        add("v2v_p95_ms >= ?", Box::new(ms));
    }
    if let Some(before) = filter.before {
        add("id < ?", Box::new(before));
    }
    if let Some(text) = &filter.text {
        let literal = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        add(
            "EXISTS (SELECT 1 FROM turns WHERE call = calls.id
                AND (heard LIKE ? ESCAPE '\\' OR reply LIKE ? ESCAPE '\\'))",
            Box::new(format!("%{literal}%")),
        );
    }
    let mut all = conditions;
    if filter.ended_badly {
        let well = ENDED_WELL.map(|code| format!("'{code}'")).join(", ");
        all.push(format!("ended_at IS NOT NULL AND end_code NOT IN ({well})"));
    }
    let limit = if filter.limit == 0 { MOST } else { filter.limit.min(MOST) };
    let only = if all.is_empty() { String::new() } else { format!("WHERE {}", all.join(" AND ")) };
    let query = format!("SELECT * FROM calls {only} ORDER BY id DESC LIMIT {limit}");
    from.prepare(&query)?.query_map(params_from_iter(values), call)?.collect()
}

/// A row of `calls`.
pub(crate) fn call(row: &Row<'_>) -> Result<Call> {
    // A figure that is not there is 0: the columns are written by this program alone.
    fn json<T: serde::de::DeserializeOwned + Default>(row: &Row<'_>, column: &str) -> Result<T> {
        Ok(serde_json::from_str(&row.get::<_, String>(column)?).unwrap_or_default())
    }
    Ok(Call {
        id: row.get("id")?,
        call_id: row.get("call_id")?,
        begun: row.get("begun")?,
        gateway: row.get("gateway")?,
        rate: row.get("rate")?,
        client_id: row.get("client_id")?,
        caller: row.get("caller")?,
        called: row.get("called")?,
        data: json(row, "data")?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
        duration_ms: row.get("duration_ms")?,
        end_code: row.get("end_code")?,
        end_reason: row.get("end_reason")?,
        turns: row.get("turns")?,
        interruptions: row.get("interruptions")?,
        hiccups: row.get("hiccups")?,
        drafts: Drafts {
            started: row.get("drafts_started")?,
            used: row.get("drafts_used")?,
            thrown_away: row.get("drafts_thrown_away")?,
            tokens_wasted: row.get("drafts_tokens_wasted")?,
            audio_wasted_ms: row.get("drafts_audio_wasted_ms")?,
        },
        stand_ins: row.get("stand_ins")?,
        fallbacks: row.get("fallbacks")?,
        fillers: row.get("fillers")?,
        tokens: Tokens {
            prompt: row.get("tokens_prompt")?,
            reused: row.get("tokens_reused")?,
            generated: row.get("tokens_generated")?,
        },
        caller_audio_s: row.get("caller_audio_s")?,
        agent_audio_s: row.get("agent_audio_s")?,
        cpu_s: row.get("cpu_s")?,
        latency: json(row, "latency")?,
        line: json(row, "line")?,
        recording: row.get("recording")?,
        trace: row.get("trace")?,
        after_call: after_calls::of_row(row)?,
    })
}
