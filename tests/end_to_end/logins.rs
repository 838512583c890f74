//! The login to the console over real sockets: the password, the cookie and its flags, forged requests, and
//! the end of a session.

use offhook::login::PasswordHash;
use serde_json::{Value, json};

use super::programs::{Answer, ask};
use crate::support::server::{Configuration, Server, configured, run as run_program, text};

const PASSWORD: &str = "correct horse battery";
pub(super) const PUBLIC: &str = "https://voice.example.com";

/// A server that only this machine reaches.
fn here(keys: &[(&str, &str)]) -> Configuration {
    let hash = PasswordHash::line_for(PASSWORD, [7; 16]).unwrap();
    let keys = [keys, &[("admin.password", "\"file:hash\"")]].concat();
    configured(&keys, &[("hash", &hash), ("token", "the token of the line")])
}

/// A server behind a proxy that serves TLS.
pub(super) fn behind_a_proxy() -> Configuration {
    here(&[
        ("server.public_url", "\"wss://voice.example.com\""),
        ("server.lines", "[\"offhook\"]"),
        ("offhook.bearer", "\"file:token\""),
    ])
}

fn log_in(server: &Server, origin: &str, password: &str) -> Answer {
    let headers = format!("Content-Type: application/json\r\nOrigin: {origin}\r\n");
    let body = json!({"password": password}).to_string();
    ask(server, "POST", "/console/login", &headers, body.as_bytes())
}

/// The cookie of a login as a browser sends it back, and the token of the session.
pub(super) fn session(server: &Server, origin: &str) -> (String, String) {
    let answer = log_in(server, origin, PASSWORD);
    assert_eq!(answer.status, 200, "{}", answer.head);
    // The head is in lower case, which would change the name of the session.
    let begun = answer.json()["csrf"].as_str().unwrap().to_owned();
    (answer.cookie.expect("a cookie"), begun)
}

fn status(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    ask(server, method, path, &headers, b"").status
}

#[test]
fn behind_a_proxy_the_console_opens_to_whoever_knows_the_password() {
    let server = Server::start(&behind_a_proxy());
    let stranger = ask(&server, "GET", "/console/live.html", "", b"");
    assert!(stranger.status == 303 && stranger.head.contains("/console/login.html?to=/console/live.html"));
    assert_eq!(status(&server, "GET", "/console/login.html", &[]), 200);
    for closed in ["/console/api.js", "/console/callers.json", "/console/none.js"] {
        assert_eq!(status(&server, "GET", closed, &[]), 401, "{closed}");
    }
    assert_eq!(status(&server, "GET", "/api/v1/state", &[]), 401);
    let answer = log_in(&server, PUBLIC, PASSWORD);
    let flags = ["__host-offhook=", "; path=/;", "max-age=43200", "httponly", "samesite=strict", "; secure"];
    assert!(flags.iter().all(|flag| answer.head.contains(flag)), "{}", answer.head);
    let (cookie, csrf) = session(&server, PUBLIC);
    let cookie = ("Cookie", cookie.as_str());
    for open in ["/", "/console/live.html", "/console/api.js", "/api/v1/state", "/metrics"] {
        assert_eq!(status(&server, "GET", open, &[cookie]), 200, "{open}");
    }
    // The same name under the other cookie, which is that of this machine.
    let plain = cookie.1.replace("__Host-", "");
    assert_eq!(status(&server, "GET", "/api/v1/state", &[("Cookie", &plain)]), 401);
    let told = ask(&server, "GET", "/console/session", &format!("Cookie: {}\r\n", cookie.1), b"").json();
    assert_eq!((&told["signed_in"], &told["csrf"]), (&Value::from(true), &Value::from(csrf)), "{told}");
    // Talking: the line has a credential, which a browser cannot send.
    assert_eq!(server.knock("/offhook", &[cookie, ("Origin", PUBLIC)]), 101);
    for foreign in [&[cookie][..], &[cookie, ("Origin", "https://evil.example")], &[("Origin", PUBLIC)]] {
        assert_eq!(server.knock("/offhook", foreign), 401, "{foreign:?}");
    }
}

#[test]
fn a_forged_request_changes_nothing() {
    let server = Server::start(&behind_a_proxy());
    let (cookie, csrf) = session(&server, PUBLIC);
    let (cookie, csrf) = (("Cookie", cookie.as_str()), ("X-CSRF-Token", csrf.as_str()));
    let own = ("Origin", PUBLIC);
    let hang_up = |headers: &[(&str, &str)]| status(&server, "POST", "/api/v1/calls/none/hangup", headers);
    let none = 404;
    assert_eq!(hang_up(&[cookie, csrf, own]), none, "there is no such call");
    for forged in [
        &[cookie, own][..],
        &[cookie, csrf],
        &[cookie, ("X-CSRF-Token", "wrong"), own],
        &[cookie, csrf, ("Origin", "https://evil.example")],
        &[cookie, csrf, ("Origin", "http://voice.example.com")],
        &[cookie, csrf, ("Origin", "null")],
    ] {
        assert_eq!(hang_up(forged), 403, "{forged:?}");
    }
    assert_eq!(status(&server, "GET", "/api/v1/state", &[cookie, ("Origin", "https://evil.example")]), 403);
    assert_eq!(status(&server, "POST", "/console/logout", &[cookie, own]), 403);
    assert_eq!(log_in(&server, "https://evil.example", PASSWORD).status, 403);
    // The session ends for everything, and does not come back.
    assert_eq!(status(&server, "POST", "/console/logout", &[cookie, csrf, own]), 204);
    assert_eq!(hang_up(&[cookie, csrf, own]), 401);
    assert_eq!(status(&server, "GET", "/api/v1/state", &[cookie]), 401);
    assert_eq!(server.knock("/offhook", &[cookie, own]), 401);
}

