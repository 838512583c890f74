//! Frames that no message library would send: what a stranger writes on the TCP connection below a socket, until
//! the server ends it. Must not know what the server allows.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::MaybeTlsStream;

use super::target::{Fate, Target};

/// So many at once.
const AT_ONCE: usize = 2000;

/// Whoever is cut off comes back, so many times.
const ROUNDS: usize = 5;

/// A text that begins and does not end: then empty continuation frames.
pub(super) async fn empty_fragments(target: Target) -> Fate {
    endless(target, &[0x01, 0x80, 0, 0, 0, 0], &[0x00, 0x80, 0, 0, 0, 0]).await
}

/// A text that comes byte by byte.
pub(super) async fn tiny_fragments(target: Target) -> Fate {
    endless(target, &[0x01, 0x81, 0, 0, 0, 0, b' '], &[0x00, 0x81, 0, 0, 0, 0, b' ']).await
}

/// Pings, each of which is to be answered.
pub(super) async fn pings(target: Target) -> Fate {
    let ping = [0x89, 0x80, 0, 0, 0, 0];
    endless(target, &ping, &ping).await
}

/// Calls on which one frame follows another, masked with zeros.
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
