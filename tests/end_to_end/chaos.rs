//! Engines that fail while callers call: nobody sits in silence, and every call ends as a call should. The
//! models that ship, over real sockets.

use serde_json::Value;

use crate::support::server::{configured, offhook, run, text};

/// Two callers, and each engine dead, hung, slow and wrong in turn.
#[test]
fn whichever_engine_fails_callers_hear_something_and_their_calls_end_properly() {
    let load = "bench calls --callers 2 --chaos 5 --seconds 60 --json";
    let output = offhook().args(load.split(' ')).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    let (step, faults) = (&report["steps"][0], report["faults"].as_array().expect("faults"));
    for fault in ["dead", "hung", "slow:300", "wrong"] {
        for engine in ["stt", "llm", "tts"] {
            let told = format!("{engine}={fault}");
            assert!(
                faults.iter().any(|injected| injected["fault"] == told.as_str()),
                "{told} was not injected"
            );
        }
    }
    assert_eq!(
        (&step["unanswered"], &step["calls"]["failed"]),
        (&Value::from(0), &Value::from(0)),
        "{report:#}"
    );
    assert!(output.status.success(), "{report:#}");
}

#[test]
fn faults_are_refused_unless_the_command_line_allows_them() {
    let configuration = configured(&[("debug.faults", "{ stt = \"dead\" }")], &[]);
    let file = configuration.path.display().to_string();
    let output = run(&["serve", "--config", &file, "--port", "0"], "");
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("--allow-faults"), "{}", text(&output.stderr));
}
