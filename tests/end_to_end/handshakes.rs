//! Requests for sockets, right and wrong, as bytes, and the server's answers.

use crate::support::raw::{ask, head};
use crate::support::scripted::Server;

/// The status and the whole head of the answer to a request with some of its lines changed.
fn answered(server: &Server, path: &str, changes: &[(&str, &str)]) -> (u16, String) {
    let mut request = head(path, &server.address.to_string());
    for (old, new) in changes {
        assert!(request.contains(old), "no {old:?} in {request}");
        request = request.replace(old, new);
    }
    let (_, answer) = ask(server.address, &format!("{request}\r\n"));
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer.to_lowercase())
}

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Fault: an empty or doubled key was accepted, and so were requests without a Host or with two.
#[test]
fn a_handshake_that_is_wrong_opens_nothing() {
    let server = Server::start(&[]);
    let host = format!("Host: {}\r\n", server.address);
    let twice = |line: &str| line.repeat(2);
    let wrong: [(&str, &str, String); 7] = [
        ("no key", KEY, String::new()),
        ("an empty key", KEY, "Sec-WebSocket-Key: \r\n".into()),
        ("a short key", KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n".into()),
        ("a key that is not base64", KEY, "Sec-WebSocket-Key: ************************\r\n".into()),
        ("two keys", KEY, twice(KEY)),
        ("no Host", &host, String::new()),
        ("two Hosts", &host, twice(&host)),
    ];
    for path in ["/offhook", "/twilio", "/call"] {
        for (name, old, new) in &wrong {
            assert_eq!(answered(&server, path, &[(old, new)]).0, 400, "{name} on {path}");
        }
        assert_eq!(answered(&server, path, &[]).0, 101, "{path}");
    }
    // A health check in HTTP/1.0 needs no Host; one in HTTP/1.1 does.
    let health = |request: &str| ask(server.address, &format!("GET /healthz {request}\r\n\r\n")).1;
    assert!(health("HTTP/1.0").contains(" 200 "));
    assert!(health("HTTP/1.1\r\nHost: x").contains(" 200 "));
    assert!(health("HTTP/1.1").contains(" 400 "));
    assert!(health("HTTP/1.1\r\nHost: x\r\nHost: x").contains(" 400 "));
}

/// Fault: a wrong version was refused without naming the right one (RFC 6455, section 4.4).
#[test]
fn a_wrong_version_is_told_the_right_one() {
    let server = Server::start(&[]);
    for version in ["8", "12", "0", "14", "thirteen"] {
        let changed = format!("Version: {version}");
        let (status, answer) = answered(&server, "/twilio", &[("Version: 13", &changed)]);
        assert_eq!(status, 426, "{version}");
        assert!(answer.contains("\r\nsec-websocket-version: 13\r\n"), "{answer}");
    }
    assert_eq!(answered(&server, "/twilio", &[("Upgrade: websocket\r\n", "")]).0, 426);
}

/// Fault: `/twilio/` was 404.
#[test]
fn a_slash_at_the_end_of_a_path_changes_nothing() {
    let server = Server::start(&[]);
    for path in ["/twilio/", "/offhook/", "/call/", "/twilio/?x=1"] {
        assert_eq!(answered(&server, path, &[]).0, 101, "{path}");
    }
    assert_eq!(answered(&server, "/nothing/", &[]).0, 404);
}

/// Fault: with Host and Origin both evil.example, a connection to 127.0.0.1 (DNS rebinding) started a
/// session.
#[test]
fn a_name_that_was_pointed_at_this_machine_opens_nothing() {
    let server = Server::start(&[]);
    let own = server.address.to_string();
    let with = |host: &str, origin: &str| {
        let lines = format!("Host: {host}\r\n{origin}");
        answered(&server, "/offhook", &[(&format!("Host: {own}\r\n"), &lines)]).0
    };
    assert_eq!(with("evil.example", "Origin: http://evil.example\r\n"), 403);
    assert_eq!(with("evil.example", ""), 403);
    assert_eq!(with(&format!("evil.example:{}", server.address.port()), ""), 403);
    assert_eq!(with("localhost", ""), 101);
    assert_eq!(with("LocalHost:80", "Origin: http://LocalHost:80\r\n"), 101);
    assert_eq!(with("[::1]:8080", ""), 101);
    assert_eq!(with("127.0.0.1", "Origin: http://evil.example\r\n"), 401);
}

/// A requested sub-protocol is granted if it is known.
#[test]
fn a_known_sub_protocol_is_granted() {
    let server = Server::start(&[]);
    let offered =
        format!("{KEY}Sec-WebSocket-Protocol: chat, media\r\nSec-WebSocket-Protocol: audio.drachtio.org\r\n");
    let (status, answer) = answered(&server, "/asterisk", &[(KEY, &offered)]);
    assert_eq!(status, 101);
    assert!(answer.contains("\r\nsec-websocket-protocol: media\r\n"), "{answer}");
    let unknown = format!("{KEY}Sec-WebSocket-Protocol: chat\r\n");
    assert!(!answered(&server, "/asterisk", &[(KEY, &unknown)]).1.contains("sec-websocket-protocol"));
}
