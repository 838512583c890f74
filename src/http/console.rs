//! The console at `/`: its pages, and the recorded callers that speak for those who have no microphone. It is
//! for people at this machine, and for those who have logged in. Must not know what the pages do.

use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;

use super::control::agents::{self, Agents};
use super::listen::Connection;
use super::session::{NOT_SAFE, Visitor};
use crate::app::App;
use crate::console::{self, File, PAGE, POLICY};
use crate::phone::callers;

/// What everybody else is told.
const FOR_THIS_MACHINE: &str = "the console is for people at this machine only: open it at 127.0.0.1, with \
     server.bind = \"127.0.0.1\" and without a proxy (or through `ssh -L 8080:127.0.0.1:8080`), or set \
     admin.password, and log in (docs/console.md)\n";

/// The page on which one logs in, and what it is made of. Nothing else is served to strangers.
const FOR_STRANGERS: [&str; 5] = ["login.html", "login.js", "element.js", "style.css", "pages.css"];

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
        .route("/console/agents.json", get(all_agents))
        .route("/console/callers/{name}", get(caller))
        .route("/console/{name}", get(file))
        .route_layer(from_fn_with_state(app.clone(), people))
}

/// Lets only people at this machine pass, and those who have logged in.
async fn people(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let visitor = Visitor::of(&app, request.headers(), request.version(), &connection);
    let path = request.uri().path();
    let file = path.strip_prefix("/console/").unwrap_or_default();
    if visitor.here || visitor.may(&Method::GET).is_ok() {
        return (HEADERS, next.run(request).await).into_response();
    }
    if app.login.is_none() {
        return (StatusCode::FORBIDDEN, FOR_THIS_MACHINE).into_response();
    }
    if visitor.way().is_none() {
        return (StatusCode::FORBIDDEN, NOT_SAFE).into_response();
    }
    if FOR_STRANGERS.contains(&file) {
        return (HEADERS, next.run(request).await).into_response();
    }
    if path == "/" || (console::file(file).is_some() && file.ends_with(".html")) {
        // The browser keeps what stands behind "#".
        return (HEADERS, Redirect::to(&format!("/console/login.html?to={path}"))).into_response();
    }
    (StatusCode::UNAUTHORIZED, HEADERS, "log in at /console/login.html\n").into_response()
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

/// The agents, and the voices that are loaded: who may talk may choose.
async fn all_agents(State(app): State<App>) -> Json<Agents> {
    Json(agents::of(&app))
}

async fn caller(Path(name): Path<String>) -> Response {
    match callers::FILES.into_iter().find(|(known, _)| *known == name) {
        Some((_, bytes)) => ([(header::CONTENT_TYPE, "audio/wav")], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
