//! The public address that gateways dial, and the forms of it that each gateway signs. The address comes from
//! the configuration and never from a request, because a proxy's claims about the address prove nothing.
//! PURE.

use std::fmt;

/// Scheme and host, perhaps with a port and the beginning of a path: `wss://voice.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// `wss` or `ws`.
    secure: bool,
    host: String,
    port: Option<u16>,
    /// Empty, or from a slash on, without one at its end.
    prefix: String,
}

impl PublicUrl {
    /// Reads an address such as `wss://voice.example.com`; `None` if the text is not an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme {
            "wss" => true,
            "ws" => false,
            _ => return None,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
            Some(_) | None => (authority, None),
        };
        let plain = |c: char| c.is_ascii_graphic() && !"?#@\"<>".contains(c);
        let right = !host.is_empty() && host.chars().all(plain) && path.chars().all(plain);
        let prefix = path.trim_end_matches('/').to_owned();
        right.then(|| Self { secure, host: host.to_owned(), port, prefix })
    }

    /// The host name or address, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether its clients speak TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Host and port as browsers write them in `Origin`: without the default port of the scheme.
    #[must_use]
    pub fn authority(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        let port = self.port.filter(|port| *port != usual);
        port.map_or_else(|| self.host.clone(), |port| format!("{}:{port}", self.host))
    }

    /// The full address of `target`, a path with its query.
    #[must_use]
    pub fn of(&self, target: &str) -> String {
        self.with(if self.secure { "wss" } else { "ws" }, self.port, target)
    }

    /// The full address of `target` for clients that speak HTTP.
    #[must_use]
    pub fn of_web(&self, target: &str) -> String {
        self.with(if self.secure { "https" } else { "http" }, self.port, target)
    }

    /// The addresses that may have been signed: as configured, without its port, and with the default port of
    /// its scheme if none is configured. Gateways differ in this.
    pub(super) fn signed(&self, target: &str) -> [String; 3] {
        self.with_and_without_port(if self.secure { "wss" } else { "ws" }, target)
    }

    /// The addresses of [`Self::signed`] with `https` or `http`, for gateways that sign those.
    pub(super) fn signed_as_web(&self, target: &str) -> [String; 3] {
        self.with_and_without_port(if self.secure { "https" } else { "http" }, target)
    }

    fn with_and_without_port(&self, scheme: &str, target: &str) -> [String; 3] {
        let usual = if self.secure { 443 } else { 80 };
        let ports = [self.port, None, Some(self.port.unwrap_or(usual))];
        ports.map(|port| self.with(scheme, port, target))
    }

    fn with(&self, scheme: &str, port: Option<u16>, target: &str) -> String {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{}{port}{}{target}", self.host, self.prefix)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_leave_the_usual_port_out() {
        let authority = |text| PublicUrl::parse(text).map(|url| (url.authority(), url.is_secure()));
        assert_eq!(authority("wss://voice.example.com:443/line"), Some(("voice.example.com".into(), true)));
        assert_eq!(authority("wss://voice.example.com:80"), Some(("voice.example.com:80".into(), true)));
        assert_eq!(authority("ws://[::1]:80"), Some(("[::1]".into(), false)));
    }

    #[test]
    fn an_address_is_taken_apart_and_put_together_again() {
        let url = PublicUrl::parse("wss://voice.example.com:8443/line/").unwrap();
        assert_eq!(url.of("/twilio?x=1"), "wss://voice.example.com:8443/line/twilio?x=1");
        assert_eq!(url.signed_as_web("/plivo")[0], "https://voice.example.com:8443/line/plivo");
        assert_eq!(PublicUrl::parse("ws://[::1]:8080").unwrap().of("/x"), "ws://[::1]:8080/x");
        assert_eq!(PublicUrl::parse("ws://[::1]").unwrap().of("/x"), "ws://[::1]/x");
    }

    #[test]
    fn it_may_have_been_signed_with_and_without_its_port() {
        let told = PublicUrl::parse("wss://a.example").unwrap().signed("/t");
        assert_eq!(told, ["wss://a.example/t", "wss://a.example/t", "wss://a.example:443/t"]);
        let told = PublicUrl::parse("wss://a.example:8443").unwrap().signed("/t");
        assert_eq!(told, ["wss://a.example:8443/t", "wss://a.example/t", "wss://a.example:8443/t"]);
    }

    /// Fault: a gateway that signs `https://HOST:443/…` was refused, though docs/security.md says that both
    /// forms are accepted.
    #[test]
    fn a_web_address_may_have_been_signed_with_its_usual_port() {
        let told = PublicUrl::parse("wss://a.example").unwrap().signed_as_web("/p");
        assert_eq!(told, ["https://a.example/p", "https://a.example/p", "https://a.example:443/p"]);
        let told = PublicUrl::parse("ws://a.example").unwrap().signed_as_web("/p");
        assert_eq!(told[2], "http://a.example:80/p");
    }

    #[test]
    fn what_no_gateway_can_dial_is_no_address() {
        for text in
            ["", "voice.example.com", "https://a.example", "wss://", "wss://a b", "wss://a:x", "wss://a?b"]
        {
            assert_eq!(PublicUrl::parse(text), None, "{text}");
        }
    }
}
