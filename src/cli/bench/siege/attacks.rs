//! Attacks that strangers make on a server on the internet. Each opens its connections, waits for the server
//! to end them, and counts those that the server did not end within its limit. Must not know calls.

use std::time::Duration;

use futures_util::{SinkExt as _, Stream, StreamExt as _};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::frames;
use super::target::{Fate, Target};
use crate::runtime::clock::Clock;
use crate::units::CallTime;

/// The delay beyond its limits that the server may have, because it is busy.
const MARGIN: Duration = Duration::from_secs(3);

/// From one connection to the next, so that the system's own queue of new connections is not measured.
const STAGGER: Duration = Duration::from_millis(1);

/// The result of one attack.
#[derive(Debug, Serialize)]
pub(super) struct Attack {
    pub(super) attack: &'static str,
    /// Connections that were tried.
    pub(super) opened: usize,
    /// Connections that the server refused at once.
    pub(super) refused: usize,
    /// Connections that the server ended later.
    pub(super) dropped: usize,
    /// Connections that were still open after the limit.
    pub(super) left: usize,
    /// The longest life of a connection.
    pub(super) longest_s: f64,
    /// The limit in the configuration.
    pub(super) limit_s: f64,
}

/// The number of sockets on which endless frames are sent at a time.
const ENDLESS: usize = 2;

/// Runs all attacks: one kind after the other if they would hide each other, else at the same time.
pub(super) async fn all(target: &Target, connections: usize) -> Vec<Attack> {
    // Half-open calls live longest, so they begin first and end last.
    let half_open = many("half-open calls", 2, target.idle, target, half_open);
    let rest = async {
        let mut attacks = vec![
            many("oversized messages", 20, Duration::ZERO, target, oversized).await,
            many("floods on a socket", 4, Duration::ZERO, target, flood).await,
            many("fragments without bytes", ENDLESS, Duration::ZERO, target, frames::empty_fragments).await,
            many("fragments of a byte", ENDLESS, Duration::ZERO, target, frames::tiny_fragments).await,
            many("pings without end", ENDLESS, Duration::ZERO, target, frames::pings).await,
            many("wrong credentials", connections * 3, Duration::ZERO, target, wrong_credential).await,
            many("sockets that never start", connections / 5, target.start, target, never_start).await,
            many("requests, byte by byte", connections / 10, target.start, target, slow_request).await,
        ];
        attacks.push(many("connections without a word", connections, target.start, target, silent).await);
        attacks
    };
    let (half_open, mut attacks) = tokio::join!(half_open, rest);
    attacks.push(half_open);
    attacks
}

/// Runs `count` attacks of one kind at once. The server has `limit` to end each.
async fn many<F>(
    attack: &'static str,
    count: usize,
    limit: Duration,
    target: &Target,
    one: fn(Target) -> F,
) -> Attack
where
    F: Future<Output = Fate> + Send + 'static,
{
    let mut running = JoinSet::new();
    for _ in 0..count {
        sleep(STAGGER).await;
        let attacker = one(target.clone());
        let clock = Clock::start();
        running.spawn(async move {
            let fate = timeout(limit + MARGIN, attacker).await.unwrap_or(Fate::Left);
            (fate, clock.now())
        });
    }
    let mut result = Attack {
        attack,
        opened: count,
        refused: 0,
        dropped: 0,
        left: 0,
        longest_s: 0.0,
        limit_s: limit.as_secs_f64(),
    };
    while let Some(ended) = running.join_next().await {
        let Ok((fate, at)) = ended else { continue };
        result.longest_s = result.longest_s.max((at - CallTime::ZERO).as_secs_f64());
        match fate {
            Fate::Refused => result.refused += 1,
            Fate::Dropped => result.dropped += 1,
            Fate::Left => result.left += 1,
        }
    }
    result
}

/// A connection that sends nothing.
async fn silent(target: Target) -> Fate {
    let Ok(mut stream) = TcpStream::connect(&target.address).await else { return Fate::Refused };
    let clock = Clock::start();
    let mut buffer = [0; 256];
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
    if clock.now() < CallTime::from_millis(500) { Fate::Refused } else { Fate::Dropped }
}

/// A request that is sent so slowly that it is never complete (slow-loris).
async fn slow_request(target: Target) -> Fate {
    let Ok(mut stream) = TcpStream::connect(&target.address).await else { return Fate::Refused };
    let head = "GET /offhook HTTP/1.1\r\nHost: x\r\n".bytes().chain(std::iter::repeat(b'x'));
    let (mut reader, mut writer) = stream.split();
    let mut buffer = [0; 256];
    let ended = async { while matches!(reader.read(&mut buffer).await, Ok(1..)) {} };
    let drip = async {
        for byte in head {
            if writer.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(250)).await;
        }
    };
    tokio::select! { () = ended => {}, () = drip => {} }
    Fate::Dropped
}

/// A socket that sends pongs but never the start of a call.
async fn never_start(target: Target) -> Fate {
    let Some(socket) = target.socket().await else { return Fate::Refused };
    let (mut sink, stream) = socket.split();
    let chatter = async {
        loop {
            let pong = Message::Pong(Vec::new().into());
            if sink.send(pong).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! { () = closed(stream) => {}, () = chatter => {} }
    Fate::Dropped
}

/// A message larger than the limit.
async fn oversized(target: Target) -> Fate {
    let Some(mut socket) = target.socket().await else { return Fate::Refused };
    let message = Message::text("x".repeat(target.message_bytes * 4));
    // The server may close before it has read all of it.
    let _ = socket.send(message).await;
    closed(socket).await;
    Fate::Dropped
}

/// A socket requested by the page of another site. A server without checks refuses it as others refuse a
/// wrong token: with 401, and a line in the log.
async fn wrong_credential(target: Target) -> Fate {
    let Ok(mut request) = target.url().into_client_request() else { return Fate::Left };
    request.headers_mut().insert("origin", HeaderValue::from_static("https://stranger.example"));
    match connect_async(request).await {
        Ok(_) => Fate::Left,
        Err(_) => Fate::Refused,
    }
}

/// A call that sends messages as fast as it can.
async fn flood(target: Target) -> Fate {
    let Some(socket) = target.call().await else { return Fate::Refused };
    let (mut sink, stream) = socket.split();
    let flood = async {
        while sink.send(Message::text(r#"{"type":"interrupt"}"#)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = closed(stream) => {}, () = flood => {} }
    Fate::Dropped
}

/// A call whose peer has vanished: it sends nothing and answers nothing.
async fn half_open(target: Target) -> Fate {
    let Some(socket) = target.call().await else { return Fate::Refused };
    // Nothing is read before the server has given up, because reading would answer its pings.
    sleep(target.idle + MARGIN / 2).await;
    closed(socket).await;
    Fate::Dropped
}

/// Reads until the server closes the socket in any way.
async fn closed(mut messages: impl Stream<Item = Result<Message, WsError>> + Unpin) {
    while let Some(Ok(message)) = messages.next().await {
        if message.is_close() {
            return;
        }
    }
}

/// Raises the limit of open files, by default 1,024 for a process.
pub(super) fn allow_many_files(connections: u32) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = u64::from(connections) * 2 + 256;
    if limit.current.is_some_and(|current| current < wanted) {
        let current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
        setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum })?;
    }
    Ok(())
}
