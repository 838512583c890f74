//! A recorded call is played again to today's engines: the models that ship, over real sockets.

use std::path::Path;

use serde_json::Value;

use crate::support::server::{Server, configured, run, text};

#[test]
fn a_recorded_call_sends_the_same_bytes_again_and_its_caller_is_heard_as_before() {
    let keys = [
        ("records.file", "\"records/calls.db\""),
        ("records.recordings", "\"records/audio\""),
        ("records.redact", "\"off\""),
        ("log.traces", "\"traces\""),
        ("log.captures", "true"),
    ];
    let configuration = configured(&keys, &[]);
    let file = configuration.path.display().to_string();
    let server = Server::start(&configuration);
    let callers = ["models/demo/callers/2.wav", "models/demo/callers/4.wav"];
    let called = run(&[&["call", "--json", "--url", &server.url("/twilio")], &callers[..]].concat(), "");
    assert!(called.status.success(), "{}", text(&called.stderr));
    // What waits is written before the process ends.
    server.terminate();
    assert!(server.ends_well());

    let calls = |arguments: &[&str]| run(&[&["calls", "--config", &file], arguments].concat(), "");
    let output = calls(&["replay", "#1"]);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("messages sent, the same bytes"), "{}", text(&output.stdout));
    let again: Value = serde_json::from_slice(&calls(&["replay", "#1", "--json"]).stdout).unwrap();
    // 50 frames a second of the agent, and their marks.
    assert!(again["whole_call"]["messages"].as_u64() > Some(100), "{again:#}");
    assert!(again["whole_call"]["inputs"].as_u64() > Some(500), "{again:#}");

    let output = calls(&["replay", "#1", "--audio", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    let turns = compared["turns"].as_array().unwrap();
    assert_eq!(turns.len(), callers.len(), "{compared:#}");
    for turn in turns {
        assert_eq!(turn["then"]["heard"], turn["now"]["heard"], "{compared:#}");
        assert!(turn["now"]["v2v_ms"].is_f64(), "{compared:#}");
    }
    assert_eq!(compared["differ"], 0, "{compared:#}");
    assert!(compared["words"].as_u64() > Some(8), "{compared:#}");

    // What was played again is no call of anybody: the records have still the one.
    assert_eq!(text(&calls(&["list", "--json"]).stdout).lines().count(), 1);
    let listed: Value = serde_json::from_slice(&calls(&["list", "--json"]).stdout).unwrap();
    std::fs::remove_file(Path::new(listed["recording"].as_str().unwrap())).unwrap();
    let gone = calls(&["replay", "#1", "--audio"]);
    assert!(!gone.status.success() && text(&gone.stderr).contains(".wav"), "{}", text(&gone.stderr));
}
