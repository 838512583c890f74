//! The gate before all routes: whether the client may come in, how many are served at once, and how long one
//! may take. Must not know the routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::answers::{Refusal, SOON_S};
use super::clients::{Clients, Denied};
use crate::app::App;
use crate::http::admin::bearer;
use crate::http::listen::Connection;
use crate::http::own_page::is_of_this_machine;
use crate::openai::ApiError;
use crate::telemetry::refusals::Kind;

/// Beyond the time of a request, for its last bytes.
const LAST_BYTES: Duration = Duration::from_secs(10);

/// What browsers and proxies on the way are told: these answers are nobody else's.
const PRIVATE: [(HeaderName, &str); 2] =
    [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];

/// What others are told by a server without keys.
const NO_KEYS: &str = "this server has no API keys and serves the programs of its own machine only; its operator \
                       can set api.keys";

/// The gate, with those who are inside.
#[derive(Clone)]
pub(super) struct Gate {
    app: App,
    clients: Arc<Clients>,
}

/// A place inside, until it is dropped. An answer that is sent as it is made keeps it to its end.
#[derive(Clone)]
pub(super) struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
    connection: Connection,
    /// The server is being stopped, and its time for what is under way is over.
    stop: CancellationToken,
}

impl Place {
    /// Closes the connection of a client that does not read, and so holds its place for nothing.
    pub(super) fn cut(&self) {
        self.connection.cut();
    }

    /// Comes when the server waits no longer for what is under way.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

impl Gate {
    pub(super) fn of(app: &App) -> Self {
        let api = &app.config.api;
        Self { app: app.clone(), clients: Arc::new(Clients::of(api)) }
    }

    /// Lets a request in. Only those that are work need a place.
    fn admit(&self, request: &Request, connection: &Connection) -> Result<Option<Place>, ApiError> {
        let public_url = self.app.config.lines.public_url.as_ref();
        let own = is_of_this_machine(request, connection.loopback, public_url);
        let counted = self.clients.count(bearer(request.headers()), own, (self.app.uptime)());
        counted.map_err(|denied| self.refused(denied, connection))?;
        if request.method() != Method::POST {
            return Ok(None);
        }
        let busy = || ApiError::too_busy(SOON_S);
        if self.app.registry.is_draining() {
            return Err(ApiError::stopping(SOON_S));
        }
        let permit = Arc::new(self.app.requests.clone().try_acquire_owned().map_err(|_| busy())?);
        Ok(Some(Place { _permit: permit, connection: connection.clone(), stop: self.app.stop.clone() }))
    }

    fn refused(&self, denied: Denied, connection: &Connection) -> ApiError {
        let reason = match denied {
            Denied::NoKeys => NO_KEYS,
            Denied::NoKey => "no key",
            Denied::WrongKey => "a wrong key",
            Denied::TooMany(wait) => {
                let api = &self.app.config.api;
                let limit = format!("{} requests a minute", api.requests_per_minute);
                let day = api.requests_per_day.map_or(String::new(), |most| format!(", {most} a day"));
                return ApiError::rate_limited(
                    &format!("{limit}{day}"),
                    wait.as_millis().div_ceil(1000) as u64,
                );
            }
        };
        self.app.refused(Kind::NotOpened, connection.peer, "api", &reason);
        let error = ApiError::not_authenticated(denied == Denied::WrongKey);
        if denied == Denied::NoKeys { ApiError { message: NO_KEYS.to_owned(), ..error } } else { error }
    }
}

/// Lets a request in, or refuses it.
pub(super) async fn enter(
    State(gate): State<Gate>,
    Extension(connection): Extension<Connection>,
    mut request: Request,
    next: Next,
) -> Response {
    let route = route(request.uri().path());
    let mut response = match gate.admit(&request, &connection) {
        Ok(None) => next.run(request).await,
        Ok(Some(place)) => {
            connection.take_longer(gate.app.config.api.timeout + LAST_BYTES);
            request.extensions_mut().insert(place.clone());
            tokio::select! {
                response = next.run(request) => response,
                () = place.stopped() => Refusal(ApiError::stopping(SOON_S)).into_response(),
            }
        }
        Err(error) => Refusal(error).into_response(),
    };
    gate.app.metrics.requests.count(route, response.status().as_u16());
    for (name, value) in PRIVATE {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The name of a route in metrics; paths that there are not have one name together.
fn route(path: &str) -> &'static str {
    let routes = ["chat/completions", "audio/speech", "audio/transcriptions", "realtime", "models"];
    let path = path.trim_start_matches('/');
    routes.into_iter().find(|route| path.starts_with(route)).unwrap_or("other")
}
