//! The interface for those who run the server, against its description: every operation is asked for, every
//! answer that a test can cause is caused, and each is exactly what is described: no other status, no other
//! form, and no field that the description does not name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::programs::{Answer, ask};
use super::{described_agents, logins, own_agent, strangers};
use crate::support::server::{Server, configured};

const TOKEN: &str = "a token for administrators";

/// Answers of a server in trouble or under more load than a test makes.
const NOT_CAUSED: [&str; 3] = ["429", "500", "503"];

/// Those of a transfer that depend on a provider: `transferring.rs` causes them.
const OF_PROVIDERS: [&str; 4] = ["409", "422", "502", "504"];

/// An operation of the description.
struct Operation {
    method: String,
    path: String,
    takes_id: bool,
    /// The form of its request, if it has one.
    body: Option<Validator>,
    /// What is described for each status: content types with their form; none for an empty body.
    answers: BTreeMap<String, Vec<(String, Option<Validator>)>>,
    /// Its query: name and schema of each parameter.
    query: Vec<(String, Value)>,
}

/// Who asks.
#[derive(Clone, Copy)]
enum By<'a> {
    Token,
    Nobody,
    /// A session, by the page of another site.
    Forged(&'a str),
}

/// What is asked of one operation.
#[derive(Default, Clone)]
pub(super) struct Asked<'a> {
    pub(super) id: &'a str,
    pub(super) query: &'a str,
    pub(super) body: Option<Vec<u8>>,
    pub(super) content_type: Option<&'a str>,
}

impl Asked<'_> {
    pub(super) fn json(body: &Value) -> Self {
        let body = Some(body.to_string().into_bytes());
        Self { body, content_type: Some("application/json"), ..Self::default() }
    }
}

pub(super) struct Walk {
    operations: BTreeMap<String, Operation>,
    walked: BTreeSet<(String, String)>,
}

impl Walk {
    /// The operations that this server describes.
    fn of(server: &Server) -> Self {
        let headers = format!("Authorization: Bearer {TOKEN}\r\n");
        let mut described = ask(server, "GET", "/api/v1/openapi.json", &headers, b"").json();
        assert_eq!(described, serde_json::to_value(offhook::http::description()).unwrap());
        close(&mut described);
        let mut operations = BTreeMap::new();
        for (path, item) in described["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap().to_owned();
                let operation = Operation::read(&described, method, path, operation);
                assert!(operations.insert(name, operation).is_none());
            }
        }
        Self { operations, walked: BTreeSet::new() }
    }

    /// Asks, and compares the answer with what is described.
    fn ask(&mut self, server: &Server, name: &str, asked: &Asked<'_>, by: By<'_>) -> Answer {
        let operation = self.operations.get(name).unwrap_or_else(|| panic!("{name} is not described"));
        let path = format!("{}{}", operation.path.replace("{id}", asked.id), asked.query);
        let kind = asked.content_type.map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
        let who = match by {
            By::Token => format!("Authorization: Bearer {TOKEN}\r\n"),
            By::Nobody => String::new(),
            By::Forged(cookie) => format!("Cookie: {cookie}\r\nOrigin: https://evil.example\r\n"),
        };
        let body = asked.body.as_deref().unwrap_or_default();
        let answer = ask(server, &operation.method, &path, &format!("{who}{kind}"), body);
        let at = format!("{name} ({} {path}): {}", operation.method, answer.status);
        let status = answer.status.to_string();
        let described = operation.answers.get(&status).unwrap_or_else(|| panic!("{at} is not described"));
        match described.as_slice() {
            [] => assert!(answer.body.is_empty(), "{at} has a body"),
            forms => {
                let is = |kind: &str| answer.head.contains(&format!("content-type: {kind}"));
                let form = forms.iter().find(|(kind, _)| is(kind));
                let (_, form) = form.unwrap_or_else(|| panic!("{at} has another kind:\n{}", answer.head));
                if let Some(form) = form {
                    conforms(form, &answer.json(), &at);
                }
            }
        }
        if answer.status < 300
            && let Some(form) = &operation.body
        {
            conforms(form, &serde_json::from_slice(body).unwrap(), &format!("the request of {at}"));
        }
        self.walked.insert((name.to_owned(), status));
        answer
    }

    pub(super) fn right(&mut self, server: &Server, name: &str, asked: &Asked<'_>) -> Answer {
        let answer = self.ask(server, name, asked, By::Token);
        assert!(answer.status < 300, "{name}: {}", answer.status);
        answer
    }

    /// Asks for what is refused with this status. Returns the message.
    pub(super) fn refused(&mut self, server: &Server, name: &str, asked: &Asked<'_>, status: u16) -> String {
        let answer = self.ask(server, name, asked, By::Token);
        assert_eq!(answer.status, status, "{name}: {:?}", String::from_utf8_lossy(&answer.body));
        answer.json()["error"]["message"].as_str().unwrap().to_owned()
    }

    fn names(&self, of: impl Fn(&Operation) -> bool) -> Vec<String> {
        let these = self.operations.iter().filter(|(_, operation)| of(operation));
        these.map(|(name, _)| name.clone()).collect()
    }
}

