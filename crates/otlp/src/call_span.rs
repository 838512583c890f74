//! The span of a whole call: its figures as attributes, and what failed as events. Must not know where the
//! calls in progress are kept.

use offhook_core::ids::CallId;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};

use crate::attributes::Attributes;
use crate::ids::TraceId;
use crate::moments::nanos;
use crate::span::{Place, span};
use crate::told::{Ended, Failed, Started};

/// What the span of a call is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The trace of the call.
    pub(crate) trace: TraceId,
    /// When it started and ended, in nanoseconds since 1970.
    pub(crate) times: (u64, u64),
    /// How it began, if that is known.
    pub(crate) started: Option<Started>,
    /// Whether what must be disclosed was heard, if there was such a thing.
    pub(crate) disclosed: Option<bool>,
    /// The agent that spoke last, where there are several.
    pub(crate) agent: Option<String>,
    /// What failed.
    pub(crate) failures: Vec<Event>,
    /// How many more failures there were.
    pub(crate) more_failures: u32,
}

/// The span of a call that is over.
pub(crate) fn call_span(call: &CallId, parts: Parts, ended: Ended) -> Span {
    let tokens = ended.consumed.tokens;
    let attributes = Attributes::default()
        .text("offhook.call.id", call.as_str())
        .text("gen_ai.conversation.id", call.as_str())
        .text("offhook.end.code", ended.code)
        .text("offhook.end.reason", ended.reason)
        .count("offhook.turns", ended.turns)
        .count("offhook.interruptions", ended.interruptions)
        .count("offhook.hiccups", ended.hiccups)
        .count("offhook.stand_ins", ended.stand_ins)
        .count("offhook.fallbacks", ended.fallbacks)
        .count("offhook.fillers", ended.fillers)
        .count("gen_ai.usage.input_tokens", tokens.prompt)
        .count("gen_ai.usage.cache_read.input_tokens", tokens.reused)
        .count("gen_ai.usage.output_tokens", tokens.generated)
        .figure("offhook.audio.caller_s", ended.consumed.caller_audio_s)
        .figure("offhook.audio.agent_s", ended.consumed.agent_audio_s)
        .figure("offhook.cpu_s", ended.consumed.cpu_s)
        .flag("offhook.time_estimated", parts.started.is_none());
    let attributes = match parts.started {
        Some(Started { gateway, rate, private }) => private.into_iter().fold(
            attributes.text("offhook.gateway", gateway).count("offhook.sample_rate", rate),
            |attributes, (name, value)| attributes.text(name, value),
        ),
        None => attributes,
    };
    let attributes = match parts.agent {
        Some(agent) => attributes.text("gen_ai.agent.name", agent),
        None => attributes,
    };
    let attributes = match parts.disclosed {
        Some(heard) => attributes.flag("offhook.disclosure.heard", heard),
        None => attributes,
    };
    let place = Place { trace: parts.trace, id: parts.trace.call(), parent: None };
    Span {
        kind: SpanKind::Server.into(),
        events: parts.failures,
        dropped_events_count: parts.more_failures,
        ..span("call", place, parts.times, attributes)
    }
}

/// The event of a failure, with the names that viewers know for what went wrong.
pub(crate) fn failure(at: std::time::Duration, failed: Failed) -> Event {
    let attributes = Attributes::default()
        .text("exception.type", failed.code)
        .text("exception.message", failed.message)
        .text("offhook.trouble", failed.trouble);
    Event {
        time_unix_nano: nanos(at),
        name: "exception".to_owned(),
        attributes: attributes.into_vec(),
        ..Event::default()
    }
}
