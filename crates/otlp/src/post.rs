//! One request to the collector, and what its answer means. Must not know how often it is made.

use std::error::Error;
use std::io::Read;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;

use crate::clock::Stopwatch;
use crate::endpoint::Endpoint;

/// The form of what is sent.
const PROTOBUF: &str = "application/x-protobuf";

/// The longest answer that is read, in bytes; more is none of a collector.
const LONGEST_ANSWER: usize = 64 << 10;

/// The answer that a request was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// With so many spans rejected.
    But(u64),
    /// The answer is none of a collector.
    Oddly,
}

/// Why a request was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It may be taken later; after the time that the collector asked for, if it did.
    Passing(String, Option<Duration>),
    /// It never will be.
    Final(String),
}

/// Makes requests.
pub(crate) struct Poster {
    http: Client,
    endpoint: Endpoint,
    headers: HeaderMap,
}

impl Poster {
    /// For this endpoint. Must be called, used and dropped on a thread without an asynchronous runtime.
    ///
    /// # Errors
    /// A reason, if this system has no certificates to trust.
    pub(crate) fn new(endpoint: Endpoint, headers: HeaderMap) -> Result<Self, String> {
        // Fails where a crypto provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            // The headers are for this collector alone.
            .redirect(Policy::none())
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")));
        let builder = if endpoint.is_local() { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| chain(&error))?;
        Ok(Self { http, endpoint, headers })
    }

    /// Posts a message, and waits for the answer no longer than `timeout`.
    ///
    /// # Errors
    /// Why it was not taken.
    pub(crate) fn post(&self, body: Vec<u8>, timeout: Duration) -> Result<Taken, Refusal> {
        let started = Stopwatch::start();
        let request = self.http.post(self.endpoint.url().clone()).headers(self.headers.clone());
        let answer = request.header(CONTENT_TYPE, PROTOBUF).timeout(timeout).body(body).send();
        let mut answer = answer.map_err(|error| {
            let reason = if error.is_timeout() {
                format!("it did not answer within {} s; see whether it runs", timeout.as_secs_f64())
            } else {
                format!("no connection ({}); see whether it runs", chain(&error.without_url()))
            };
            Refusal::Passing(reason, None)
        })?;
        if answer.status().is_success() {
            return Ok(taken(&whole(&mut answer, started, timeout)));
        }
        Err(refusal(&answer))
    }
}

/// An answer up to its longest length; what came of it, if it stops or trickles. A request whose status says
/// that it was taken is not sent again for that.
fn whole(answer: &mut Response, started: Stopwatch, timeout: Duration) -> Vec<u8> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    while bytes.len() <= LONGEST_ANSWER && !started.left_of(timeout).is_zero() {
        match answer.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(count) => bytes.extend(part.iter().take(count)),
        }
    }
    bytes
}

fn taken(bytes: &[u8]) -> Taken {
    if bytes.len() > LONGEST_ANSWER {
        return Taken::Oddly;
    }
    match ExportTraceServiceResponse::decode(bytes) {
        Ok(answer) => {
            let rejected = answer.partial_success.map_or(0, |partial| partial.rejected_spans);
            Taken::But(u64::try_from(rejected).unwrap_or_default())
        }
        // Some collectors say in JSON that they took what came as protobuf.
        Err(_) if bytes.trim_ascii_start().starts_with(b"{") => Taken::But(0),
        Err(_) => Taken::Oddly,
    }
}

/// Which answers are tried again says the OTLP specification (Retryable Response Codes).
fn refusal(answer: &Response) -> Refusal {
    let status = answer.status().as_u16();
    let told = |help: &str| format!("it answers {status}{help}");
    match status {
        429 | 502 | 503 | 504 => Refusal::Passing(told(""), asked_pause(answer.headers())),
        300..=399 => Refusal::Final(told("; give the address that it redirects to")),
        400 => Refusal::Final(told(", so it cannot read the request; its log says why")),
        401 | 403 => Refusal::Final(told("; see whether its key is right in the headers")),
        404 | 405 => Refusal::Final(told("; see whether the address is right")),
        413 => Refusal::Final(told(", so the request is too long; make the batch smaller")),
        _ => Refusal::Final(told("; its log says why")),
    }
}

/// Seconds only: a date would need a clock, and collectors that send one are rare.
fn asked_pause(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// An error with its reasons; the first alone says only that something failed.
fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut reason = error.source();
    while let Some(error) = reason {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        reason = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    #[test]
    fn an_answer_is_one_of_a_collector_or_odd() {
        let partial = |rejected_spans| {
            let partial = ExportTracePartialSuccess { rejected_spans, ..Default::default() };
            ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec()
        };
        assert_eq!(taken(b""), Taken::But(0));
        assert_eq!(taken(b"{\"partialSuccess\":{}}"), Taken::But(0));
        assert_eq!(taken(&partial(3)), Taken::But(3));
        assert_eq!(taken(&partial(-3)), Taken::But(0));
        assert_eq!(taken(b"<html>Welcome</html>"), Taken::Oddly);
        assert_eq!(taken(&vec![0; LONGEST_ANSWER + 1]), Taken::Oddly);
    }
}
