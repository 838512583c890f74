//! The routes: a WebSocket for each gateway, health and readiness, those for administrators, the console for
//! people at this machine, and the interface for programs. Must not
//! know what a call does.

mod admin;
mod console;
mod control;
mod handshake;
pub mod listen;
mod login;
mod openai;
mod own_page;
mod request_id;
mod server_state;
mod session;
mod sockets;
mod transfers;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::get;

use crate::app::App;

pub use control::description;

/// All routes.
pub fn router(app: App) -> Router {
    sockets::routes(&app.config.lines)
        .merge(admin::routes(&app))
        .merge(console::routes(&app))
        .merge(login::routes())
        .merge(transfers::routes(&app))
        .merge(control::routes(&app))
        .merge(openai::routes(&app))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(app)
        .layer(from_fn(request_id::named))
}

async fn ready(State(app): State<App>) -> (StatusCode, String) {
    match app.is_ready() {
        Ok(()) => (StatusCode::OK, "ready\n".into()),
        Err(refused) => (StatusCode::SERVICE_UNAVAILABLE, format!("{refused}\n")),
    }
}
