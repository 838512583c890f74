//! Transfers of running calls: the provider is asked once, in its own way, fetches what it needs, and may
//! bring the caller back; a call that is not transferred goes on.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use offhook::phone::gateways::Gateway;
use offhook::phone::signing::{Signing, sign};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

use super::hanging_up::{PATIENCE, api};
use super::programs::{Answer, ask};
use super::strangers::{self, Socket, hear, run, say};
use crate::support::server::{Configuration, Server, configured};

const TOKEN: &str = "a token for administrators";

fn send(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    let headers = format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n");
    ask(server, method, &format!("/api/v1{path}"), &headers, body.to_string().as_bytes())
}

fn transfer(server: &Server, id: &str, body: &Value) -> (u16, String) {
    let answer = send(server, "POST", &format!("/calls/{id}/transfer"), body);
    let message =
        if answer.body.is_empty() { Value::Null } else { answer.json()["error"]["message"].clone() };
    (answer.status, message.as_str().unwrap_or_default().to_owned())
}

fn is_running(server: &Server, id: &str) -> bool {
    send(server, "GET", &format!("/calls/{id}"), &Value::Null).status == 200
}

/// A server that other machines reach, with an account at this Twilio.
fn twilio(base: &str) -> Configuration {
    let base = format!("\"{base}\"");
    let keys = [
        ("agent.greeting", "\"\""),
        ("admin.token", "\"file:admin\""),
        ("twilio.account_sid", "\"AC1\""),
        ("twilio.auth_token", "\"file:token\""),
        ("twilio.api_url", base.as_str()),
        ("server.lines", "[\"twilio\"]"),
        ("server.public_url", "\"wss://voice.example.com\""),
    ];
    configured(&keys, &[("token", "0123456789"), ("admin", TOKEN)])
}

/// Twilio's request for a socket, with its signature.
fn signed(server: &Server) -> Request {
    let mut request = server.url("/twilio").into_client_request().unwrap();
    let signing =
        Signing { gateway: Gateway::Twilio, secret: "0123456789", url: "wss://voice.example.com/twilio" };
    sign(signing, "1", request.headers_mut()).unwrap();
    request
}

/// A call from Twilio, once it runs.
async fn call(server: &Server) -> Socket {
    let mut socket = connect_async(signed(server)).await.unwrap().0;
    let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
    let parameters = json!({"from": "+15550199", "to": "+15550100"});
    let start =
        json!({"streamSid": "MZ1", "callSid": "CA1", "mediaFormat": format, "customParameters": parameters});
    say(&mut socket, &json!({"event": "start", "start": start, "streamSid": "MZ1"})).await;
    while !is_running(server, "CA1") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    socket
}

/// What the provider gets from this server under a name.
fn fetch(server: &Server, name: &str, document: &str, report: &str) -> Answer {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let method = if report.is_empty() { "GET" } else { "POST" };
    ask(server, method, &format!("/transfer/{name}/{document}"), headers, report.as_bytes())
}

/// A request that is none of the server's, behind all of its own.
pub(super) fn say_the_end(base: &str) {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.write_all(b"GET /end HTTP/1.1\r\n\r\n").unwrap();
    let _ = stream.read(&mut [0; 64]);
}

#[test]
fn twilio_briefs_the_new_party_and_brings_the_caller_back_if_nobody_answers() {
    let (base, asked) = api(&["200 OK", "200 OK"]);
    let server = Server::start(&twilio(&base));
    run(async {
        let socket = call(&server).await;
        let wanted = json!({"to": "+15550142", "briefing": "Ms. Vance asks about the bill of room seven."});
        assert_eq!(transfer(&server, "CA1", &wanted), (200, String::new()));
        strangers::closed(socket).await;
    });
    assert!(!is_running(&server, "CA1"));
    say_the_end(&base);
    let all = asked.recv_timeout(PATIENCE).unwrap();
    assert!(all[1].line.starts_with("GET /end "), "somebody hung up: {}", all[1].line);
    let asked = &all[0];
    assert_eq!(asked.line, "POST /2010-04-01/Accounts/AC1/Calls/CA1.json HTTP/1.1");
    assert!(asked.body.starts_with("Twiml=%3CResponse%3E%3CDial") && asked.body.contains("%2B15550142"));
    let (_, name) = asked.body.split_once("https%3A%2F%2Fvoice.example.com%2Ftransfer%2F").unwrap();
    let (name, _) = name.split_once("%2F").unwrap();
    let briefing = fetch(&server, name, "briefing.xml", "");
    assert!(briefing.head.contains("content-type: application/xml"), "{}", briefing.head);
    let audio = format!("<Play>https://voice.example.com/transfer/{name}/briefing.wav</Play>");
    assert!(briefing.text().contains(&audio), "{}", briefing.text());
    let audio = fetch(&server, name, "briefing.wav", "").body;
    let clip = offhook::audio::wav::read(&*audio, "the briefing").unwrap();
    assert!(clip.rate == 8000 && clip.samples.len() > 8000, "{} samples", clip.samples.len());
    for (name, document) in
        [("a-guess", "briefing.wav"), (name, "dial.xml"), (name, "briefing.json"), (name, "x")]
    {
        assert_eq!(fetch(&server, name, document, "").status, 404, "{document}");
    }
    let back = fetch(&server, name, "after.xml", "CallSid=CA1&DialCallStatus=no-answer").text();
    assert!(back.contains("<Stream url=\"wss://voice.example.com/twilio\">"), "{back}");
    assert!(back.contains("<Parameter name=\"from\" value=\"+15550199\"/>"), "{back}");
    // The same again, and a conversation that ended: nobody is sent back.
    for status in ["no-answer", "completed"] {
        let over = fetch(&server, name, "after.xml", &format!("DialCallStatus={status}")).text();
        assert!(over.ends_with("<Response><Hangup/></Response>"), "{over}");
    }
}

