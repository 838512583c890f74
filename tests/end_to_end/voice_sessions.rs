//! Voice sessions in the form of OpenAI's Realtime API, and what operators say into running calls, over real
//! sockets and with the shipped models.

use serde_json::{Value, json};

use super::programs::ask;
use super::strangers;
use crate::support::server::{Server, configuration, configured};

/// What the agent says until its response is done.
async fn answer(socket: &mut strangers::Socket) -> (String, Value) {
    let said = strangers::hear(socket, "response.output_audio_transcript.done").await;
    let done = strangers::hear(socket, "response.done").await;
    (said["transcript"].as_str().unwrap().to_owned(), done["response"].clone())
}

#[test]
fn typed_words_are_answered_aloud_and_with_the_instructions_of_the_session() {
    let server = Server::start(&configuration(&[]));
    strangers::run(async {
        let mut socket = strangers::open(&server, "/v1/realtime?model=default").await;
        let created = strangers::hear(&mut socket, "session.created").await;
        assert_eq!(created["session"]["type"], "realtime", "{created:#}");
        let instructions = "You are the front desk of a garage. Prices: cleaning twenty dollars.";
        let session = json!({"type": "realtime", "instructions": instructions});
        strangers::say(&mut socket, &json!({"type": "session.update", "session": session})).await;
        strangers::hear(&mut socket, "session.updated").await;
        let item = json!({"type": "message", "role": "user",
            "content": [{"type": "input_text", "text": "How much is a cleaning?"}]});
        strangers::say(&mut socket, &json!({"type": "conversation.item.create", "item": item})).await;
        strangers::say(&mut socket, &json!({"type": "response.create"})).await;
        strangers::hear(&mut socket, "response.output_audio.delta").await;
        let (said, response) = answer(&mut socket).await;
        assert!(said.contains("twenty"), "{said}");
        assert_eq!(response["status"], "completed", "{response:#}");
        assert!(response["usage"]["output_tokens"].as_u64() > Some(0), "{response:#}");
        // A mistake is told, and the session goes on.
        strangers::say(&mut socket, &json!({"type": "input_audio_buffer.commit", "event_id": "e9"})).await;
        let error = strangers::hear(&mut socket, "error").await;
        assert_eq!(error["error"]["event_id"], "e9", "{error:#}");
        strangers::say(
            &mut socket,
            &json!({"type": "response.create", "response": {"instructions": "Hello."}}),
        )
        .await;
        assert_eq!(answer(&mut socket).await.1["status"], "completed");
    });
}

