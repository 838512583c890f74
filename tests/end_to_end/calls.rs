//! Whole calls: a caller process and a server process, with a socket between them.

use std::process::Stdio;

use serde_json::Value;

use crate::support::server::{Configuration, Server, configuration, offhook, text};

fn turns(report: &Value) -> &Vec<Value> {
    report["turns"].as_array().unwrap()
}

fn reply(report: &Value, turn: usize) -> String {
    turns(report)[turn]["reply"].as_str().unwrap().to_lowercase()
}

fn recording(configuration: &Configuration, name: &str) -> String {
    configuration.path.with_file_name(name).display().to_string()
}

#[test]
fn the_shipped_conversation_is_answered_with_the_facts_of_the_configuration() {
    let configuration = configuration(&[]);
    let recording = recording(&configuration, "call.wav");
    let output = offhook().args(["call", "--json", "--record", &recording]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    // Fault: `offhook call` printed nothing for the seconds in which its server loads the models.
    assert!(text(&output.stderr).starts_with("starting a server"), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(turns(&report).len(), 8);
    assert!(reply(&report, 1).contains("eight thirty"), "{report:#}");
    assert!(reply(&report, 2).contains("ninety dollars"), "{report:#}");
    assert!(reply(&report, 3).contains("behind the building"), "{report:#}");
    for turn in turns(&report) {
        let names = ["endpoint_ms", "stt_ms", "llm_first_token_ms", "tts_first_audio_ms", "first_frame_ms"];
        let stages = names.map(|name| turn["stages"][name].as_f64().unwrap());
        // No turn ends before the silence that its words require, which the detector reports a little late.
        // Media time may move by some milliseconds meanwhile, with a message that was faster than all before.
        let wait = turn["end_of_turn"]["wait_ms"].as_f64().unwrap();
        assert!(stages[0] + 5.0 >= wait && wait > 100.0, "{turn:#}");
    }
    let mut off: Vec<f64> = turns(&report).iter().map(difference).collect();
    off.sort_by(f64::total_cmp);
    assert!(off[off.len() / 2] <= 20.0, "the server's sum is not the caller's stopwatch: {off:?}");
    assert!(std::fs::metadata(&recording).unwrap().len() > 1_000_000);
}

/// The difference between the caller's stopwatch and the sum of the server's stages, in milliseconds.
fn difference(turn: &Value) -> f64 {
    let sum: f64 = turn["stages"].as_object().unwrap().values().map(|ms| ms.as_f64().unwrap()).sum();
    (turn["v2v_ms"].as_f64().unwrap() - sum).abs()
}

#[test]
fn two_calls_at_once_both_get_their_own_answers() {
    let configuration = configuration(&[]);
    let server = Server::start(&configuration);
    let call = |path: &str, wav: &str| {
        let wav = format!("models/demo/callers/{wav}");
        let name = recording(&configuration, &format!("{}.wav", path.trim_start_matches('/')));
        let url = server.url(path);
        let arguments = ["call", "--json", "--url", &url, "--record", &name, &wav, &wav];
        offhook().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let calls = [call("/twilio", "2.wav"), call("/offhook", "4.wav")];
    let [opening, parking] = calls.map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    });
    for turn in 0..2 {
        assert!(reply(&opening, turn).contains("eight thirty"), "{opening:#}");
        assert!(reply(&parking, turn).contains("building"), "{parking:#}");
    }
    assert_ne!(opening["call_id"], parking["call_id"]);
}
