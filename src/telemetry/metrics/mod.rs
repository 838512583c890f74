//! Metrics for Prometheus: what happens to calls (a follower of calls), what the engines do (wrappers of
//! their ports), and the figures of the server at the moment of a scrape. Labels have few values, none of
//! them from a peer. Must not know HTTP.

mod cached_answers;
mod calls;
mod engines;
mod requests;
mod server;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

pub use calls::CallMetrics;
pub use engines::EngineMetrics;
pub use requests::RequestMetrics;
pub use server::ServerFigures;

/// The type of [`Metrics::text`] (the OpenMetrics text format).
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// What happens to calls.
    pub calls: CallMetrics,
    /// What the engines do.
    pub engines: EngineMetrics,
    /// What programs ask for.
    pub requests: RequestMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let calls = CallMetrics::new(&mut registry);
        let engines = EngineMetrics::new(&mut registry);
        let requests = RequestMetrics::new(&mut registry);
        Self { registry, calls, engines, requests }
    }
}

impl Metrics {
    /// All metrics in the OpenMetrics text format, with the server's figures of this moment.
    #[must_use]
    pub fn text(&self, server: ServerFigures) -> String {
        let mut text = String::new();
        let at_scrape = server.registry();
        // Writing to a text cannot fail.
        let _ = encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &at_scrape))
            .and_then(|()| encode_eof(&mut text));
        text
    }
}

/// Seconds that a caller may wait: fine around half a second, where the goals are.
fn waits() -> Histogram {
    Histogram::new([
        0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0,
        5.0, 10.0,
    ])
}

/// Seconds of an engine's work.
fn works() -> Histogram {
    Histogram::new([
        0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0,
    ])
}

/// Seconds of speech.
fn lengths() -> Histogram {
    Histogram::new([0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0])
}

/// Seconds of a call.
fn calls_last() -> Histogram {
    Histogram::new([5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0])
}

/// Counts that grow by doubling, up to 2 to the power of `last`.
fn doublings(last: i32) -> Histogram {
    Histogram::new((0..=last).map(|power| 2_f64.powi(power)))
}
