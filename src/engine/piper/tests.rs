//! What needs no voice's file: broken ones are named. A real voice is tried in `tests/end_to_end`.

use std::fs;

use super::*;

const SETTINGS: &str = r#"{"audio":{"sample_rate":22050},"espeak":{"voice":"en-us"},
    "inference":{"noise_scale":0.667,"length_scale":1,"noise_w":0.8},
    "phoneme_id_map":{"^":[1],"$":[2],"_":[0]}}"#;

/// What is said of a voice with these two files.
fn problem(network: Option<&[u8]>, settings: Option<&str>) -> LoadError {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("voice.onnx");
    if let Some(network) = network {
        fs::write(&path, network).expect("a file");
    }
    if let Some(settings) = settings {
        fs::write(settings_of(&path), settings).expect("a file");
    }
    open(&path, 1.0).err().expect("a problem")
}

#[test]
fn a_missing_or_broken_voice_is_named_with_what_is_wrong_and_what_to_do() {
    for (network, settings, file, what) in [
        (None, None, "voice.onnx.json", NO_SUCH_FILE),
        (None, Some(SETTINGS), "voice.onnx", NO_SUCH_FILE),
        (Some(&b"x"[..]), None, "voice.onnx.json", NO_SUCH_FILE),
        (Some(b"not a model"), Some(SETTINGS), "voice.onnx", "it is not an ONNX model"),
        (Some(b""), Some(SETTINGS), "voice.onnx", "without a graph"),
        (Some(b"x"), Some("{}"), "voice.onnx.json", "it is not a voice's JSON"),
    ] {
        let error = problem(network, settings);
        assert!(error.path.ends_with(file) && error.problem.contains(what), "{error}");
        assert!(error.remedy.contains("tts.voice"), "{error}");
    }
}

#[test]
fn words_end_with_their_phonemes_and_in_order() {
    let phonemes = Phonemes {
        written: ["At".to_owned(), "—".to_owned(), "10:30.".to_owned()].into(),
        ids: vec![1, 0, 5, 0, 6, 0, 2],
        words: vec![None, None, Some(0), Some(0), Some(2), Some(2), None],
    };
    let times = word_times(&phonemes, &[3, 1, 10, 1, 20, 2, 4], |frame| Duration::from_millis(frame as u64));
    let ends: Vec<u128> = times.iter().map(|time| time.end.as_millis()).collect();
    assert_eq!(ends, [15, 15, 37]);
}
