//! Lets only web pages of this server open a socket to it from a browser. Must not know sockets.

use axum::http::{HeaderMap, header};

use crate::access::{Denied, PublicUrl};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The error of a request whose `Host` is a name that this server does not have.
pub(super) const FOREIGN_HOST: Denied = Denied::Wrong("host");

/// The remedy for [`FOREIGN_HOST`].
pub(super) const ABOUT_HOSTS: &str = "Host is neither an address nor localhost: the owner of a foreign web \
     page may have pointed its name here. If the name is yours, set server.public_url to it, and configure a \
     credential\n";

/// Checks that a request does not come from the page of another site. It is for routes without credentials: a
/// browser lets any page that its user visits open a socket to this machine, and names the site of the page
/// in `Origin` (RFC 6454). Gateways send no `Origin`.
///
/// The owner of a name can point it to 127.0.0.1 while a page of theirs is open (DNS rebinding). To the
/// browser, the page then belongs to this machine, and `Origin` and `Host` are equal. So if only this machine
/// can connect (`loopback`), `Host` must not be a name, except for the names that are known to be ours.
///
/// # Errors
/// Whether `Host` or `Origin` is wrong.
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

/// What says that a request came through a proxy, and so perhaps not from this machine.
const OF_PROXIES: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Whether only a program or a page of this machine can have sent a request with these headers to a server
/// that only this machine can reach (`loopback`): none of another site, and no client of a proxy.
pub(super) fn is_of_this_machine(
    headers: &HeaderMap,
    loopback: bool,
    public_url: Option<&PublicUrl>,
) -> bool {
    let by_proxy = public_url.is_some() || OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    loopback && !by_proxy && own_page(headers, true, None).is_ok()
}

/// True if nobody else can own the host in `host`, with or without a port.
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

    /// Fault: with Host and Origin both evil.example, a connection to 127.0.0.1 started a session.
    #[test]
    fn a_name_that_was_pointed_here_opens_nothing() {
        for host in
            ["evil.example", "evil.example:8080", "localhost.evil.example", "", "127.0.0.1.evil.example"]
        {
            assert_eq!(page(host, None, true), Err(FOREIGN_HOST), "{host:?}");
        }
        assert_eq!(page("evil.example", Some("http://evil.example"), true), Err(FOREIGN_HOST));
        // On any other address, the configuration has a credential for the provider, or says that there is
        // none.
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

    #[test]
    fn what_came_through_a_proxy_is_not_of_this_machine() {
        let is_ours = |more: &[(&'static str, &'static str)], loopback, public: Option<&PublicUrl>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
            more.iter().for_each(|(name, value)| _ = headers.insert(*name, HeaderValue::from_static(value)));
            is_of_this_machine(&headers, loopback, public)
        };
        assert!(is_ours(&[], true, None) && !is_ours(&[], false, None));
        assert!(!is_ours(&[("x-forwarded-for", "203.0.113.7")], true, None));
        assert!(!is_ours(&[("origin", "https://evil.example")], true, None));
        assert!(!is_ours(&[], true, PublicUrl::parse("wss://voice.example.com").as_ref()));
    }
}
