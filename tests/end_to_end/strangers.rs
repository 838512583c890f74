//! Clients that send garbage, too much, in the wrong order, or nothing. Each ends only its own call.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::server::{Server, configuration};

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The timeout of a test that hangs; longer than any test here takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await.unwrap() });
}

pub async fn open(server: &Server, path: &str) -> Socket {
    connect_async(server.url(path)).await.unwrap().0
}

pub async fn say(socket: &mut Socket, message: &Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message of this type; other messages are skipped.
pub async fn hear(socket: &mut Socket, kind: &str) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                let value: Value = serde_json::from_str(&text).unwrap();
                if value["type"] == kind {
                    return value;
                }
            }
            Message::Close(frame) => panic!("closed before {kind}: {frame:?}"),
            _ => {}
        }
    }
}

pub async fn started(server: &Server) -> Socket {
    let mut socket = open(server, "/offhook").await;
    let audio = json!({"encoding": "pcm16le", "sample_rate": 16000, "transport": "binary"});
    say(&mut socket, &json!({"type": "session.start", "version": 1, "audio": audio})).await;
    hear(&mut socket, "session.started").await;
    socket
}

/// Reads until the server closes the socket in any way.
pub async fn closed(mut socket: Socket) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_close() {
            return;
        }
    }
}

#[test]
fn the_native_protocol_tells_figures_and_a_summary() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = started(&server).await;
        socket.send(Message::binary(vec![0u8; 640])).await.unwrap();
        say(&mut socket, &json!({"type": "ping", "id": "p1"})).await;
        let pong = hear(&mut socket, "pong").await;
        assert_eq!(pong["id"], "p1");
        assert!(pong["queues"]["playback_ms"].is_u64());
        say(&mut socket, &json!({"type": "session.end"})).await;
        let summary = hear(&mut socket, "session.summary").await;
        assert_eq!(summary["turns"], 0);
        closed(socket).await;
    });
}

#[test]
fn garbage_ends_its_own_call_only() {
    let server = Server::start(&configuration(&[("max_calls = 8", "max_calls = 2")]));
    run(async {
        let mut good = started(&server).await;
        let garbage = [
            Message::text("}{"),
            Message::text("{\"type\":\"session.start\",\"version\":99}"),
            Message::binary(vec![7u8; 33]),
            Message::text("x".repeat(200_000)),
            Message::text("{\"event\":\"media\",\"media\":{\"payload\":\"!\"}}"),
        ];
        for (i, message) in garbage.into_iter().enumerate() {
            let mut bad = open(&server, if i == 4 { "/twilio" } else { "/offhook" }).await;
            // The server may close while a large message is on its way.
            let _ = bad.send(message).await;
            closed(bad).await;
        }
        // A client that vanishes in the middle of a call.
        drop(started(&server).await);
        say(&mut good, &json!({"type": "ping", "id": "still"})).await;
        assert_eq!(hear(&mut good, "pong").await["id"], "still");
    });
}

#[test]
fn one_call_too_many_is_refused_at_once_and_taken_later() {
    let server = Server::start(&configuration(&[("max_calls = 8", "max_calls = 1")]));
    run(async {
        let mut first = started(&server).await;
        let refused = connect_async(server.url("/offhook")).await.unwrap_err();
        assert!(refused.to_string().contains("503"), "{refused}");
        say(&mut first, &json!({"type": "session.end"})).await;
        closed(first).await;
        loop {
            if connect_async(server.url("/offhook")).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn a_socket_that_never_says_who_calls_is_closed() {
    let quick = [("start_timeout_ms = 10000", "start_timeout_ms = 200")];
    let server = Server::start(&configuration(&quick));
    run(async { closed(open(&server, "/twilio").await).await });
}

#[test]
fn a_silent_peer_that_answers_pings_stays_and_one_that_does_not_is_dropped() {
    let quick = ("idle_timeout_ms = 30000", "idle_timeout_ms = 1000");
    let server = Server::start(&configuration(&[quick, ("max_calls = 8", "max_calls = 2")]));
    run(async {
        let (mut lives, dead) = (started(&server).await, started(&server).await);
        // Reading a socket also answers its pings; nobody reads the other socket.
        let mut pings = 0;
        while pings < 8 {
            match lives.next().await.unwrap().unwrap() {
                Message::Ping(_) => pings += 1,
                Message::Close(frame) => panic!("it lives: {frame:?}"),
                _ => {}
            }
        }
        say(&mut lives, &json!({"type": "ping", "id": "still"})).await;
        assert_eq!(hear(&mut lives, "pong").await["id"], "still");
        // The place of the dead peer is free.
        started(&server).await;
        drop(dead);
    });
}

#[test]
fn a_server_told_to_stop_lets_the_running_call_end() {
    let server = Server::start(&configuration(&[]));
    assert!(server.get("/healthz").contains("200"));
    assert!(server.get("/readyz").contains("200"));
    run(async {
        let mut call = started(&server).await;
        server.terminate();
        while !server.get("/readyz").contains("503") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        say(&mut call, &json!({"type": "ping", "id": "on"})).await;
        hear(&mut call, "pong").await;
        say(&mut call, &json!({"type": "session.end"})).await;
        hear(&mut call, "session.summary").await;
        closed(call).await;
    });
    assert!(server.ends_well());
}

/// Fault: one odd message (two keys in one, a number for a name, invalid base64) ended a caller's call.
#[test]
fn an_odd_message_is_dropped_and_told_and_the_call_goes_on() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = open(&server, "/offhook").await;
        // An odd message before the start is dropped, too.
        say(&mut socket, &json!({"type": "dtmf", "digit": "1"})).await;
        let audio = json!({"encoding": "pcm16le", "sample_rate": 16000, "transport": "binary"});
        let start = json!({"type": "session.start", "version": 1, "audio": audio, "caller": 15_550_100});
        say(&mut socket, &start).await;
        hear(&mut socket, "session.started").await;
        let odd = [
            json!({"type": "dtmf", "digit": "12"}),
            json!({"type": "mark", "name": 7}),
            json!({"type": "audio", "payload": "not base64!"}),
            json!({"type": "audio", "payload": "AAAA"}),
            json!([1, 2]),
        ];
        for message in &odd {
            say(&mut socket, message).await;
            let error = hear(&mut socket, "error").await;
            assert_eq!(error["code"], "malformed", "{message}: {error}");
        }
        say(&mut socket, &json!({"type": "session.end"})).await;
        let summary = hear(&mut socket, "session.summary").await;
        assert_eq!(summary["errors"].as_array().map(Vec::len), Some(odd.len()), "{summary}");
    });
}

#[test]
fn odd_messages_without_end_are_no_mistake() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = started(&server).await;
        for _ in 0..200 {
            // The server closes the socket after some of them.
            if socket.send(Message::text("{")).await.is_err() {
                break;
            }
        }
        closed(socket).await;
    });
}

/// Fault: a gateway that opened a second socket for a running call got a second agent, and both talked.
#[test]
fn a_newer_socket_of_the_same_call_takes_over() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let start = json!({"event": "start", "streamSid": "MZ1", "start": {"streamSid": "MZ1", "callSid": "CA1",
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}});
        let mut first = open(&server, "/twilio").await;
        say(&mut first, &start).await;
        // The call has started: the agent speaks.
        first.next().await.unwrap().unwrap();
        let mut second = open(&server, "/twilio").await;
        say(&mut second, &start).await;
        closed(first).await;
        assert!(!second.next().await.unwrap().unwrap().is_close());
    });
}
