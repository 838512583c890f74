//! The commands as people use them: their output, and their messages if something is wrong.

use crate::support::server::{configuration, offhook, root, run, text};

fn chat(configuration: &str, question: &str) -> String {
    let output = run(&["chat", "--config", configuration], question);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).to_lowercase()
}

#[test]
fn changing_a_fact_in_the_configuration_changes_what_is_said() {
    let shipped = configuration(&[]);
    let changed = configuration(&[
        ("cleaning ninety dollars", "cleaning forty dollars"),
        ("Parking: behind the building", "Parking: across the street"),
    ]);
    let [shipped, changed] = [&shipped, &changed].map(|c| c.path.display().to_string());
    let price = "How much is a cleaning?\n";
    assert!(chat(&shipped, price).contains("ninety dollars"));
    assert!(chat(&changed, price).contains("forty dollars"));
    let parking = "Where can I park?\n";
    assert!(chat(&shipped, parking).contains("behind the building"));
    assert!(chat(&changed, parking).contains("across the street"));
}

#[test]
fn what_is_said_can_be_written_down_again() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("said.wav").display().to_string();
    let sentences =
        "We are open on Monday. Our address is twelve Main Street. You can park behind the building.";
    let said = run(&["say", sentences, "-o", &wav], "");
    assert!(said.status.success(), "{}", text(&said.stderr));
    let heard = run(&["transcribe", "--json", &wav], "");
    assert!(heard.status.success(), "{}", text(&heard.stderr));
    let report = text(&heard.stdout);
    let file: serde_json::Value = serde_json::from_str(&report).unwrap();
    let segments = file["segments"].as_array().unwrap().iter();
    let words: Vec<&str> = segments.map(|segment| segment["text"].as_str().unwrap()).collect();
    let mut score = offhook::scoring::Score::default();
    score.add(sentences, &words.join(" "));
    assert!(score.percent() <= 20.0, "{score:?} {report}");
}

#[test]
fn a_file_that_is_not_audio_is_refused_by_name() {
    let output = run(&["transcribe", "README.md"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("README.md"), "{}", text(&output.stderr));
}

#[test]
fn a_bad_configuration_is_told_before_any_port_is_bound() {
    let bad = configuration(&[
        ("port = 8080", "port = 99999"),
        ("aggressiveness = 2", "aggressiveness = \"very\""),
    ]);
    let output = run(&["serve", "--config", &bad.path.display().to_string()], "");
    assert_eq!(output.status.code(), Some(64));
    let told = text(&output.stderr);
    assert!(told.contains("server.port = 99999: allowed is a whole number from 0 to 65535"), "{told}");
    assert!(told.contains("vad.aggressiveness = \"very\""), "{told}");
    assert!(text(&output.stdout).is_empty());
}

#[test]
fn a_configuration_that_is_not_there_is_told_by_name() {
    let output = run(&["serve", "--config", "no/such/file.toml"], "");
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("no/such/file.toml"));
}

#[test]
fn a_missing_or_broken_model_is_told_by_path_and_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let demo = root().join("models/demo/phi3-frontdesk.gguf");
    let whole = std::fs::read(&demo).unwrap();
    let broken = folder.path().join("broken.gguf");
    std::fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let shipped = demo.display().to_string();
    for path in [broken.display().to_string(), folder.path().join("none.gguf").display().to_string()] {
        let bad = configuration(&[(&shipped, &path)]);
        let output = run(&["serve", "--port", "0", "--config", &bad.path.display().to_string()], "");
        assert_eq!(output.status.code(), Some(66));
        let told = text(&output.stderr);
        assert!(told.contains(&path) && told.contains("llm.model"), "{told}");
    }
}

#[test]
fn the_shipped_configuration_passes_its_own_check() {
    let output = offhook().args(["config", "check"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}
