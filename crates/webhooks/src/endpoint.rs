//! Where requests are posted. An address may be a secret from its path on, and is shown only up to there.
//! Must not know what is posted.

use reqwest::Url;

/// Why nothing can be posted to an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadEndpoint {
    /// It is no address of a server.
    #[error("it is no address of a server ({0}): write https://HOST/PATH")]
    Syntax(String),
    /// Passwords in addresses end up in logs.
    #[error("it has a user name or password in it: leave it out, every request is signed")]
    Password,
}

/// An address to post to.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads an address.
    ///
    /// # Errors
    /// If it is none of a server.
    pub fn new(text: &str) -> Result<Self, BadEndpoint> {
        let mut url = Url::parse(text).map_err(|error| BadEndpoint::Syntax(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadEndpoint::Password);
        }
        if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
            return Err(BadEndpoint::Syntax("it is neither http nor https".to_owned()));
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The whole address, for a request.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is on this machine, where no proxy is on the way.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// Whether nobody on the way can read or change what is sent.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.0.scheme() == "https" || self.is_local()
    }

    /// What may be shown of it: the server alone.
    #[must_use]
    pub fn shown(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_path_and_its_query() {
        let endpoint = Endpoint::new("https://c.example:8443/hooks/secret?key=secret#secret").unwrap();
        assert_eq!(endpoint.shown(), "https://c.example:8443");
        assert_eq!(endpoint.url(), "https://c.example:8443/hooks/secret?key=secret");
        assert_eq!(format!("{endpoint:?}"), "https://c.example:8443");
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for bad in ["", "secret", "ftp://secret", "https://me:secret@c.example", "/secret"] {
            let told = Endpoint::new(bad).unwrap_err().to_string();
            assert!(!told.contains("secret"), "{told}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        let is_local = |text: &str| Endpoint::new(text).unwrap().is_local();
        assert!(
            is_local("http://localhost:1/") && is_local("http://127.0.0.1/") && is_local("http://[::1]/")
        );
        assert!(!is_local("http://10.0.0.1/") && !is_local("https://c.example"));
    }
}
