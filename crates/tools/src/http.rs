//! A tool that is one HTTP request: its arguments fill the address, and the rest becomes the query or a JSON
//! body. Must not know who calls it, or how often.

use std::fmt;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Request};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;

use crate::answer;
use crate::error::{BadTool, ToolError};
use crate::limits::{Asked, Limits};
use crate::network::{Network, forbidden};
use crate::secret::{Redactor, Secret, is_harmless_header};
use crate::template::Template;
use crate::text;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads. Arguments become the query.
    Get,
    /// Does something. Arguments become a JSON body.
    Post,
    /// Replaces. Arguments become a JSON body.
    Put,
    /// Changes. Arguments become a JSON body.
    Patch,
    /// Removes. Arguments become the query.
    Delete,
}

impl Method {
    fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }

    fn changes_something(self) -> bool {
        self != Self::Get
    }
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Patch => Self::PATCH,
            Method::Delete => Self::DELETE,
        }
    }
}

/// A tool that is one HTTP request.
#[derive(Clone)]
pub struct HttpOptions {
    /// What the request does.
    pub method: Method,
    /// Where it goes. Path and query may hold placeholders: `https://shop.example/orders/{order}`. Secrets do
    /// not belong here, but into a header.
    pub url: String,
    /// Headers. Their values are secrets: they are shown nowhere, and taken out of what the server repeats.
    pub headers: Vec<(String, Secret)>,
    /// What a call may cost.
    pub limits: Limits,
}

impl HttpOptions {
    /// A request without headers of its own, and with the usual limits.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), limits: Limits::default() }
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let url = Url::parse(&self.url).map_or_else(|_| "?".to_owned(), |url| host_of(&url));
        let mut shown = f.debug_struct("HttpOptions");
        shown.field("method", &self.method).field("url", &url).field("headers", &headers);
        shown.field("limits", &self.limits).finish()
    }
}

/// A tool that is one HTTP request.
pub struct HttpTool {
    method: Method,
    template: Template,
    headers: HeaderMap,
    limits: Limits,
    redactor: Redactor,
    client: Client,
    places: Semaphore,
}

impl fmt::Debug for HttpTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("HttpTool");
        shown.field("method", &self.method).field("url", &host_of(self.template.sample()));
        shown.finish_non_exhaustive()
    }
}

impl HttpTool {
    /// A tool, once its address, its headers and its limits are found to be right. Asks nobody.
    ///
    /// # Errors
    /// If one of them is wrong, with its name and what is expected.
    pub fn new(options: HttpOptions, network: &Network) -> Result<Self, BadTool> {
        options.limits.check()?;
        let template = Template::new(&options.url)?;
        network
            .check(template.sample())
            .map_err(|why| BadTool::new("url", format!("is not allowed: {why}")))?;
        let headers = headers(&options.headers)?;
        let secrets = options.headers.iter().filter(|(name, _)| !is_harmless_header(name));
        Ok(Self {
            method: options.method,
            template,
            headers,
            limits: options.limits,
            redactor: Redactor::new(secrets.map(|(_, value)| value)),
            client: network.client().clone(),
            places: Semaphore::new(options.limits.at_once),
        })
    }

    /// Asks, once: nothing is tried again, and no redirect is followed. The answer is text for a language
    /// model; JSON is compact. A call that is dropped ends its connection.
    ///
    /// # Errors
    /// If there is no answer that can be read. [`ToolError::may_have_been_done`] says whether the request may
    /// have done its work.
    pub async fn call(&self, asked: &Asked<'_>) -> Result<String, ToolError> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(ToolError::Busy(self.limits.at_once));
        };
        asked.check()?;
        let request = self.request(asked)?;
        let answer = async {
            let response = self.client.execute(request).await.map_err(|error| self.failed(error))?;
            answer::text_of(response, &self.limits).await
        };
        let answer = tokio::time::timeout(self.limits.timeout, answer).await;
        match answer.unwrap_or(Err(ToolError::Late(self.limits.timeout))) {
            Ok(text) => Ok(text::cut(self.redactor.redact(text), self.limits.longest_text)),
            Err(ToolError::Refused { status, said }) => {
                Err(ToolError::Refused { status, said: self.redactor.redact(said) })
            }
            Err(error) => Err(error),
        }
    }

    fn request(&self, asked: &Asked<'_>) -> Result<Request, ToolError> {
        let mut url = self.template.fill(asked.arguments).map_err(ToolError::BadArguments)?;
        let rest = || asked.arguments.iter().filter(|(name, _)| !self.template.holds(name));
        if !self.method.has_body() {
            self.add_query(&mut url, rest())?;
        }
        let mut request = Request::new(self.method.into(), url);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/plain;q=0.9, text/*;q=0.5"));
        headers.extend(self.headers.clone());
        if self.method.changes_something() {
            let key = HeaderValue::from_str(asked.idempotency_key)
                .map_err(|error| ToolError::BadArguments(format!("the idempotency key: {error}")))?;
            headers.insert(HeaderName::from_static("idempotency-key"), key);
        }
        if self.method.has_body() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let rest: Map<String, Value> =
                rest().map(|(name, value)| (name.clone(), value.clone())).collect();
            *request.body_mut() = Some(Value::Object(rest).to_string().into());
        }
        Ok(request)
    }

    fn add_query<'a>(
        &self,
        url: &mut Url,
        arguments: impl Iterator<Item = (&'a String, &'a Value)>,
    ) -> Result<(), ToolError> {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        for (name, value) in arguments {
            // Which of two values counts is for every server to choose.
            if self.template.own_names().contains(name) {
                let why = format!("`{}` has its value in the address already", text::shown(name, 60));
                return Err(ToolError::BadArguments(why));
            }
            match value {
                Value::Null => {}
                Value::Array(values) => {
                    pairs.extend(values.iter().map(|value| (name.as_str(), plain(value))))
                }
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    pairs.push((name, plain(value)));
                }
            }
        }
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        match url.as_str().len() {
            0..=8192 => Ok(()),
            length => Err(ToolError::BadArguments(format!(
                "they make an address of {length} bytes; 8192 are the most"
            ))),
        }
    }

    fn failed(&self, error: reqwest::Error) -> ToolError {
        if let Some(forbidden) = forbidden(&error) {
            return ToolError::NotAllowed(forbidden.to_string());
        }
        let error = error.without_url();
        let why = format!("{}: {}", host_of(self.template.sample()), text::reasons(&error));
        if error.is_connect() { ToolError::Unreachable(why) } else { ToolError::Broken(why) }
    }
}

/// A value of a query.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Headers that are made here, or that would change where and how the request is read.
const OWN_HEADERS: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers of a request, checked. Values are marked as secrets.
pub(crate) fn headers(pairs: &[(String, Secret)]) -> Result<HeaderMap, BadTool> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let shown = text::shown(name, 60);
        let wrong = |what: &str| BadTool::new("headers", format!("has `{shown}`, {what}"));
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("which is no name of a header"))?;
        if OWN_HEADERS.contains(&name.as_str()) || name.as_str().starts_with("proxy-") {
            return Err(wrong("which is set by the program itself: leave it out"));
        }
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
            wrong("with a value that no header may have (a line break, or letters beyond ASCII)")
        })?;
        value.set_sensitive(true);
        if headers.insert(name, value).is_some() {
            return Err(wrong("twice"));
        }
    }
    Ok(headers)
}

/// Scheme, host and port: what messages show of an address.
pub(crate) fn host_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}
