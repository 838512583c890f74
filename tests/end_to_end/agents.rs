//! Several agents in one server, over real connections: a call comes to its agent, and another one goes on.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use offhook::dialogue::{Message, Role};
use offhook::records::{Event, Filter, Store, Which};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;

use super::own_tools::{asks, ends};
use super::programs::{Answer, ask_at};
use super::strangers::{Socket, run, say};
use crate::support::scripted::{Script, Server};

const HAND_OVER: &str =
    "<tool_call>\n{\"name\": \"hand_over\", \"arguments\": {\"to\": \"billing\"}}\n</tool_call>";

const AGENTS: &str = "[agent]\nname = \"reception\"\nsystem_prompt = \"You are the reception.\"\nfacts = \"Closed on \
    Sunday.\"\n[agents.billing]\ndescription = \"Invoices.\"\nnumbers = [\"+1 555 0144\"]\nsystem_prompt = \"You are \
    billing.\"\ngreeting = \"Billing.\"\ntools = []\n[tools.hand_over]\ndoes = \"hand_over\"\n[admin]\ntoken = \
    \"file:TOKEN\"\n";

const TOKEN: &str = "a-token-of-the-test";

/// The reception hands every call over; billing answers.
fn answers(messages: &[Message]) -> String {
    let [system, .., last] = messages else { return String::new() };
    let is_billing = system.text.starts_with("You are billing.") && system.text.contains("Closed on Sunday.");
    match (is_billing, last.role) {
        (false, Role::Tool) => format!("Nobody took it: {}", last.text),
        (false, _) => format!("I connect you with billing. {HAND_OVER}"),
        (true, Role::Tool) => "Billing here, what is the number of your invoice?".to_owned(),
        (true, _) => "That invoice is paid.".to_owned(),
    }
}

const SCRIPT: Script = Script {
    heard: "I have a question about my invoice.",
    answer: Some(answers),
    voice_takes: Duration::ZERO,
};

