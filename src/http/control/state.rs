//! What the server tells of itself: its state, how it stays quick, and the description of this interface.
//! Must not know how the figures come about.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

use super::described::SERVER;
use crate::app::App;
use crate::http::server_state::{advice_now, engines_now, lately, server_state};
use crate::top::{self, Admission, Advice, Engine};

/// The state of the server, as /debug/state and `offhook top --json` have it.
#[utoipa::path(
    get, path = "/state", operation_id = "get_state", tag = SERVER,
    responses((status = 200, description = "The state of this moment.", body = top::State)),
)]
pub(super) async fn state(State(app): State<App>) -> Json<top::State> {
    Json(server_state(&app))
}

/// How the server stays quick.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServerQuality {
    /// The engines, in the order in which a turn meets them, each with its health and its recent failures.
    engines: Vec<Engine>,
    /// What is left out under load, and why.
    ladder: top::Quality,
    /// How many more calls the server would take, and why.
    admission: Admission,
    /// What an administrator should change.
    advice: Vec<Advice>,
}

/// How the server stays quick: the health of its engines, what is left out under load, advice.
///
/// A part of the state. docs/quality.md says what follows from each figure.
#[utoipa::path(
    get, path = "/quality", operation_id = "get_quality", tag = SERVER,
    responses((status = 200, description = "The figures of this moment.", body = ServerQuality)),
)]
pub(super) async fn quality(State(app): State<App>) -> Json<ServerQuality> {
    Json(ServerQuality {
        engines: engines_now(&app, &lately(&app)),
        ladder: app.monitor.quality(),
        admission: app.monitor.admission(app.registry.calls()),
        advice: advice_now(&app),
    })
}

/// This description.
///
/// For administrators like everything here: strangers need not learn what there is. The same text is in the
/// sources, as docs/openapi.json.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "get_description", tag = SERVER,
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value)),
)]
pub(super) async fn description(Extension(description): Extension<Arc<OpenApi>>) -> Json<OpenApi> {
    Json(OpenApi::clone(&description))
}
