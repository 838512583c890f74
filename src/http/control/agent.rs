//! The agent's settings: read, checked and saved, with the comments of their file. Only the keys of
//! `config::editing` are seen. Must not know how a file is edited or replaced.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{Body, Form};
use super::described::AGENT;
use super::problems::{Mistake, Problem, Refusal, Unusable};
use crate::app::App;
use crate::app::config_file::SaveError;
use crate::config::editing::{ALLOWED, AT_START, EDITABLE, Edited, edit, values};
use crate::config::keys::Keys;
use crate::config::{self, DEFAULT_CONFIG};
use crate::edits::comments;
use crate::runtime::library::Library;

/// The settings of the agent, and the file that they are in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Settings {
    /// The path of the file.
    file: String,
    /// Whether the file is there. If not, saving makes it.
    exists: bool,
    /// Another text has another version.
    version: String,
    /// Whether the file says of the voice what the server has not yet.
    waits_for_restart: bool,
    /// The settings, in the order in which people see them.
    settings: Vec<Setting>,
}

/// A setting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Setting {
    /// Its key, such as `agent.greeting`.
    key: &'static str,
    /// What kind of value it has: text, long_text, whole, number, switch, texts, wholes or words.
    kind: &'static str,
    /// Its value in the file.
    value: Value,
    /// Its value if the file does not say it.
    default: Value,
    /// What is allowed, in words.
    allowed: &'static str,
    /// What it is for: the comment above it in the file.
    help: String,
    /// When a change counts.
    takes_effect: TakesEffect,
}

/// When a change counts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) enum TakesEffect {
    /// For calls that begin after it.
    #[serde(rename = "new calls")]
    NewCalls,
    /// When the server starts again.
    #[serde(rename = "a restart")]
    Restart,
}

/// Changes of settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    /// The new values, by key.
    pub(super) changes: BTreeMap<String, Value>,
    /// The version of the file that was changed, as GET told it. Needed for saving.
    version: Option<String>,
}

impl Form for Changes {
    const EXAMPLE: &'static str = "{\"changes\": {\"KEY\": VALUE, …}, \"version\": \"…\"}";
}

/// What would be wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Checked {
    /// All that is wrong with the settings, also of keys that were not changed. None if they can be saved.
    problems: Vec<Mistake>,
}

/// What was saved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Saved {
    /// The version of the file now.
    version: String,
    /// The saved keys that count when the server starts again. All others count for new calls.
    after_a_restart: Vec<String>,
}

/// The agent's settings, each with its value, default and help; the file, and its version.
#[utoipa::path(
    get, path = "/agent", operation_id = "get_agent", tag = AGENT,
    responses(
        (status = 200, description = "The settings.", body = Settings),
        (status = 409, description = "The file cannot be read.", body = Refusal),
        (status = 500, description = "The log says why.", body = Refusal),
    ),
)]
pub(super) async fn settings(State(app): State<App>) -> Result<Json<Settings>, Problem> {
    with_file(app, told).await.map(Json)
}

fn told(app: &App) -> Result<Settings, Problem> {
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
                takes_effect: if AT_START.contains(key) {
                    TakesEffect::Restart
                } else {
                    TakesEffect::NewCalls
                },
            }
        })
        .collect();
    let saved = config::examine_text(&file.text, "", app.settings.file.folder(), config::Secrets::Leave);
    let saved = saved.map(|examined| examined.config.tts).ok();
    Ok(Settings {
        file: app.settings.file.full_path().display().to_string(),
        exists: file.exists,
        version: file.version,
        waits_for_restart: saved
            .is_some_and(|saved| saved.voice != running.voice || saved.speed != running.speed),
        settings,
    })
}

