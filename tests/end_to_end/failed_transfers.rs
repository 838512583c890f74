//! Transfers that fail: the caller is told why as far as the agent knows, and goes on with it.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use offhook::dialogue::{Message, Role};
use offhook::files::recordings;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message as Wire;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::own_tools::Desk;
use super::programs::ask_at;
use super::strangers::{Socket, run, say};
use crate::support::scripted::Script;
use crate::support::server::root;

const TOKEN: &str = "a token for administrators";

const TOLD: &str = "I cannot connect you.";

const TOOL: &str = "[server]\nlines = [\"asterisk\"]\n[tools.connect]\ndoes = \"transfer\"\n\
                    to = { desk = \"+15550142\" }\nsay = \"I connect you.\"\n";

/// An agent that connects everybody with the desk, and tells what came of it.
fn connects(messages: &[Message]) -> String {
    let last = messages.last().expect("a message");
    match last.role {
        Role::Tool if last.text.contains("let the dialplan do it") => TOLD.to_owned(),
        Role::Tool => last.text.clone(),
        Role::System | Role::User | Role::Assistant => {
            "<tool_call>\n{\"name\": \"connect\", \"arguments\": {\"to\": \"desk\"}}\n</tool_call>".to_owned()
        }
    }
}

/// A call from Asterisk, which has no means for a transfer.
async fn asterisk(desk: &Desk) -> Socket {
    let mut request = format!("ws://{}/asterisk", desk.address()).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("media"));
    let mut socket = connect_async(request).await.unwrap().0;
    let start = json!({"event": "MEDIA_START", "connection_id": "agent", "channel_id": "179.1",
        "format": "slin", "optimal_frame_size": 320, "ptime": 20, "channel_variables": {}});
    say(&mut socket, &start).await;
    socket
}

/// The caller says something, and the gateway plays what comes, until the agent has said this.
async fn asks(desk: &Desk, socket: &mut Socket, until: &str) {
    let wav = recordings::read(&root().join("models/demo/callers/2.wav")).unwrap().i16_at(8000).unwrap();
    let bytes = |frame: &[i16]| frame.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>();
    let mut frames = wav.chunks_exact(160).map(bytes);
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let started = Instant::now();
    let said = || {
        let turns = desk.record().map_or_else(Vec::new, |call| call.turns);
        turns.iter().any(|turn| turn.reply.as_deref() == Some(until))
    };
    let mut look = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            _ = pace.tick() => {
                let frame = frames.next().unwrap_or_else(|| vec![0; 320]);
                socket.send(Wire::binary(frame)).await.unwrap();
            }
            message = socket.next() => {
                let Wire::Text(text) = message.unwrap().unwrap() else { continue };
                let told: Value = serde_json::from_str(&text).unwrap();
                if told["command"] == "MARK_MEDIA" {
                    let mark = &told["correlation_id"];
                    say(socket, &json!({"event": "MEDIA_MARK_PROCESSED", "correlation_id": mark})).await;
                }
            }
            _ = look.tick() => {
                if said() {
                    return;
                }
                assert!(started.elapsed() < Duration::from_secs(30), "{:?}", desk.record());
            }
        }
    }
}

#[test]
fn a_caller_whom_the_agent_cannot_connect_is_told_and_goes_on() {
    let script = Script { heard: "The desk, please.", answer: Some(connects), voice_takes: Duration::ZERO };
    let desk = Desk::following(&script, TOOL);
    run(async {
        let mut socket = asterisk(&desk).await;
        asks(&desk, &mut socket, TOLD).await;
        let call = desk.record().unwrap();
        assert_eq!(call.call.end_code, None, "the call goes on");
        let tool = call.events.iter().find(|event| event.kind == "tool").expect("a tool");
        assert_eq!(tool.code, "failed");
        drop(socket);
    });
}

#[test]
fn asterisk_refuses_a_transfer_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("admin"), TOKEN).unwrap();
    let admin = format!("[admin]\ntoken = \"file:{}\"\n", folder.path().join("admin").display());
    let desk = Desk::following(&Script::default(), &format!("{TOOL}{admin}"));
    run(async {
        let socket = asterisk(&desk).await;
        let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
        let wanted = json!({"to": "+15550142"}).to_string();
        let ask = |method: &str, path: &str, body: &str| {
            ask_at(&desk.address(), method, &format!("/api/v1{path}"), &headers, body.as_bytes())
        };
        while ask("GET", "/calls/179.1", "").status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let refused = ask("POST", "/calls/179.1/transfer", &wanted);
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains("let the dialplan do it"), "{}", refused.text());
        assert_eq!(ask("GET", "/calls/179.1", "").status, 200, "the call goes on");
        drop(socket);
    });
}
