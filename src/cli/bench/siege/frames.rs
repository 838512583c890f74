//! Frames that no WebSocket library would send: an attacker writes them on the TCP connection below a socket,
//! until the server ends it. Must not know the server's limits.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::MaybeTlsStream;

use super::target::{Fate, Target};

/// Frames in one write.
const AT_ONCE: usize = 2000;

/// The number of connections that an attacker makes one after the other, once cut off.
const ROUNDS: usize = 5;

/// A text that begins and never ends, in empty continuation frames.
pub(super) async fn empty_fragments(target: Target) -> Fate {
    endless(target, &[0x01, 0x80, 0, 0, 0, 0], &[0x00, 0x80, 0, 0, 0, 0]).await
}

/// A text that never ends, in continuation frames of one byte.
pub(super) async fn tiny_fragments(target: Target) -> Fate {
    endless(target, &[0x01, 0x81, 0, 0, 0, 0, b' '], &[0x00, 0x81, 0, 0, 0, 0, b' ']).await
}

/// Pings without end; the server must answer each.
pub(super) async fn pings(target: Target) -> Fate {
    let ping = [0x89, 0x80, 0, 0, 0, 0];
    endless(target, &ping, &ping).await
}

/// Calls on which one frame follows another without end, masked with zeros.
async fn endless(target: Target, first: &[u8], next: &[u8]) -> Fate {
    let mut fate = Fate::Refused;
    for _ in 0..ROUNDS {
        fate = one(&target, first, next).await;
    }
    fate
}

async fn one(target: &Target, first: &[u8], next: &[u8]) -> Fate {
    let Some(socket) = target.call().await else { return Fate::Refused };
    let MaybeTlsStream::Plain(mut stream) = socket.into_inner() else { return Fate::Left };
    let (mut reader, mut writer) = stream.split();
    let next = next.repeat(AT_ONCE);
    let flood = async {
        if writer.write_all(first).await.is_ok() {
            while writer.write_all(&next).await.is_ok() {}
        }
    };
    let mut buffer = [0; 4096];
    let ended = async { while matches!(reader.read(&mut buffer).await, Ok(1..)) {} };
    tokio::select! { () = ended => {}, () = flood => {} }
    Fate::Dropped
}
