//! The engines whose health is kept while they are started. Must not know what they do.

use std::sync::Arc;

use crate::engine::cores::{Cores, Now};
use crate::engine::health::EngineHealth;
use crate::engine::transcribing::Heartbeats;
use crate::engine::watch::{Watch, Watched};
use crate::quality::breaker::BreakerSettings;

/// The engines whose health is kept, and their threads.
pub(super) struct Wards {
    settings: BreakerSettings,
    now: Now,
    health: Vec<EngineHealth>,
    threads: Vec<Watched>,
}

impl Wards {
    pub(super) fn new(now: Now) -> Self {
        Self { settings: BreakerSettings::default(), now, health: Vec::new(), threads: Vec::new() }
    }

    /// Keeps the health of an engine with these threads.
    pub(super) fn admit(&mut self, name: &str, heartbeats: Heartbeats) -> EngineHealth {
        let health = EngineHealth::new(name, heartbeats.len(), self.settings, self.now.clone());
        self.health.push(health.clone());
        let watched = heartbeats.into_iter().map(|heartbeat| Watched { heartbeat, health: health.clone() });
        self.threads.extend(watched);
        health
    }

    /// The health of all engines, whose threads are watched from now on.
    pub(super) fn watched(self, cores: &Cores) -> std::io::Result<(Arc<[EngineHealth]>, Arc<Watch>)> {
        Ok((self.health.into(), Arc::new(Watch::over(self.threads, cores.clone())?)))
    }
}
