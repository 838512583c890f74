//! The interface for those who run the server, under /api/v1: its state, running calls, the records of past
//! calls. For administrators. Must not know how calls run or records are kept.

mod agent;
mod audio;
mod orders;
mod problems;
mod records;

use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;

use self::problems::{Problem, in_our_form};
use super::admin::administrators;
use super::server_state::server_state;
use crate::app::App;
use crate::top;

pub(super) fn routes(app: &App) -> Router<App> {
    let inner = Router::new()
        .route("/state", get(async |State(app): State<App>| Json(server_state(&app))))
        .route("/calls", get(calls))
        .route("/calls/{id}/hangup", post(orders::hang_up))
        .route("/calls/{id}/say", post(orders::say))
        .route("/calls/{id}/inform", post(orders::inform))
        .route("/records", get(records::list))
        .route("/records/{id}", get(records::one).delete(records::delete))
        .route("/records/{id}/transcript", get(records::transcript))
        .route("/records/{id}/audio", get(audio::of))
        .merge(agent::routes())
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is no such path (docs/control.md)"))
        .layer(from_fn_with_state(app.clone(), administrators))
        .layer(axum::middleware::map_response(in_our_form));
    Router::new().nest("/api/v1", inner)
}

#[derive(Serialize)]
struct Running {
    calls: Vec<top::Call>,
}

/// The running calls.
async fn calls(State(app): State<App>) -> Json<Running> {
    Json(Running { calls: app.monitor.calls(|call| app.registry.spent(call)) })
}
