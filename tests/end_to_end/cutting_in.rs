//! A barge-in over a real socket: the agent is silent at once, and reports the words that the caller heard.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use offhook::files::recordings;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::strangers::{run, started};
use crate::support::server::{Server, configuration, offhook, root, text};

/// The messages that the client saw, in order.
#[derive(Debug, PartialEq)]
enum Seen {
    Audio,
    Clear,
    Turn(Value),
}

/// Complaint 1: callers keep hearing buffered audio after they cut in.
#[test]
fn complaint_1_a_caller_who_cuts_in_hears_nothing_more_of_the_greeting() {
    let server = Server::start(&configuration(&[]));
    let mut speech = vec![0; 16_000];
    speech
        .extend(recordings::read(&root().join("models/demo/callers/2.wav")).unwrap().i16_at(16_000).unwrap());
    run(async {
        let (mut sink, mut stream) = started(&server).await.split();
        // The greeting lasts three seconds; the caller speaks after one, in real time.
        let speak = async {
            let mut pace = tokio::time::interval(Duration::from_millis(20));
            for frame in speech.chunks(320) {
                pace.tick().await;
                let bytes: Vec<u8> = frame.iter().flat_map(|s| s.to_le_bytes()).collect();
                sink.send(Message::binary(bytes)).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let listen = async {
            let mut seen = Vec::new();
            while !matches!(seen.last(), Some(Seen::Turn(_))) {
                match stream.next().await.unwrap().unwrap() {
                    Message::Binary(_) => seen.push(Seen::Audio),
                    Message::Text(text) => {
                        let value: Value = serde_json::from_str(&text).unwrap();
                        match value["type"].as_str() {
                            Some("clear") => seen.push(Seen::Clear),
                            Some("turn") => seen.push(Seen::Turn(value)),
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
            seen
        };
        let seen = tokio::select! { () = speak => unreachable!("it never ends"), seen = listen => seen };
        // The pause clears the buffer, and so does the decision that the sound was an interruption.
        let [.., Seen::Audio, Seen::Clear, Seen::Clear, Seen::Turn(report)] = &seen[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(report["turn"], 0);
        assert_eq!(report["interrupted"], true);
        let (heard, greeting) =
            (report["reply"].as_str().unwrap(), "Hello, this is Green Street Dental Clinic.");
        assert!(greeting.starts_with(heard) && heard.len() < greeting.len(), "{heard}");
    });
}

/// Complaint 8: the history holds words that the caller never heard.
#[test]
fn complaint_8_the_next_prompt_holds_what_the_caller_heard_and_the_trace_plays_again() {
    let traces = tempfile::tempdir().unwrap();
    let folder = traces.path().display().to_string();
    let configuration = configuration(&[("traces = \"\"", &format!("traces = \"{folder}\""))]);
    let config = configuration.path.display().to_string();
    let recording = configuration.path.with_file_name("call.wav").display().to_string();
    let wavs =
        ["2.wav", "5.wav"].map(|wav| root().join("models/demo/callers").join(wav).display().to_string());
    let arguments =
        ["call", "--json", "--config", &config, "--interrupt-after", "700", "--record", &recording];
    let output = offhook().args(arguments).args(wavs).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cut = &report["turns"][0];
    assert_eq!(cut["interrupted"], true, "{report:#}");
    assert!(report["turns"][1]["silent_after_ms"].as_f64().is_some(), "{report:#}");
    let heard = cut["heard_by_caller"].as_str().unwrap();
    assert!(
        !heard.is_empty() && "On Monday we are open from eight thirty to five.".starts_with(heard),
        "{heard}"
    );

    let trace = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let lines = std::fs::read_to_string(&trace).unwrap();
    let mut prompts = lines.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["action"]["generate"]["messages"].as_array().cloned()
    });
    let last = prompts.next_back().unwrap();
    let said: Vec<&str> =
        last.iter().filter(|m| m["role"] == "assistant").map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!(said.last(), Some(&heard), "{last:?}");

    let trace = trace.display().to_string();
    let replay = offhook().args(["replay", &trace]).output().unwrap();
    assert!(replay.status.success(), "{}", text(&replay.stdout));
    let other = offhook().args(["replay", &trace, "--set", "endpoint.complete_ms=450"]).output().unwrap();
    assert!(text(&other.stdout).contains("ms later)"), "{}", text(&other.stdout));
}
