//! What needs no voice's file: broken ones are named. A real voice is tried in `tests/end_to_end`.

use std::fs;

use super::voice::{MOST_SIGNS, Phonemes};
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
        (None, None, "voice.onnx", NO_SUCH_FILE),
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

/// Fault: the end of a word was that of the pause after it.
#[test]
fn words_end_with_their_last_phoneme_and_not_with_the_pause_after_it() {
    let phonemes = Phonemes {
        ids: vec![1, 0, 5, 0, 8, 0, 3, 0, 6, 0, 2],
        words: vec![None, None, Some(0), Some(0), None, None, None, None, Some(2), Some(2), None],
    };
    let durations = [3, 1, 10, 1, 20, 5, 4, 1, 20, 2, 4];
    assert_eq!(rendering::word_ends(&phonemes, &durations), [(0, 14), (0, 15), (2, 65), (2, 67)]);
}

/// Fault: 2,000 letters at once took 1.3 GB.
#[test]
fn long_texts_are_spoken_in_stretches_that_end_at_marks_or_words() {
    let of = |text: &str| stretches(&flite::pronounce(text).expect("a pronunciation").spoken);
    let marks = of(&"We are open on Monday and Tuesday until five, and then on Friday. ".repeat(5));
    assert!(marks.len() >= 5, "{}", marks.len());
    assert!(
        marks.iter().rev().skip(1).all(|signs| signs.last().is_some_and(|(sign, _)| ",.".contains(*sign)))
    );
    let words = of(&"open ".repeat(300));
    assert!(words.len() > 5 && words.iter().all(|signs| signs.len() < MOST_SIGNS + 20), "{}", words.len());
    assert_eq!(of("Hello.").len(), 1);
}
