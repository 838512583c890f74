//! Spans as the message that is sent: with the name of this server, in the binary form of the protocol. Must
//! not know how it is sent.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use crate::attributes::Attributes;

/// The version of the program; all its crates have the same.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The body of a request with these spans.
pub(crate) fn body(service_name: &str, spans: Vec<Span>) -> Vec<u8> {
    let attributes =
        Attributes::default().text("service.name", service_name).text("service.version", VERSION);
    let resource = Resource { attributes: attributes.into_vec(), ..Resource::default() };
    let scope = InstrumentationScope {
        name: "offhook".to_owned(),
        version: VERSION.to_owned(),
        ..InstrumentationScope::default()
    };
    let scope_spans = ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() };
    let resource_spans =
        ResourceSpans { resource: Some(resource), scope_spans: vec![scope_spans], ..Default::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec()
}
