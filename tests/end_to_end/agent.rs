//! The agent's settings through the interface for those who run the server: read, checked, saved with their
//! comments, and taken over by the next call.

use serde_json::{Value, json};

use super::programs::{Answer, ask};
use super::strangers;
use crate::support::server::{Configuration, Server, configuration, root};

const TOKEN: &str = "a token for administrators";

/// The shipped configuration with its comments, and an administrator.
fn commented() -> Configuration {
    let configuration =
        configuration(&[("[admin]", "[admin] # us"), ("\ntoken = \"\"", "\ntoken = \"file:token\"")]);
    std::fs::write(configuration.path.with_file_name("token"), TOKEN).unwrap();
    configuration
}

fn send(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
    ask(server, method, &format!("/api/v1{path}"), &headers, body.to_string().as_bytes())
}

fn settings(server: &Server) -> Value {
    send(server, "GET", "/agent", &Value::Null).json()
}

fn value_of(settings: &Value, key: &str) -> Value {
    let all = settings["settings"].as_array().expect("settings");
    all.iter().find(|setting| setting["key"] == key).unwrap_or_else(|| panic!("no {key}"))["value"].clone()
}

#[test]
fn settings_are_read_checked_and_saved_with_every_comment_and_no_older_version_wins() {
    let configuration = commented();
    let before = std::fs::read_to_string(&configuration.path).unwrap();
    let server = Server::start(&configuration);
    let read = settings(&server);
    assert_eq!(value_of(&read, "endpoint.complete_ms"), 250);
    // No secret, and nothing of how callers authenticate.
    let text = read.to_string();
    assert!(!text.contains(TOKEN) && !text.contains("file:token") && !text.contains("auth_token"));

    let wrong =
        json!({ "changes": { "endpoint.complete_ms": 1, "agent.greeting": 5, "admin.token": "\"x\"" } });
    let told = send(&server, "POST", "/agent/check", &wrong).json();
    let keys: Vec<&str> =
        told["problems"].as_array().unwrap().iter().filter_map(|one| one["key"].as_str()).collect();
    for key in ["endpoint.complete_ms", "agent.greeting", "admin.token"] {
        assert!(keys.contains(&key), "{told}");
    }
    let mut saving = wrong;
    saving["version"] = read["version"].clone();
    assert_eq!(send(&server, "PUT", "/agent", &saving).status, 422);
    assert_eq!(std::fs::read_to_string(&configuration.path).unwrap(), before, "nothing is saved by halves");

    let right = json!({
        "version": read["version"],
        "changes": { "endpoint.complete_ms": 300, "agent.greeting": "Hello, \"bakery\".\n", "tts.speed": 1.2 },
    });
    let saved = send(&server, "PUT", "/agent", &right);
    assert_eq!((saved.status, &saved.json()["after_a_restart"]), (200, &json!(["tts.speed"])));
    let after = std::fs::read_to_string(&configuration.path).unwrap();
    let comments =
        |text: &str| text.lines().filter(|line| line.contains('#')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(comments(&after), comments(&before));
    assert!(after.contains("complete_ms = 300\n") && after.contains("[admin] # us\n"));
    assert_eq!(
        std::fs::read_to_string(configuration.path.with_file_name("config.toml.before")).unwrap(),
        before
    );
    let now = settings(&server);
    assert_eq!(
        (value_of(&now, "endpoint.complete_ms"), &now["waits_for_restart"]),
        (json!(300), &json!(true))
    );
    // Somebody who read the file before is told.
    assert_eq!(send(&server, "PUT", "/agent", &right).status, 409);
    assert_eq!(settings(&server)["version"], now["version"]);
}

#[test]
fn unsaved_changes_of_every_kind_are_tried_in_one_call_and_in_no_other() {
    let keys = [
        ("\ntoken = \"\"", "\ntoken = \"file:token\""),
        ("own_agents = true", "own_agents = false"),
        ("idle_after_ms = 10000", "idle_after_ms = 60000"),
    ];
    let configuration = configuration(&keys);
    std::fs::write(configuration.path.with_file_name("token"), TOKEN).unwrap();
    let before = std::fs::read_to_string(&configuration.path).unwrap();
    let server = Server::start(&configuration);
    let trial = |changes: Value| send(&server, "POST", "/agent/trial", &json!({ "changes": changes }));
    assert_eq!(ask(&server, "POST", "/api/v1/agent/trial", "", b"{}").status, 401);
    for (wrong, named) in [("tts.speed", "tts.speed"), ("admin.token", "cannot be used")] {
        let refused = trial(json!({ wrong: 1.5 }));
        assert!(refused.status == 422 && refused.json().to_string().contains(named), "{}", refused.json());
    }
    let changes = json!({ "manners.idle_after_ms": 500, "manners.idle_prompts": ["Is anybody trying?"] });
    let answer = trial(changes).json();
    let path = format!("/offhook?trial={}", answer["trial"].as_str().unwrap());
    let agent = json!({"greeting": "", "system_prompt": "You are a baker."});
    let audio = json!({"encoding": "pcm16le", "sample_rate": 8000});
    let start = json!({"type": "session.start", "version": 1, "agent": agent, "audio": audio});
    strangers::run(async {
        let mut socket = strangers::open(&server, &path).await;
        strangers::say(&mut socket, &start).await;
        assert_eq!(strangers::hear(&mut socket, "saying").await["text"], "Is anybody trying?");
        // The ticket is used, and nobody else has the changes or brings an agent.
        assert_eq!(server.knock(&path, &[]), 403);
        let mut other = strangers::open(&server, "/offhook").await;
        strangers::say(&mut other, &start).await;
        assert_eq!(strangers::hear(&mut other, "error").await["code"], "not_allowed");
    });
    assert_eq!(std::fs::read_to_string(&configuration.path).unwrap(), before);
}

#[test]
fn hostile_requests_change_nothing_and_a_read_only_file_is_left_alone() {
    let configuration = commented();
    let before = std::fs::read_to_string(&configuration.path).unwrap();
    let server = Server::start(&configuration);
    let version = settings(&server)["version"].clone();
    for key in
        ["twilio.auth_token", "admin.token", "agent", "", "agent.system_prompt.x", "a\n[admin]\ntoken", "tts"]
    {
        let answer = send(&server, "PUT", "/agent", &json!({ "version": version, "changes": { key: "x" } }));
        assert_eq!(answer.status, 422, "{key}");
    }
    let large = json!({ "version": version, "changes": { "agent.system_prompt": "x".repeat(300_000) } });
    assert_eq!(send(&server, "PUT", "/agent", &large).status, 413);
    assert_eq!(send(&server, "PUT", "/agent", &json!({ "changes": {} })).status, 400);
    let nobody = ask(&server, "GET", "/api/v1/agent", "", b"");
    assert_eq!(nobody.status, 401);
    let mut permissions = std::fs::metadata(&configuration.path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&configuration.path, permissions).unwrap();
    let change = json!({ "version": version, "changes": { "agent.greeting": "Hi." } });
    let answer = send(&server, "PUT", "/agent", &change);
    let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(answer.status == 409 && message.contains("cannot be written here"), "{message}");
    assert_eq!(std::fs::read_to_string(&configuration.path).unwrap(), before);
}

#[test]
fn what_is_read_again_counts_for_new_calls_or_is_named_among_what_waits() {
    let configuration = commented();
    let twin = format!("{}/models/demo/phi3-frontdesk.gguf", root().display());
    let twin = format!("stand_ins = [{{ name = \"twin\", model = \"{twin}\" }}]");
    let before = std::fs::read_to_string(&configuration.path).unwrap().replace("stand_ins = []", &twin);
    std::fs::write(&configuration.path, &before).unwrap();
    let server = Server::start(&configuration);
    let reload = || send(&server, "POST", "/reload", &Value::Null);
    let report = |now: &[&str], later: &[&str]| json!({ "taken_over": now, "after_a_restart": later, "certificate": false });
    assert_eq!(reload().json(), report(&[], &[]));
    let changed = before
        .replace("\nmax_calls = 8\n", "\nmax_calls = 4\n")
        .replace("\nmin_words = 1", "\nmin_words = 2")
        .replace("\nuse = \"\"\n", "\nuse = \"twin\"\n");
    std::fs::write(&configuration.path, &changed).unwrap();
    assert_eq!(reload().json(), report(&["barge_in.min_words", "llm.use"], &["server.max_calls"]));
    // Taken over once; what waits goes on waiting.
    assert_eq!(reload().json(), report(&[], &["server.max_calls"]));
    // What is wrong is told with its line, and what is right beside it does not count either.
    let wrong = before.replace("\nmin_words = 1", "\nmin_words = -1");
    std::fs::write(&configuration.path, wrong).unwrap();
    let refused = reload();
    let told = refused.json();
    let message = told["error"]["message"].as_str().unwrap();
    assert!(refused.status == 422 && message.contains("barge_in.min_words = -1"), "{told:#}");
    assert_eq!(told["problems"][0]["key"], "barge_in.min_words");
    std::fs::write(&configuration.path, &before).unwrap();
    assert_eq!(reload().json(), report(&["barge_in.min_words", "llm.use"], &[]));
    // The console saves what was changed by hand, which is then no news; the model changes when it is read.
    std::fs::write(&configuration.path, &changed).unwrap();
    let save = json!({ "version": settings(&server)["version"], "changes": { "agent.greeting": "Bakery." } });
    assert_eq!(send(&server, "PUT", "/agent", &save).status, 200);
    assert_eq!(reload().json(), report(&["llm.use"], &["server.max_calls"]));
}
