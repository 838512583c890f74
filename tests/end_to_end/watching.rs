//! A running call that an operator reads as it goes on, to its end.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::programs::{Answer, ask};
use super::{own_agent, strangers};
use crate::support::server::{Server, configured};

const TOKEN: &str = "a token for administrators";

fn get(server: &Server, path: &str) -> Answer {
    let headers = format!("Authorization: Bearer {TOKEN}\r\n");
    ask(server, "GET", &format!("/api/v1{path}"), &headers, b"")
}

#[test]
fn an_operator_reads_what_is_said_in_a_running_call_and_how_it_ends() {
    let server = Server::start(&configured(&[("admin.token", "\"file:token\"")], &[("token", TOKEN)]));
    let path = OnceLock::new();
    let (events, turn) = std::thread::scope(|scope| {
        let (mut reads, mut turn) = (None, Value::Null);
        strangers::run(async {
            let socket = own_agent::start(&server, json!({})).await;
            let id = loop {
                if let Some(call) = get(&server, "/calls").json()["calls"].get(0) {
                    break call["id"].as_str().unwrap().to_owned();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            let path: &String = path.get_or_init(|| format!("/calls/{id}/events"));
            let stranger = ask(&server, "GET", &format!("/api/v1{path}"), "", b"");
            assert_eq!(stranger.status, 401);
            reads = Some(scope.spawn(|| get(&server, path)));
            // The caller hangs up after the answer, without a word.
            turn = own_agent::turn(socket).await;
        });
        (reads.unwrap().join().unwrap(), turn)
    });
    assert!(events.head.contains("content-type: text/event-stream"), "{}", events.head);
    let events = events.events();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    assert_eq!((&events[0]["type"], &events[0]["left_out"]), (&json!("call"), &json!(0)));
    assert_eq!(of("heard")[0]["text"], turn["heard"]);
    assert!(!of("caller_speaks").is_empty());
    let replies: Vec<&Value> = of("turn").iter().map(|turn| &turn["reply"]).collect();
    assert!(replies.len() == 2 && replies[1] == &turn["reply"], "{replies:?}");
    let unfinished = of("hearing").len() + of("saying").len();
    assert_eq!(unfinished, 0, "of words that are not final, no number can be taken out");
    let end = events.last().unwrap();
    assert_eq!((&end["type"], &end["transcript"]), (&json!("session.summary"), &json!([])));
    assert_eq!(end["data"], json!({}));
    assert_eq!(get(&server, path.get().unwrap()).status, 404);
}
