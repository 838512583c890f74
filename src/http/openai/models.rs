//! `GET /v1/models`: the models by the names that requests give. Must not know what they do.

use axum::extract::{Path, State};
use axum::response::Response;

use super::answers::{Refusal, SOON_S, document};
use crate::app::App;
use crate::engine::engines::Engines;
use crate::engine::ports::Think;
use crate::engine::requests::Requests;
use crate::openai::ApiError;
use crate::openai::models::{Model, list};

/// The recogniser, by the name that clients of OpenAI's give.
pub(super) const RECOGNISER: &str = "whisper-1";

/// The voice, by the name that clients of OpenAI's give.
pub(super) const VOICE: &str = "tts-1";

/// Stands for the language model in use.
const DEFAULT: &str = "default";

/// The engines, once they are loaded.
pub(super) fn engines(app: &App) -> Result<&Engines, ApiError> {
    app.engines().ok_or_else(|| ApiError::too_busy(SOON_S))
}

/// The engines for what no call waits for.
pub(super) fn requests(engines: &Engines) -> Result<&Requests, ApiError> {
    let none = "this server has no models (--scripted)";
    engines.requests.as_ref().ok_or_else(|| ApiError::server_failed(none))
}

/// The language model that a request names, with its name.
pub(super) fn language_model<'a>(
    engines: &'a Engines,
    asked: &str,
) -> Result<(&'a str, &'a dyn Think), ApiError> {
    let found = if asked == DEFAULT { engines.models.get(0).ok() } else { engines.models.find(asked) };
    found.ok_or_else(|| ApiError::unknown_model(asked, served(engines)))
}

/// Checks the name of an engine that there is one of.
pub(super) fn check(engines: &Engines, asked: &str, only: &str) -> Result<(), ApiError> {
    if asked == only { Ok(()) } else { Err(ApiError::unknown_model(asked, served(engines))) }
}

fn served(engines: &Engines) -> impl Iterator<Item = &str> {
    std::iter::once(DEFAULT).chain(engines.models.names()).chain([RECOGNISER, VOICE])
}

/// All models.
pub(super) async fn all(State(app): State<App>) -> Result<Response, Refusal> {
    let created = app.started.as_secs();
    let models: Vec<Model<'_>> = served(engines(&app)?).map(|id| Model { id, created }).collect();
    Ok(document(list(&models)))
}

/// One model.
pub(super) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let engines = engines(&app)?;
    match served(engines).find(|served| *served == id) {
        Some(id) => Ok(document(Model { id, created: app.started.as_secs() }.body())),
        None => Err(ApiError::unknown_model(&id, served(engines)).into()),
    }
}
