//! What strangers do to a server on the internet. Each attack opens its connections, waits for the
//! server to end them, and counts those that it did not end within its limit. Must not know calls.

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

/// The server may be so much slower than its limits say: it is busy.
const MARGIN: Duration = Duration::from_secs(3);

/// From one connection to the next: the system's own queue of new connections is not to be measured.
const STAGGER: Duration = Duration::from_millis(1);

/// What came of one attack.
#[derive(Debug, Serialize)]
pub(super) struct Attack {
    pub(super) attack: &'static str,
    /// Connections that were tried.
    pub(super) opened: usize,
    /// Of those: turned away at once.
    pub(super) refused: usize,
    /// Ended by the server later.
    pub(super) dropped: usize,
    /// Still open when the limit was over.
    pub(super) left: usize,
    /// The longest that one of them lived.
    pub(super) longest_s: f64,
    /// What the configuration allows.
    pub(super) limit_s: f64,
}

/// Who sends frames without end does it on so many sockets at a time.
const ENDLESS: usize = 2;

/// All attacks, one kind after the other where they would hide each other, at once where not.
pub(super) async fn all(target: &Target, connections: usize) -> Vec<Attack> {
    // Half-open calls live longest: they begin first and end last.
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

/// `count` of one kind at once. The server has `limit` to end each.
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

/// A connection on which nothing is said.
async fn silent(target: Target) -> Fate {
    let Ok(mut stream) = TcpStream::connect(&target.address).await else { return Fate::Refused };
    let clock = Clock::start();
    let mut buffer = [0; 256];
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
    if clock.now() < CallTime::from_millis(500) { Fate::Refused } else { Fate::Dropped }
}

/// A request that comes so slowly that it is never complete (slow-loris).
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

/// A socket that says everything but who calls.
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

/// A message that is larger than any may be.
async fn oversized(target: Target) -> Fate {
    let Some(mut socket) = target.socket().await else { return Fate::Refused };
    let message = Message::text("x".repeat(target.message_bytes * 4));
    // The server may close before it has read all of it.
    let _ = socket.send(message).await;
    closed(socket).await;
    Fate::Dropped
}

/// A socket that is asked for by the page of another site, which is refused on an open line as a wrong token is on
/// any other: with 401, and a word in the log.
async fn wrong_credential(target: Target) -> Fate {
    let Ok(mut request) = target.url().into_client_request() else { return Fate::Left };
    request.headers_mut().insert("origin", HeaderValue::from_static("https://stranger.example"));
    match connect_async(request).await {
        Ok(_) => Fate::Left,
        Err(_) => Fate::Refused,
    }
}

/// A call that brings messages as fast as it can.
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

/// A call whose other end is gone without a word: nothing comes, and nothing is answered.
async fn half_open(target: Target) -> Fate {
    let Some(socket) = target.call().await else { return Fate::Refused };
    // Nothing is read before the server has given up: reading would answer its pings.
    sleep(target.idle + MARGIN / 2).await;
    closed(socket).await;
    Fate::Dropped
}

/// Reads until the server closes, however it does.
async fn closed(mut messages: impl Stream<Item = Result<Message, WsError>> + Unpin) {
    while let Some(Ok(message)) = messages.next().await {
        if message.is_close() {
            return;
        }
    }
}

/// A process may have 1,024 files open, unless it asks for more.
pub(super) fn allow_many_files(connections: u32) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = u64::from(connections) * 2 + 256;
    if limit.current.is_some_and(|current| current < wanted) {
        let current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
        setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum })?;
    }
    Ok(())
}
