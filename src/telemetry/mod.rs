//! Logging, metrics, distributions of latency, and sums of refusals. Must not know how anything is done.

mod escape;
pub mod latencies;
pub mod logging;
pub mod metrics;
mod queue;
pub mod refusals;
