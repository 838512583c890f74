//! One request to the end point, and what its answer means. Must not know how often it is made.

use std::error::Error;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;

use crate::endpoint::Endpoint;

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was taken.
    Taken,
    /// It may be taken later; after the time that the end point asked for, if it did.
    Later(String, Option<Duration>),
    /// It never will be.
    Never(String),
    /// The end point wants no more.
    Gone,
}

/// Makes requests.
#[derive(Clone)]
pub(crate) struct Poster {
    http: Client,
    endpoint: Endpoint,
}

impl Poster {
    /// For this end point. Must be called, used and dropped on a thread without an asynchronous runtime.
    ///
    /// # Errors
    /// A reason, if this system has no certificates to trust.
    pub(crate) fn new(endpoint: Endpoint) -> Result<Self, String> {
        // Fails where a crypto provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            // What is signed for one address is not sent to another.
            .redirect(Policy::none())
            .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")));
        let builder = if endpoint.is_local() { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| with_reasons(&error))?;
        Ok(Self { http, endpoint })
    }

    /// Posts a body, and waits for the status of the answer no longer than `timeout`. What the answer says
    /// beside its status and its wish to wait is not read.
    pub(crate) fn post(&self, body: String, headers: &[(&'static str, String)], timeout: Duration) -> Answer {
        let request = self.http.post(self.endpoint.url()).header(CONTENT_TYPE, "application/json");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        match request.timeout(timeout).body(body).send() {
            Ok(answer) => meaning(&answer),
            Err(error) if error.is_timeout() => {
                let told =
                    format!("it did not answer within {} s; see whether it runs", timeout.as_secs_f64());
                Answer::Later(told, None)
            }
            Err(error) => {
                let told =
                    format!("no connection ({}); see whether it runs", with_reasons(&error.without_url()));
                Answer::Later(told, None)
            }
        }
    }
}

fn meaning(answer: &Response) -> Answer {
    let status = answer.status().as_u16();
    let told = |help: &str| format!("it answers {status}{help}");
    match status {
        200..=299 => Answer::Taken,
        410 => Answer::Gone,
        // A page that says "back soon" is often behind a redirect.
        300..=399 => Answer::Later(told("; give the address that it redirects to"), None),
        400 => Answer::Never(told(", so it cannot read the request; its log says why")),
        401 | 403 => Answer::Never(told("; see whether it has the same secret (webhooks.secret)")),
        404 | 405 => Answer::Never(told("; see whether the address is right (webhooks.url)")),
        408 | 425 | 429 | 500..=599 => Answer::Later(told(""), asked_pause(answer)),
        _ => Answer::Never(told("; its log says why")),
    }
}

/// Seconds only: a date would need a clock, and servers that send one are rare.
fn asked_pause(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// An error with its reasons; the first alone says only that something failed.
#[must_use]
pub fn with_reasons(error: &dyn Error) -> String {
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