/// A session with one function, whose argument has this form, and a question of the user's.
async fn asked_with_a_function(server: &Server, argument: Value) -> strangers::Socket {
    let mut socket = strangers::open(server, "/v1/realtime?model=default").await;
    let parameters = json!({"type": "object", "properties": {"day": argument}, "required": ["day"]});
    let tools = json!([{"type": "function", "name": "book", "parameters": parameters}]);
    let session =
        json!({"type": "realtime", "instructions": "You book.", "tools": tools, "tool_choice": "required"});
    strangers::say(&mut socket, &json!({"type": "session.update", "session": session})).await;
    strangers::hear(&mut socket, "session.updated").await;
    let item = json!({"type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "I would like to come on Tuesday."}]});
    strangers::say(&mut socket, &json!({"type": "conversation.item.create", "item": item})).await;
    strangers::say(&mut socket, &json!({"type": "response.create"})).await;
    socket
}

#[test]
fn a_function_is_called_in_the_form_of_its_schema_and_its_result_is_answered_aloud() {
    let server = Server::start(&configuration(&[]));
    strangers::run(async {
        let mut socket = asked_with_a_function(&server, json!({"enum": ["Monday", "Tuesday"]})).await;
        let called = strangers::hear(&mut socket, "response.function_call_arguments.done").await;
        let arguments: Value = serde_json::from_str(called["arguments"].as_str().unwrap()).unwrap();
        assert!(["Monday", "Tuesday"].contains(&arguments["day"].as_str().unwrap()), "{arguments}");
        assert_eq!(arguments.as_object().unwrap().len(), 1);
        let done = strangers::hear(&mut socket, "response.done").await;
        assert_eq!(done["response"]["output"][0]["call_id"], called["call_id"], "{done:#}");
        let session = json!({"type": "realtime", "tool_choice": "none"});
        strangers::say(&mut socket, &json!({"type": "session.update", "session": session})).await;
        let item = json!({"type": "function_call_output", "call_id": called["call_id"], "output": "booked"});
        strangers::say(&mut socket, &json!({"type": "conversation.item.create", "item": item})).await;
        strangers::say(&mut socket, &json!({"type": "response.create"})).await;
        let (said, response) = answer(&mut socket).await;
        assert!(!said.is_empty() && response["status"] == "completed", "{said} {response:#}");
    });
}

#[test]
fn a_function_whose_schema_cannot_be_kept_is_told_and_the_question_is_answered() {
    let server = Server::start(&configuration(&[]));
    strangers::run(async {
        let argument = json!({"type": "string", "pattern": "(?=a)b"});
        let mut socket = asked_with_a_function(&server, argument).await;
        let error = strangers::hear(&mut socket, "error").await;
        assert_eq!(error["error"]["code"], "tools_refused", "{error:#}");
        assert!(error["error"]["message"].as_str().unwrap().contains("\"book\""), "{error:#}");
        let (said, response) = answer(&mut socket).await;
        assert!(!said.is_empty() && response["status"] == "completed", "{said} {response:#}");
    });
}

#[test]
fn a_session_that_cannot_be_is_refused_before_its_socket_opens() {
    let server = Server::start(&configuration(&[]));
    for (path, headers, status, told) in [
        ("/v1/realtime?model=default", "", 400, "WebSocket"),
        ("/v1/realtime?model=gpt-none", &upgrade(""), 404, "gpt-none"),
        ("/v1/realtime", &upgrade("Origin: https://evil.example\r\n"), 401, "keys"),
    ] {
        let answer = ask(&server, "GET", path, headers, b"");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(answer.status == status && message.contains(told), "{path}: {} {message}", answer.status);
    }
    let keys = configured(&[("api.keys", "\"file:keys\"")], &[("keys", "a-key-of-one\n")]);
    let server = Server::start(&keys);
    assert_eq!(ask(&server, "GET", "/v1/realtime", &upgrade(""), b"").status, 401);
}

fn upgrade(more: &str) -> String {
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        .to_owned()
        + more
}

#[test]
fn an_operator_lets_the_agent_say_and_know_things() {
    const TOKEN: &str = "a token for administrators";
    let server = Server::start(&configured(&[("admin.token", "\"file:token\"")], &[("token", TOKEN)]));
    let order = |path: &str, body: &str| {
        let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
        ask(&server, "POST", &format!("/api/v1/calls/{path}"), &headers, body.as_bytes()).status
    };
    strangers::run(async {
        let mut socket = strangers::started(&server).await;
        let headers = format!("Authorization: Bearer {TOKEN}\r\n");
        let running = ask(&server, "GET", "/api/v1/calls", &headers, b"").json();
        let id = running["calls"][0]["id"].as_str().unwrap();
        assert_eq!(order(&format!("{id}/inform"), r#"{"text": "The lift is broken."}"#), 202);
        assert_eq!(order(&format!("{id}/say"), r#"{"text": "We close in ten minutes."}"#), 202);
        loop {
            // The greeting comes first.
            let saying = strangers::hear(&mut socket, "saying").await;
            if saying["text"] == "We close in ten minutes." {
                break;
            }
        }
        for body in [
            "",
            "{}",
            r#"{"text": " "}"#,
            r#"{"text": 1}"#,
            &format!(r#"{{"text": "{}"}}"#, "x".repeat(2001)),
        ] {
            assert_eq!(order(&format!("{id}/say"), body), 400, "{body}");
        }
        assert_eq!(order("nobody/say", r#"{"text": "Hello."}"#), 404);
    });
}
