//! The opening handshake of a WebSocket (RFC 6455, section 4.2) and the `Host` of a request: checks them, and
//! answers requests that are wrong. Must not know who may open a socket.

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{CONNECTION, HOST, UPGRADE};
use axum::http::header::{
    SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use hyper::upgrade::{OnUpgrade, Upgraded};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The only version of the protocol.
const VERSION: &str = "13";

/// The length of a key.
const KEY_BYTES: usize = 16;

/// Some clients fill the 22 characters at random, so the last one has bits that mean nothing.
const KEY: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// An error in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum Fault {
    /// It does not ask for a WebSocket.
    #[error(
        "this is the address of a WebSocket: use a ws:// or wss:// URL, and let proxies pass \"Upgrade\" on"
    )]
    NoUpgrade,
    #[error("HTTP/1.1 is needed for a WebSocket")]
    OldHttp,
    #[error("Sec-WebSocket-Version must be 13, once")]
    Version,
    #[error("Sec-WebSocket-Key must be 16 bytes in base64, once")]
    Key,
    #[error("a request must have one Host")]
    Host,
    #[error("this connection cannot become a WebSocket")]
    Connection,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, header) = match self {
            Self::NoUpgrade => (StatusCode::UPGRADE_REQUIRED, Some((UPGRADE, "websocket"))),
            Self::Version => (StatusCode::UPGRADE_REQUIRED, Some((SEC_WEBSOCKET_VERSION, VERSION))),
            Self::OldHttp | Self::Key | Self::Host => (StatusCode::BAD_REQUEST, None),
            Self::Connection => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        let mut response = (status, format!("{self}\n")).into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Refuses requests with no `Host` or with two (RFC 9112, section 3.2). HTTP/1.0, which some health checks
/// speak, needs none.
pub(super) async fn one_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11) {
        next.run(request).await
    } else {
        Fault::Host.into_response()
    }
}

/// A request that may become a WebSocket.
pub(super) struct Handshake {
    accept: HeaderValue,
    offered: Vec<String>,
    upgrade: OnUpgrade,
}

impl Handshake {
    /// Answers the request with the first of the `known` sub-protocols that it offers, if any. `then` gets
    /// the stream.
    pub(super) fn answer<F>(
        self,
        known: &[&'static str],
        then: impl FnOnce(Upgraded) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let upgrade = self.upgrade;
        tokio::spawn(async move {
            match upgrade.await {
                Ok(stream) => then(stream).await,
                Err(error) => tracing::debug!(%error, "a connection did not become a socket"),
            }
        });
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        let chosen = known.iter().find(|known| self.offered.iter().any(|offered| offered == *known));
        if let Some(chosen) = chosen {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(chosen));
        }
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Handshake {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let accept = checked(&parts.headers, parts.version)?;
        let offered = tokens(&parts.headers, &SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect();
        let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or(Fault::Connection)?;
        Ok(Self { accept, offered, upgrade })
    }
}

/// Checks the handshake, and gives the answer to the key of the client.
fn checked(headers: &HeaderMap, version: Version) -> Result<HeaderValue, Fault> {
    let says = |name, word: &str| tokens(headers, name).any(|token| token.eq_ignore_ascii_case(word));
    if !says(&CONNECTION, "upgrade") || !says(&UPGRADE, "websocket") {
        return Err(Fault::NoUpgrade);
    }
    if version < Version::HTTP_11 {
        return Err(Fault::OldHttp);
    }
    if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
        return Err(Fault::Version);
    }
    let key = only(headers, &SEC_WEBSOCKET_KEY).ok_or(Fault::Key)?.as_bytes();
    if KEY.decode(key).is_ok_and(|bytes| bytes.len() == KEY_BYTES) {
        HeaderValue::try_from(derive_accept_key(key)).map_err(|_| Fault::Key)
    } else {
        Err(Fault::Key)
    }
}

/// The value of a header that must come exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// The members of a list header, which may be spread over several header lines.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    /// The good request with these headers in place of its own. The value "-" leaves a header out.
    fn asked(changed: &[(&'static str, &'static str)]) -> Result<HeaderValue, Fault> {
        let own = GOOD.into_iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        let mut headers = HeaderMap::new();
        for (name, value) in own.chain(changed.iter().copied()).filter(|(_, value)| *value != "-") {
            headers.append(name, HeaderValue::from_static(value));
        }
        checked(&headers, Version::HTTP_11)
    }

    /// The example of RFC 6455, section 1.3.
    #[test]
    fn a_right_key_has_the_answer_of_the_rfc() {
        assert_eq!(asked(&[]).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        // Proxies may split one header into two lines.
        asked(&[("connection", "keep-alive"), ("connection", "upgrade")]).unwrap();
        // Bits after the sixteenth byte mean nothing.
        asked(&[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZR==")]).unwrap();
    }

    /// Fault: an empty or duplicate Sec-WebSocket-Key was accepted.
    #[test]
    fn a_key_is_sixteen_bytes_once() {
        let key = |value| ("sec-websocket-key", value);
        for wrong in
            ["-", "", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZSE="]
        {
            assert_eq!(asked(&[key(wrong)]), Err(Fault::Key), "{wrong:?}");
        }
        let good = key("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(asked(&[good, good]), Err(Fault::Key));
    }

    /// Fault: a wrong version was refused with 400 and without naming the right one.
    #[test]
    fn a_wrong_version_is_told_the_right_one() {
        for wrong in ["-", "", "8", "12", "14", "13, 8"] {
            assert_eq!(asked(&[("sec-websocket-version", wrong)]), Err(Fault::Version), "{wrong:?}");
        }
        let response = Fault::Version.into_response();
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()[SEC_WEBSOCKET_VERSION], "13");
    }

    #[test]
    fn whoever_does_not_ask_for_a_socket_is_told_that_this_is_one() {
        for wrong in [("connection", "-"), ("connection", "close"), ("upgrade", "-"), ("upgrade", "h2c")] {
            assert_eq!(asked(&[wrong]), Err(Fault::NoUpgrade), "{wrong:?}");
        }
        assert_eq!(Fault::NoUpgrade.into_response().headers()[UPGRADE], "websocket");
    }
}
