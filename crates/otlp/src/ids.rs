//! The ids of traces and spans. They are derived from the call and not drawn at random: whoever knows a call
//! can name its trace, and a span that is sent twice is the same span. Must not know what a span says.

use std::fmt;

use offhook_core::ids::CallId;
use ring::digest::{Context, SHA256};

/// The id of the trace of a call, as 32 hexadecimal digits: what trace viewers search for, and what links in
/// log lines and records hold.
///
/// `started_unix_ms` is the time at which the exporter was told that the call started, in whole milliseconds
/// since 1970. If it was never told (its queue was full), the call's turns are in the trace of time 0.
#[must_use]
pub fn trace_id(call: &CallId, started_unix_ms: i64) -> String {
    TraceId::of(call, started_unix_ms).to_string()
}

/// The id of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceId([u8; 16]);

/// The id of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanId([u8; 8]);

impl TraceId {
    /// The trace of a call that started then, in milliseconds since 1970.
    pub(crate) fn of(call: &CallId, started_unix_ms: i64) -> Self {
        Self(hash(&[b"offhook trace", call.as_str().as_bytes(), &started_unix_ms.to_be_bytes()]))
    }

    /// The span of the whole call.
    pub(crate) fn call(&self) -> SpanId {
        SpanId(hash(&[&self.0, b"call"]))
    }

    /// The span of a turn.
    pub(crate) fn turn(&self, turn: u32) -> SpanId {
        self.part(turn, "turn")
    }

    /// The span of a part of a turn.
    pub(crate) fn part(&self, turn: u32, name: &str) -> SpanId {
        SpanId(hash(&[&self.0, name.as_bytes(), &turn.to_be_bytes()]))
    }

    /// For a message.
    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl SpanId {
    /// For a message.
    pub(crate) fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The beginning of a hash. Each part comes with its length, so that no two lists of parts are one text.
fn hash<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let digest = context.finish();
    let mut id = [0; N];
    id.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    // The protocol takes an id of zeros for none.
    if id.iter().all(|byte| *byte == 0) {
        id[0] = 1;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Links to traces are kept in records for years: the ids may never change.
    #[test]
    fn the_trace_of_a_call_has_the_same_name_for_ever() {
        let id = trace_id(&CallId::new("c-1"), 1_700_000_000_000);
        assert_eq!(id, "1f22490156869e53dadd1bf110543508");
        assert_ne!(id, trace_id(&CallId::new("c-1"), 1_700_000_000_001));
        assert_ne!(id, trace_id(&CallId::new("c-2"), 1_700_000_000_000));
    }

    #[test]
    fn the_spans_of_a_trace_have_different_ids() {
        let trace = TraceId::of(&CallId::new("c-1"), 0);
        let ids = [trace.call(), trace.turn(0), trace.turn(1), trace.part(1, "stt"), trace.part(1, "filler")];
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(id), "{at}");
        }
    }
}
