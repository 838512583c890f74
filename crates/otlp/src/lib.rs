//! Traces of calls over OTLP, the protocol of OpenTelemetry: a span for each call, each turn and each stage
//! of a turn, sent to a collector. Must not know how a call works, and prints nothing.
//!
//! Start reading at [`Exporter`], which takes what calls tell and never delays one. [`trace_id`] names the
//! trace of a call, so that a log line or a record can link to it.

mod attributes;
mod call_span;
mod calls;
mod clock;
mod endpoint;
mod exporter;
mod ids;
mod message;
mod moments;
mod options;
mod post;
mod queue;
mod sender;
mod span;
mod told;
mod turn_spans;
mod worker;

pub use endpoint::BadEndpoint;
pub use exporter::{Exporter, OpenError};
pub use ids::trace_id;
pub use options::{Counters, Options, Report, Retries, Trouble};
