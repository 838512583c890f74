//! A WebSocket over the stream of an upgraded request: its limits, the meaning of its errors, and how it is
//! closed. Must not know what its messages mean.

use std::time::Duration;

use futures_util::StreamExt as _;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::clock::Clock;
use super::close_reason::{Broken, CloseReason};
use super::guard::{Excess, Guard};

/// Bytes of one read. A frame of audio has some hundred bytes; only larger messages need more.
const READ_BUFFER: usize = 16 * 1024;

/// The most bytes that wait for a peer below the queue of messages: pings are answered there, even if the
/// peer does not read.
const WRITE_BUFFER: usize = 4 * 1024 * 1024;

/// The longest time from the last sent byte to the end of the TCP connection. An earlier reset would destroy
/// data that the peer has not read yet (RFC 6455, section 7.1.1).
pub const FAREWELL: Duration = Duration::from_secs(2);

/// A peer that sends more than this after the end is disconnected.
const MAX_BYTES_AFTER_THE_END: usize = 4 * 1024 * 1024;

/// One peer's socket.
pub(super) type Socket = WebSocketStream<Guard<TokioIo<Upgraded>>>;

/// The limits of what a peer may send.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) message_bytes: usize,
    pub(super) messages_per_s: u32,
}

/// The socket of a request that was answered with 101.
pub(super) async fn open(stream: Upgraded, limits: Limits, clock: Clock) -> Socket {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes));
    let guarded = Guard::new(TokioIo::new(stream), limits.messages_per_s, clock);
    WebSocketStream::from_raw_socket(guarded, Role::Server, Some(config)).await
}

/// Why the call ends after this error of the socket.
pub(super) fn end_of(error: WsError) -> CloseReason {
    match error {
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            CloseReason::Lost(error.to_string())
        }
        WsError::Protocol(error) => Broken::Protocol(error.to_string()).into(),
        WsError::Utf8(_) => Broken::NotUtf8.into(),
        WsError::Capacity(error) => Broken::TooBig(error.to_string()).into(),
        WsError::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Excess>()) {
            Some(Excess::Fragments(error)) => Broken::TooBig(error.to_string()).into(),
            Some(excess @ (Excess::Frames(_) | Excess::Bytes)) => CloseReason::Excess(excess.to_string()),
            None => CloseReason::Lost(error.to_string()),
        },
        error @ (WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Tls(_)
        | WsError::WriteBufferFull(_)
        | WsError::AttackAttempt
        | WsError::Url(_)
        | WsError::Http(_)
        | WsError::HttpFormat(_)) => CloseReason::Lost(error.to_string()),
    }
}

/// Closes the socket after everything was sent, including our close frame or the answer to the peer's: waits
/// until the peer has answered and is gone, and discards whatever it still sends.
pub(super) async fn part(mut socket: Socket) {
    let parting = async {
        // Ends with the peer's close frame, at the end of the stream, or at once if the peer broke the
        // protocol: then nothing it sends has a meaning any more.
        while let Some(Ok(_)) = socket.next().await {}
        // The server ends the connection first.
        let mut stream = socket.into_inner().into_inner();
        if stream.shutdown().await.is_err() {
            return;
        }
        let (mut unread, mut bytes) = (vec![0; READ_BUFFER], 0);
        while let Ok(more @ 1..) = stream.read(&mut unread).await {
            bytes += more;
            if bytes > MAX_BYTES_AFTER_THE_END {
                return;
            }
        }
    };
    // A peer that does not answer in time is dropped.
    let _ = timeout(FAREWELL, parting).await;
}
