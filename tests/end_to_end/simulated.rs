//! One conversation with an interruption through every provider. Each is played by a simulated gateway
//! (`offhook call --gateway`) that shares no code with the server's codecs.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::server::{Server, configured, offhook, root, text};

/// At most two of these calls at a time. More would measure the machine.
static AT_A_TIME: [Mutex<()>; 2] = [Mutex::new(()), Mutex::new(())];

/// The transcripts in the server's trace, in small letters.
fn understood(traces: &std::path::Path) -> Vec<String> {
    let trace = std::fs::read_dir(traces).unwrap().next().unwrap().unwrap().path();
    let lines = std::fs::read_to_string(trace).unwrap();
    let heard = lines.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        Some(line["event"]["transcribed"]["text"].as_str()?.to_lowercase())
    });
    heard.collect()
}

/// A caller asks when the clinic opens, interrupts the answer, and asks where to park.
fn converses(place: usize, gateway: &str, options: &[&str], keys: &[(&str, &str)]) -> Value {
    let _place = AT_A_TIME[place].lock().unwrap_or_else(PoisonError::into_inner);
    let traces = tempfile::tempdir().unwrap();
    let traced = format!("\"{}\"", traces.path().display());
    let keys = [keys, &[("log.traces", traced.as_str())]].concat();
    let configuration = configured(&keys, &[("password", "jambonz:wonderland")]);
    let recording = configuration.path.with_file_name("call.wav");
    let output = offhook()
        .args(["call", "--json", "--gateway", gateway, "--interrupt-after", "600"])
        .args(options)
        .arg("--config")
        .arg(&configuration.path)
        .arg("--record")
        .arg(&recording)
        .args(["2.wav", "4.wav"].map(|wav| root().join("models/demo/callers").join(wav)))
        .output()
        .unwrap();
    assert!(output.status.success(), "{gateway}: {}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["gateway"], gateway);
    assert_eq!(report["violations"], serde_json::json!([]), "{report:#}");
    assert_eq!(report["errors"], serde_json::json!([]), "{report:#}");
    let turns = report["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 2);
    assert!(turns.iter().all(|turn| turn["v2v_ms"].is_f64()), "not every turn was answered: {report:#}");
    assert!(turns[1]["silent_after_ms"].is_f64(), "the agent was not cut: {report:#}");
    assert!(report["clears"].as_u64().unwrap() > 0, "its buffer was not cleared: {report:#}");
    let heard = understood(traces.path());
    for word in ["monday", "park"] {
        assert!(heard.iter().any(|text| text.contains(word)), "{gateway}: {word} was not heard: {heard:?}");
    }
    // Fault: with gateways that carry no reports, `offhook call` showed no words, though its own server knew
    // them.
    for (turn, word) in turns.iter().zip(["monday", "park"]) {
        let said = |key: &str| turn[key].as_str().unwrap().to_lowercase();
        assert!(said("heard").contains(word) && !said("reply").is_empty(), "{gateway}: {report:#}");
    }
    assert!(std::fs::metadata(&recording).unwrap().len() > 100_000);
    report
}

/// Checks the interruption, with gateways that carry reports.
fn was_cut(report: &Value) {
    assert_eq!(report["turns"][0]["interrupted"], true, "{report:#}");
    let heard = report["turns"][0]["heard_by_caller"].as_str().unwrap();
    assert!("On Monday we are open from eight thirty to five.".starts_with(heard), "{heard}");
}

#[test]
fn twilio_converses_and_is_interrupted() {
    was_cut(&converses(0, "twilio", &[], &[]));
}

#[test]
fn our_own_protocol_converses_and_is_interrupted() {
    was_cut(&converses(1, "offhook", &[], &[]));
}

#[test]
fn telnyx_converses_and_is_interrupted_though_messages_come_out_of_order() {
    converses(0, "telnyx", &[], &[]);
}

#[test]
fn plivo_converses_and_is_interrupted_at_16_khz() {
    converses(1, "plivo", &["--rate", "16000"], &[]);
}

#[test]
fn vonage_converses_and_is_interrupted_at_24_khz() {
    converses(0, "vonage", &["--rate", "24000"], &[]);
}

#[test]
fn jambonz_converses_and_is_interrupted_at_16_khz_with_a_password() {
    let header = format!("Authorization: Basic {}", STANDARD.encode("jambonz:wonderland"));
    converses(
        1,
        "jambonz",
        &["--rate", "16000", "--header", &header],
        &[("jambonz.basic", "\"file:password\"")],
    );
}

#[test]
fn asterisk_converses_and_is_interrupted_though_it_sends_nothing_in_silence() {
    converses(0, "asterisk", &[], &[]);
}

#[test]
fn asterisk_in_plain_words_converses_and_is_interrupted_at_16_khz() {
    converses(1, "asterisk-text", &["--rate", "16000"], &[]);
}

#[test]
fn a_caller_whose_credentials_are_wrong_is_told_so_and_they_are_not_shown() {
    let token = [("token", "the right token of this server")];
    let server = Server::start(&configured(&[("offhook.bearer", "\"file:token\"")], &token));
    let url = server.url("/offhook");
    for header in ["Authorization: Bearer a-wrong-token", "a-wrong-token"] {
        let output = offhook().args(["call", "--url", &url, "--header", header]).output().unwrap();
        assert!(!output.status.success());
        let said = text(&output.stderr);
        let expected = if header.contains(':') { "401" } else { "--header number 1" };
        assert!(said.contains(expected) && !said.contains("a-wrong-token"), "{said}");
    }
}
