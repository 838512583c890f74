//! Where spans are sent: the address of a collector and the headers that it wants. Both may hold secrets, and
//! neither shows them. Must not know what is sent.

use std::fmt;

use reqwest::Url;
use reqwest::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING,
};

/// The path of traces behind that of the collector (OTLP specification, OTLP/HTTP Request).
const TRACES: &str = "/v1/traces";

/// The headers that say how a request is to be read.
const OURS: [HeaderName; 6] =
    [CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING];

/// Why spans cannot be sent to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEndpoint {
    /// It is no address of a server.
    #[error("{address:?} is no address of a collector ({reason}): write https://HOST or http://HOST:4318")]
    Syntax {
        /// The address, without what may be secret.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Passwords in addresses end up in logs.
    #[error("the address of a collector has a user name or password in it: give it in a header instead")]
    Password,
    /// A header that no request can have.
    #[error(
        "header {number} of the collector has {wrong}: expected a name such as Authorization, and a value"
    )]
    Header {
        /// Which header, from 1 on: its text may be secret.
        number: usize,
        /// What is wrong with it.
        wrong: &'static str,
    },
}

/// The address to which traces are posted.
#[derive(Clone)]
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// Reads the address of a collector; traces go to a path behind its own.
    ///
    /// # Errors
    /// If it is none.
    pub(crate) fn new(text: &str) -> Result<Self, BadEndpoint> {
        let syntax = |reason: &str| BadEndpoint::Syntax { address: shown(text), reason: reason.to_owned() };
        let mut url = Url::parse(text).map_err(|error| syntax(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadEndpoint::Password);
        }
        if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
            return Err(syntax("it is neither http nor https"));
        }
        let path = url.path().trim_end_matches('/');
        // Some write the whole address, as the variable OTEL_EXPORTER_OTLP_TRACES_ENDPOINT wants it.
        let path = format!("{}{TRACES}", path.strip_suffix(TRACES).unwrap_or(path));
        url.set_path(&path);
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// For a request.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is on this machine, where no proxy is on the way.
    pub(crate) fn is_local(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

/// Without the query, which may be a key.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.origin().ascii_serialization(), self.0.path())
    }
}

/// What may be shown of an address that nobody has checked.
pub(crate) fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    if text.contains('@') { "…".to_owned() } else { text.chars().take(200).collect() }
}

/// Reads headers. Their values are never shown.
///
/// # Errors
/// If a name or a value is none, or if a header says how the request is to be read.
pub(crate) fn headers(named: &[(String, String)]) -> Result<HeaderMap, BadEndpoint> {
    let mut headers = HeaderMap::new();
    for (number, (name, value)) in (1..).zip(named) {
        let wrong = |wrong| BadEndpoint::Header { number, wrong };
        let name: HeaderName = name.parse().map_err(|_| wrong("a name that no header can have"))?;
        if OURS.contains(&name) {
            return Err(wrong("a name that the request itself needs"));
        }
        let mut value: HeaderValue = value.parse().map_err(|_| wrong("a value that no header can have"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted_to(text: &str) -> String {
        Endpoint::new(text).unwrap().url().to_string()
    }

    #[test]
    fn traces_go_to_their_path_behind_the_collectors_own() {
        assert_eq!(posted_to("http://c:4318"), "http://c:4318/v1/traces");
        assert_eq!(posted_to("https://c.example/otlp/"), "https://c.example/otlp/v1/traces");
        assert_eq!(posted_to("https://c.example/otlp/v1/traces"), "https://c.example/otlp/v1/traces");
        assert_eq!(posted_to("https://c.example/?k=1#x"), "https://c.example/v1/traces?k=1");
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        assert_eq!(Endpoint::new("https://c/?key=secret").unwrap().to_string(), "https://c/v1/traces");
        for bad in
            ["grpc://me:secret@c", "me:secret@c", "c:4317?key=secret", "secret@c", "https://a:secret@c"]
        {
            let told = Endpoint::new(bad).map(|_| ()).unwrap_err().to_string();
            assert!(!told.contains("secret"), "{told}");
        }
        for bad in ["", "c.example", "ftp://c", "/v1/traces"] {
            let told = Endpoint::new(bad).map(|_| ()).unwrap_err().to_string();
            assert!(told.contains("write https://"), "{told}");
        }
        let bad = [("a b", "secret"), ("secret:", "x"), ("a", "secret\n"), ("Content-Type", "secret")];
        for (name, value) in bad {
            let good = ("x-good".to_owned(), "1".to_owned());
            let told = headers(&[good, (name.to_owned(), value.to_owned())]).unwrap_err().to_string();
            assert!(told.contains("header 2") && !told.contains("secret"), "{told}");
        }
        let good = headers(&[("authorization".to_owned(), "Bearer secret".to_owned())]).unwrap();
        assert!(!format!("{good:?}").contains("secret"));
    }
}
