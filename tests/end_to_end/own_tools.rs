//! Tools of the agent, over real connections: slow ones keep the line alive, and what was promised is done
//! when the call is over.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use offhook::dialogue::{Message, Role};
use offhook::files::recordings;
use offhook::records::{Event, Filter, FullCall, Store, Which};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message as Wire;

use super::strangers::{Socket, run, say};
use super::webhooks::SECRET;
use crate::support::scripted::{Script, Server};
use crate::support::server::root;

pub(super) const BOOK: &str =
    "<tool_call>\n{\"name\": \"book\", \"arguments\": {\"day\": \"Tuesday\"}}\n</tool_call>";

/// An agent that books for Tuesday, and says so.
fn books(messages: &[Message]) -> String {
    let last = messages.last().expect("a message");
    if last.role == Role::Tool {
        "You are booked.".to_owned()
    } else {
        format!("I write that down for you. {BOOK}")
    }
}

const SCRIPT: Script =
    Script { heard: "Please book me for Tuesday.", answer: Some(books), voice_takes: Duration::ZERO };

/// A folder, and a server that keeps records in it.
pub(super) struct Desk {
    folder: tempfile::TempDir,
    server: Server,
}

impl Desk {
    fn with(tools: &str) -> Self {
        Self::following(&SCRIPT, tools)
    }

    pub(super) fn following(script: &Script, tools: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        let text = format!(
            "[agent]\nsystem_prompt = \"You are a front desk.\"\n[manners]\nfiller_after_ms = 700\n\
             [records]\nfile = \"{}\"\nbatch_events = 1\n{}",
            at("calls.db"),
            tools.replace("SECRET", &at("secret")).replace("SPOOL", &at("spool.db"))
        );
        let server = Server::following(script, &text);
        Self { folder, server }
    }

    pub(super) async fn call(&self) -> Socket {
        let url = format!("ws://{}/offhook", self.server.address);
        let mut socket = connect_async(url).await.unwrap().0;
        let audio = json!({"encoding": "pcm16le", "sample_rate": 8000});
        say(&mut socket, &json!({"type": "session.start", "version": 1, "audio": audio})).await;
        socket
    }

    /// Where the server listens.
    pub(super) fn address(&self) -> String {
        self.server.address.to_string()
    }

    /// The only call, as it is in the file now.
    pub(super) fn record(&self) -> Option<FullCall> {
        let store = Store::open(&self.folder.path().join("calls.db")).unwrap();
        let calls = store.list(&Filter::default()).unwrap();
        calls.first().map(|call| store.call(&Which::Id(call.id)).unwrap().unwrap())
    }

    /// Its events, as they are in the file now.
    fn kept(&self) -> Vec<Event> {
        self.record().map_or_else(Vec::new, |call| call.events)
    }

    /// The events of this kind, once there are so many.
    pub(super) fn events(&self, kind: &str, count: usize) -> Vec<Event> {
        let started = Instant::now();
        loop {
            let events: Vec<Event> = self.kept().into_iter().filter(|event| event.kind == kind).collect();
            if events.len() >= count {
                return events;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "{events:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Asks once, and again after each turn of the agent that says this much, until `turns` turns were answered.
/// Returns the replies.
pub(super) async fn asks(socket: &mut Socket, again_after: &[&str], until: &str) -> Vec<String> {
    let wav = recordings::read(&root().join("models/demo/callers/2.wav")).unwrap().i16_at(8000).unwrap();
    let mut replies = Vec::new();
    let mut frames: Vec<Vec<u8>> = Vec::new();
    let bytes = |frame: &[i16]| frame.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>();
    let speak = |frames: &mut Vec<Vec<u8>>| {
        *frames = wav.chunks(160).map(bytes).rev().collect();
    };
    speak(&mut frames);
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            _ = pace.tick() => {
                let frame = frames.pop().unwrap_or_else(|| vec![0; 320]);
                socket.send(Wire::binary(frame)).await.unwrap();
            }
            message = socket.next() => {
                let message = message.unwrap().unwrap();
                let told: Value =
                    message.to_text().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
                if let (Some("turn"), Some(reply)) = (told["type"].as_str(), told["reply"].as_str()) {
                    replies.push(reply.to_owned());
                    if again_after.contains(&reply) && replies.iter().filter(|old| *old == reply).count() == 1 {
                        speak(&mut frames);
                    } else if reply == until {
                        return replies;
                    }
                }
            }
        }
    }
}

pub(super) async fn ends(mut socket: Socket) {
    say(&mut socket, &json!({"type": "session.end"})).await;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_close() {
            return;
        }
    }
}

/// A server of the customer's.
pub(super) struct Shop {
    pub(super) address: SocketAddr,
    /// What it was asked.
    asked: Arc<Mutex<Vec<String>>>,
    /// For each request that it has worked on, whether somebody still waited for the answer.
    done: Arc<Mutex<Vec<bool>>>,
}

impl Shop {
    /// One that answers every request so, after this long.
    pub(super) fn answering(answer: &'static str, after: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shop =
            Self { address: listener.local_addr().unwrap(), asked: Arc::default(), done: Arc::default() };
        let (asked, done) = (shop.asked.clone(), shop.done.clone());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (asked, done) = (asked.clone(), done.clone());
                std::thread::spawn(move || {
                    let mut request = vec![0; 4096];
                    let length = stream.read(&mut request).unwrap_or_default();
                    asked.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
                    std::thread::sleep(after);
                    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
                    let gone = matches!(stream.peek(&mut [0]), Ok(0));
                    done.lock().unwrap().push(!gone);
                    let _ = stream.write_all(answer.as_bytes());
                });
            }
        });
        shop
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Whether somebody waited for the answers, once there is one.
    fn done(&self) -> Vec<bool> {
        let started = Instant::now();
        while self.done.lock().unwrap().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(30), "nothing is done");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.done.lock().unwrap().clone()
    }
}

pub(super) fn http(address: SocketAddr, more: &str) -> String {
    format!(
        "[tools.book]\ndoes = \"http\"\ndescription = \"Book.\"\nurl = \"http://{address}/book\"\n\
         private_addresses = true\nparameters = {{ day = \"the day\" }}\n{more}"
    )
}

pub(super) const DONE: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{\"booked\": \"yes\"}";

#[test]
fn a_tool_that_takes_three_seconds_keeps_the_line_alive() {
    let shop = Shop::answering(DONE, Duration::from_secs(3));
    let desk = Desk::with(&http(shop.address, "say = \"I look into the book.\"\n"));
    run(async {
        let mut socket = desk.call().await;
        let replies = asks(&mut socket, &[], "You are booked.").await;
        assert_eq!(replies[..2], ["I write that down for you.", "I look into the book."], "{replies:?}");
        ends(socket).await;
    });
    let asked = shop.asked();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].starts_with("POST /book ") && asked[0].to_lowercase().contains("idempotency-key: "),
        "{asked:?}"
    );
}

#[test]
fn a_booking_under_way_when_the_caller_hangs_up_is_made_all_the_same() {
    let shop = Shop::answering(DONE, Duration::from_millis(800));
    let desk = Desk::with(&http(shop.address, ""));
    run(async {
        let mut socket = desk.call().await;
        let waits = async {
            while shop.asked().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            _ = asks(&mut socket, &[], "never") => unreachable!("the answer is late"),
            () = waits => {}
        }
        ends(socket).await;
    });
    assert_eq!(desk.events("tool", 1)[0].code, "unknown");
    assert_eq!(shop.done(), [true], "the request was broken off");
    // A server that is stopped waits for it.
    while desk.server.app.errands() > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
}
