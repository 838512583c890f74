//! Lets only web pages of this server open a socket to it from a browser. Must not know sockets.

use axum::extract::Request;
use axum::http::{HeaderMap, Version, header};

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
const OF_PROXIES: [&str; 8] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "cf-connecting-ip",
    "true-client-ip",
    "via",
];

/// Whether only a program or a page of this machine can have sent this request to a server that only this
/// machine can reach (`loopback`): no page of another site, and no client of a proxy. nginx leaves no mark if
/// it is not told to, but spoke HTTP/1.0 until 1.29.7 (docs/security.md).
pub(super) fn is_of_this_machine(request: &Request, loopback: bool, public_url: Option<&PublicUrl>) -> bool {
    sent_by_this_machine(request.headers(), request.version(), loopback, public_url)
}

/// As [`is_of_this_machine`], from the head of a request.
pub(super) fn sent_by_this_machine(
    headers: &HeaderMap,
    version: Version,
    loopback: bool,
    public_url: Option<&PublicUrl>,
) -> bool {
    let by_proxy = public_url.is_some()
        || version < Version::HTTP_11
        || OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    loopback && !by_proxy && own_page(headers, true, None).is_ok() && !is_embedded(headers)
}

/// Whether a browser asks on behalf of a page of another site: for an image, say, without an `Origin`. A link
/// that its user follows is none of that (W3C, Fetch Metadata Request Headers).
pub(super) fn is_embedded(headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = says("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    foreign && says("sec-fetch-mode") != Some("navigate")
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
    fn what_came_through_a_proxy_or_from_another_site_is_not_of_this_machine() {
        let request = |more: &[(&str, &str)]| {
            let mut request = Request::new(axum::body::Body::empty());
            let own = [("host", "127.0.0.1:8080")];
            for (name, value) in own.iter().chain(more) {
                let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            request
        };
        let is_ours = |more: &[(&str, &str)]| is_of_this_machine(&request(more), true, None);
        assert!(is_ours(&[]) && !is_of_this_machine(&request(&[]), false, None));
        assert!(!is_ours(&[("x-forwarded-for", "203.0.113.7")]) && !is_ours(&[("cf-connecting-ip", "::1")]));
        assert!(!is_ours(&[("origin", "https://evil.example")]));
        // An image in a page of another site, a link in it, and our own page.
        let image = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")];
        assert!(!is_ours(&image));
        assert!(is_ours(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(is_ours(&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]));
        let public = PublicUrl::parse("wss://voice.example.com");
        assert!(!is_of_this_machine(&request(&[]), true, public.as_ref()));
        let mut old = request(&[]);
        *old.version_mut() = Version::HTTP_10;
        assert!(!is_of_this_machine(&old, true, None));
    }
}
