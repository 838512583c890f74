//! The console at `/`: its pages, and the recorded callers that speak for those who have no microphone. It is
//! for people at this machine. Must not know what the pages do.

use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;

use super::listen::Connection;
use super::own_page::is_of_this_machine;
use crate::app::App;
use crate::console::{self, File, PAGE, POLICY};
use crate::phone::callers;

/// What everybody else is told.
const FOR_THIS_MACHINE: &str = "the console is for people at this machine only: open it at 127.0.0.1, with \
     server.bind = \"127.0.0.1\" and without a proxy (or through `ssh -L 8080:127.0.0.1:8080`)\n";

/// What browsers are told with every file.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "microphone=(self), camera=(), geolocation=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Another version of the server has other files under the same names.
    (header::CACHE_CONTROL, "no-cache"),
];

pub(super) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(async || served(PAGE)))
        .route("/console/callers.json", get(all_callers))
        .route("/console/callers/{name}", get(caller))
        .route("/console/{name}", get(file))
        .route_layer(from_fn_with_state(app.clone(), people_here))
}

/// Lets only people at this machine pass.
async fn people_here(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let public_url = app.config.lines.public_url.as_ref();
    if is_of_this_machine(&request, connection.loopback, public_url) {
        (HEADERS, next.run(request).await).into_response()
    } else {
        (StatusCode::FORBIDDEN, FOR_THIS_MACHINE).into_response()
    }
}

async fn file(Path(name): Path<String>) -> Response {
    console::file(&name).map_or_else(|| StatusCode::NOT_FOUND.into_response(), served)
}

fn served(file: File) -> Response {
    ([(header::CONTENT_TYPE, file.media_type())], file.bytes).into_response()
}

/// The recordings, in the order of their conversation: `[{"file", "text"}]`.
async fn all_callers() -> Json<Value> {
    let conversation: Value = serde_json::from_str(callers::CONVERSATION).unwrap_or_default();
    Json(conversation["turns"].clone())
}

async fn caller(Path(name): Path<String>) -> Response {
    match callers::FILES.into_iter().find(|(known, _)| *known == name) {
        Some((_, bytes)) => ([(header::CONTENT_TYPE, "audio/wav")], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
