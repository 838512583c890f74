//! A caller who cuts in, over a real socket: the agent is quiet at once, and says what was heard of it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use offhook::audio::wav;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::strangers::{run, started};
use crate::support::server::{Server, configuration, root};

/// What the client saw, in order.
#[derive(Debug, PartialEq)]
enum Seen {
    Audio,
    Clear,
    Turn(Value),
}

#[test]
fn complaint_1_a_caller_who_cuts_in_hears_nothing_more_of_the_greeting() {
    let server = Server::start(&configuration(&[]));
    let mut speech = vec![0; 16_000];
    speech.extend(wav::read_file(&root().join("models/demo/callers/2.wav")).unwrap().i16_at(16_000).unwrap());
    run(async {
        let (mut sink, mut stream) = started(&server).await.split();
        // The greeting lasts three seconds; the caller speaks after one, in real time.
        let speak = async {
            let mut pace = tokio::time::interval(Duration::from_millis(20));
            for frame in speech.chunks(320) {
                pace.tick().await;
                let bytes: Vec<u8> = frame.iter().flat_map(|s| s.to_le_bytes()).collect();
                sink.send(Message::binary(bytes)).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let listen = async {
            let mut seen = Vec::new();
            while !matches!(seen.last(), Some(Seen::Turn(_))) {
                match stream.next().await.unwrap().unwrap() {
                    Message::Binary(_) => seen.push(Seen::Audio),
                    Message::Text(text) => {
                        let value: Value = serde_json::from_str(&text).unwrap();
                        match value["type"].as_str() {
                            Some("clear") => seen.push(Seen::Clear),
                            Some("turn") => seen.push(Seen::Turn(value)),
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
            seen
        };
        let seen = tokio::select! { () = speak => unreachable!("it never ends"), seen = listen => seen };
        // The pause clears the buffer, and so does the decision that it was an interruption.
        let [.., Seen::Audio, Seen::Clear, Seen::Clear, Seen::Turn(report)] = &seen[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(report["turn"], 0);
        assert_eq!(report["interrupted"], true);
        let (heard, greeting) =
            (report["reply"].as_str().unwrap(), "Hello, this is Green Street Dental Clinic.");
        assert!(greeting.starts_with(heard) && heard.len() < greeting.len(), "{heard}");
    });
}
