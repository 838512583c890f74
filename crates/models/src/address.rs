//! Addresses that files may come from: https, and plain http on this machine alone. Knows how an address is
//! moved to a mirror and followed to another one; must not know what is fetched.

use std::fmt;

use reqwest::Url;
use reqwest::header::HeaderValue;

/// The address of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why something is no address that files may come from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is no address at all.
    #[error("{0:?} is no address ({1}): write https://HOST/PATH")]
    Syntax(String, String),
    /// Whoever is on the way could change the file.
    #[error("{0:?} is not https: anybody on the way could change the file; write https://")]
    Insecure(String),
    /// Passwords in addresses end up in logs.
    #[error("an address with a user name or password in it: leave them out, and give a token instead")]
    Password,
    /// A redirect without a place to go to.
    #[error("the redirect says no address to go to")]
    Nowhere,
    /// A redirect from https to http.
    #[error("the redirect leads from https to {0:?}, where anybody on the way could change the file")]
    Downgrade(String),
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// If it is none, or one that files may not come from.
    pub fn new(text: &str) -> Result<Self, BadAddress> {
        let url = Url::parse(text).map_err(|error| BadAddress::Syntax(text.to_owned(), error.to_string()))?;
        let address = Self(url);
        if !address.0.username().is_empty() || address.0.password().is_some() {
            return Err(BadAddress::Password);
        }
        if address.is_secure() || address.is_plain_and_local() {
            Ok(address)
        } else {
            Err(BadAddress::Insecure(address.to_string()))
        }
    }

    fn is_secure(&self) -> bool {
        self.0.scheme() == "https" && self.0.has_host()
    }

    /// Plain http that does not leave this machine.
    pub(crate) fn is_plain_and_local(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        self.0.scheme() == "http"
            && (host == "localhost" || address.is_ok_and(|address| address.is_loopback()))
    }

    /// Whether both are the same server: scheme, host and port.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// Scheme, host and port.
    pub(crate) fn server(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The same file at a mirror: another scheme and host, and the path of `base` before this one's.
    pub(crate) fn at_mirror(&self, base: &Self) -> Self {
        let mut url = base.0.clone();
        let path = format!("{}{}", base.0.path().trim_end_matches('/'), self.0.path());
        url.set_path(&path);
        url.set_query(self.0.query());
        url.set_fragment(None);
        Self(url)
    }

    /// Where a redirect from here leads to.
    pub(crate) fn redirected(&self, location: Option<&HeaderValue>) -> Result<Self, BadAddress> {
        let location = location.and_then(|location| location.to_str().ok()).ok_or(BadAddress::Nowhere)?;
        let syntax = |error: &dyn fmt::Display| BadAddress::Syntax(shortened(location), error.to_string());
        let url = self.0.join(location).map_err(|error| syntax(&error))?;
        let to = Self(url);
        if to.is_secure() || (to.is_plain_and_local() && self.is_plain_and_local()) {
            Ok(to)
        } else if self.is_secure() {
            Err(BadAddress::Downgrade(to.to_string()))
        } else {
            Err(BadAddress::Insecure(to.to_string()))
        }
    }

    /// For the request.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

/// What a server wrote, for a message: as much of it as anybody reads.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Without the query: that of a redirect may be a signature, which opens the file to whoever reads the log.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.server(), self.0.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::new(text).unwrap()
    }

    fn redirected(from: &str, to: &'static str) -> Result<String, BadAddress> {
        address(from).redirected(Some(&HeaderValue::from_static(to))).map(|to| to.to_string())
    }

    #[test]
    fn plain_http_is_taken_from_this_machine_alone() {
        for good in ["https://a.example/b", "http://127.0.0.1:8080/b", "http://localhost/b", "http://[::1]/b"]
        {
            assert!(Address::new(good).is_ok(), "{good}");
        }
        for bad in
            ["http://a.example/b", "ftp://a.example/b", "file:///etc/passwd", "a.example/b", "https://", ""]
        {
            let told = Address::new(bad).unwrap_err().to_string();
            assert!(told.contains("https://"), "{bad}: {told}");
        }
        assert_eq!(Address::new("https://me:secret@a.example/b"), Err(BadAddress::Password));
    }

    #[test]
    fn a_mirror_keeps_the_path_behind_its_own() {
        let original = address("https://hub.example/org/repo/resolve/main/a.bin?download=true");
        let moved = |base: &str| original.at_mirror(&address(base)).url().to_string();
        assert_eq!(moved("https://m.example"), "https://m.example/org/repo/resolve/main/a.bin?download=true");
        assert_eq!(
            moved("https://m.example/hf/"),
            "https://m.example/hf/org/repo/resolve/main/a.bin?download=true"
        );
    }

    #[test]
    fn a_redirect_never_leads_to_where_others_could_change_the_file() {
        assert_eq!(redirected("https://a.example/b/c", "/d").unwrap(), "https://a.example/d");
        assert_eq!(
            redirected("https://a.example/b", "https://c.example/d?sig=1").unwrap(),
            "https://c.example/d"
        );
        for to in ["http://a.example/b", "http://127.0.0.1/b", "ftp://a.example/b"] {
            assert!(matches!(redirected("https://a.example/b", to), Err(BadAddress::Downgrade(_))), "{to}");
        }
        assert!(matches!(
            redirected("http://127.0.0.1/b", "http://a.example/"),
            Err(BadAddress::Insecure(_))
        ));
        assert_eq!(address("https://a.example/b").redirected(None), Err(BadAddress::Nowhere));
    }
}
