//! `offhook models` and `offhook doctor` as a user meets them: exit codes, what is printed, and what is on
//! the disk afterwards. How files are fetched is tested in the crate.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::server::{configured, offhook, root, text};

/// A manifest with one model, whose file is the one that ships.
const OWN: &str = r#"
[[model]]
name = "small"
kind = "language"
purpose = "for a test"
licence = "MIT"
licence_url = "https://example.com/licence"
files = [{ file = "phi3-frontdesk.gguf", url = "https://example.com/phi3-frontdesk.gguf" }]
"#;

/// Runs `offhook models` with this folder, and the manifest in it.
fn models(folder: &Path, arguments: &[&str]) -> Output {
    let manifest = folder.join("own.toml");
    std::fs::write(&manifest, OWN).unwrap();
    let mut command = offhook();
    command.arg("models").args(arguments).arg("--manifest").arg(manifest);
    command.env("OFFHOOK_MODELS", folder.join("models")).output().unwrap()
}

#[test]
fn a_model_is_fetched_by_name_found_verified_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| models(folder.path(), arguments);
    let missing = run(&["path", "small"]);
    assert_eq!(missing.status.code(), Some(66));
    assert!(text(&missing.stderr).contains("offhook models pull small"), "{}", text(&missing.stderr));

    let source = root().join("models/demo");
    let pulled = run(&["pull", "small", "--offline", source.to_str().unwrap()]);
    assert!(pulled.status.success(), "{}", text(&pulled.stderr));
    assert!(
        text(&pulled.stderr).contains("[llm]:  model = \"models/phi3-frontdesk.gguf\""),
        "{}",
        text(&pulled.stderr)
    );
    let path = run(&["path", "small"]);
    let path = text(&path.stdout).trim().to_owned();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(source.join("phi3-frontdesk.gguf")).unwrap());

    let listed = run(&["list", "--installed", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&listed["name"], &listed["installed"]), (&"small".into(), &true.into()));

    assert!(run(&["verify"]).status.success());
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let wrong = run(&["verify"]);
    assert_eq!(wrong.status.code(), Some(66));
    assert!(text(&wrong.stdout).starts_with("WRONG  small"), "{}", text(&wrong.stdout));

    assert!(run(&["remove", "small"]).status.success());
    assert!(!Path::new(&path).exists());
    assert_eq!(run(&["path", "small"]).status.code(), Some(66));
}

#[test]
fn a_name_that_no_model_has_is_told_with_the_one_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = models(folder.path(), &["pull", "whisper-tyni.en"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("did you mean \"whisper-tiny.en\"?"), "{}", text(&unknown.stderr));
}

#[test]
fn the_doctor_measures_the_models_that_are_there_and_names_the_one_that_is_not() {
    let shipped = configured(&[], &[]);
    let report = offhook().args(["doctor", "--json", "--config"]).arg(&shipped.path).output().unwrap();
    assert!(report.status.success(), "{}", text(&report.stderr));
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["models"].as_array().map(Vec::len), Some(3));
    for figure in ["/recogniser/transcript_ms", "/language/tokens_per_s", "/voice/first_audio_ms"] {
        assert!(
            report.pointer(figure).and_then(Value::as_f64).is_some_and(|n| n > 0.0),
            "{figure}: {report}"
        );
    }

    let lacking = configured(&[("llm.model", "\"models/qwen2.5-1.5b-instruct-q4_k_m.gguf\"")], &[]);
    let report = offhook().args(["doctor", "--config"]).arg(&lacking.path).output().unwrap();
    assert_eq!(report.status.code(), Some(66));
    assert!(
        text(&report.stdout).contains("offhook models pull qwen2.5-1.5b-instruct"),
        "{}",
        text(&report.stdout)
    );
}
