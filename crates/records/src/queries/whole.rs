//! A whole call: its turns with their stages, and what happened in it. Must not know how calls are found.

use std::collections::BTreeMap;

use offhook_core::report::EndOfTurn;
use rusqlite::{Connection, OptionalExtension as _, Result, Row};
use serde::{Deserialize, Serialize};

use super::calls::{self, Call, Tokens};

/// The names of the parts of [`Turn::stages`].
const FIRST_SOUND: &str = "first_sound";
const ANSWER: &str = "answer";

/// A whole call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FullCall {
    /// The call.
    pub call: Call,
    /// Its turns, in order.
    pub turns: Vec<Turn>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// A turn, as it is kept. The figures are those of a turn's report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Turn {
    /// The turn; the greeting is 0.
    pub turn: u32,
    /// When it was reported, in milliseconds since 1970.
    pub at: i64,
    /// The caller's words, if words are kept.
    pub heard: Option<String>,
    /// The agent's words, as far as the caller heard them.
    pub reply: Option<String>,
    /// The end of `reply` is an estimate.
    pub heard_estimated: bool,
    /// Where the caller's speech ended, in milliseconds of the caller's audio.
    pub speech_end_ms: Option<f64>,
    /// From the caller's last sound to the agent's first.
    pub v2v_ms: Option<f64>,
    /// From the caller's last sound to the first sound of the answer itself.
    pub answer_ms: Option<f64>,
    /// The way to the ear and back.
    pub mark_return_ms: Option<f64>,
    /// The caller cut in.
    pub interrupted: bool,
    /// False interruptions.
    pub hiccups: u32,
    /// Whether the answer was prepared ahead: `off`, `used` or `wasted`.
    pub speculation: String,
    /// The reply is the fallback phrase.
    pub failed: bool,
    /// The language model that answered: 0 is the one in use.
    pub rung: i64,
    /// Its name.
    pub model: String,
    /// The answer's tokens.
    pub tokens: Option<Tokens>,
    /// How the answer was found, if it was given before: `exact` or `pattern`.
    #[serde(default)]
    pub cached: Option<String>,
    /// Where the passages stand that were looked up for the answer, the best one first.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Why the turn was taken to be over.
    pub end_of_turn: Option<EndOfTurn>,
    /// What each stage added to the waiting time, in milliseconds.
    pub stages: Stages,
}

/// What each stage of a turn took, by name, in milliseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Stages {
    /// Up to the first sound.
    pub first_sound: BTreeMap<String, f64>,
    /// Up to the answer, if a filler came first.
    pub answer: BTreeMap<String, f64>,
    /// The work that does not show in the others.
    pub hidden: BTreeMap<String, f64>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Event {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Its kind: `odd_message`, `late`, `engine`, or `records_dropped` and `quality`, which belong to no
    /// call.
    pub kind: String,
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// Which call: by its number, or the newest of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// [`Call::id`].
    Id(i64),
    /// [`Call::call_id`].
    Name(String),
}

impl From<&str> for Which {
    /// A text of digits alone, or behind `#`, is a number; any other text is a name.
    fn from(text: &str) -> Self {
        text.strip_prefix('#').unwrap_or(text).parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id)
    }
}

/// The number of a call.
pub(crate) fn find(from: &Connection, which: &Which) -> Result<Option<i64>> {
    match which {
        Which::Id(id) => {
            from.query_row("SELECT id FROM calls WHERE id = ?1", [id], |row| row.get(0)).optional()
        }
        Which::Name(name) => {
            from.query_row("SELECT max(id) FROM calls WHERE call_id = ?1", [name], |row| row.get(0))
        }
    }
}

/// The whole call of a number. One transaction: a server may write meanwhile.
pub(crate) fn whole(from: &Connection, id: i64) -> Result<Option<FullCall>> {
    let whole = from.unchecked_transaction()?;
    let call = whole.query_row("SELECT * FROM calls WHERE id = ?1", [id], calls::call).optional()?;
    let Some(call) = call else { return Ok(None) };
    let mut turns: Vec<Turn> = whole
        .prepare("SELECT * FROM turns WHERE call = ?1 ORDER BY turn")?
        .query_map([id], turn)?
        .collect::<Result<_>>()?;
    let mut stages = whole.prepare("SELECT turn, of, name, ms FROM stages WHERE call = ?1")?;
    let mut rows = stages.query([id])?;
    while let Some(row) = rows.next()? {
        let (number, of, name, ms): (u32, String, String, f64) = row.try_into()?;
        let at = turns.binary_search_by_key(&number, |turn| turn.turn);
        if let Some(turn) = at.ok().and_then(|at| turns.get_mut(at)) {
            let stages = match of.as_str() {
                FIRST_SOUND => &mut turn.stages.first_sound,
                ANSWER => &mut turn.stages.answer,
                _ => &mut turn.stages.hidden,
            };
            stages.insert(name, ms);
        }
    }
    let events = whole
        .prepare("SELECT at, kind, code, message FROM events WHERE call = ?1 ORDER BY id")?
        .query_map([id], event)?
        .collect::<Result<_>>()?;
    Ok(Some(FullCall { call, turns, events }))
}

/// What happened to the records themselves and to the whole server, in order.
pub(crate) fn own_events(from: &Connection) -> Result<Vec<Event>> {
    from.prepare("SELECT at, kind, code, message FROM events WHERE call IS NULL ORDER BY id LIMIT 10000")?
        .query_map([], event)?
        .collect()
}

fn event(row: &Row<'_>) -> Result<Event> {
    Ok(Event { at: row.get(0)?, kind: row.get(1)?, code: row.get(2)?, message: row.get(3)? })
}

fn turn(row: &Row<'_>) -> Result<Turn> {
    let end_of_turn: Option<String> = row.get("end_of_turn")?;
    let sources: Option<String> = row.get("sources")?;
    let prompt: Option<i64> = row.get("tokens_prompt")?;
    let tokens = match prompt {
        Some(prompt) => Some(Tokens {
            prompt,
            reused: row.get("tokens_reused")?,
            generated: row.get("tokens_generated")?,
        }),
        None => None,
    };
    Ok(Turn {
        turn: row.get("turn")?,
        at: row.get("at")?,
        heard: row.get("heard")?,
        reply: row.get("reply")?,
        heard_estimated: row.get("heard_estimated")?,
        speech_end_ms: row.get("speech_end_ms")?,
        v2v_ms: row.get("v2v_ms")?,
        answer_ms: row.get("answer_ms")?,
        mark_return_ms: row.get("mark_return_ms")?,
        interrupted: row.get("interrupted")?,
        hiccups: row.get("hiccups")?,
        speculation: row.get("speculation")?,
        failed: row.get("failed")?,
        rung: row.get("rung")?,
        model: row.get("model")?,
        tokens,
        cached: row.get("cached")?,
        sources: sources.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        end_of_turn: end_of_turn.and_then(|text| serde_json::from_str(&text).ok()),
        stages: Stages::default(),
    })
}
