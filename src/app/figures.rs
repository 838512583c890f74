//! The figures of the server, as its metrics tell them. Must not know who reads them.

use std::sync::PoisonError;

use super::state::App;
use crate::engine::engines::Engines;
use crate::runtime::lookup::Lookup;
use crate::runtime::process;
use crate::telemetry::logging;
use crate::telemetry::metrics::ServerFigures;
use crate::telemetry::refusals::Kind;

impl App {
    /// The figures of this moment.
    #[must_use]
    pub fn figures(&self) -> ServerFigures {
        let (process, engines) = (process::own(), self.engines());
        let work = engines.map(Engines::meters).unwrap_or_default();
        let refused = {
            let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            Kind::ALL.iter().map(|kind| (kind.name(), refusals.in_all(*kind))).collect()
        };
        ServerFigures {
            uptime: (self.uptime)(),
            started: self.started,
            ready: self.is_ready().is_ok(),
            calls: self.registry.calls(),
            max_calls: self.config.server.max_calls,
            cores: engines.map_or(0, |engines| engines.cores.count()),
            work: work.into_iter().map(|(work, used)| (work.name(), used)).collect(),
            pages: engines.map(Engines::pages_used).unwrap_or_default(),
            cpu: process.cpu,
            resident_bytes: process.resident,
            threads: process.threads,
            refused,
            dropped_log_lines: logging::dropped_lines(),
            records: self.records.as_ref().map(|records| records.counters()),
            recordings: self.records.as_ref().and_then(|records| records.recorded()),
            webhooks: self.webhooks.as_ref().map(|webhooks| webhooks.counters()),
            lookups: self.lookup.as_ref().map(Lookup::counters),
            health: engines.map(Engines::health).unwrap_or_default(),
            quality_step: self.monitor.quality().step,
            moves: self.monitor.moves(),
        }
    }
}