#[test]
fn a_call_that_the_provider_does_not_transfer_goes_on() {
    let (base, asked) = api(&["401 Unauthorized", "200 OK", "200 OK"]);
    let server = Server::start(&twilio(&base));
    run(async {
        let socket = call(&server).await;
        let (status, message) = transfer(&server, "CA1", &json!({"to": "+15550142"}));
        assert!(status == 502 && message.contains("401"), "{status} {message}");
        let (status, message) = transfer(&server, "CA1", &json!({"to": "0142"}));
        assert!(status == 400 && message.contains("E.164"), "{status} {message}");
        assert!(is_running(&server, "CA1"));
        assert_eq!(transfer(&server, "CA1", &json!({"to": "sip:desk@pbx.example.com"})).0, 200);
        strangers::closed(socket).await;
    });
    // It was asked once each time.
    say_the_end(&base);
    let all = asked.recv_timeout(PATIENCE).unwrap();
    assert!(all[2].line.starts_with("GET /end "), "{}", all[2].line);
    assert_eq!(transfer(&server, "CA1", &json!({"to": "+15550142"})).0, 404);
}

#[test]
fn a_provider_that_does_not_answer_is_not_asked_twice() {
    // It accepts the connection, and nothing more.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let server = Server::start(&twilio(&base));
    run(async {
        let socket = call(&server).await;
        std::thread::scope(|scope| {
            let ask = || transfer(&server, "CA1", &json!({"to": "+15550142"}));
            let both = [scope.spawn(ask), scope.spawn(ask)];
            let mut both = both.map(|answer| answer.join().unwrap());
            both.sort();
            assert!(both[0].0 == 409 && both[0].1.contains("under way"), "{both:?}");
            assert_eq!(both[1].0, 504, "{both:?}");
        });
        assert!(is_running(&server, "CA1"));
        drop(socket);
    });
}

#[test]
fn a_client_of_our_own_protocol_is_told_and_carries_it_out() {
    let keys = [("admin.token", "\"file:admin\""), ("agent.greeting", "\"\"")];
    let server = Server::start(&configured(&keys, &[("admin", TOKEN)]));
    run(async {
        let mut socket = strangers::started(&server).await;
        let calls = send(&server, "GET", "/calls", &Value::Null).json();
        let id = calls["calls"][0]["id"].as_str().unwrap().to_owned();
        let wanted = json!({"to": "+15550142", "briefing": " About room seven. "});
        assert_eq!(transfer(&server, &id, &wanted), (200, String::new()));
        let told = hear(&mut socket, "transfer").await;
        assert_eq!(told, json!({"type": "transfer", "to": "+15550142", "briefing": "About room seven."}));
        let summary = hear(&mut socket, "session.summary").await;
        assert_eq!(summary["end"]["code"], "transferred", "{summary:#}");
        strangers::closed(socket).await;
    });
}

#[test]
fn a_gateway_that_cannot_transfer_says_what_is_missing() {
    let server = Server::start(&configured(&[("admin.token", "\"file:admin\"")], &[("admin", TOKEN)]));
    run(async {
        let socket = call(&server).await;
        let (status, message) = transfer(&server, "CA1", &json!({"to": "+15550142"}));
        assert!(status == 422 && message.contains("twilio.account_sid"), "{status} {message}");
        drop(socket);
    });
}
