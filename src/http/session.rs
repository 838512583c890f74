//! Whether a request comes from a person who has logged in: its cookie, the page that it comes from, and its
//! token against forged requests. Must not know how one logs in.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Version, header};

use super::listen::Connection;
use super::own_page::{is_embedded, sent_by_this_machine};
use crate::access::PublicUrl;
use crate::app::App;
use crate::app::login::Login;

/// The header with the token of a session.
pub(super) const CSRF_HEADER: &str = "x-csrf-token";

/// What is missing from a request that changes something.
pub(super) const FORGED: &str = "a session changes something only from a page of this server (Origin), with its \
     token in X-CSRF-Token: load the page again\n";

/// What is told where a password would travel in the clear.
pub(super) const NOT_SAFE: &str = "a login from another machine needs TLS: set server.tls_certificate and \
     server.tls_key, or let a proxy serve TLS and set server.public_url = \"wss://HOST\" (docs/console.md)\n";

/// How the cookie of a client is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By TLS, here or at the proxy.
    Secure,
    /// It never leaves this machine.
    Loopback,
}

impl Way {
    /// The name of its cookie. Browsers take the first only over TLS, and for this host alone.
    pub(super) const fn cookie(self) -> &'static str {
        match self {
            Self::Secure => "__Host-offhook",
            Self::Loopback => "offhook",
        }
    }

    const fn scheme(self) -> &'static str {
        match self {
            Self::Secure => "https://",
            Self::Loopback => "http://",
        }
    }
}

/// Who sent a request, as far as its head tells.
#[derive(Clone, Copy)]
pub(super) struct Visitor<'a> {
    app: &'a App,
    headers: &'a HeaderMap,
    connection: &'a Connection,
    /// Nobody but a person or a program of this machine.
    pub(super) here: bool,
}

/// Why a request is not taken as that of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// There is no session, or it is over.
    NoSession,
    /// A page of another site may have forged it.
    Forged,
}

impl<'a> Visitor<'a> {
    pub(super) fn of(
        app: &'a App,
        headers: &'a HeaderMap,
        version: Version,
        connection: &'a Connection,
    ) -> Self {
        let public_url = app.config.lines.public_url.as_ref();
        let here = sent_by_this_machine(headers, version, connection.loopback, public_url);
        Self { app, headers, connection, here }
    }

    /// How a password and a cookie would travel; `None`: in the clear.
    pub(super) fn way(&self) -> Option<Way> {
        let config = &self.app.config;
        let secure =
            config.server.tls.is_some() || config.lines.public_url.as_ref().is_some_and(PublicUrl::is_secure);
        // A proxy that also serves without TLS says so.
        let plain = self.headers.get("x-forwarded-proto").is_some_and(|proto| proto == "http");
        match (secure && !plain, self.here) {
            (true, _) => Some(Way::Secure),
            (false, true) => Some(Way::Loopback),
            (false, false) => None,
        }
    }

    /// The address of the client. A proxy on this machine, which `server.public_url` speaks of, adds it last
    /// to `X-Forwarded-For`; what stands before it, anybody may have written.
    pub(super) fn address(&self) -> IpAddr {
        let peer = self.connection.peer;
        if !self.connection.loopback || self.app.config.lines.public_url.is_none() {
            return peer;
        }
        let line = self.headers.get_all("x-forwarded-for").iter().next_back();
        let last = line.and_then(|line| line.to_str().ok()?.rsplit(',').next());
        last.and_then(|address| address.trim().parse().ok()).unwrap_or(peer)
    }

    /// Its session: the login with it, and its name.
    pub(super) fn session(&self) -> Option<(&'a Login, &'a str)> {
        let (login, way) = (self.app.login.as_deref()?, self.way()?);
        Some((login, cookie(self.headers, way.cookie())?))
    }

    /// Whether it comes from a page of ours, as `Origin` says; `None` if it does not say.
    pub(super) fn own_origin(&self) -> Option<bool> {
        let mut origins = self.headers.get_all(header::ORIGIN).iter();
        let origin = origins.next()?;
        let own = || {
            let host = origin.to_str().ok()?.strip_prefix(self.way()?.scheme())?;
            let asked = self.headers.get(header::HOST).and_then(|asked| asked.to_str().ok());
            let public = self.app.config.lines.public_url.as_ref().map(PublicUrl::authority);
            let mut known = asked.into_iter().chain(public.as_deref());
            Some(known.any(|known| known.eq_ignore_ascii_case(host)))
        };
        Some(origins.next().is_none() && own().unwrap_or(false))
    }

    /// Whether its session may do this.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn may(&self, method: &Method) -> Result<(), Denied> {
        let (login, name) = self.session().ok_or(Denied::NoSession)?;
        login.csrf_of(name).ok_or(Denied::NoSession)?;
        let reads = [Method::GET, Method::HEAD].contains(method);
        let fair = if reads {
            // A browser names no Origin where a page of ours reads.
            self.own_origin() != Some(false) && !is_embedded(self.headers)
        } else {
            let shown = self.headers.get(CSRF_HEADER).and_then(|shown| shown.to_str().ok());
            self.own_origin() == Some(true) && shown.is_some_and(|shown| login.has(name, shown))
        };
        if fair { Ok(()) } else { Err(Denied::Forged) }
    }

    /// Whether it may open a socket. A browser sends no token with it, but always says `Origin`.
    pub(super) fn may_open_a_socket(&self) -> bool {
        self.own_origin() == Some(true) && self.may(&Method::GET).is_ok()
    }
}

/// The cookie of this name, if there is exactly one: somebody else may have set a second one.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';')).filter_map(|one| one.trim().split_once('='));
    let mut values = cookies.filter(|(own, _)| *own == name).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_counts_if_it_is_there_once() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            cookie(&headers, "__Host-offhook").map(str::to_owned)
        };
        assert_eq!(of(&["theme=dark; __Host-offhook=abc"]).as_deref(), Some("abc"));
        assert_eq!(of(&["theme=dark", "__Host-offhook=abc;x=y"]).as_deref(), Some("abc"));
        for none in
            [&[][..], &["offhook=abc"], &["__Host-offhook=a; __Host-offhook=b"], &["__host-offhook=a"]]
        {
            assert_eq!(of(none), None, "{none:?}");
        }
    }
}
