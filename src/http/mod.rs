//! The routes: a WebSocket per gateway, health and readiness. Must not know what a call does.

mod handshake;
pub mod listen;
mod own_page;
mod sockets;
pub mod tls;

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use crate::access::Once;
use crate::config::Config;
use crate::engine::workers::Engines;
use crate::runtime::carrier::Carrier;
use crate::runtime::clock::{Uptime, uptime};
use crate::runtime::doors::Doors;
use crate::runtime::registry::{Refused, Registry};
use crate::runtime::reporter::Reporter;
use crate::runtime::services::Services;
use crate::telemetry::refusals::{Kind, Refusals, Sum};

/// Sums of refusals are looked for so often.
const SUMS: Duration = Duration::from_secs(5);

/// What all requests share.
#[derive(Clone)]
pub struct App {
    config: Arc<Config>,
    registry: Arc<Registry>,
    doors: Arc<Doors>,
    /// The single-use credentials that were used.
    seen: Arc<Mutex<Once>>,
    services: Arc<OnceLock<Services>>,
    /// A clock that is never set.
    uptime: Uptime,
    refusals: Arc<Mutex<Refusals>>,
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
            uptime: uptime(),
            refusals: Arc::default(),
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

    /// Whether nobody has a socket, be it that the call on it is over and goodbye is being said.
    #[must_use]
    pub fn sockets_are_gone(&self) -> bool {
        self.doors.are_empty()
    }

    /// Ends all running calls.
    pub fn stop_calls(&self) {
        self.stop.cancel();
    }

    /// Somebody was refused on the way in. It is told in the log, or summed up with others.
    fn refused(&self, kind: Kind, peer: IpAddr, line: &'static str, reason: &dyn Display) {
        let reason = reason.to_string();
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.is_first(kind, line, peer, &reason, (self.uptime)()) {
            drop(refusals);
            tracing::warn!(%peer, line, %reason, "{}", kind.told());
        }
    }

    /// Tells the sums of refusals, for ever.
    pub async fn sum_up(self) {
        loop {
            tokio::time::sleep(SUMS).await;
            let due = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).due((self.uptime)());
            tell(due);
        }
    }

    /// Tells the sums that are left at the end.
    pub fn sum_up_the_rest(&self) {
        let all = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).all();
        tell(all);
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

fn tell(sums: Vec<Sum>) {
    for Sum { kind, line, peer, more, last } in sums {
        let peer = peer.map_or_else(|| "others".to_owned(), |peer| peer.to_string());
        tracing::warn!(%peer, line, more, %last, "{}: and {more} more in the last minute", kind.told());
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
