//! People who read aloud are understood through a whole call: real recordings, real weights, a real socket.
//! The recordings are in the public domain (tests/data/people).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use offhook::scoring::{ByLength, Score};
use serde_json::Value;

use crate::support::server::{Server, configured, offhook, root, text};

/// Published weights, if `scripts/real_models.sh` could fetch them.
const PUBLISHED: &str = "target/real-models/tiny.en.bin";
const MULTILINGUAL: &str = "target/real-models/base.bin";

/// Callers at a time. More would measure the machine.
const CALLERS: usize = 3;

/// A recording, its length and its words.
fn recordings() -> Vec<(PathBuf, Duration, String)> {
    let folder = root().join("tests/data/people");
    let table = std::fs::read_to_string(folder.join("ref.tsv")).unwrap();
    let row = |line: &str| {
        let [file, seconds, _, words] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        (folder.join(file), Duration::from_secs_f64(seconds.parse().unwrap()), words.to_owned())
    };
    table.lines().map(row).collect()
}

/// The transcripts of the recordings, each a turn of a call.
fn heard_in_calls(model: &Path, recordings: &[PathBuf]) -> Vec<String> {
    let model = format!("\"{}\"", model.display());
    // People who read aloud pause for longer than people who speak on the telephone.
    let configuration = configured(
        &[
            ("stt.model", model.as_str()),
            ("endpoint.complete_ms", "1400"),
            ("endpoint.open_ms", "1400"),
            ("agent.greeting", "\"\""),
            ("agent.max_reply_words", "5"),
        ],
        &[],
    );
    let server = Server::start(&configuration);
    let share = recordings.len().div_ceil(CALLERS);
    let calls: Vec<_> = recordings
        .chunks(share)
        .enumerate()
        .map(|(caller, files)| {
            let recording = configuration.path.with_file_name(format!("{caller}.wav"));
            offhook()
                .args(["call", "--json", "--url", &server.url("/twilio"), "--record"])
                .arg(recording)
                .args(files)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut heard = Vec::new();
    for call in calls {
        let output = call.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let turns = report["turns"].as_array().unwrap();
        heard.extend(turns.iter().map(|turn| turn["heard"].as_str().unwrap().to_owned()));
    }
    heard
}

fn all_are_understood(model: &Path) {
    let recordings = recordings();
    let files: Vec<PathBuf> = recordings.iter().map(|(file, _, _)| file.clone()).collect();
    let heard = heard_in_calls(model, &files);
    assert_eq!(heard.len(), recordings.len(), "a turn for each: {heard:?}");
    let mut all = ByLength::default();
    for ((file, length, words), heard) in recordings.iter().zip(&heard) {
        let mut one = Score::default();
        one.add(words, heard);
        all.add(*length, words, heard);
        let name = file.file_name().unwrap().to_string_lossy();
        assert!(one.percent() <= 25.0, "{name}: {words:?} was heard as {heard:?}");
        assert_eq!((one.empty, one.doubled), (0, 0), "{name}: {heard:?}");
    }
    assert!(all.all.percent() <= 8.0, "{:.1} % of words wrong: {heard:?}", all.all.percent());
}

#[test]
fn people_are_understood_by_the_ears_that_ship() {
    all_are_understood(&root().join("models/whisper/whisper-tiny.en-tuned.bin"));
}

/// Fault: windows cut to the speech lost four of five utterances with published weights.
#[test]
fn people_are_understood_with_published_weights() {
    let model = root().join(PUBLISHED);
    if !model.exists() {
        // The last line of `make test` says how many tests had no weights.
        eprintln!("SKIPPED: {PUBLISHED} is not there (scripts/real_models.sh)");
        return;
    }
    all_are_understood(&model);
}

/// Part of `make test-real`, which fetches the weights.
#[test]
#[ignore = "make test-real: larger weights"]
fn people_are_understood_with_published_multilingual_weights() {
    all_are_understood(&root().join(MULTILINGUAL));
}
