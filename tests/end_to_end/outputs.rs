//! The outputs: the log, results of commands, traces. A reader that does not read them does no harm, and
//! neither do foreign texts in them.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::strangers::{Socket, closed, hear, open, run, say};
use crate::support::server::{Configuration, Server, configured, offhook, run as run_program, text};

async fn session(server: &Server, more: Value) -> (Socket, Value) {
    let mut start = json!({"type": "session.start", "version": 1, "agent": {"greeting": ""},
        "audio": {"encoding": "pcm16le", "sample_rate": 8000}});
    start.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut socket = open(server, "/offhook").await;
    say(&mut socket, &start).await;
    let started = hear(&mut socket, "session.started").await;
    (socket, started)
}

/// Sends `count` pings, and waits for the answer to each.
async fn pings(socket: &mut Socket, count: usize) {
    for n in 0..count {
        say(socket, &json!({"type": "ping", "id": format!("{n:0>200}")})).await;
        hear(socket, "pong").await;
    }
}

fn talkative() -> Configuration {
    configured(&[("log.level", "\"trace\""), ("server.max_messages_per_s", "10000")], &[])
}

/// Fault: if the reader of the log stops reading, the server freezes once the pipe is full, and only SIGKILL
/// ends it.
#[test]
fn no_call_waits_for_a_log_that_nobody_reads() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let server = Server::logging_to(&talkative(), writer);
    run(async {
        let (mut socket, _) = session(&server, json!({})).await;
        pings(&mut socket, 500).await;
    });
    server.terminate();
    assert!(server.ends_well());
    let mut log = Vec::new();
    reader.read_to_end(&mut log).unwrap();
    // A full pipe has 16 pages, each of which may be half empty, because a write that does not fit begins a
    // new page.
    assert!(log.len() >= 32_000, "{} bytes: the pipe was never full", log.len());
}

/// Fault: if the log cannot be written (a closed terminal, a full disk), every call ends with 1006.
#[test]
fn no_call_ends_with_its_log() {
    let (reader, gone) = std::io::pipe().unwrap();
    drop(reader);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    for output in [Stdio::from(gone), Stdio::from(full)] {
        let server = Server::logging_to(&talkative(), output);
        run(async {
            let (mut socket, _) = session(&server, json!({})).await;
            pings(&mut socket, 10).await;
            say(&mut socket, &json!({"type": "session.end"})).await;
            hear(&mut socket, "session.summary").await;
        });
        server.terminate();
        assert!(server.ends_well());
    }
}

/// Fault: 3,000 wrong tokens write 3,000 lines into the log.
#[test]
fn many_refusals_are_few_lines() {
    let configuration =
        configured(&[("twilio.path_secret", "\"file:secret\"")], &[("secret", "0123456789abcdef")]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let server = Server::logging_to(&configuration, writer);
    for _ in 0..200 {
        assert_eq!(server.knock("/twilio/1700000060.0123456789.AAAA", &[]), 401);
        assert_eq!(server.knock("/twilio", &[]), 401);
    }
    server.terminate();
    assert!(server.ends_well());
    let mut log = String::new();
    reader.read_to_string(&mut log).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("a socket was not opened")).collect();
    assert!(lines.len() <= 10, "{} lines", lines.len());
    assert!(log.contains("more in the last minute") && log.contains("no path token"), "{log}");
}

/// Fault: with line breaks and ESC in the keys of a session's `data`, clients write their own lines into the
/// log.
#[test]
fn nothing_foreign_writes_a_line_of_the_log() {
    for form in ["false", "true"] {
        let configuration = configured(&[("log.level", "\"debug\""), ("log.json", form)], &[]);
        let (mut reader, writer) = std::io::pipe().unwrap();
        let server = Server::logging_to(&configuration, writer);
        run(async {
            let key = "a\nforged\r\u{1b}[2J\u{9b}2J";
            let (socket, _) = session(&server, json!({"client_id": key, "data": {key: key}})).await;
            drop(socket);
        });
        server.terminate();
        assert!(server.ends_well());
        let mut log = String::new();
        reader.read_to_string(&mut log).unwrap();
        assert!(log.contains("data of the call"), "{log}");
        assert!(!log.lines().any(|line| line.starts_with("forged")), "{log}");
        assert!(!log.contains(|c: char| c.is_control() && c != '\n'), "{log:?}");
    }
}

