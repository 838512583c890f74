//! What a server used during a step of a load: its processor time and memory, and what it said of its own
//! latency. Must not know the load.

use crate::cli::call::server::Server;
use crate::phone::load::measures::ServerUse;
use crate::runtime::process::{self, ProcessUse};
use crate::stats::Distribution;

/// Watches a server during a step.
pub(super) struct Meter {
    pid: Option<u32>,
    before: ProcessUse,
    most_resident: u64,
}

impl Meter {
    /// Begins before the first call.
    pub(super) fn start(server: &Server) -> Self {
        // What was reported of earlier steps is of no interest.
        drop(server.take_reports());
        let pid = server.pid();
        let before = pid.and_then(process::of).unwrap_or_default();
        Self { pid, before, most_resident: before.resident }
    }

    /// Looks at the memory; call it now and then.
    pub(super) fn look(&mut self) {
        let now = self.pid.and_then(process::of).map_or(0, |now| now.resident);
        self.most_resident = self.most_resident.max(now);
    }

    /// The figures of a step of so many seconds with so many callers.
    pub(super) fn end(mut self, server: &Server, seconds: f64, callers: u32) -> Option<ServerUse> {
        self.look();
        let now = self.pid.and_then(process::of)?;
        let spent = now.cpu.saturating_sub(self.before.cpu).as_secs_f64();
        let reported = server.take_reports().into_iter().filter_map(|told| told.turn?.v2v_ms);
        let reported: Distribution = reported.collect();
        let grown = self.most_resident.saturating_sub(self.before.resident) as f64;
        Some(ServerUse {
            cpu_seconds: spent,
            cores: if seconds > 0.0 { spent / seconds } else { 0.0 },
            peak_rss_mb: megabytes(self.most_resident as f64),
            rss_mb_per_call: Some(megabytes(grown / f64::from(callers.max(1)))),
            reported_v2v_p50_ms: reported.median(),
            reported_v2v_p95_ms: reported.percentile(95.0),
        })
    }
}

fn megabytes(bytes: f64) -> f64 {
    (bytes / 1e6 * 100.0).round() / 100.0
}
