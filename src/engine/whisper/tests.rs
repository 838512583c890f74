//! Tests of the recogniser with the shipped model, on speech of the built-in voice over a phone line.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::audio::g711::Law;
use crate::audio::{resample, to_f32};
use crate::engine::flite::Flite;
use crate::engine::leaks::assert_no_growth;
use crate::engine::{CancelFlag, Effort, Recognizer as _, Synthesizer as _, Transcript};
use crate::scoring::Score;
use crate::units::WHISPER_RATE;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/whisper/whisper-tiny.en-tuned.bin");

pub(super) fn options() -> WhisperOptions {
    WhisperOptions {
        model: MODEL.into(),
        window: None,
        margin: None,
        language: "en".to_owned(),
        initial_prompt: String::new(),
        second_look: true,
        tokens_per_second: TOKENS_PER_SECOND,
    }
}

const QUICK: Effort = Effort { threads: 1, second_try: false };

fn recognizer() -> WhisperRecognizer {
    load(&options()).unwrap().recognizer().unwrap()
}

/// Speech as it arrives at the other end of a phone line.
fn phoned(text: &str) -> Vec<f32> {
    let speech = Flite::new("slt", 1.0).unwrap().synthesize(text, &CancelFlag::default()).unwrap();
    over_the_line(&resample::resample_i16(&speech.samples, speech.rate, 8_000).unwrap())
}

pub(super) fn over_the_line(line: &[i16]) -> Vec<f32> {
    let line = Law::Mu.decode_all(&Law::Mu.encode_all(line));
    to_f32(&resample::resample_i16(&line, 8_000, WHISPER_RATE).unwrap())
}

/// A recorded caller, by the number of the file: the built-in voice never gives the same samples twice.
fn caller(number: usize) -> Vec<f32> {
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/demo/callers/{number}.wav"));
    over_the_line(&crate::files::recordings::read(&recording).unwrap().i16_at(8_000).unwrap())
}

/// Judged by the words of all questions: the kernels of other machines round differently, and a single word
/// may change.
#[test]
fn questions_over_the_phone_are_understood() {
    let mut recognizer = recognizer();
    let mut score = Score::default();
    let mut all_heard = Vec::new();
    let questions = [
        (2, "What time do you open on Monday?"),
        (3, "How much is a cleaning?"),
        (4, "Where can I park?"),
        (5, "I would like to book an appointment on Tuesday at ten."),
    ];
    for (number, said) in questions {
        let heard = recognizer.transcribe(&caller(number), QUICK, &CancelFlag::default()).unwrap();
        score.add(said, &heard.text);
        assert!(heard.avg_logprob < 0.0 && heard.avg_logprob > -1.0, "{heard:?}");
        // Whisper's own probability of no speech agrees.
        assert!((0.0..0.6).contains(&recognizer.no_speech(1).unwrap()), "{heard:?}");
        all_heard.push(heard.text);
    }
    assert!(score.percent() <= 15.0 && score.empty == 0, "{score:?} {all_heard:?}");
}

#[test]
fn the_whole_window_and_a_prompt_work_too() {
    let options = WhisperOptions {
        window: Some(Window::Whole),
        initial_prompt: "Monday, Tuesday\0, Ångström.".to_owned(),
        ..options()
    };
    let mut recognizer = load(&options).unwrap().recognizer().unwrap();
    recognizer
        .transcribe(&phoned("What time do you open on Monday?"), QUICK, &CancelFlag::default())
        .unwrap();
}

/// With flash attention, whisper.cpp pads the keys of a cut window with zeros that it does not mask, and
/// recognises other words.
#[test]
fn the_words_of_a_cut_window_are_those_of_a_far_wider_one() {
    let wide = WhisperOptions { margin: Some(Duration::from_secs(5)), ..options() };
    let (mut cut, mut wide) = (recognizer(), load(&wide).unwrap().recognizer().unwrap());
    for number in [2, 3, 4] {
        let audio = caller(number);
        let words = |heard: Transcript| crate::language::words::plain_words(&heard.text);
        let cut = words(cut.transcribe(&audio, QUICK, &CancelFlag::default()).unwrap());
        let wide = words(wide.transcribe(&audio, QUICK, &CancelFlag::default()).unwrap());
        assert_eq!(cut, wide, "caller {number}");
        assert!(!cut.is_empty());
    }
}

#[test]
fn silence_has_no_words() {
    let mut recognizer = recognizer();
    for audio in [vec![], vec![0.0], vec![0.0; 8_000], vec![0.000_5; 48_000], vec![f32::NAN; 1_000]] {
        let heard = recognizer.transcribe(&audio, QUICK, &CancelFlag::default()).unwrap();
        assert_eq!(heard, Transcript { no_speech: 1.0, ..Transcript::default() });
    }
}

#[test]
fn audio_of_any_length_and_loudness_is_taken() {
    let mut recognizer = recognizer();
    for length in [1, 7, 159, 1_599, 1_600, 16_001, 100_003] {
        let audio: Vec<f32> =
            (0..length).map(|n| if n % 50 < 25 { 3.0 } else { f32::NEG_INFINITY }).collect();
        recognizer.transcribe(&audio, QUICK, &CancelFlag::default()).unwrap();
    }
}

