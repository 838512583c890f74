//! The server under siege, and the fate of a connection to it.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::config;

/// The end of one connection.
pub(super) enum Fate {
    Refused,
    Dropped,
    Left,
}

/// The attacked server, and its limits.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) address: String,
    pub(super) start: Duration,
    pub(super) idle: Duration,
    pub(super) message_bytes: usize,
}

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Target {
    pub(super) fn new(address: &str, server: &config::Server) -> Self {
        Self {
            address: address.to_owned(),
            start: server.start_timeout,
            idle: server.idle_timeout,
            message_bytes: server.max_message_bytes,
        }
    }

    /// Opens a socket; `None` if it was refused.
    pub(super) async fn socket(&self) -> Option<Socket> {
        connect_async(self.url()).await.ok().map(|(socket, _)| socket)
    }

    pub(super) fn url(&self) -> String {
        format!("ws://{}/offhook", self.address)
    }

    /// Starts a call in our own protocol; `None` if it was refused.
    pub(super) async fn call(&self) -> Option<Socket> {
        let mut socket = self.socket().await?;
        let start = r#"{"type":"session.start","version":1,"audio":{"encoding":"mulaw","sample_rate":8000}}"#;
        socket.send(Message::text(start)).await.ok()?;
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.contains("session.started") => Some(socket),
            Some(_) | None => None,
        }
    }
}
