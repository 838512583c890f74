//! The agent's settings: read, checked and saved, with the comments of their file. Only the keys of
//! `config::editing` are seen. Must not know how a file is edited or replaced.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::problems::Problem;
use crate::app::App;
use crate::app::config_file::SaveError;
use crate::config::editing::{ALLOWED, AT_START, EDITABLE, Edited, edit, values};
use crate::config::{self, DEFAULT_CONFIG};
use crate::edits::comments;

/// The largest request, in bytes: the whole configuration is smaller.
const MOST_BYTES: usize = 256 * 1024;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/agent", get(settings).put(save))
        .route("/agent/check", post(check))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
}

#[derive(Serialize)]
struct Setting {
    key: &'static str,
    kind: &'static str,
    value: Value,
    default: Value,
    allowed: &'static str,
    help: String,
    /// "new calls" or "a restart".
    takes_effect: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    changes: BTreeMap<String, Value>,
    version: Option<String>,
}

/// The settings, their file and its version.
async fn settings(State(app): State<App>) -> Result<Response, Problem> {
    let (told, path) = with_file(&app, told).await?;
    let mut told = told?;
    told["file"] = json!(path);
    Ok(Json(told).into_response())
}

fn told(app: &App) -> Result<Value, Problem> {
    let (running, path) = (&app.config.tts, app.settings.file.path());
    let file = app.settings.file.read().map_err(|error| {
        let told = format!("{} cannot be read: {error}", path.display());
        Problem::new(StatusCode::CONFLICT, told)
    })?;
    let (mut own, mut shipped) = (values(&file.text), values(DEFAULT_CONFIG));
    // What is yours to write has no default.
    for key in ["agent.system_prompt", "agent.greeting"] {
        shipped.insert(key, Value::from(""));
    }
    let (mut help, mut own_help) = (comments(DEFAULT_CONFIG), comments(&file.text));
    let settings: Vec<Setting> = EDITABLE
        .iter()
        .map(|(key, kind)| {
            let default = shipped.remove(key).unwrap_or_default();
            Setting {
                key,
                kind: kind.name(),
                value: own.remove(key).unwrap_or_else(|| default.clone()),
                default,
                allowed: ALLOWED.get(*key).map_or("", String::as_str),
                help: help.remove(*key).or_else(|| own_help.remove(*key)).unwrap_or_default(),
                takes_effect: if AT_START.contains(key) { "a restart" } else { "new calls" },
            }
        })
        .collect();
    let saved = config::examine_text(&file.text, "", app.settings.file.folder(), config::Secrets::Leave);
    let saved = saved.map(|examined| examined.config.tts).ok();
    let waits = saved.is_some_and(|saved| saved.voice != running.voice || saved.speed != running.speed);
    Ok(json!({
        "exists": file.exists,
        "version": file.version,
        "waits_for_restart": waits,
        "settings": settings,
    }))
}

/// What would be wrong with these changes.
async fn check(
    State(app): State<App>,
    asked: Result<Json<Changes>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(asked) = asked.map_err(unreadable)?;
    let (edited, _) = with_file(&app, move |app| edited(app, &asked.changes)).await?;
    Ok(Json(json!({ "problems": problems(&edited?.1) })).into_response())
}

/// Saves the changes; new calls have them at once.
async fn save(
    State(app): State<App>,
    asked: Result<Json<Changes>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(Changes { changes, version }) = asked.map_err(unreadable)?;
    let version = version.ok_or_else(|| {
        let told =
            "version: the version of the file that was changed is missing (GET /api/v1/agent tells it)";
        Problem::new(StatusCode::BAD_REQUEST, told)
    })?;
    let (saved, _) = with_file(&app, move |app| saved(app, &version, &changes)).await?;
    saved
}

fn saved(app: &App, version: &str, changes: &BTreeMap<String, Value>) -> Result<Response, Problem> {
    let file = &app.settings.file;
    let _alone = app.settings.changing();
    let (read, edited) = edited(app, changes)?;
    if read != version {
        return Err(Problem::new(StatusCode::CONFLICT, SaveError::Changed.to_string()));
    }
    let found = problems(&edited);
    let Some(config) = edited.config.filter(|_| found.is_empty()) else {
        let told = format!("nothing was saved: {} of the settings cannot be used", found.len());
        let body = json!({ "error": { "message": told }, "problems": found });
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response());
    };
    let version = file.save(version, &edited.text).map_err(|error| match error {
        SaveError::Changed => Problem::new(StatusCode::CONFLICT, error.to_string()),
        SaveError::ReadOnly(_) => Problem::new(StatusCode::CONFLICT, error.to_string()),
        SaveError::Failed(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })?;
    app.take_over(&config);
    let keys: Vec<&str> = changes.keys().map(String::as_str).collect();
    tracing::info!(keys = keys.join(", "), "an operator changed the agent");
    let waits: Vec<&&str> = keys.iter().filter(|key| AT_START.contains(key)).collect();
    Ok(Json(json!({ "version": version, "after_a_restart": waits })).into_response())
}

/// The version of the file as it is, and what it would be with these changes.
fn edited(app: &App, changes: &BTreeMap<String, Value>) -> Result<(String, Edited), Problem> {
    let file = &app.settings.file;
    let contents = file.read().map_err(|error| {
        let told = format!("{} cannot be read: {error}", file.path().display());
        Problem::new(StatusCode::CONFLICT, told)
    })?;
    let mut edited = edit(&contents.text, changes, file.folder());
    if let Some(config) = &edited.config {
        let is_new = changes.contains_key("agent.system_prompt");
        edited.problems.extend(app.prompt_problem(config, is_new));
    }
    Ok((contents.version, edited))
}

fn problems(edited: &Edited) -> Vec<Value> {
    let told = |problem: &config::Problem| {
        let message = if problem.value.is_empty() {
            problem.allowed.clone()
        } else {
            format!("{}: allowed is {}", problem.value, problem.allowed)
        };
        json!({ "key": problem.key, "line": problem.line, "message": message })
    };
    edited.problems.iter().map(told).collect()
}

fn unreadable(rejection: JsonRejection) -> Problem {
    Problem::new(rejection.status(), rejection.body_text())
}

/// Works with the file, on a thread that may wait for a disk.
async fn with_file<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&App) -> T + Send + 'static,
) -> Result<(T, PathBuf), Problem> {
    let (app, path) = (app.clone(), app.settings.file.full_path());
    let done = tokio::task::spawn_blocking(move || work(&app)).await;
    done.map(|done| (done, path)).map_err(|error| Problem::failed("the configuration cannot be read", &error))
}
