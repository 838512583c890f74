//! Headers that the caller adds to the upgrade of its WebSocket: mostly credentials, so their values are
//! never shown. Must not know what they are for.

use std::convert::Infallible;
use std::fmt;

use anyhow::{Context as _, bail};
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::http::header::{HeaderName, HeaderValue};

/// Headers that the WebSocket sets itself.
const RESERVED: [&str; 3] = ["connection", "upgrade", "host"];

/// `Name: value`, as given. It is checked later, because the argument parser would print a wrong one.
#[derive(Clone)]
pub struct Header(String);

impl Header {
    /// Accepts any text.
    pub fn given(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }

    /// The text as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Header(..)")
    }
}

/// The headers, in order.
///
/// # Errors
/// If one is not a header, or is one of the WebSocket's own. The message never contains a value.
pub fn checked(headers: &[Header]) -> anyhow::Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (header, number) in headers.iter().zip(1..) {
        let expected = "expected 'Name: value', as in --header 'Authorization: Bearer abc'";
        // Without a colon, any part of it may be secret.
        let Some((name, value)) = header.0.split_once(':') else {
            bail!("--header number {number} has no colon; {expected}");
        };
        let name: HeaderName = name
            .trim()
            .parse()
            .with_context(|| format!("--header number {number} has no name; {expected}"))?;
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| {
            anyhow::anyhow!("--header {name}: the value has characters that no header can have")
        })?;
        if name.as_str().starts_with("sec-websocket-") || RESERVED.contains(&name.as_str()) {
            bail!("--header {name}: the WebSocket sets this one itself; leave it out");
        }
        value.set_sensitive(true);
        map.append(name, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[&str]) -> anyhow::Result<HeaderMap> {
        let headers: Vec<Header> = headers.iter().map(|text| Header::given(text).unwrap()).collect();
        checked(&headers)
    }

    #[test]
    fn headers_are_taken_as_they_are_written() {
        let map = check(&["Authorization: Basic dTpw", "x-token:a:b", "X-Token: c"]).unwrap();
        assert_eq!(map["authorization"], "Basic dTpw");
        let tokens: Vec<_> = map.get_all("x-token").iter().collect();
        assert_eq!(tokens, ["a:b", "c"]);
    }

    #[test]
    fn what_is_no_header_is_refused_and_its_value_is_not_shown() {
        for (wrong, why) in [
            ("secret", "no colon"),
            (": secret", "no name"),
            ("two words: secret", "no name"),
            ("Authorization: sec\nret", "characters"),
            ("Sec-WebSocket-Protocol: secret", "leave it out"),
            ("Host: secret", "leave it out"),
        ] {
            let error = format!("{:#}", check(&["X-A: b", wrong]).unwrap_err());
            assert!(
                error.contains(why) && !error.contains("sec\nret") && !error.contains("secret"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_value_is_not_shown_by_accident() {
        let header = Header::given("Authorization: secret").unwrap();
        assert!(!format!("{header:?}").contains("secret"));
        assert!(!format!("{:?}", check(&["Authorization: secret"]).unwrap()).contains("secret"));
    }
}
