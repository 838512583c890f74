//! The records of calls: listed, one with its turns, its transcript, deleted. Must not know how they are
//! kept.

use std::path::PathBuf;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::described::RECORDS;
use super::problems::{Problem, Refusal};
use super::query::Parameters;
use crate::app::App;
use crate::records::{By, Call, Export, Filter, FullCall, Store, Which};

/// The calls of a page, and the most that one may have. The description of [`Asked`] says the same.
const A_PAGE: usize = 50;
const MOST: usize = 500;

/// The most characters of a text to find.
const LONGEST: usize = 200;

/// Which calls are asked for. Each may be given once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// They began at this time or later, in milliseconds since 1970.
    since: Option<i64>,
    /// They began before this time, in milliseconds since 1970.
    until: Option<i64>,
    /// Their caller's number or address: the whole one, or as it is kept.
    #[param(max_length = 200)]
    caller: Option<String>,
    /// Their gateway's protocol.
    #[param(max_length = 200)]
    gateway: Option<String>,
    /// Whether only calls are wanted that ended badly.
    #[param(default = false)]
    bad: Option<bool>,
    /// The time from voice to voice that 5 of 100 answers took at least, in milliseconds.
    #[param(minimum = 0)]
    slow: Option<f64>,
    /// Somebody said these words.
    #[param(max_length = 200)]
    said: Option<String>,
    /// The most calls.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<usize>,
    /// Only calls with smaller numbers: that of the last call of the page before.
    before: Option<i64>,
}

impl Asked {
    fn of(mut parameters: Parameters) -> Result<Self, Problem> {
        const TIME: &str = "a whole number of milliseconds since 1970";
        let is_short = |text: &String| text.chars().count() <= LONGEST;
        let short = format!("a text of at most {LONGEST} characters");
        let asked = Self {
            since: parameters.take("since", TIME, |_| true)?,
            until: parameters.take("until", TIME, |_| true)?,
            caller: parameters.take("caller", &short, is_short)?,
            gateway: parameters.take("gateway", &short, is_short)?,
            bad: parameters.take("bad", "true or false", |_| true)?,
            slow: parameters.take("slow", "a number of milliseconds, 0 or more", |slow| {
                (0.0..f64::INFINITY).contains(slow)
            })?,
            said: parameters.take("said", &short, is_short)?,
            limit: parameters.take("limit", &format!("a whole number from 1 to {MOST}"), |limit| {
                (1..=MOST).contains(limit)
            })?,
            before: parameters.take("before", "the number of a call", |_| true)?,
        };
        parameters.nothing_else().map(|()| asked)
    }
}

impl From<Asked> for Filter {
    fn from(asked: Asked) -> Self {
        Self {
            from: asked.since,
            to: asked.until,
            caller: asked.caller,
            gateway: asked.gateway,
            ended_badly: asked.bad.unwrap_or(false),
            v2v_p95_ms: asked.slow,
            text: asked.said,
            limit: asked.limit.unwrap_or(A_PAGE),
            before: asked.before,
        }
    }
}

/// Calls of the past.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed {
    /// The calls, the newest first.
    calls: Vec<Call>,
}

/// Calls, the newest first, as `offhook calls list --json` prints them.
#[utoipa::path(
    get, path = "/records", operation_id = "list_records", tag = RECORDS,
    params(Asked),
    responses(
        (status = 200, description = "The calls of a page.", body = Listed),
        (status = 400, description = "A parameter is unknown, there twice, or not as described.", body = Refusal),
        (status = 404, description = "No records are kept.", body = Refusal),
        (status = 500, description = "The log says why.", body = Refusal),
    ),
)]
pub(super) async fn list(State(app): State<App>, parameters: Parameters) -> Result<Json<Listed>, Problem> {
    let filter = Filter::from(Asked::of(parameters)?);
    let calls = with_store(&app, move |store| {
        store.list(&filter).map_err(|error| Problem::failed("the records cannot be read", &error))
    });
    Ok(Json(Listed { calls: calls.await? }))
}

/// A call with its turns and events, as `offhook calls export` prints it.
#[utoipa::path(
    get, path = "/records/{id}", operation_id = "get_record", tag = RECORDS,
    params(("id" = String, Path, description = "The call's name or number.")),
    responses(
        (status = 200, description = "The call.", body = Export<'static>),
        (status = 404, description = "There is no such call, or no records are kept.", body = Refusal),
        (status = 500, description = "The log says why.", body = Refusal),
    ),
)]
pub(super) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let value = found(&app, id).await?.export();
    value.map(Json).map_err(|error| Problem::failed("the call cannot be written", &error))
}

/// What was said, a line for each side of a turn: `caller: …`, `agent: …`. Empty if words are not kept.
#[utoipa::path(
    get, path = "/records/{id}/transcript", operation_id = "get_transcript", tag = RECORDS,
    params(("id" = String, Path, description = "The call's name or number.")),
    responses(
        (status = 200, description = "The lines.", content_type = "text/plain", body = String),
        (status = 404, description = "There is no such call, or no records are kept.", body = Refusal),
        (status = 500, description = "The log says why.", body = Refusal),
    ),
)]
pub(super) async fn transcript(State(app): State<App>, Path(id): Path<String>) -> Result<String, Problem> {
    Ok(found(&app, id).await?.transcript())
}

/// Deletes a call with its files.
#[utoipa::path(
    delete, path = "/records/{id}", operation_id = "delete_record", tag = RECORDS,
    params(("id" = String, Path, description = "The call's name or number.")),
    responses(
        (status = 204, description = "It is deleted."),
        (status = 404, description = "There is no such call, or no records are kept.", body = Refusal),
        (status = 409, description = "The call is still running: hang up first.", body = Refusal),
        (status = 500, description = "The log says why.", body = Refusal),
    ),
)]
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let asked = id.clone();
    let deleted = with_store(&app, move |store| {
        let by = By::Call(Which::from(asked.as_str()));
        store.delete(&by).map_err(|error| Problem::failed("the call was not deleted", &error))
    });
    if deleted.await?.calls > 0 {
        tracing::info!(call = %id, "an operator deleted the records of a call");
        return Ok(StatusCode::NO_CONTENT);
    }
    let found = found(&app, id).await?;
    let running = format!("call {} is still running: hang up first", found.call.call_id);
    Err(Problem::new(StatusCode::CONFLICT, running))
}

/// The call of this name or number.
pub(super) async fn found(app: &App, id: String) -> Result<FullCall, Problem> {
    let call = with_store(app, move |store| {
        let call = store.call(&Which::from(id.as_str()));
        call.map_err(|error| Problem::failed("the records cannot be read", &error))
    });
    call.await?.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such call in the records"))
}

/// Reads or changes the records, on a thread that may wait for a disk.
async fn with_store<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Store) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let none = "no records are kept: set records.file in the configuration";
    let file: PathBuf =
        app.config.records.file.clone().ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, none))?;
    let done = tokio::task::spawn_blocking(move || {
        let store =
            Store::open(&file).map_err(|error| Problem::failed("the records cannot be read", &error))?;
        work(&store)
    });
    done.await.map_err(|error| Problem::failed("the records cannot be read", &error))?
}
