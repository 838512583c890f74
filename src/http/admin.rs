//! What administrators see and change while the server runs: metrics, the state of queues, cores and calls,
//! the level of the log. Must not know how the figures come about.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use tokio::sync::Semaphore;

use super::listen::Connection;
use super::own_page::is_of_this_machine;
use super::server_state::server_state;
use super::session::{Denied, FORGED, Visitor};
use crate::app::App;
use crate::config::Admin;
use crate::engine::faults::{Fault, Target};
use crate::telemetry::logging::{self, LevelError};
use crate::telemetry::metrics::CONTENT_TYPE;
use crate::telemetry::refusals::Kind;
use crate::top;

/// The longest filter of the log, in bytes.
const MOST_FILTER: usize = 1000;

/// The most requests of administrators at once.
static AT_ONCE: Semaphore = Semaphore::const_new(8);

const TOO_MANY: &str = "too many requests of administrators at once: ask again in a moment\n";

/// What a client is told that is no administrator.
const NOBODY: &str = "this is for administrators: set admin.token, and send it as \"Authorization: Bearer TOKEN\", \
     or set admin.password, and log in at /console/login.html\n";

pub(super) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/debug/state", get(state))
        .route("/debug/faults", put(set_faults))
        .route("/debug/log", get(async || format!("{}\n", logging::level())).put(set_level))
        .route_layer(from_fn_with_state(app.clone(), administrators))
}

/// The name of the session that an administrator has; `None` for one who needs none.
#[derive(Debug, Clone)]
pub(super) struct BySession(pub(super) Option<String>);

/// Lets only administrators pass.
pub(super) async fn administrators(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>().cloned();
    let passes = match &app.config.admin {
        // A page of another site must not reach this machine through its user's browser.
        Admin::Anybody => is_of_this_machine(&request, true, app.config.lines.public_url.as_ref()),
        Admin::Nobody => false,
        Admin::Bearer(token) => bearer(request.headers()).is_some_and(|given| token.is(given)),
    };
    // A token says all. Only without one must a session, which a browser sends by itself, prove itself.
    let by_session = match &connection {
        Some(connection) if !passes => {
            Visitor::of(&app, request.headers(), request.version(), connection).may(request.method())
        }
        Some(_) | None => Err(Denied::NoSession),
    };
    if let (Err(Denied::Forged), Some(connection)) = (by_session, &connection) {
        app.refused(Kind::NotOpened, connection.peer, "admin", &"perhaps forged: Origin or X-CSRF-Token");
        return (StatusCode::FORBIDDEN, FORGED).into_response();
    }
    if passes || by_session.is_ok() {
        let session = match &connection {
            Some(connection) if !passes => {
                let visitor = Visitor::of(&app, request.headers(), request.version(), connection);
                visitor.session().map(|(_, name)| name.to_owned())
            }
            Some(_) | None => None,
        };
        request.extensions_mut().insert(BySession(session));
        // Whatever administrators ask, calls go first.
        let Ok(_place) = AT_ONCE.try_acquire() else {
            return (StatusCode::SERVICE_UNAVAILABLE, TOO_MANY).into_response();
        };
        return next.run(request).await;
    }
    if let Some(connection) = connection {
        app.refused(Kind::NotOpened, connection.peer, "admin", &"no administrator's token, and no session");
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], NOBODY).into_response()
}

/// What a client shows of itself: "Authorization: Bearer TOKEN".
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (kind, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then_some(given.trim())
}

async fn metrics(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], app.metrics.text(app.figures())).into_response()
}

async fn state(State(app): State<App>) -> Json<top::State> {
    Json(server_state(&app))
}

/// Injects faults: lines such as "stt=hung", or "stt=" for none.
async fn set_faults(State(app): State<App>, body: String) -> (StatusCode, String) {
    let Some(engines) = app.engines() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the models are being loaded: ask again\n".to_owned());
    };
    if body.len() > MOST_FILTER {
        return (StatusCode::PAYLOAD_TOO_LARGE, format!("faults have at most {MOST_FILTER} bytes\n"));
    }
    let Some(faults) = engines.faults.clone() else {
        return (
            StatusCode::FORBIDDEN,
            "faults are not allowed: start the server with --allow-faults\n".to_owned(),
        );
    };
    let mut wanted = Vec::new();
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((engine, fault)) = line.split_once('=') else {
            return (
                StatusCode::BAD_REQUEST,
                "expected lines such as stt=hung, or stt= for none\n".to_owned(),
            );
        };
        let Some(target) = Target::ALL.into_iter().find(|target| target.name() == engine.trim()) else {
            let engine: String = engine.chars().take(40).collect();
            let told = format!("{engine:?}: there is no such engine; there are stt, llm and tts\n");
            return (StatusCode::BAD_REQUEST, told);
        };
        let fault = match fault.trim() {
            "" => None,
            text => match text.parse::<Fault>() {
                Ok(fault) => Some(fault),
                Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")),
            },
        };
        wanted.push((target, fault));
    }
    wanted.into_iter().for_each(|(target, fault)| faults.set(target, fault));
    (StatusCode::OK, faults.told().iter().map(|fault| format!("{fault}\n")).collect())
}

async fn set_level(filter: String) -> (StatusCode, String) {
    let filter = filter.trim();
    if filter.is_empty() {
        return (StatusCode::BAD_REQUEST, format!("{}\n", LevelError::Invalid));
    }
    if filter.len() > MOST_FILTER {
        return (StatusCode::PAYLOAD_TOO_LARGE, format!("a filter has at most {MOST_FILTER} bytes\n"));
    }
    match logging::set_level(filter) {
        Ok(()) => (StatusCode::OK, format!("{filter}\n")),
        Err(error @ LevelError::Invalid) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
        Err(error @ LevelError::NoLog) => (StatusCode::CONFLICT, format!("{error}\n")),
    }
}
