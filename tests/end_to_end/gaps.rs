//! Asterisk sends nothing while nobody speaks. The end of speech is still detected.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use offhook::audio::g711::Law;
use offhook::audio::level::audible_span;
use offhook::files::recordings;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::gateways::open_as;
use super::strangers::{Socket, run, say};
use crate::support::server::{Server, configuration, root};

const GREETING: &str = "greeting = \"Hello, this is Green Street Dental Clinic. How can I help you?\"";

/// A server that waits for the caller to speak first.
fn without_greeting() -> Server {
    Server::start(&configuration(&[(GREETING, "greeting = \"\"")]))
}

/// The caller's question, from the first audible sample to the last.
fn question(wav: &str) -> Vec<i16> {
    let samples =
        recordings::read(&root().join("models/demo/callers").join(wav)).unwrap().i16_at(8000).unwrap();
    let span = audible_span(&samples, 8000).unwrap();
    samples[span].to_vec()
}

/// Sends `samples` in frames of 20 ms, at the pace of speech, and then nothing.
async fn speak(socket: &mut Socket, samples: &[i16]) {
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    for frame in samples.chunks(160) {
        pace.tick().await;
        socket.send(Message::binary(Law::Mu.encode_all(frame))).await.unwrap();
    }
}

/// The agent's audio until nothing has come for a second.
async fn answer(socket: &mut Socket) -> Vec<i16> {
    let mut heard = Vec::new();
    let mut patience = Duration::from_secs(20);
    while let Ok(message) = tokio::time::timeout(patience, socket.next()).await {
        match message.unwrap().unwrap() {
            Message::Binary(bytes) => {
                patience = Duration::from_secs(1);
                heard.extend(Law::Mu.decode_all(&bytes));
            }
            Message::Text(text) => {
                let command: Value = serde_json::from_str(&text).unwrap();
                if command["command"] == "MARK_MEDIA" {
                    let id = &command["correlation_id"];
                    say(socket, &json!({"event": "MEDIA_MARK_PROCESSED", "correlation_id": id})).await;
                }
            }
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
    heard
}

#[test]
fn a_caller_on_asterisk_is_answered_though_no_frame_tells_that_they_are_silent() {
    let server = without_greeting();
    run(async {
        let mut socket = open_as(&server, "/asterisk?from=%2B15550100&tier=gold", "media").await;
        let start = json!({"event": "MEDIA_START", "channel_id": "179.1", "format": "ulaw"});
        say(&mut socket, &start).await;
        // The second question comes after a silence in which nothing was sent.
        for wav in ["2.wav", "4.wav"] {
            speak(&mut socket, &question(wav)).await;
            let heard = answer(&mut socket).await;
            let seconds = heard.len() as f64 / 8000.0;
            assert!((1.0..8.0).contains(&seconds), "{wav} was answered with {seconds} s");
            assert!(audible_span(&heard, 8000).is_some(), "{wav}");
        }
        socket.close(None).await.unwrap();
    });
}
