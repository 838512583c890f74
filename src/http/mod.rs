//! The routes: a WebSocket per gateway, health and readiness. Must not know what a call does.

pub mod listen;
mod sockets;
pub mod tls;

use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use crate::access::Once;
use crate::config::Config;
use crate::engine::workers::Engines;
use crate::runtime::carrier::Carrier;
use crate::runtime::doors::Doors;
use crate::runtime::registry::{Refused, Registry};
use crate::runtime::reporter::Reporter;
use crate::runtime::services::Services;

/// What all requests share.
#[derive(Clone)]
pub struct App {
    config: Arc<Config>,
    registry: Arc<Registry>,
    doors: Arc<Doors>,
    /// The single-use credentials that were used.
    seen: Arc<Mutex<Once>>,
    services: Arc<OnceLock<Services>>,
    reporter: Option<Reporter>,
    stop: CancellationToken,
}

impl App {
    /// A house that takes no calls until [`Self::ready`].
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let server = &config.server;
        Self {
            registry: Arc::new(Registry::new(server.max_calls)),
            doors: Arc::new(Doors::new(server.max_waiting, server.max_calls_per_peer)),
            config,
            seen: Arc::default(),
            services: Arc::default(),
            reporter: None,
            stop: CancellationToken::new(),
        }
    }

    /// The same house, which tells there how turns and calls went.
    #[must_use]
    pub fn reporting_to(self, reporter: Option<Reporter>) -> Self {
        Self { reporter, ..self }
    }

    /// The engines are loaded and warm: calls are taken.
    pub fn ready(&self, engines: Engines, carrier: Option<Carrier>) {
        let (config, reporter, stop) = (self.config.clone(), self.reporter.clone(), self.stop.clone());
        let services = Services { config, engines, carrier, reporter, stop };
        // Readiness comes once; a second set of engines would be dropped unused.
        let _ = self.services.set(services);
    }

    /// The engines, once they are ready.
    #[must_use]
    pub fn engines(&self) -> Option<&Engines> {
        self.services.get().map(|services| &services.engines)
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

    /// What a call needs, if one that began now would be taken.
    fn services(&self) -> Result<Services, Refused> {
        let services = self.services.get().ok_or(Refused::NotReady)?;
        self.registry.has_room()?;
        if !services.engines.has_room() {
            return Err(Refused::Memory(self.registry.calls()));
        }
        Ok(services.clone())
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    sockets::routes(&app.config.lines)
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(app)
}

async fn ready(State(app): State<App>) -> (StatusCode, String) {
    // That all lines are busy is no reason to send calls elsewhere for good: each is refused by itself.
    match app.services() {
        Ok(_) | Err(Refused::Full(_) | Refused::Memory(_)) => (StatusCode::OK, "ready\n".into()),
        Err(refused) => (StatusCode::SERVICE_UNAVAILABLE, format!("{refused}\n")),
    }
}
