//! Access over real sockets: each provider opens with its own credentials, and other requests are refused.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::StreamExt;
use offhook::access::{PathToken, Secret};
use offhook::runtime::clock::since_1970;
use ring::hmac;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::strangers::{open, run, say};
use crate::support::server::{Configuration, Server, configured, run as run_program, text};

const PATH_SECRET: &str = "the-path-secret";
const TOKEN: &str = "the-provider-token";
const PASSWORD: &str = "user:the-password";

/// A configuration in which every provider has a credential, and our own protocol two.
fn guarded() -> Configuration {
    configured(
        &[
            ("server.public_url", "\"wss://voice.example.com\""),
            ("log.level", "\"debug\""),
            ("offhook.bearer", "\"file:token\""),
            ("offhook.path_secret", "\"file:path\""),
            ("twilio.auth_token", "\"file:token\""),
            ("telnyx.stream_token", "\"file:token\""),
            ("plivo.auth_token", "\"file:token\""),
            ("vonage.signature_secret", "\"file:token\""),
            ("jambonz.basic", "\"file:password\""),
            ("asterisk.basic", "\"file:password\""),
        ],
        &[("token", TOKEN), ("path", PATH_SECRET), ("password", PASSWORD)],
    )
}

fn signed(algorithm: hmac::Algorithm, text: &str) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, TOKEN.as_bytes()), text.as_bytes()))
}

/// A token of Vonage, issued `age` seconds ago.
fn jwt(age: u64, id: &str) -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let issued = since_1970().as_secs() - age;
    let text = format!(
        "{}.{}",
        part(json!({"alg": "HS256", "typ": "JWT"})),
        part(json!({"iat": issued, "jti": id, "iss": "Vonage"}))
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, TOKEN.as_bytes()), text.as_bytes());
    format!("Bearer {text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// A path with a token of `line`, valid for `valid` seconds from now on.
fn path(line: &'static str, valid: i64, nonce: u8) -> String {
    let until = since_1970().as_secs().checked_add_signed(valid).unwrap();
    let tokens = PathToken::new(line, Secret::of(PATH_SECRET).unwrap());
    format!("/offhook/{}", tokens.issue(Duration::from_secs(until), [nonce; 16]))
}

const OPENED: u16 = 101;
const DENIED: u16 = 401;

#[test]
fn each_line_opens_to_its_own_credential_and_to_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let configuration = guarded();
    let server = Server::logging_to(&configuration, std::fs::File::create(&log).unwrap());
    let twilio = signed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "wss://voice.example.com/twilio");
    let plivo = signed(hmac::HMAC_SHA256, "https://voice.example.com/plivo.12345");
    let basic = format!("Basic {}", STANDARD.encode(PASSWORD));
    let vonage = jwt(1, "a");
    let right: [(&str, Vec<(&str, &str)>); 6] = [
        ("/twilio", vec![("X-Twilio-Signature", &twilio)]),
        ("/telnyx", vec![("x-telnyx-streaming-auth-token", TOKEN)]),
        ("/plivo", vec![("X-Plivo-Signature-V3", &plivo), ("X-Plivo-Signature-V3-Nonce", "12345")]),
        ("/vonage", vec![("Authorization", &vonage)]),
        ("/jambonz", vec![("Authorization", &basic)]),
        ("/asterisk", vec![("Authorization", &basic)]),
    ];
    for (line, headers) in &right {
        assert_eq!(server.knock(line, &[]), DENIED, "{line} opens to anybody");
        assert_eq!(server.knock(line, headers), OPENED, "{line}");
        let wrong: Vec<(&str, String)> =
            headers.iter().map(|(name, value)| (*name, value.replace(['0', 'h', 'I'], "k"))).collect();
        let wrong: Vec<(&str, &str)> = wrong.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(server.knock(line, &wrong), DENIED, "{line} opens to a wrong credential");
    }
    // Headers in which a proxy, or a stranger, states the address prove nothing.
    let forged = signed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, "wss://evil.example/twilio");
    let shown = [
        ("X-Twilio-Signature", forged.as_str()),
        ("X-Forwarded-Host", "evil.example"),
        ("Host", "evil.example"),
    ];
    assert_eq!(server.knock("/twilio", &shown), DENIED);
    // A server that is killed loses the last moment of its log.
    server.terminate();
    assert!(server.ends_well());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("no x-twilio-signature") && log.contains("wrong user or password"), "{log}");
    for secret in [TOKEN, PATH_SECRET, PASSWORD, &vonage, &basic, &twilio] {
        assert!(!log.contains(secret), "the log tells a secret");
    }
}

