//! The records of calls: listed, one with its turns, its transcript, deleted. Must not know how they are
//! kept.

use std::path::PathBuf;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problems::Problem;
use crate::app::App;
use crate::records::{By, Call, Filter, FullCall, Store, Which};

/// The calls of a page, and the most that one may have.
const A_PAGE: usize = 50;
const MOST: usize = 500;

/// Which calls are asked for. Times are in milliseconds since 1970.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    since: Option<i64>,
    until: Option<i64>,
    caller: Option<String>,
    gateway: Option<String>,
    bad: bool,
    slow: Option<f64>,
    said: Option<String>,
    limit: Option<usize>,
    before: Option<i64>,
}

impl From<Asked> for Filter {
    fn from(asked: Asked) -> Self {
        // A form sends what was left empty, too.
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            from: asked.since,
            to: asked.until,
            caller: some(asked.caller),
            gateway: some(asked.gateway),
            ended_badly: asked.bad,
            v2v_p95_ms: asked.slow,
            text: some(asked.said),
            limit: asked.limit.unwrap_or(A_PAGE).clamp(1, MOST),
            before: asked.before,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Listed {
    calls: Vec<Call>,
}

/// Calls, the newest first.
pub(super) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed>, Problem> {
    let filter = Filter::from(asked);
    let calls = with_store(&app, move |store| {
        store.list(&filter).map_err(|error| Problem::failed("the records cannot be read", &error))
    });
    Ok(Json(Listed { calls: calls.await? }))
}

/// A call with its turns and events, as `offhook calls export` prints it.
pub(super) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let value = found(&app, id).await?.export();
    value.map(Json).map_err(|error| Problem::failed("the call cannot be written", &error))
}

/// What was said, a line for each side of a turn.
pub(super) async fn transcript(State(app): State<App>, Path(id): Path<String>) -> Result<String, Problem> {
    Ok(found(&app, id).await?.transcript())
}

/// Deletes a call with its files.
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