/// A server with two agents, and records.
struct House {
    folder: tempfile::TempDir,
    server: Server,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(folder.path().join("token"), TOKEN).unwrap();
        let records = format!("[records]\nfile = \"{}\"\nbatch_events = 1\n", at("calls.db"));
        let server = Server::following(&SCRIPT, &(AGENTS.replace("TOKEN", &at("token")) + &records));
        Self { folder, server }
    }

    async fn socket(&self, path: &str) -> Result<Socket, Error> {
        connect_async(format!("ws://{}{path}", self.server.address)).await.map(|(socket, _)| socket)
    }

    /// A call over our own protocol that begins with this, beside its audio.
    async fn call(&self, path: &str, more: Value) -> Socket {
        let mut socket = self.socket(path).await.unwrap();
        let audio = json!({"encoding": "pcm16le", "sample_rate": 8000});
        let mut start = json!({"type": "session.start", "version": 1, "audio": audio});
        start.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        say(&mut socket, &start).await;
        socket
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
        let address = self.server.address.to_string();
        ask_at(&address, method, &format!("/api/v1{path}"), &headers, body.as_bytes())
    }

    /// The agents of the newest call so far.
    fn agents(&self) -> Vec<String> {
        let store = Store::open(&self.folder.path().join("calls.db")).unwrap();
        let calls = store.list(&Filter::default()).unwrap();
        let Some(call) = calls.first() else { return Vec::new() };
        let events = store.call(&Which::Id(call.id)).unwrap().unwrap().events;
        let named = |event: Event| (event.kind == "agent").then_some(event.code);
        events.into_iter().filter_map(named).collect()
    }

    /// The agents of the newest call, once there are so many.
    fn come(&self, count: usize) -> Vec<String> {
        let started = Instant::now();
        loop {
            let agents = self.agents();
            if agents.len() >= count {
                return agents;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{agents:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What a refused client is told.
async fn refusal(mut socket: Socket) -> String {
    while let Some(Ok(message)) = socket.next().await {
        let told: Value =
            message.to_text().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        if told["type"] == "error" {
            return told["message"].as_str().unwrap_or_default().to_owned();
        }
    }
    String::new()
}

#[test]
fn a_call_comes_to_its_agent_by_the_address_the_name_a_parameter_or_nothing() {
    for (path, more, agent) in [
        ("/agents/billing/offhook", json!({}), "billing"),
        ("/agents/reception/call/", json!({"data": {"agent": "billing"}}), "reception"),
        ("/offhook", json!({"agent": {"name": "billing"}}), "billing"),
        ("/offhook", json!({"data": {"agent": "billing"}}), "billing"),
        ("/offhook", json!({}), "reception"),
    ] {
        let house = House::new();
        run(async {
            let socket = house.call(path, more.clone()).await;
            assert_eq!(house.come(1), [agent], "{path} {more}");
            ends(socket).await;
        });
    }
}

#[test]
fn a_gateways_call_comes_to_the_agent_of_the_number_even_if_a_parameter_names_nobody() {
    for (parameters, agent) in [
        (json!({"to": "+15550144"}), "billing"),
        (json!({"to": "+15550144", "agent": "reception"}), "reception"),
        (json!({"to": "+15550144", "agent": "nobody"}), "billing"),
        (json!({"to": "+15550199"}), "reception"),
    ] {
        let house = House::new();
        run(async {
            let mut socket = house.socket("/twilio").await.unwrap();
            let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
            let start = json!({"streamSid": "MZ1", "callSid": "CA1", "tracks": ["inbound"], "mediaFormat": format,
                "customParameters": parameters});
            say(&mut socket, &json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})).await;
            let start = json!({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start});
            say(&mut socket, &start).await;
            assert_eq!(house.come(1), [agent], "{parameters}");
        });
    }
}

#[test]
fn an_agent_that_is_not_there_is_named_with_those_that_are() {
    let house = House::new();
    run(async {
        let Err(Error::Http(answer)) = house.socket("/agents/nobody/offhook").await else { panic!("opened") };
        let body = String::from_utf8(answer.body().clone().unwrap_or_default()).unwrap();
        assert_eq!(
            (answer.status().as_u16(), body.as_str()),
            (404, "there is no such agent; there are: billing, reception\n")
        );
        let named = house.call("/offhook", json!({"agent": {"name": "nobody"}})).await;
        let told = refusal(named).await;
        assert_eq!(told, "agent.name: there is no agent \"nobody\"; there are: billing, reception");
        let voice = house.call("/offhook", json!({"agent": {"voice": "flite:none"}})).await;
        let told = refusal(voice).await;
        assert!(told.starts_with("agent.voice: \"flite:none\" is not loaded"), "{told}");
    });
}

#[test]
fn an_agent_hands_a_call_over_and_the_next_one_goes_on_by_itself() {
    let house = House::new();
    run(async {
        let mut socket = house.call("/offhook", json!({})).await;
        let asked = "Billing here, what is the number of your invoice?";
        let replies = asks(&mut socket, &[asked], "That invoice is paid.").await;
        assert_eq!(replies, ["I connect you with billing.", asked, "That invoice is paid."]);
        assert_eq!(house.come(2), ["reception", "billing"]);
        ends(socket).await;
    });
}

#[test]
fn an_administrator_lists_the_agents_and_lets_another_one_go_on() {
    let house = House::new();
    let agents = house.ask("GET", "/agents", "").json();
    assert_eq!(agents["first"], "reception");
    assert_eq!(agents["agents"][0]["name"], "billing");
    assert_eq!(agents["agents"][0]["numbers"], json!(["15550144"]));
    assert_eq!(
        (&agents["agents"][0]["tools"], &agents["agents"][1]["tools"]),
        (&json!([]), &json!(["hand_over"]))
    );
    run(async {
        let socket = house.call("/offhook", json!({})).await;
        house.come(1);
        let running = || house.ask("GET", "/calls", "").json()["calls"][0].clone();
        let id = running()["id"].as_str().unwrap().to_owned();
        let change = |id: &str, agent: &str| {
            house.ask("POST", &format!("/calls/{id}/agent"), &json!({"agent": agent}).to_string()).status
        };
        assert_eq!(
            (change(&id, "nobody"), change("none", "billing"), change(&id, "billing")),
            (422, 404, 202)
        );
        // The call's task runs on the server's own threads.
        assert_eq!(house.come(2), ["reception", "billing"]);
        assert_eq!(running()["agent"], "billing");
        ends(socket).await;
    });
}