#[test]
fn a_token_that_was_used_or_has_expired_opens_nothing() {
    let server = Server::start(&guarded());
    let bearer = format!("Bearer {TOKEN}");
    let bearer = [("Authorization", bearer.as_str())];
    assert_eq!(server.knock("/offhook", &bearer), DENIED, "both are asked for");
    let once = path("offhook", 60, 1);
    assert_eq!(server.knock(&once, &[]), DENIED, "both are asked for");
    assert_eq!(server.knock(&once, &bearer), OPENED);
    assert_eq!(server.knock(&once, &bearer), DENIED, "used before");
    assert_eq!(server.knock(&path("offhook", -1, 2), &bearer), DENIED, "expired");
    assert_eq!(server.knock(&path("twilio", 60, 3), &bearer), DENIED, "of another line");
    assert_eq!(server.knock(&path("offhook", 60, 4), &bearer), OPENED);
    let jwt_used = jwt(1, "b");
    assert_eq!(server.knock("/vonage", &[("Authorization", &jwt_used)]), OPENED);
    assert_eq!(server.knock("/vonage", &[("Authorization", &jwt_used)]), DENIED, "used before");
    assert_eq!(server.knock("/vonage", &[("Authorization", &jwt(400, "c"))]), DENIED, "expired");
}

#[test]
fn on_the_address_of_all_lines_a_credential_opens_its_own_line_only() {
    let server = Server::start(&guarded());
    assert_eq!(server.knock("/call", &[]), DENIED);
    assert_eq!(server.knock("/call", &[("x-telnyx-streaming-auth-token", "something else")]), DENIED);
    run(async {
        let mut request = server.url("/call").into_client_request().unwrap();
        request.headers_mut().insert("x-telnyx-streaming-auth-token", TOKEN.parse().unwrap());
        let (mut socket, _) = connect_async(request).await.unwrap();
        let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1});
        let start = json!({"streamSid": "MZ1", "callSid": "CA1", "mediaFormat": format});
        say(&mut socket, &json!({"event": "start", "start": start, "streamSid": "MZ1"})).await;
        let Message::Close(Some(closed)) = socket.next().await.unwrap().unwrap() else { panic!() };
        assert!(closed.reason.contains("this client may not speak the twilio dialect"), "{closed}");
    });
}

#[test]
fn the_token_command_makes_addresses_that_open_once() {
    let configuration = configured(&[("twilio.path_secret", "\"file:path\"")], &[("path", PATH_SECRET)]);
    let config = configuration.path.display().to_string();
    let made = run_program(&["token", "twilio", "--valid", "60", "--config", &config], "");
    let address = text(&made.stdout).trim().to_owned();
    assert!(address.starts_with("/twilio/"), "{address}");
    let server = Server::start(&configuration);
    assert_eq!(server.knock("/twilio", &[]), DENIED);
    assert_eq!(server.knock(&address, &[]), OPENED);
    assert_eq!(server.knock(&address, &[]), DENIED);
    let without = run_program(&["token", "plivo", "--config", &config], "");
    assert_eq!(without.status.code(), Some(1));
    assert!(text(&without.stderr).contains("set plivo.path_secret"), "{}", text(&without.stderr));
}

#[test]
fn an_open_line_on_a_public_address_does_not_start() {
    let open =
        configured(&[("server.bind", "\"0.0.0.0\""), ("server.lines", "[\"twilio\", \"asterisk\"]")], &[]);
    let output = run_program(&["serve", "--config", &open.path.display().to_string()], "");
    assert_eq!(output.status.code(), Some(64));
    let told = text(&output.stderr);
    for credential in ["twilio.auth_token: missing", "asterisk.basic: missing"] {
        assert!(told.contains(credential), "{told}");
    }
    assert!(told.contains("set it, or asterisk.path_secret"), "{told}");
}

#[test]
fn one_address_has_so_many_sockets_and_no_more() {
    let server = Server::start(&configured(&[("server.max_calls_per_peer", "2")], &[]));
    run(async {
        let first = open(&server, "/offhook").await;
        let _second = open(&server, "/twilio").await;
        assert_eq!(server.knock("/vonage", &[]), 429);
        drop(first);
        // The server learns of it in a moment.
        while server.knock("/vonage", &[]) != OPENED {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn a_token_is_not_used_up_by_a_server_that_has_no_room() {
    let keys = [("server.max_calls_per_peer", "1"), ("offhook.path_secret", "\"file:path\"")];
    let server = Server::start(&configured(&keys, &[("path", PATH_SECRET)]));
    run(async {
        let first = open(&server, "/twilio").await;
        let once = path("offhook", 60, 9);
        assert_eq!(server.knock(&once, &[]), 429);
        drop(first);
        // The server learns of it in a moment.
        let mut status = 429;
        while status == 429 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            status = server.knock(&once, &[]);
        }
        assert_eq!(status, OPENED);
    });
}

#[test]
fn a_page_of_another_site_opens_no_line_that_checks_nobody() {
    let server = Server::start(&configured(&[], &[]));
    assert_eq!(server.knock("/offhook", &[("Origin", "https://evil.example")]), DENIED);
    assert_eq!(server.knock("/call", &[("Origin", "null")]), DENIED);
    let own = format!("http://{}", server.address);
    assert_eq!(server.knock("/offhook", &[("Origin", &own)]), OPENED);
}
