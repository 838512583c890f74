//! The look-up before a call: asks the customer's server what is known of the caller, and waits no longer
//! than the caller may. Whatever it answers or does not, the call begins. Must not know what a call makes of
//! the facts.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use serde_json::{Map, Value, json};

use super::clock::since_1970;
use super::http_client;
use crate::config::call::Known;
use crate::config::{LONGEST_FACTS, Lookup as Settings};
use crate::ids::CallId;
use crate::report::Failure;
use crate::streams::Start;
use crate::webhooks::{BadSecret, Endpoint, Signer, with_reasons};

/// The most bytes of an answer.
const LONGEST_ANSWER: usize = 64 << 10;

/// The most characters of a greeting, as in the configuration.
const LONGEST_GREETING: usize = 500;

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The secret has not the form.
    #[error("lookup.secret")]
    Secret(#[from] BadSecret),
    /// This system has no certificates to trust.
    #[error("lookup.url")]
    Client(#[from] reqwest::Error),
}

/// Why nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Missed {
    Late(Duration),
    Failed(String),
    Nonsense(String),
}

impl Missed {
    fn failure(&self) -> Failure {
        match self {
            Self::Late(within) => {
                missed("lookup_late", &format!("no answer within {} ms", within.as_millis()))
            }
            Self::Failed(problem) => missed("lookup_failed", problem),
            Self::Nonsense(problem) => missed("lookup_nonsense", problem),
        }
    }
}

/// What is told of a look-up that brought nothing.
pub(super) fn missed(code: &str, problem: &str) -> Failure {
    let message = format!("the look-up before the call brought nothing, so the default holds: {problem}");
    Failure { code: code.to_owned(), message }
}

/// How look-ups ended since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookupCounters {
    /// With an answer.
    pub answered: u64,
    /// Not in time.
    pub late: u64,
    /// With an error.
    pub failed: u64,
    /// With an answer that is none.
    pub nonsense: u64,
}

/// Asks.
#[derive(Clone)]
pub struct Lookup {
    client: Client,
    endpoint: Endpoint,
    signer: Signer,
    timeout: Duration,
    counts: Arc<[AtomicU64; 4]>,
}

impl Lookup {
    /// Asks at the address of the configuration; `None` if it names none.
    ///
    /// # Errors
    /// If the secret cannot be used, or this system has no certificates to trust.
    pub fn open(settings: &Settings) -> Result<Option<Self>, LookupError> {
        let Some(endpoint) = settings.url.clone() else { return Ok(None) };
        let signer = Signer::new(settings.secret.iter().flat_map(|secret| secret.all()))?;
        let builder = http_client::builder();
        let builder = if endpoint.is_local() { builder.no_proxy() } else { builder };
        let client = builder.build()?;
        Ok(Some(Self { client, endpoint, signer, timeout: settings.timeout, counts: Arc::default() }))
    }

    /// What is known of the caller, and what went wrong, if something did.
    pub async fn ask(&self, call: &CallId, gateway: &str, start: &Start) -> (Known, Option<Failure>) {
        let asked = tokio::time::timeout(self.timeout, self.answer(call, gateway, start)).await;
        let asked = asked.unwrap_or(Err(Missed::Late(self.timeout)));
        let outcome = match &asked {
            Ok(_) => 0,
            Err(Missed::Late(_)) => 1,
            Err(Missed::Failed(_)) => 2,
            Err(Missed::Nonsense(_)) => 3,
        };
        if let Some(count) = self.counts.get(outcome) {
            count.fetch_add(1, Relaxed);
        }
        match asked {
            Ok(known) => (known, None),
            Err(missed) => (Known::default(), Some(missed.failure())),
        }
    }

    /// How look-ups ended since the start.
    #[must_use]
    pub fn counters(&self) -> LookupCounters {
        let [answered, late, failed, nonsense] = &*self.counts;
        let [answered, late, failed, nonsense] =
            [answered, late, failed, nonsense].map(|count| count.load(Relaxed));
        LookupCounters { answered, late, failed, nonsense }
    }

    async fn answer(&self, call: &CallId, gateway: &str, start: &Start) -> Result<Known, Missed> {
        let Start { from, to, client_id, custom, .. } = start;
        let data = json!({
            "call_id": call.as_str(), "gateway": gateway, "from": from, "to": to, "client_id": client_id,
            "data": custom,
        });
        let body = json!({"type": "call.lookup", "data": data}).to_string();
        let now = since_1970();
        let request = self.client.post(self.endpoint.url()).header(CONTENT_TYPE, "application/json");
        let headers = self.signer.headers(&Signer::id(now), now, body.as_bytes());
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let failed = |error: reqwest::Error| {
            Missed::Failed(format!("no answer: {}", with_reasons(&error.without_url())))
        };
        let mut answer = request.body(body).send().await.map_err(failed)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NO_CONTENT => return Ok(Known::default()),
            status => {
                return Err(Missed::Failed(format!("the answer is {status}, and 200 or 204 was expected")));
            }
        }
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + part.len() > LONGEST_ANSWER {
                return Err(Missed::Nonsense(format!("the answer is longer than {LONGEST_ANSWER} bytes")));
            }
            bytes.extend_from_slice(&part);
        }
        read(&bytes).map_err(Missed::Nonsense)
    }
}

/// Reads an answer. What is wrong with it is said without its words.
fn read(bytes: &[u8]) -> Result<Known, String> {
    let form = || "expected is an object such as {\"facts\": \"The caller is Jo.\"}".to_owned();
    let answer: Map<String, Value> = serde_json::from_slice(bytes).map_err(|_| form())?;
    let text = |name: &str, most: usize| match answer.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > most => {
            Err(format!("\"{name}\" is longer than {most} characters"))
        }
        Some(Value::String(text)) => Ok(Some(plain(text))),
        Some(_) => Err(format!("\"{name}\" is no text")),
    };
    Ok(Known { facts: text("facts", LONGEST_FACTS)?, greeting: text("greeting", LONGEST_GREETING)? })
}

/// A text without control characters.
fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text.chars().map(plain).collect::<String>().trim().to_owned()
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_facts_a_greeting_both_or_neither() {
        let known = |facts: Option<&str>, greeting: Option<&str>| Known {
            facts: facts.map(str::to_owned),
            greeting: greeting.map(str::to_owned),
        };
        let both = read(br#"{"facts": " It is Jo.\u0007", "greeting": "Hi, Jo.", "more": 1}"#);
        assert_eq!(both, Ok(known(Some("It is Jo."), Some("Hi, Jo."))));
        assert_eq!(read(b"{}"), Ok(known(None, None)));
        assert_eq!(read(br#"{"facts": null, "greeting": ""}"#), Ok(known(None, Some(""))));
    }

    #[test]
    fn nonsense_is_named_and_not_repeated() {
        let long = format!("{{\"facts\": \"{}\"}}", "secret".repeat(1000));
        for bad in
            ["", "[]", "\"secret\"", "{\"facts\": [\"secret\"]}", "{\"greeting\": 1}", &long, "<html>secret"]
        {
            let told = read(bad.as_bytes()).expect_err("nonsense");
            assert!(!told.contains("secret"), "{told}");
        }
        assert!(read(&[0xff, 0xfe]).is_err());
    }
}
