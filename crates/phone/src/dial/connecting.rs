//! From an address to an open socket, or why there is none. Must not know what is said over it.

use std::fmt;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::gateways;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The room for one read. The library fills it with zeros before each read, and a message of 20 ms is small:
/// with the library's 128 KiB, most of a caller's time goes there.
const READ_BUFFER: usize = 4 * 1024;

/// The longest message of a server, some minutes of audio at once.
const LONGEST_MESSAGE: usize = 16 * 1024 * 1024;

/// The most of a refusal's text that is told, in characters.
const MOST_TOLD: usize = 200;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The server to call, and the gateway to simulate.
#[derive(Debug)]
pub struct Dialled<'a> {
    /// The server's address.
    pub url: &'a str,
    /// The gateway that is simulated.
    pub line: gateways::Line,
    /// The headers of the upgrade.
    pub headers: &'a HeaderMap,
}

/// Why no socket was opened.
#[derive(Debug)]
pub(crate) struct Unconnected {
    told: String,
    source: Option<WsError>,
    /// The caller hung up before there was an answer.
    pub(crate) hung_up: bool,
}

impl fmt::Display for Unconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl std::error::Error for Unconnected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

impl Unconnected {
    /// The caller hung up while the server was dialled.
    pub(crate) fn hung_up(url: &str) -> Self {
        Self { told: format!("{url}: hung up before the server answered"), source: None, hung_up: true }
    }

    /// The HTTP status of a server that answered the upgrade with a refusal, and its text.
    pub(crate) fn refusal(&self) -> Option<(u16, String)> {
        let Some(WsError::Http(answer)) = &self.source else { return None };
        let text = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        Some((answer.status().as_u16(), text.trim().chars().take(MOST_TOLD).collect()))
    }
}

impl Dialled<'_> {
    /// Opens the socket.
    pub(crate) async fn connect(&self, subprotocol: Option<&'static str>) -> Result<Socket, Unconnected> {
        let url = self.url;
        let failed = |told: String, source| Err(Unconnected { told, source, hung_up: false });
        let mut request = match url.into_client_request() {
            Ok(request) => request,
            Err(e) => return failed(format!("calling {url}"), Some(e)),
        };
        request.headers_mut().extend(self.headers.clone());
        if let Some(name) = subprotocol {
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(LONGEST_MESSAGE))
            .max_frame_size(Some(LONGEST_MESSAGE));
        let connected =
            timeout(CONNECT_TIMEOUT, connect_async_with_config(request, Some(config), true)).await;
        match connected {
            Err(_) => failed(format!("{url}: no answer within {} s", CONNECT_TIMEOUT.as_secs()), None),
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(WsError::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)))) => failed(
                format!(
                    "{url}: the server did not agree to the sub-protocol that {} asks for ({})",
                    self.line.gateway.name(),
                    subprotocol.unwrap_or("none"),
                ),
                None,
            ),
            Ok(Err(e)) if asks_for_a_credential(&e) => failed(
                format!(
                    "{url}: the server asks for a credential (401): give it with --header \"Name: value\", as a \
                     signature of Twilio or Plivo with --sign, or as a token at the end of the path (`offhook \
                     token`)"
                ),
                Some(e),
            ),
            Ok(Err(e)) => failed(format!("calling {url}"), Some(e)),
        }
    }
}

fn asks_for_a_credential(error: &WsError) -> bool {
    matches!(error, WsError::Http(answer) if answer.status() == StatusCode::UNAUTHORIZED)
}