#[test]
fn a_cancelled_job_ends_and_the_next_one_is_whole() {
    let mut recognizer = recognizer();
    let audio = phoned("What time do you open on Monday?");
    let flag = CancelFlag::default();
    let whole = recognizer.transcribe(&audio, QUICK, &flag).unwrap();

    let cancelled = CancelFlag::default();
    cancelled.cancel();
    assert!(matches!(recognizer.transcribe(&audio, QUICK, &cancelled), Err(EngineError::Cancelled)));
    assert_eq!(recognizer.transcribe(&audio, QUICK, &flag).unwrap(), whole);
}

#[test]
fn a_flag_set_during_the_job_is_seen_by_whisper() {
    let mut recognizer = recognizer();
    let audio = phoned("What time do you open on Monday?");
    let flag = CancelFlag::default();
    flag.cancel();
    // Skips the check before the job, so that whisper.cpp itself must see the flag.
    assert!(ask_whisper(&mut recognizer, &audio, &flag).is_err());
    assert!(ask_whisper(&mut recognizer, &audio, &CancelFlag::default()).is_ok());
}

fn ask_whisper(
    recognizer: &mut WhisperRecognizer,
    audio: &[f32],
    cancel: &CancelFlag,
) -> Result<(), whisper_rs::WhisperError> {
    recognizer.prepare(audio);
    let prompt = Arc::clone(&recognizer.prompt);
    let params = recognizer.params(&recognizer.window.clone(), &prompt, 1);
    ffi::full(&mut recognizer.state, params, &recognizer.audio, cancel)
}

#[test]
fn recognisers_share_a_model_and_work_at_the_same_time() {
    let model = load(&options()).unwrap();
    let audio = phoned("What time do you open on Monday?");
    let mut expected = model.recognizer().unwrap();
    let expected = expected.transcribe(&audio, QUICK, &CancelFlag::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let mut recognizer = model.recognizer().unwrap();
            let (audio, expected) = (&audio, &expected);
            scope.spawn(move || {
                for _ in 0..3 {
                    assert_eq!(
                        &recognizer.transcribe(audio, QUICK, &CancelFlag::default()).unwrap(),
                        expected
                    );
                }
            });
        }
    });
}

#[test]
fn a_thousand_jobs_leave_no_memory_behind() {
    let options = WhisperOptions { initial_prompt: "Monday".to_owned(), ..options() };
    let mut recognizer = load(&options).unwrap().recognizer().unwrap();
    let click = [0.5; 160];
    let (free, cancelled) = (CancelFlag::default(), CancelFlag::default());
    cancelled.cancel();
    assert_no_growth(0.5, || {
        for n in 0..200 {
            // Three of four jobs are cancelled midway.
            let _ = ask_whisper(&mut recognizer, &click, if n % 4 == 0 { &free } else { &cancelled });
        }
    });
}

#[test]
fn a_bad_model_file_is_refused_by_name_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let demo = std::fs::read(MODEL).unwrap();
    let message = |name: &str, bytes: Option<&[u8]>| {
        let model = dir.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&model, bytes).unwrap();
        }
        let error = load(&WhisperOptions { model: model.clone(), ..options() }).unwrap_err().to_string();
        assert!(error.starts_with(&format!("speech-to-text model {}: ", model.display())), "{error}");
        assert!(error.contains("stt.model"), "{error}");
        error
    };
    assert!(message("missing.bin", None).contains("there is no such file"));
    assert!(message("empty.bin", Some(b"")).contains("it is empty"));
    assert!(message("text.bin", Some(b"GGUF and then some text")).contains("not a Whisper model"));
    assert!(message("head.bin", Some(&demo[..40])).contains("cut short"));
    assert!(message("half.bin", Some(&demo[..demo.len() / 2])).contains("cut short, in its weights"));
    assert!(message("end.bin", Some(&demo[..demo.len() - 1])).contains("cut short, in its weights"));
    assert!(message("", None).contains("not a regular file"));
    // A header that passes every check, with weights of another shape.
    let mut other = demo.clone();
    other[8..12].copy_from_slice(&1_400_u32.to_le_bytes());
    assert!(message("other.bin", Some(&other)).contains("whisper.cpp cannot load it"));
}

/// Fault: "No, no, no, no, no, that is wrong." gave no words; the guard against loops removed them.
#[test]
fn what_people_say_over_and_over_is_heard() {
    let mut recognizer = recognizer();
    let effort = Effort { threads: 1, second_try: true };
    for said in ["No, no, no, no, no, that is wrong.", "Five, five, five.", "Yes, yes."] {
        let heard = recognizer.transcribe(&phoned(said), effort, &CancelFlag::default()).unwrap();
        let mut score = Score::default();
        score.add(said, &heard.text);
        assert!(score.wrong <= 1 && !heard.text.is_empty(), "{said} {heard:?}");
    }
}

#[test]
fn weights_whose_rule_is_wrong_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("mine.bin");
    std::fs::copy(MODEL, &model).unwrap();
    std::fs::write(dir.path().join("mine.toml"), "margin_ms = \"much\"").unwrap();
    let error = load(&WhisperOptions { model, ..options() }).unwrap_err().to_string();
    assert!(error.contains("mine.toml, is wrong"), "{error}");
}
