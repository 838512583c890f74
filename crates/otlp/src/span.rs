//! One span, in the form of the protocol: a name, a place in the trace and a time that never runs backwards.
//! Must not know which spans there are.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use crate::attributes::Attributes;
use crate::ids::{SpanId, TraceId};

/// The trace flag that says that the trace is kept (W3C Trace Context, section 3.3.1).
const SAMPLED: u32 = 1;

/// The place of a span in its trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The trace.
    pub(crate) trace: TraceId,
    /// The span.
    pub(crate) id: SpanId,
    /// The span that it is a part of.
    pub(crate) parent: Option<SpanId>,
}

/// A span from one moment to another, both in nanoseconds since 1970.
pub(crate) fn span(name: &str, place: Place, (from, to): (u64, u64), attributes: Attributes) -> Span {
    Span {
        trace_id: place.trace.to_vec(),
        span_id: place.id.to_vec(),
        parent_span_id: place.parent.map(SpanId::to_vec).unwrap_or_default(),
        flags: SAMPLED,
        name: name.to_owned(),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: from,
        end_time_unix_nano: to.max(from),
        attributes: attributes.into_vec(),
        ..Span::default()
    }
}
