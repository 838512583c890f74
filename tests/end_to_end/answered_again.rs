//! Answers that are given again: two callers ask the same, one after the other.

use serde_json::{Value, json};

use std::time::{Duration, Instant};

use super::own_agent::{start, turn};
use super::programs::ask;
use super::strangers::run;
use crate::support::server::{Server, configured, run as command};

#[test]
fn the_second_who_asks_gets_the_answer_of_the_first_and_who_brings_other_facts_does_not() {
    let server = Server::start(&configured(&[("llm.cached_answers", "100")], &[]));
    run(async {
        let quiet = || json!({"greeting": ""});
        let first = turn(start(&server, quiet()).await).await;
        assert_eq!(first["tokens"].get("cached"), None, "{first}");
        let second = turn(start(&server, quiet()).await).await;
        assert_eq!(second["tokens"]["cached"], "exact", "{second}");
        assert_eq!((&second["heard"], &second["reply"]), (&first["heard"], &first["reply"]));
        let facts = "You are the front desk of Corner Bakery. Hours: Monday to Friday nine thirty to five.";
        let other: Value = turn(start(&server, json!({"greeting": "", "system_prompt": facts})).await).await;
        assert_eq!(other["tokens"].get("cached"), None, "{other}");
        assert!(other["reply"].as_str().unwrap().contains("nine thirty"), "{other}");
    });
}

#[test]
fn what_callers_have_asked_before_is_answered_ahead_after_a_start_with_other_facts() {
    let token = "a token for administrators";
    let keys = [
        ("llm.cached_answers", "100"),
        ("records.file", "\"calls.db\""),
        ("records.batch_ms", "100"),
        ("admin.token", "\"file:token\""),
    ];
    let configuration = configured(&keys, &[("token", token)]);
    let server = Server::start(&configuration);
    let mut heard = Value::Null;
    run(async { heard = turn(start(&server, json!({"greeting": ""})).await).await["heard"].take() });
    let config = configuration.path.to_str().unwrap();
    let began = Instant::now();
    while !command(&["--config", config, "calls", "show", "#1", "--json"], "")
        .stdout
        .windows(8)
        .any(|w| w == b"\"heard\":")
    {
        assert!(began.elapsed() < Duration::from_secs(30), "the turn is not in the records");
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(server);

    let text = std::fs::read_to_string(&configuration.path).unwrap();
    std::fs::write(&configuration.path, text.replace("eight thirty to five", "nine fifteen to five"))
        .unwrap();
    let server = Server::start(&configuration);
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    let question = json!({"question": heard}).to_string();
    let began = Instant::now();
    let answer = loop {
        let answer = ask(&server, "POST", "/api/v1/chat/quick", &headers, question.as_bytes());
        if answer.status == 200 {
            break answer.json();
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{}", answer.json());
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(answer["answer"].as_str().unwrap().contains("nine fifteen"), "{answer}");
}