/// What would be wrong with changes of the agent's settings.
#[utoipa::path(
    post, path = "/agent/check", operation_id = "check_agent", tag = AGENT,
    request_body = Changes,
    responses(
        (status = 200, description = "All that would be wrong.", body = Checked),
        (status = 400, description = "The request is not in the form that is described.", body = Refusal),
        (status = 409, description = "The file cannot be read.", body = Refusal),
        (status = 500, description = "The log says why.", body = Refusal),
    ),
)]
pub(super) async fn check(
    State(app): State<App>,
    Body(asked): Body<Changes>,
) -> Result<Json<Checked>, Problem> {
    let (_, edited) = with_file(app, move |app| edited(app, &asked.changes)).await?;
    Ok(Json(Checked { problems: problems(&edited) }))
}

/// Saves changes of the agent's settings; new calls have them at once.
///
/// What was changed in the file by hand is checked and taken over as well. The file as it was is kept beside
/// it, under its name with ".before".
#[utoipa::path(
    put, path = "/agent", operation_id = "save_agent", tag = AGENT,
    request_body = Changes,
    responses(
        (status = 200, description = "They are saved.", body = Saved),
        (
            status = 400,
            description = "The request is not in the form that is described, or has no version.",
            body = Refusal,
        ),
        (
            status = 409,
            description = "The file has another version by now, or cannot be read or written here.",
            body = Refusal,
        ),
        (status = 422, description = "The settings cannot be used; nothing is saved.", body = Unusable),
        (status = 500, description = "It was not saved; the message or the log says why.", body = Refusal),
    ),
)]
pub(super) async fn save(State(app): State<App>, Body(asked): Body<Changes>) -> Result<Json<Saved>, Problem> {
    let Changes { changes, version } = asked;
    let version = version.ok_or_else(|| {
        let told =
            "version: the version of the file that was changed is missing (GET /api/v1/agent tells it)";
        Problem::new(StatusCode::BAD_REQUEST, told)
    })?;
    with_file(app, move |app| saved(app, &version, &changes)).await.map(Json)
}

fn saved(app: &App, version: &str, changes: &BTreeMap<String, Value>) -> Result<Saved, Problem> {
    let file = &app.settings.file;
    let _alone = app.settings.changing();
    let (read, edited) = edited(app, changes)?;
    if read != version {
        return Err(Problem::new(StatusCode::CONFLICT, SaveError::Changed.to_string()));
    }
    let found = problems(&edited);
    let Some(config) = edited.config.filter(|_| found.is_empty()) else {
        let told = format!("nothing was saved: {} of the settings cannot be used", found.len());
        return Err(Problem::unusable(told, found));
    };
    // What the file says of folders was said by its owner.
    let library = Library::open(&config).map_err(|problems| {
        let told = "nothing was saved: a folder of knowledge cannot be read".to_owned();
        Problem::unusable(told, problems.iter().map(Mistake::from).collect())
    })?;
    let version = file.save(version, &edited.text).map_err(|error| match error {
        SaveError::Changed => Problem::new(StatusCode::CONFLICT, error.to_string()),
        SaveError::ReadOnly(_) => Problem::new(StatusCode::CONFLICT, error.to_string()),
        SaveError::Failed(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    })?;
    app.take_over(&config, library, Keys::of(&edited.text));
    let keys: Vec<&str> = changes.keys().map(String::as_str).collect();
    tracing::info!(keys = keys.join(", "), "an operator changed the agent");
    let waits = keys.iter().filter(|key| AT_START.contains(key)).map(|key| (*key).to_owned());
    Ok(Saved { version, after_a_restart: waits.collect() })
}

/// The version of the file as it is, and what it would be with these changes.
pub(super) fn edited(app: &App, changes: &BTreeMap<String, Value>) -> Result<(String, Edited), Problem> {
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

pub(super) fn problems(edited: &Edited) -> Vec<Mistake> {
    edited.problems.iter().map(Mistake::from).collect()
}

/// Works with the file, on a thread that may wait for a disk.
pub(super) async fn with_file<T: Send + 'static>(
    app: App,
    work: impl FnOnce(&App) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(move || work(&app)).await;
    done.map_err(|error| Problem::failed("the configuration cannot be read", &error))?
}
