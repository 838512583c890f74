//! The provider's API: it presses the opening keys, and ends the call after the agent's goodbye, if need be
//! at a later attempt.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::strangers::{open, run, say};
use crate::support::server::{Server, configured, root};

/// A timeout, so that a test ends even if the API gets no request.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A request to the API, head and body.
pub(super) struct Asked {
    pub(super) line: String,
    authorization: String,
    pub(super) body: String,
}

/// An API that gives these answers, one per request, and returns the requests.
pub(super) fn api(answers: &'static [&'static str]) -> (String, Receiver<Vec<Asked>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (asked, all) = channel();
    std::thread::spawn(move || {
        let _ = asked.send(answers.iter().map(|answer| serve(&listener, answer)).collect());
    });
    (base, all)
}

fn serve(listener: &TcpListener, answer: &str) -> Asked {
    let mut stream: TcpStream = listener.accept().unwrap().0;
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let found =
            head.iter().find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    // Who asks may be gone by now.
    let _ = write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    Asked {
        line: head[0].clone(),
        authorization: header("authorization"),
        body: String::from_utf8(body).unwrap(),
    }
}

/// Keys of a server whose agent says goodbye after a second of silence.
const SHORT: [(&str, &str); 3] =
    [("agent.greeting", "\"\""), ("manners.idle_after_ms", "1000"), ("manners.idle_prompts", "[]")];

/// A call whose peer sends nothing but marks, until the server closes. `mark` makes this provider's message
/// that returns a mark.
async fn stay_silent(server: &Server, path: &str, start: &Value, mark: fn(&Value) -> Option<Value>) {
    let mut socket = open(server, path).await;
    say(&mut socket, start).await;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        if let Some(back) = mark(&serde_json::from_str(&text).unwrap()) {
            let _ = socket.send(Message::text(back.to_string())).await;
        }
    }
}

#[test]
fn telnyx_presses_the_opening_keys_and_is_asked_to_hang_up_until_it_can() {
    let (base, asked) = api(&["200 OK", "503 Service Unavailable", "200 OK"]);
    let base = format!("\"{base}\"");
    let keys = [
        ("telnyx.api_key", "\"file:key\""),
        ("telnyx.api_url", base.as_str()),
        ("agent.opening_keys", "\"1\""),
    ];
    let server = Server::start(&configured(&[&SHORT[..], &keys].concat(), &[("key", "KEY0123456789")]));
    run(async {
        let format = json!({"encoding": "PCMU", "sample_rate": 8000, "channels": 1});
        let start = json!({"user_id": "u", "call_control_id": "v3:abc-1", "media_format": format});
        let start = json!({"event": "start", "start": start, "stream_id": "s1"});
        let mark = |m: &Value| {
            (m["event"] == "mark").then(|| json!({"event": "mark", "mark": m["mark"], "stream_id": "s1"}))
        };
        stay_silent(&server, "/telnyx", &start, mark).await;
    });
    let mut asked = asked.recv_timeout(PATIENCE).unwrap();
    assert_eq!(asked.len(), 3);
    let opening = asked.remove(0);
    assert_eq!(opening.line, "POST /v2/calls/v3:abc-1/actions/send_dtmf HTTP/1.1");
    assert_eq!(opening.body, json!({"digits": "1"}).to_string());
    for asked in asked {
        assert_eq!(asked.line, "POST /v2/calls/v3:abc-1/actions/hangup HTTP/1.1");
        assert_eq!(asked.authorization, "Bearer KEY0123456789");
        assert_eq!(asked.body, "{}");
    }
}

#[test]
fn vonage_is_asked_with_a_token_that_its_application_signed() {
    let (base, asked) = api(&["204 No Content"]);
    let base = format!("\"{base}\"");
    let key = std::fs::read_to_string(root().join("tests/golden/signatures/test-key.pem")).unwrap();
    let keys = [
        ("vonage.application_id", "\"an-application\""),
        ("vonage.private_key", "\"file:key.pem\""),
        ("vonage.api_url", base.as_str()),
    ];
    let server = Server::start(&configured(&[&SHORT[..], &keys].concat(), &[("key.pem", &key)]));
    run(async {
        let start = json!({"event": "websocket:connected", "content-type": "audio/l16;rate=8000", "call_id": "63f61863-4a51"});
        let mark = |m: &Value| {
            (m["action"] == "notify").then(|| json!({"event": "websocket:notify", "payload": m["payload"]}))
        };
        stay_silent(&server, "/vonage", &start, mark).await;
    });
    let asked = &asked.recv_timeout(PATIENCE).unwrap()[0];
    assert_eq!(asked.line, "PUT /v1/calls/63f61863-4a51 HTTP/1.1");
    assert_eq!(asked.authorization.split('.').count(), 3);
    assert_eq!(asked.body, json!({"action": "hangup"}).to_string());
}

#[test]
fn plivo_is_asked_in_its_own_way() {
    let (base, asked) = api(&["204 No Content"]);
    let base = format!("\"{base}\"");
    let keys = [
        ("plivo.auth_id", "\"MA1\""),
        ("plivo.auth_token", "\"file:token\""),
        ("plivo.api_url", base.as_str()),
        ("server.lines", "[\"plivo\"]"),
        ("server.public_url", "\"wss://voice.example.com\""),
    ];
    let configuration = configured(&[&SHORT[..], &keys].concat(), &[("token", "0123456789")]);
    // A server that hangs up through Plivo's API also checks Plivo's signatures; --open lets this test in.
    let server = Server::open_to_all(&configuration);
    run(async {
        let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000});
        let start = json!({"callId": "c1", "streamId": "s1", "tracks": ["inbound"], "mediaFormat": format});
        let start = json!({"event": "start", "sequenceNumber": 1, "start": start});
        let mark = |m: &Value| {
            (m["event"] == "checkpoint")
                .then(|| json!({"event": "playedStream", "streamId": "s1", "name": m["name"]}))
        };
        stay_silent(&server, "/plivo", &start, mark).await;
    });
    let asked = &asked.recv_timeout(PATIENCE).unwrap()[0];
    assert_eq!(asked.line, "DELETE /v1/Account/MA1/Call/c1/ HTTP/1.1");
    assert_eq!(asked.authorization, format!("Basic {}", STANDARD.encode("MA1:0123456789")));
}

#[test]
fn twilio_is_asked_in_its_own_way() {
    let (base, asked) = api(&["200 OK"]);
    let base = format!("\"{base}\"");
    let keys = [
        ("twilio.account_sid", "\"AC1\""),
        ("twilio.auth_token", "\"file:token\""),
        ("twilio.api_url", base.as_str()),
        ("server.lines", "[\"twilio\"]"),
        ("server.public_url", "\"wss://voice.example.com\""),
    ];
    let configuration = configured(&[&SHORT[..], &keys].concat(), &[("token", "0123456789")]);
    let server = Server::open_to_all(&configuration);
    run(async {
        let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
        let start = json!({"streamSid": "MZ1", "callSid": "CA1", "mediaFormat": format});
        let start = json!({"event": "start", "start": start, "streamSid": "MZ1"});
        let mark = |m: &Value| (m["event"] == "mark").then(|| m.clone());
        stay_silent(&server, "/twilio", &start, mark).await;
    });
    let asked = &asked.recv_timeout(PATIENCE).unwrap()[0];
    assert_eq!(asked.line, "POST /2010-04-01/Accounts/AC1/Calls/CA1.json HTTP/1.1");
    assert_eq!(asked.authorization, format!("Basic {}", STANDARD.encode("AC1:0123456789")));
    assert_eq!(asked.body, "Status=completed");
}
