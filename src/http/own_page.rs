//! Web pages that a browser lets open a socket to this machine: only its own. Must not know sockets.

use axum::http::{HeaderMap, header};

use crate::access::{Denied, PublicUrl};
use std::net::{Ipv4Addr, Ipv6Addr};

/// What is wrong with a request whose `Host` is a name that this machine does not have.
pub(super) const FOREIGN_HOST: Denied = Denied::Wrong("host");

/// What to do about it.
pub(super) const ABOUT_HOSTS: &str = "Host is neither an address nor localhost: a web page of somebody else may have \
     made its name point here. If the name is yours, set server.public_url to it, and a credential for the line\n";

/// Where nobody is checked, pages of other sites are: a browser lets any page that its user visits open a
/// socket to this machine, and says whose page it is (RFC 6454). Gateways send no `Origin`.
///
/// Whoever owns a name can let it point to 127.0.0.1 while its page is open (DNS rebinding); the page is then one
/// of this machine to the browser, and `Origin` and `Host` are equal. So where only this machine can dial
/// (`loopback`), `Host` must not be a name, but for those that are known to be ours.
///
/// # Errors
/// What is wrong: `Host` or `Origin`.
pub(super) fn own_page(
    headers: &HeaderMap,
    loopback: bool,
    public_url: Option<&PublicUrl>,
) -> Result<(), Denied> {
    let here = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if loopback && !here.is_some_and(|host| is_ours(host, public_url)) {
        return Err(FOREIGN_HOST);
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let page = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    if page.is_some() && page == here { Ok(()) } else { Err(Denied::Wrong("origin")) }
}

/// Whether nobody else can own what `host` says, with or without a port.
fn is_ours(host: &str, public_url: Option<&PublicUrl>) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        Some(_) | None => host,
    };
    let address = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    };
    let public = public_url.is_some_and(|url| url.host().eq_ignore_ascii_case(name));
    address || public || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn page(host: &'static str, origin: Option<&'static str>, loopback: bool) -> Result<(), Denied> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        let public = PublicUrl::parse("wss://voice.example.com:8443/line");
        own_page(&headers, loopback, public.as_ref())
    }

    /// Fault: Host and Origin both evil.example, dialled at 127.0.0.1: the session started.
    #[test]
    fn a_name_that_was_pointed_here_opens_nothing() {
        for host in
            ["evil.example", "evil.example:8080", "localhost.evil.example", "", "127.0.0.1.evil.example"]
        {
            assert_eq!(page(host, None, true), Err(FOREIGN_HOST), "{host:?}");
        }
        assert_eq!(page("evil.example", Some("http://evil.example"), true), Err(FOREIGN_HOST));
        // On any other address the line checks who dials, or says that it does not.
        assert_eq!(page("pbx.example", None, false), Ok(()));
    }

    #[test]
    fn addresses_localhost_and_the_public_name_are_ours() {
        let ours =
            ["127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "[::1]", "localhost", "LOCALHOST:80", "10.0.0.7:1"];
        for host in ours.into_iter().chain(["voice.example.com", "Voice.Example.com:8443"]) {
            assert_eq!(page(host, None, true), Ok(()), "{host}");
        }
    }

    #[test]
    fn the_page_of_another_site_opens_nothing() {
        assert_eq!(page("localhost:8080", Some("http://localhost:8080"), true), Ok(()));
        for origin in ["https://evil.example", "http://localhost:3000", "null"] {
            assert_eq!(page("localhost:8080", Some(origin), true), Err(Denied::Wrong("origin")), "{origin}");
        }
    }
}
