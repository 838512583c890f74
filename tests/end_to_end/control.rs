//! The interface for those who run the server: who may use it, a call that is ended, what is kept of it.

use std::time::Duration;

use serde_json::Value;

use super::programs::{Answer, ask};
use super::strangers;
use crate::support::server::{Server, configured};

const TOKEN: &str = "a token for administrators";

fn send(server: &Server, method: &str, path: &str) -> Answer {
    let headers = format!("Authorization: Bearer {TOKEN}\r\n");
    ask(server, method, &format!("/api/v1{path}"), &headers, b"")
}

/// The message of a refusal, in the form that all have.
fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"]["message"].as_str().expect("a message").to_owned())
}

#[test]
fn an_operator_ends_a_call_and_finds_it_in_the_records_until_it_is_deleted() {
    let keys = [
        ("admin.token", "\"file:token\""),
        ("records.file", "\"calls.db\""),
        ("records.recordings", "\"audio\""),
        ("records.batch_ms", "100"),
    ];
    // The database lies beside the configuration.
    let configuration = configured(&keys, &[("token", TOKEN)]);
    let server = Server::start(&configuration);
    let calls = || send(&server, "GET", "/calls").json()["calls"].as_array().unwrap().clone();
    let records = |query: &str| {
        let listed = send(&server, "GET", &format!("/records{query}")).json();
        listed["calls"].as_array().unwrap_or_else(|| panic!("{listed}")).clone()
    };
    let mut id = String::new();
    strangers::run(async {
        let mut socket = strangers::started(&server).await;
        let running = calls();
        assert_eq!((running.len(), &running[0]["gateway"]), (1, &Value::from("offhook")), "{running:?}");
        id = running[0]["id"].as_str().unwrap().to_owned();
        // A running call cannot be deleted.
        while records("").is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(refused(&send(&server, "DELETE", &format!("/records/{id}"))).0, 409);
        assert_eq!(send(&server, "POST", &format!("/calls/{id}/hangup")).status, 202);
        let summary = strangers::hear(&mut socket, "session.summary").await;
        assert_eq!(summary["end"]["code"], "operator", "{summary:#}");
        strangers::closed(socket).await;
    });
    assert_eq!(refused(&send(&server, "POST", &format!("/calls/{id}/hangup"))).0, 404);
    assert!(calls().is_empty());
    while records("")[0]["ended_at"].is_null() {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(records("?bad=true").is_empty() && records("?gateway=offhook&limit=1&said=").len() == 1);
    let number = records("")[0]["id"].as_i64().unwrap();
    assert!(records(&format!("?before={number}")).is_empty());
    let one = send(&server, "GET", &format!("/records/{number}")).json();
    assert_eq!((&one["offhook_call"], &one["call"]["call_id"]), (&Value::from(1), &Value::from(id.as_str())));
    let audio = send(&server, "GET", &format!("/records/{id}/audio"));
    assert!(audio.body.starts_with(b"RIFF") && audio.head.contains("content-type: audio/wav"));
    assert_eq!(send(&server, "DELETE", &format!("/records/{id}")).status, 204);
    assert_eq!(refused(&send(&server, "GET", &format!("/records/{id}"))).0, 404);
    assert_eq!(send(&server, "GET", "/state").json()["ready"], true);
}

#[test]
fn nobody_else_uses_it_and_whatever_is_wrong_is_told_in_its_own_form() {
    let server = Server::start(&configured(&[("admin.token", "\"file:token\"")], &[("token", TOKEN)]));
    for (path, headers) in [("/state", ""), ("/calls", "Authorization: Bearer wrong\r\n"), ("/none", "")] {
        let answer = ask(&server, "GET", &format!("/api/v1{path}"), headers, b"");
        let (status, message) = refused(&answer);
        assert!(status == 401 && message.contains("admin.token"), "{path}: {status} {message}");
    }
    let (status, message) = refused(&send(&server, "GET", "/records"));
    assert!(status == 404 && message.contains("records.file"), "{message}");
    assert_eq!(refused(&send(&server, "GET", "/none")).0, 404);
    assert_eq!(refused(&send(&server, "POST", "/calls/%00..%2f/hangup")).0, 404);
    assert_eq!(refused(&send(&server, "PUT", "/calls")).0, 405);
}