impl Operation {
    fn read(described: &Value, method: &str, path: &str, operation: &Value) -> Self {
        let form = |schema: &Value| {
            let mut whole = schema.clone();
            whole["components"] = described["components"].clone();
            jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
        };
        let answer = |answer: &Value| {
            let pointer = answer["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
            let answer = pointer.map_or(answer, |pointer| described.pointer(pointer).expect("an answer"));
            let forms = answer["content"].as_object().into_iter().flatten().map(|(kind, content)| {
                // What is no JSON is text or audio, of which a schema says nothing.
                (kind.clone(), (kind == "application/json").then(|| form(&content["schema"])))
            });
            forms.collect()
        };
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let query = parameters.filter(|parameter| parameter["in"] == "query");
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            takes_id: path.contains("{id}"),
            body: (!body.is_null()).then(|| form(body)),
            answers: operation["responses"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(status, described)| (status.clone(), answer(described)))
                .collect(),
            query: query
                .map(|one| (one["name"].as_str().unwrap().to_owned(), one["schema"].clone()))
                .collect(),
        }
    }
}

fn conforms(form: &Validator, value: &Value, at: &str) {
    let wrong: Vec<String> =
        form.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{at} is not what is described:\n{}\n{value:#}", wrong.join("\n"));
}

/// Lets no schema take a field that it does not name. (The description itself leaves room for later ones.)
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.values_mut().for_each(close);
            if fields.get("type").is_some_and(|kind| kind == "object") && fields.contains_key("properties") {
                fields.entry("additionalProperties").or_insert(Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// A query that is just outside of what is described for a parameter, if it has limits.
fn outside(name: &str, schema: &Value) -> Vec<String> {
    let beyond = |limit: &str, by: f64| schema[limit].as_f64().map(|limit| format!("?{name}={}", limit + by));
    let long = schema["maxLength"].as_u64().map(|most| format!("?{name}={}", "x".repeat(most as usize + 1)));
    let kind = schema["type"].to_string();
    let malformed = (!kind.contains("string")).then(|| format!("?{name}=many"));
    [beyond("minimum", -1.0), beyond("maximum", 1.0), long, malformed].into_iter().flatten().collect()
}

#[test]
fn every_operation_and_every_answer_is_as_described() {
    let keys = [
        ("admin.token", "\"file:token\""),
        ("records.file", "\"calls.db\""),
        ("records.recordings", "\"audio\""),
        ("records.batch_ms", "100"),
        ("llm.cached_answers", "100"),
    ];
    let configuration = configured(&keys, &[("token", TOKEN)]);
    let server = &Server::start(&configuration);
    let walk = &mut Walk::of(server);
    let nothing = Asked::default();
    for name in walk.names(|operation| operation.method == "GET" && !operation.takes_id) {
        walk.right(server, &name, &nothing);
    }
    // A call with a turn, and one that operators speak into.
    strangers::run(async {
        let turn = own_agent::turn(own_agent::start(server, json!({"greeting": ""})).await).await;
        assert_eq!(turn["turn"], 1);
        described_agents::kept_answers(walk, server, &turn["heard"]);
        let socket = strangers::started(server).await;
        let id = &new_call(walk, server);
        assert_eq!(walk.right(server, "get_call", &Asked { id, ..Asked::default() }).json()["id"], *id);
        described_agents::walk(walk, server, id);
        for name in ["say", "inform"] {
            walk.right(server, name, &Asked { id, ..Asked::json(&json!({"text": "The lift works again."})) });
        }
        while walk.right(server, "list_records", &nothing).json()["calls"].as_array().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        walk.refused(server, "delete_record", &Asked { id, ..Asked::default() }, 409);
        walk.right(server, "get_state", &nothing);
        walk.right(server, "hang_up", &Asked { id, ..Asked::default() });
        strangers::closed(socket).await;
        let socket = strangers::started(server).await;
        let id = new_call(walk, server);
        watched(walk, server, &id);
        strangers::closed(socket).await;
        transferred(walk, server).await;
    });
    records(walk, server);
    refusals(walk, server);
    described_agents::files_of(walk, server, &configuration.path);
    // Without records.
    let other = &Server::start(&configured(&[("admin.token", "\"file:token\"")], &[("token", TOKEN)]));
    let told = walk.refused(other, "list_records", &nothing, 404);
    assert!(told.contains("records.file"), "{told}");

    let all = walk.operations.iter().flat_map(|(name, operation)| {
        let statuses = operation.answers.keys().filter(|status| !NOT_CAUSED.contains(&status.as_str()));
        statuses.map(move |status| (name.clone(), status.clone()))
    });
    let missing: Vec<_> = all.filter(|one| !walk.walked.contains(one) && !is_of_providers(one)).collect();
    assert!(missing.is_empty(), "described, and caused by nothing here: {missing:?}");
}

fn is_of_providers((name, status): &(String, String)) -> bool {
    name == "transfer" && OF_PROVIDERS.contains(&status.as_str())
}

/// The name of a running call without a turn: earlier ones may still be closing.
fn new_call(walk: &mut Walk, server: &Server) -> String {
    loop {
        let running = walk.right(server, "list_calls", &Asked::default()).json();
        let running = running["calls"].as_array().unwrap();
        let new: Vec<&Value> = running.iter().filter(|call| call["turns"] == 0).collect();
        if let [call] = new[..] {
            return call["id"].as_str().unwrap().to_owned();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A call that is watched until somebody hangs it up.
fn watched(walk: &mut Walk, server: &Server, id: &str) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            let headers = format!("Authorization: Bearer {TOKEN}\r\n");
            ask(server, "POST", &format!("/api/v1/calls/{id}/hangup"), &headers, b"");
        });
        let events = walk.right(server, "watch_call", &Asked { id, ..Asked::default() }).events();
        assert_eq!(events.last().unwrap()["type"], "session.summary");
    });
}

async fn transferred(walk: &mut Walk, server: &Server) {
    let socket = strangers::started(server).await;
    let id = &new_call(walk, server);
    let wanted = json!({"to": "+15550142", "briefing": "About room 7."});
    walk.right(server, "transfer", &Asked { id, ..Asked::json(&wanted) });
    strangers::closed(socket).await;
}

/// The records of all calls, once they have ended.
fn records(walk: &mut Walk, server: &Server) {
    let calls = loop {
        let listed =
            walk.right(server, "list_records", &Asked { query: "?limit=4&said=", ..Asked::default() });
        let calls = listed.json()["calls"].as_array().unwrap().clone();
        if calls.len() == 4 && calls.iter().all(|call| !call["ended_at"].is_null()) {
            break calls;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let number = calls[3]["id"].to_string();
    let first = &Asked { id: &number, ..Asked::default() };
    let one = walk.right(server, "get_record", first).json();
    let turns = one["turns"].as_array().unwrap();
    assert!(turns.last().is_some_and(|turn| turn["v2v_ms"].is_number()), "{one:#}");
    let said = walk.right(server, "get_transcript", first);
    let said = String::from_utf8(said.body).unwrap();
    assert!(said.contains("caller: ") && said.contains("agent: "), "{said}");
    assert!(walk.right(server, "get_recording", first).body.starts_with(b"RIFF"));
    walk.right(server, "delete_record", first);
}

/// What is refused whatever an operation does, and what is beyond its limits.
fn refusals(walk: &mut Walk, server: &Server) {
    let configuration = logins::behind_a_proxy();
    let proxied = Server::start(&configuration);
    let (cookie, _) = logins::session(&proxied, logins::PUBLIC);
    let every = walk.names(|_| true);
    for name in &every {
        let asked = Asked { id: "none", ..Asked::default() };
        assert_eq!(walk.ask(server, name, &asked, By::Nobody).status, 401, "{name}");
        assert_eq!(walk.ask(&proxied, name, &asked, By::Forged(&cookie)).status, 403, "{name}");
    }
    let text = |length: usize| json!({"text": "é".repeat(length)});
    for name in walk.names(|operation| operation.takes_id) {
        let body = match name.as_str() {
            "transfer" => json!({"to": "+15550142"}),
            "change_agent" => json!({"agent": "main"}),
            _ => text(2000),
        };
        let asked = |id| Asked { id, ..Asked::json(&body) };
        walk.refused(server, &name, &asked("none"), 404);
        walk.refused(server, &name, &asked("%ff"), 400);
    }
    for name in ["say", "inform"] {
        for wrong in [text(2001), text(0), json!({"texts": "x"}), json!({"text": "x", "voice": "y"})] {
            walk.refused(server, name, &Asked { id: "none", ..Asked::json(&wrong) }, 400);
        }
    }
    let to = "+15550142";
    let long = json!({"to": to, "briefing": "x".repeat(501)});
    for wrong in [json!({"to": "0142"}), json!({"to": to, "from": "x"}), long] {
        walk.refused(server, "transfer", &Asked { id: "none", ..Asked::json(&wrong) }, 400);
    }
    for name in walk.names(|operation| operation.body.is_some()) {
        let large = json!({"text": "x".repeat(300_000), "changes": {}});
        walk.refused(server, &name, &Asked { id: "none", ..Asked::json(&large) }, 413);
        let body = Some(b"{}".to_vec());
        walk.refused(server, &name, &Asked { id: "none", body, ..Asked::default() }, 415);
    }
    walk.refused(server, "list_calls", &Asked { query: "?limit=1", ..Asked::default() }, 400);
    let parameters = walk.operations["list_records"].query.clone();
    assert!(parameters.len() > 5);
    for (name, schema) in &parameters {
        let twice = format!("?{name}=1&{name}=1");
        for query in outside(name, schema).iter().chain([&twice]) {
            let told = walk.refused(server, "list_records", &Asked { query, ..Asked::default() }, 400);
            assert!(told.starts_with(name.as_str()), "{query}: {told}");
        }
    }
    let told = walk.refused(server, "list_records", &Asked { query: "?limt=1", ..Asked::default() }, 400);
    assert!(told.contains("\"limt\"") && parameters.iter().all(|(name, _)| told.contains(name)), "{told}");
}
