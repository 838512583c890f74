//! The queue of messages to one call's socket, and how the socket is closed. Must not know what is sent.

use std::time::Duration;

use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::close_reason::LineDead;
use super::socket::{Socket, part};
use super::socket_reader::SocketReader;
use crate::streams::WireOut;

/// The most messages that wait for a socket: five seconds of frames with their marks.
const OUTBOUND_QUEUE: usize = 300;

/// The outgoing queue of one socket.
pub struct Outbound {
    out: mpsc::Sender<Message>,
    /// Returns the sink when everything is sent, or after it gave up.
    writer: JoinHandle<SplitSink<Socket, Message>>,
    send_timeout: Duration,
}

impl Outbound {
    /// Starts the writer of `sink`. The writer gives up if a message takes longer than `send_timeout`.
    pub(super) fn open(sink: SplitSink<Socket, Message>, send_timeout: Duration) -> Self {
        let (out, messages) = mpsc::channel(OUTBOUND_QUEUE);
        let writer = tokio::spawn(write(sink, messages, send_timeout));
        Self { out, writer, send_timeout }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If the socket is closed, or stalled until the queue is full.
    pub fn send(&mut self, message: WireOut) -> Result<(), LineDead> {
        let message = match message {
            WireOut::Text(text) => Message::text(text),
            WireOut::Binary(bytes) => Message::binary(bytes),
        };
        self.out.try_send(message).map_err(|_| LineDead)
    }

    /// Asks the peer for a sign of life: every WebSocket answers a ping (RFC 6455, section 5.5.2).
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn ping(&mut self) -> Result<(), LineDead> {
        self.out.try_send(Message::Ping(Vec::new().into())).map_err(|_| LineDead)
    }

    /// Sends a close frame, and closes the socket. A peer that sent its close frame first has the answer
    /// already, and gets no other.
    pub async fn close(mut self, code: u16, reason: &str, incoming: SocketReader) {
        // A close frame's reason may take 123 bytes.
        let reason: String = reason
            .chars()
            .scan(0, |len, c| {
                *len += c.len_utf8();
                (*len <= 120).then_some(c)
            })
            .collect();
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        // A full queue belongs to a dead socket: it is dropped with the writer.
        let _ = self.out.try_send(Message::Close(Some(frame)));
        drop(self.out);
        match tokio::time::timeout(self.send_timeout, &mut self.writer).await {
            Ok(Ok(sink)) => {
                if let Ok(socket) = incoming.into_stream().reunite(sink) {
                    part(socket).await;
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "the writer of a socket failed"),
            Err(_) => self.writer.abort(),
        }
    }

    /// True once the writer has given up.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.out.is_closed()
    }

    /// Messages waiting for the socket.
    #[must_use]
    pub fn queued(&self) -> usize {
        OUTBOUND_QUEUE - self.out.capacity()
    }
}

async fn write(
    mut sink: SplitSink<Socket, Message>,
    mut messages: mpsc::Receiver<Message>,
    timeout: Duration,
) -> SplitSink<Socket, Message> {
    while let Some(message) = messages.recv().await {
        let last = matches!(message, Message::Close(_));
        let sent = async {
            if last {
                // Otherwise the answer to a ping would follow, and nothing may follow a close frame.
                sink.flush().await?;
            }
            sink.send(message).await
        };
        match tokio::time::timeout(timeout, sent).await {
            Ok(Ok(())) if !last => continue,
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the socket accepts no more data"),
            Err(_) => tracing::warn!("the socket accepted no data for {timeout:?}: half dead, dropped"),
        }
        break;
    }
    sink
}
