//! A session that brings its own agent: its words and facts belong to this call alone.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use offhook::config::DEFAULT_CONFIG;
use offhook::files::recordings;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::strangers::{Socket, closed, hear, open, run, say};
use crate::support::server::{Server, configuration, root};

pub async fn start(server: &Server, agent: Value) -> Socket {
    let mut socket = open(server, "/offhook").await;
    let audio = json!({"encoding": "pcm16le", "sample_rate": 8000});
    let start = json!({"type": "session.start", "version": 1, "audio": audio, "agent": agent,
        "data": {"order": "7"}});
    say(&mut socket, &start).await;
    socket
}

/// Asks when the clinic opens on Monday. Returns the answer.
async fn ask(socket: Socket) -> String {
    turn(socket).await["reply"].as_str().unwrap().to_lowercase()
}

/// Asks when the clinic opens on Monday. Returns the report of the turn.
pub async fn turn(mut socket: Socket) -> Value {
    let wav = recordings::read(&root().join("models/demo/callers/2.wav")).unwrap().i16_at(8000).unwrap();
    let (mut sink, mut stream) = (&mut socket).split();
    let speak = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for frame in wav.chunks(160).chain(std::iter::repeat(&[0; 160][..])) {
            pace.tick().await;
            let bytes: Vec<u8> = frame.iter().flat_map(|s| s.to_le_bytes()).collect();
            sink.send(Message::binary(bytes)).await.unwrap();
        }
    };
    let listen = async {
        loop {
            let message = stream.next().await.unwrap().unwrap();
            let turn: Value =
                message.to_text().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            if turn["type"] == "turn" && turn["turn"] == 1 {
                return turn;
            }
        }
    };
    tokio::select! { () = speak => unreachable!("silence has no end"), turn = listen => turn }
}

#[test]
fn two_callers_at_once_are_told_what_their_own_agents_know() {
    let server = Server::start(&configuration(&[]));
    let config: toml::Table = DEFAULT_CONFIG.parse().unwrap();
    let prompt = config["agent"]["system_prompt"].as_str().unwrap();
    assert!(prompt.contains("eight thirty"));
    run(async {
        let later = prompt.replace("eight thirty", "nine thirty");
        let own = start(&server, json!({"system_prompt": later, "greeting": ""})).await;
        let shared = start(&server, json!({"greeting": ""})).await;
        let (own, shared) = tokio::join!(ask(own), ask(shared));
        assert!(own.contains("nine thirty"), "{own}");
        assert!(shared.contains("eight thirty"), "{shared}");
    });
}

#[test]
fn a_call_is_greeted_in_its_own_words_and_its_data_comes_back() {
    let server = Server::start(&configuration(&[]));
    run(async {
        let mut socket = start(&server, json!({"greeting": "Bakery, hello."})).await;
        // The mark never comes back, so after a while the greeting counts as heard.
        let turn = hear(&mut socket, "turn").await;
        assert_eq!((&turn["turn"], &turn["reply"]), (&json!(0), &json!("Bakery, hello.")));
        say(&mut socket, &json!({"type": "session.end"})).await;
        assert_eq!(hear(&mut socket, "session.summary").await["data"], json!({"order": "7"}));
        closed(socket).await;

        let mut long = start(&server, json!({"system_prompt": "bread ".repeat(3000)})).await;
        let refused = hear(&mut long, "error").await;
        assert_eq!(refused["code"], "too_large");
        assert!(refused["message"].as_str().unwrap().contains("agent.system_prompt"), "{refused}");
        closed(long).await;
    });
}
