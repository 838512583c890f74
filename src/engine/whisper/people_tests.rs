//! Tests of the recogniser on recordings of people, both unchanged and as bad phone lines carry them.

use std::path::Path;
use std::time::Duration;

use super::tests::options;
use super::*;
use crate::audio::{phone_to_whisper, to_f32, to_i16};
use crate::engine::{CancelFlag, Effort, Recognizer as _};
use crate::files::recordings;
use crate::scoring::ByLength;

/// The recordings at 8 kHz, and their words.
fn people() -> Vec<(Vec<f32>, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/people");
    let table = std::fs::read_to_string(folder.join("ref.tsv")).unwrap();
    let recording = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let clip = recordings::read(&folder.join(columns[0])).unwrap();
        (to_f32(&clip.i16_at(8_000).unwrap()), columns[3].to_owned())
    };
    table.lines().map(recording).collect()
}

/// The score of all recordings, each changed by the phone line `line`, which also gets the recording before
/// it.
fn heard_over(line: impl Fn(&[f32], &[f32]) -> Vec<f32>) -> ByLength {
    let mut recognizer = load(&options()).unwrap().recognizer().unwrap();
    let effort = Effort { threads: 1, second_try: true };
    let people = people();
    let mut score = ByLength::default();
    for (n, (audio, words)) in people.iter().enumerate() {
        let (other, _) = &people[(n + people.len() - 1) % people.len()];
        let audio = phone_to_whisper(&to_i16(&line(audio, other))).unwrap();
        let heard = recognizer.transcribe(&audio, effort, &CancelFlag::default()).unwrap();
        let length = Duration::from_secs_f64(audio.len() as f64 / 16_000.0);
        score.add(length, words, &heard.text);
    }
    score
}

fn assert_understood(score: ByLength, most_percent: f64) {
    let all = score.all;
    assert!(all.percent() <= most_percent, "{:.1} % of words wrong: {score:?}", all.percent());
    assert_eq!((all.empty, all.doubled), (0, 0), "{score:?}");
}

#[test]
fn people_are_understood() {
    assert_understood(heard_over(|audio, _| audio.to_vec()), 8.0);
}

#[test]
fn people_who_are_far_from_the_microphone_are_understood() {
    // 26 dB quieter: 11 of 16 bits are left, and a third of the steps of mu-law.
    assert_understood(heard_over(|audio, _| audio.iter().map(|x| x * 0.05).collect()), 10.0);
}

#[test]
fn people_who_shout_into_the_microphone_are_understood() {
    assert_understood(
        heard_over(|audio, _| audio.iter().map(|x| (x * 6.0).clamp(-1.0, 1.0)).collect()),
        12.0,
    );
}

#[test]
fn people_are_understood_though_somebody_else_speaks_in_the_room() {
    let line = |audio: &[f32], other: &[f32]| {
        audio.iter().zip(other.iter().cycle()).map(|(x, y)| x + 0.1 * y).collect()
    };
    assert_understood(heard_over(line), 12.0);
}
