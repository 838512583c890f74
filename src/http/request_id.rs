//! A name for each request, which its log lines and its answer carry: the client's own in `X-Request-Id`, or
//! a new one. Must not know what is requested.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use crate::runtime::clock::unique_id;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest name that is taken from a client, in bytes.
const MOST_BYTES: usize = 128;

/// Gives the request its name.
pub(super) async fn named(request: Request, next: Next) -> Response {
    let own = request.headers().get(HEADER).filter(|name| is_allowed(name)).cloned();
    let name = own.or_else(|| HeaderValue::from_str(unique_id().as_str()).ok());
    let Some(name) = name else { return next.run(request).await };
    let span = tracing::error_span!("request", request = name.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().insert(HEADER, name);
    response
}

/// Letters, digits and a few signs: the name goes into the log and into other programs.
fn is_allowed(name: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    !name.is_empty() && name.len() <= MOST_BYTES && name.as_bytes().iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_name_is_short_and_plain_or_is_replaced() {
        let allowed = |name: &str| is_allowed(&HeaderValue::from_str(name).expect("a header"));
        assert!(allowed("4bf92f35-77b3:1"));
        for foreign in ["", "two words", "a\u{e9}", &"x".repeat(129)] {
            assert!(!HeaderValue::from_str(foreign).is_ok_and(|value| is_allowed(&value)), "{foreign}");
        }
    }
}