fn with_output(arguments: &[&str], output: impl Into<Stdio>) -> Output {
    let child = offhook().args(arguments).stdin(Stdio::null()).stdout(output).stderr(Stdio::piped()).spawn();
    child.unwrap().wait_with_output().unwrap()
}

const COMMANDS: [&[&str]; 8] = [
    &["--help"],
    &["config", "default"],
    &["config", "check"],
    &["say", "Hello."],
    &["transcribe", "models/demo/callers/2.wav"],
    &["transcribe", "--json", "models/demo/callers/2.wav"],
    &["bench", "end-of-turn"],
    &["call"],
];

/// Fault: `config check | head`, `bench | head` and others panic (101), `call` exits with 0, the rest with 1.
/// A server panics as well if nobody reads the address on which it listens.
#[test]
fn a_command_whose_reader_has_gone_ends_quietly_with_141() {
    let serve: &[&str] = &["serve", "--port", "0"];
    for arguments in COMMANDS.iter().chain([&serve]) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = with_output(arguments, writer);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(141), "{arguments:?}: {told}");
        assert!(!told.contains("panic") && !told.contains("offhook:"), "{arguments:?}: {told}");
    }
}

/// Fault: `transcribe` to a full disk panics.
#[test]
fn a_command_that_cannot_write_says_so_and_ends_with_74() {
    for arguments in COMMANDS {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = with_output(arguments, full);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{arguments:?}: {told}");
        let expected = "standard output cannot be written: No space left on device";
        assert!(told.contains(expected) && !told.contains("panic"), "{arguments:?}: {told}");
    }
}

/// Fault: `config check` prints the line of a duplicate key, with the secret in it.
#[test]
fn no_command_repeats_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let secret = "k7Vq2mZx9RtB4wLs";
    for wrong in ["bearer = \"S\"\nbearer = \"S\"", "bearer = S", "bearer = [\"S\"]", "bearer = \"env:S\""] {
        std::fs::write(&path, format!("[offhook]\n{}\n", wrong.replace('S', secret))).unwrap();
        for command in [&["config", "check"][..], &["serve"], &["token", "offhook"]] {
            let output = run_program(&[command, &["--config", &path.display().to_string()]].concat(), "");
            let told = text(&output.stderr) + &text(&output.stdout);
            assert_eq!(output.status.code(), Some(64), "{told}");
            assert!(!told.contains(secret) && !told.is_empty(), "{told}");
        }
    }
}

/// Fault: all sessions of our own protocol have the id "call", and their traces and recordings overwrite each
/// other.
#[test]
fn every_session_has_a_name_of_its_own_and_keeps_its_clients() {
    let traces = tempfile::tempdir().unwrap();
    let folder = format!("\"{}\"", traces.path().join("traces").display());
    let server = Server::start(&configured(&[("log.traces", &folder)], &[]));
    let mut names = Vec::new();
    run(async {
        for _ in 0..2 {
            let (mut socket, started) = session(&server, json!({"client_id": "order 7"})).await;
            assert_eq!(started["client_id"], "order 7");
            say(&mut socket, &json!({"type": "session.end"})).await;
            let summary = hear(&mut socket, "session.summary").await;
            assert_eq!(
                (&summary["client_id"], &summary["call_id"]),
                (&json!("order 7"), &started["call_id"])
            );
            closed(socket).await;
            names.push(started["call_id"].as_str().unwrap().to_owned());
        }
    });
    assert!(names[0] < names[1] && names[0].len() == 36, "{names:?}");
    for name in names {
        let trace = traces.path().join(format!("traces/{name}.jsonl"));
        assert_eq!(trace.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
