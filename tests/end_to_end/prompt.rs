//! The program at the prompt: it runs in any folder, and reports every mistake and everything that is
//! missing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::server::{configuration, root, run, text};

/// Runs a program in an empty folder of an empty home.
fn elsewhere(program: &Path, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(program)
        .args(arguments)
        .current_dir(home.path())
        .env("HOME", home.path())
        .env_remove("XDG_DATA_HOME")
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

/// Fault: offhook worked only in its checkout. Elsewhere it said that its models had to be built for hours,
/// even if only a recording was missing.
#[test]
fn what_was_installed_works_from_any_folder_and_is_stripped() {
    let prefix = tempfile::tempdir().unwrap();
    let folder = |name: &str| prefix.path().join(name).display().to_string();
    let installed = Command::new(root().join("scripts/install.sh"))
        .arg(env!("CARGO_BIN_EXE_offhook"))
        .args([folder("bin"), folder("share/offhook"), folder("share/doc/offhook")])
        .output()
        .unwrap();
    assert!(installed.status.success(), "{}", text(&installed.stderr));
    let program = prefix.path().join("bin/offhook");
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert!(size(&program) < size(Path::new(env!("CARGO_BIN_EXE_offhook"))) / 2);
    assert!(size(&prefix.path().join("bin/.debug/offhook.debug")) > 1_000_000);
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
    let checked = elsewhere(&program, &["config", "check"]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let shipped = folder("share/offhook/config.toml");
    let checked = elsewhere(&program, &["config", "check", "--config", &shipped]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));

    // Without its models, it lists the places where it looked, and does not mention training.
    fs::remove_dir_all(prefix.path().join("share")).unwrap();
    let without = elsewhere(&program, &["config", "check"]);
    assert_eq!(without.status.code(), Some(66));
    let told = text(&without.stderr);
    let share = format!("{}/share/offhook", fs::canonicalize(prefix.path()).unwrap().display());
    for place in [share.as_str(), "/.local/share/offhook", "/usr/share/offhook", "llm.model", "stt.model"] {
        assert!(told.contains(place), "{place}: {told}");
    }
    assert!(!told.contains("make -C"), "{told}");
    let missing = elsewhere(&program, &["transcribe", "nope.wav"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("nope.wav"), "{}", text(&missing.stderr));
}

/// Fault: `config check` reported one missing model at a time, with exit code 1, and none beside other
/// mistakes.
#[test]
fn all_mistakes_are_told_at_once_with_the_code_that_is_documented() {
    let whisper = root().join("models/whisper/whisper-tiny.en-tuned.bin").display().to_string();
    let frontdesk = root().join("models/demo/phi3-frontdesk.gguf").display().to_string();
    let missing = configuration(&[(&whisper, "none.bin"), (&frontdesk, "none.gguf")]);
    let path = missing.path.display().to_string();
    let output = run(&["config", "check", "--config", &path], "");
    assert_eq!(output.status.code(), Some(66));
    let told = text(&output.stderr);
    assert!(told.contains("none.bin") && told.contains("none.gguf"), "{told}");

    let swapped = configuration(&[
        (&frontdesk, &whisper),
        ("port = 8080", "port = 99999"),
        ("level = \"info\"", "level = \"loud\""),
        ("cache_mb = 2048", "cache_mb = 0"),
    ]);
    let path = swapped.path.display().to_string();
    for arguments in [["config", "check", "--config", &path].as_slice(), &["serve", "--config", &path]] {
        let output = run(arguments, "");
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        let told = text(&output.stderr);
        assert!(told.contains("server.port = 99999") && told.contains("log.level = \"loud\""), "{told}");
        assert!(told.contains("  line ") && told.contains("llm.cache_mb = 0"), "{told}");
    }
    let told = text(&run(&["config", "check", "--config", &path], "").stderr);
    assert!(told.contains(&whisper) && told.contains("GGUF"), "a Whisper file is no language model: {told}");
}

/// Fault: a configuration with only [server] has no greeting and no facts, but `config check` accepted it
/// without saying so.
#[test]
fn what_a_configuration_lacks_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("offhook.toml");
    let models = root().join("models");
    let model = |name: &str| models.join(name).display().to_string();
    let (stt, llm) = (model("whisper/whisper-tiny.en-tuned.bin"), model("demo/phi3-frontdesk.gguf"));
    let text_of = format!("[server]\nport = 0\n[stt]\nmodel = \"{stt}\"\n[llm]\nmodel = \"{llm}\"\n");
    fs::write(&path, text_of).unwrap();
    let output = run(&["config", "check", "--config", &path.display().to_string()], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("note: agent.greeting is not set"), "{told}");
    assert!(told.contains("note: agent.system_prompt is not set"), "{told}");
}

/// Fault: with too little address space, the server was aborted without a message about memory.
#[test]
fn too_little_memory_is_an_error_that_says_so() {
    let limited = "ulimit -v 1000000 && exec \"$0\" serve --port 0";
    let output = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_offhook")])
        .current_dir(root())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("address space"), "{}", text(&output.stderr));
}

/// Fault: `--gap -5` was an unknown option "-5", and options had other limits than the keys that they
/// replace.
#[test]
fn a_negative_number_is_a_value_and_limits_are_those_of_the_keys() {
    for (arguments, told) in [
        (["call", "--gap", "-5"].as_slice(), "-5 is not in 100..=10000"),
        (&["chat", "--temperature", "-1"], "allowed is a number from 0 to 2"),
        (&["chat", "--temperature", "4"], "allowed is a number from 0 to 2"),
        (&["chat", "--max-tokens", "5000"], "5000 is not in 1..=4096"),
        (&["say", "--speed", "9", "Hello."], "allowed is a number from 0.5 to 2"),
    ] {
        let output = run(arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(told), "{arguments:?}: {}", text(&output.stderr));
    }
}

/// Fault: a trace could be neither printed as a conversation nor read from standard input.
#[test]
fn a_trace_is_read_from_standard_input() {
    let output = run(&["replay", "-", "--show"], "{\"at\":1500000,\"ended\":null}\n");
    assert_eq!(text(&output.stdout), "     1.50 s          the call is over\n", "{}", text(&output.stderr));
    let output = run(&["replay", "-"], "nonsense\n");
    assert!(
        text(&output.stderr).contains("standard input: line 1 is not part of a trace"),
        "{}",
        text(&output.stderr)
    );
}
