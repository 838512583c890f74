//! The login to the console: a password becomes a session, whose cookie no script can read. Must not know
//! what a session may do.

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::listen::Connection;
use super::session::{Denied, FORGED, NOT_SAFE, Visitor, Way};
use crate::app::App;
use crate::app::login::NotLoggedIn;
use crate::login::{LIFE, MOST_BYTES};
use crate::telemetry::refusals::Kind;

/// The largest request, in bytes: a password, every byte of it escaped.
const MOST_REQUEST: usize = 6 * MOST_BYTES + 256;

const NO_PASSWORD: &str = "this server has no password for the console: set admin.password to what \
     `offhook config password` makes (docs/console.md)";

/// What browsers and proxies on the way are told: these answers are for one person.
const PRIVATE: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/console/login", post(log_in))
        .route("/console/logout", post(log_out))
        .route("/console/session", get(session))
        .layer(axum::middleware::map_response(async |response: Response| (PRIVATE, response)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    password: String,
}

/// Why there is no session, in the form of the interface for administrators.
fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": {"message": message.trim_end()}}))).into_response()
}

async fn log_in(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let visitor = Visitor::of(&app, &parts.headers, parts.version, &connection);
    let peer = visitor.address();
    let Some(login) = app.login.clone() else { return refusal(StatusCode::FORBIDDEN, NO_PASSWORD) };
    let Some(way) = visitor.way() else { return refusal(StatusCode::FORBIDDEN, NOT_SAFE) };
    if visitor.own_origin() != Some(true) {
        app.refused(Kind::NotOpened, peer, "login", &"the page of another site, or no browser");
        return refusal(StatusCode::FORBIDDEN, FOREIGN);
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_none_or(|kind| kind.split(';').next().unwrap_or_default().trim() != "application/json") {
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json");
    }
    let Ok(body) = axum::body::to_bytes(body, MOST_REQUEST).await else {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "this is longer than any password");
    };
    // The parser's own message may repeat the password.
    let Ok(Given { password }) = serde_json::from_slice(&body) else {
        return refusal(StatusCode::BAD_REQUEST, "expected {\"password\": \"…\"}");
    };
    match login.log_in(peer, password).await {
        Ok(begun) => {
            tracing::info!(%peer, "an administrator has logged in to the console");
            // Whoever logs in again leaves the session before.
            if let Some((login, name)) = visitor.session() {
                login.log_out(name);
            }
            let cookie = set_cookie(way, &begun.name, LIFE.as_secs());
            (cookie, Json(json!({"csrf": begun.csrf}))).into_response()
        }
        Err(reason) => {
            app.refused(Kind::NotOpened, peer, "login", &reason);
            not_logged_in(reason)
        }
    }
}

const FOREIGN: &str = "a login comes from a page of this server: Origin must be its address, as the browser shows \
     it (behind a proxy: server.public_url, or pass Host on)";

fn not_logged_in(reason: NotLoggedIn) -> Response {
    match reason {
        NotLoggedIn::Wrong => refusal(StatusCode::UNAUTHORIZED, "The password is wrong."),
        NotLoggedIn::TooMany(wait) => {
            let wait = wait.as_millis().div_ceil(1000);
            let told = format!("Too many attempts. Try again in {wait} s.");
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, &told);
            if let Ok(wait) = HeaderValue::from_str(&wait.to_string()) {
                response.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            response
        }
        NotLoggedIn::Failed => refusal(StatusCode::INTERNAL_SERVER_ERROR, "The login failed: try again."),
    }
}

/// `name` is ours: letters, digits, `-` and `_`. A cookie without a name and a life is deleted.
fn set_cookie(way: Way, name: &str, life_s: u64) -> [(HeaderName, String); 1] {
    let secure = if way == Way::Secure { "; Secure" } else { "" };
    let cookie = way.cookie();
    let value = format!("{cookie}={name}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Strict{secure}");
    [(header::SET_COOKIE, value)]
}

async fn log_out(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    version: Version,
    headers: HeaderMap,
) -> Response {
    let visitor = Visitor::of(&app, &headers, version, &connection);
    match visitor.may(&Method::POST) {
        Ok(()) => {}
        Err(Denied::Forged) => return refusal(StatusCode::FORBIDDEN, FORGED),
        Err(Denied::NoSession) => {
            return refusal(StatusCode::UNAUTHORIZED, "there is no session, or it is over");
        }
    }
    if let Some((login, name)) = visitor.session() {
        login.log_out(name);
        tracing::info!(peer = %visitor.address(), "an administrator has logged out of the console");
    }
    let way = visitor.way().unwrap_or(Way::Secure);
    (StatusCode::NO_CONTENT, set_cookie(way, "", 0)).into_response()
}

/// Who the client is: whether it is logged in, with its token; whether it is at this machine; and why it
/// cannot log in, if it cannot.
async fn session(
    State(app): State<App>,
    Extension(connection): Extension<Connection>,
    version: Version,
    headers: HeaderMap,
) -> Response {
    let visitor = Visitor::of(&app, &headers, version, &connection);
    if visitor.may(&Method::GET) == Err(Denied::Forged) {
        return refusal(StatusCode::FORBIDDEN, FORGED);
    }
    let csrf = visitor.session().and_then(|(login, name)| login.csrf_of(name));
    let why_not = match (&app.login, visitor.way()) {
        (None, _) => Some(NO_PASSWORD),
        (Some(_), None) => Some(NOT_SAFE.trim_end()),
        (Some(_), Some(_)) => None,
    };
    let told = json!({
        "signed_in": csrf.is_some(), "csrf": csrf, "here": visitor.here, "no_login_because": why_not,
    });
    Json(told).into_response()
}
