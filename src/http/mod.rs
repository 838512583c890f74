//! The routes: a WebSocket per gateway, health and readiness. Must not know what a call does.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::engine::workers::Engines;
use crate::gateway::asterisk::Asterisk;
use crate::gateway::detect::{Detect, SUBPROTOCOLS};
use crate::gateway::jambonz::Jambonz;
use crate::gateway::native::Native;
use crate::gateway::plivo::Plivo;
use crate::gateway::telnyx::Telnyx;
use crate::gateway::twilio::Twilio;
use crate::gateway::vonage::Vonage;
use crate::gateway::{Gateway, Start};
use crate::runtime::accept;
use crate::runtime::registry::{Place, Refused, Registry};
use crate::runtime::services::Services;

/// What all requests share.
#[derive(Clone)]
pub struct App {
    config: Arc<Config>,
    registry: Arc<Registry>,
    engines: Arc<OnceLock<Engines>>,
    stop: CancellationToken,
}

impl App {
    /// A house that takes no calls until [`Self::ready`].
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let registry = Arc::new(Registry::new(config.server.max_calls));
        Self { config, registry, engines: Arc::default(), stop: CancellationToken::new() }
    }

    /// The engines are loaded and warm: calls are taken.
    pub fn ready(&self, engines: Engines) {
        // Readiness comes once; a second set of engines would be dropped unused.
        let _ = self.engines.set(engines);
    }

    /// The calls that stand.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Ends all running calls.
    pub fn stop_calls(&self) {
        self.stop.cancel();
    }

    fn admit(&self) -> Result<(Place, Services), Refused> {
        let engines = self.engines.get().ok_or(Refused::NotReady)?.clone();
        let place = self.registry.admit()?;
        Ok((place, Services { config: self.config.clone(), engines, stop: self.stop.clone() }))
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/call", socket(|query| Box::new(Detect::with_query(query))))
        .route("/twilio", socket(|_| Box::new(Twilio::new())))
        .route("/telnyx", socket(|_| Box::new(Telnyx::new())))
        .route("/plivo", socket(|_| Box::new(Plivo::new())))
        .route("/vonage", socket(|_| Box::new(Vonage::new())))
        .route("/jambonz", socket(|_| Box::new(Jambonz::new())))
        .route("/asterisk", socket(|query| Box::new(Asterisk::with_parameters(query))))
        .route("/offhook", socket(|_| Box::new(Native::new())))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(app)
}

async fn ready(State(app): State<App>) -> (StatusCode, String) {
    if app.engines.get().is_none() {
        (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", Refused::NotReady))
    } else if app.registry.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", Refused::Draining))
    } else {
        (StatusCode::OK, "ready\n".into())
    }
}

/// Makes the codec of a socket from the query of its address.
type Codec = fn(&str) -> Box<dyn Gateway>;

/// A route whose sockets speak what `codec` does.
fn socket(codec: Codec) -> MethodRouter<App> {
    get(async move |State(app): State<App>, RawQuery(query): RawQuery, upgrade: WebSocketUpgrade| {
        answer(&app, upgrade, codec(&query.unwrap_or_default()))
    })
}

fn answer(app: &App, upgrade: WebSocketUpgrade, codec: Box<dyn Gateway>) -> Response {
    let (mut place, services) = match app.admit() {
        Ok(admitted) => admitted,
        Err(refused) => {
            tracing::warn!(reason = %refused, "a call was refused");
            return (StatusCode::SERVICE_UNAVAILABLE, format!("{refused}\n")).into_response();
        }
    };
    let limit = app.config.server.max_message_bytes;
    // Only what the client asks for is answered; most ask for nothing.
    let upgrade = upgrade.protocols(SUBPROTOCOLS);
    upgrade.max_message_size(limit).max_frame_size(limit).on_upgrade(async move |socket| {
        let name = |start: &Start| place.name(start.call_id.as_deref().unwrap_or("call"));
        accept::run(socket, codec, services, name).await;
    })
}