#[test]
fn a_trial_that_is_got_in_a_session_is_for_its_own_socket_once() {
    let configuration = behind_a_proxy();
    let server = Server::start(&configuration);
    let ticket = || {
        let (cookie, csrf) = session(&server, PUBLIC);
        let headers = format!(
            "Content-Type: application/json\r\nCookie: {cookie}\r\nX-CSRF-Token: {csrf}\r\nOrigin: {PUBLIC}\r\n"
        );
        let changes = json!({"changes": {"barge_in.min_words": 3}}).to_string();
        let answer = ask(&server, "POST", "/api/v1/agent/trial", &headers, changes.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.json());
        (cookie, format!("/offhook?trial={}", answer.json()["trial"].as_str().unwrap()))
    };
    let origin = ("Origin", PUBLIC);
    let ((mine, own), (theirs, other)) = (ticket(), ticket());
    assert_eq!(server.knock(&own, &[("Authorization", "Bearer the token of the line")]), 403);
    assert_eq!(server.knock(&other, &[("Cookie", &mine), origin]), 403);
    for used in [&own, &other] {
        assert_eq!(server.knock(used, &[("Cookie", &theirs), origin]), 403, "it was tried with");
    }
    let (cookie, path) = ticket();
    assert_eq!(server.knock(&path, &[("Cookie", &cookie)]), 401, "a ticket opens no socket");
    assert_eq!(server.knock(&path, &[("Cookie", &cookie), origin]), 101);
    assert_eq!(server.knock(&path, &[("Cookie", &cookie), origin]), 403);
}

#[test]
fn guessing_is_slow_and_the_log_has_the_address_and_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let server = Server::logging_to(&behind_a_proxy(), std::fs::File::create(&log).unwrap());
    let guess = |from: &str, password: &str| {
        let headers = format!(
            "Content-Type: application/json\r\nOrigin: {PUBLIC}\r\nX-Forwarded-For: 192.0.2.1, {from}\r\n"
        );
        let body = json!({"password": password}).to_string();
        ask(&server, "POST", "/console/login", &headers, body.as_bytes())
    };
    for _ in 0..5 {
        let answer = guess("203.0.113.7", "a wrong guess of mine");
        assert_eq!((answer.status, answer.cookie), (401, None));
    }
    // Not even the right one is looked at.
    let answer = guess("203.0.113.7", PASSWORD);
    assert!(answer.status == 429 && answer.head.contains("retry-after: "), "{}", answer.head);
    assert_eq!(guess("203.0.113.8", PASSWORD).status, 200, "others are not locked out");
    server.terminate();
    assert!(server.ends_well());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("203.0.113.7") && log.contains("a wrong password"), "{log}");
    assert!(!log.contains("guess of mine") && !log.contains(PASSWORD), "the log tells a password");
}

#[test]
fn at_this_machine_one_logs_in_without_tls_and_from_elsewhere_only_with_it() {
    let server = Server::start(&here(&[]));
    let origin = format!("http://{}", server.address);
    let answer = log_in(&server, &origin, PASSWORD);
    assert!(
        answer.head.contains("set-cookie: offhook=") && !answer.head.contains("secure"),
        "{}",
        answer.head
    );
    let (cookie, _) = session(&server, &origin);
    assert_eq!(status(&server, "GET", "/api/v1/state", &[("Cookie", &cookie)]), 200);
    // Through a proxy that the configuration does not know of.
    let headers =
        format!("Content-Type: application/json\r\nOrigin: {origin}\r\nX-Forwarded-For: 203.0.113.7\r\n");
    let refused = ask(&server, "POST", "/console/login", &headers, b"{\"password\": \"x\"}");
    let told = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(refused.status == 403 && told.contains("server.tls_certificate"), "{told}");
    assert_eq!(status(&server, "GET", "/", &[("X-Forwarded-For", "203.0.113.7")]), 403);
}

#[test]
fn without_a_password_nobody_logs_in() {
    let server = Server::start(&configured(&[], &[]));
    let refused = log_in(&server, &format!("http://{}", server.address), PASSWORD);
    let told = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(refused.status == 403 && told.contains("admin.password"), "{told}");
}

#[test]
fn the_command_makes_a_hash_that_the_configuration_takes() {
    let made = run_program(&["config", "password"], &format!("{PASSWORD}\n"));
    let line = text(&made.stdout).trim().to_owned();
    assert!(made.status.success() && line.starts_with("$argon2id$"), "{}", text(&made.stderr));
    assert!(PasswordHash::parse(&line).unwrap().is_of(PASSWORD));
    assert!(text(&made.stderr).contains("admin.password"));
    let short = run_program(&["config", "password"], "short\n");
    assert!(!short.status.success() && text(&short.stderr).contains("at least 12 characters"));
    let wrong = configured(&[("admin.password", "\"file:hash\"")], &[("hash", PASSWORD)]);
    let checked = run_program(&["config", "check", "--config", &wrong.path.display().to_string()], "");
    let told = text(&checked.stderr);
    assert!(told.contains("admin.password") && told.contains("offhook config password"), "{told}");
    assert!(!told.contains(PASSWORD), "{told}");
}
