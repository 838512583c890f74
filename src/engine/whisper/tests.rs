//! Tests of the recogniser with the demo model, on speech of the built-in voice over a phone line.

use super::*;
use crate::audio::g711::Law;
use crate::audio::{resample, to_f32};
use crate::engine::Synthesizer as _;
use crate::engine::flite::Flite;
use crate::engine::leaks::assert_no_growth;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/demo/whisper-frontdesk.en.bin");

fn options() -> WhisperOptions {
    WhisperOptions {
        model: MODEL.into(),
        window_margin: Duration::from_millis(300),
        initial_prompt: String::new(),
        full_window: false,
        second_window: Duration::ZERO,
        tokens_per_second: TOKENS_PER_SECOND,
    }
}

const QUICK: Effort = Effort { threads: 1, second_try: false };

fn recognizer() -> WhisperRecognizer {
    load(&options()).unwrap().recognizer().unwrap()
}

/// Speech as it arrives at the other end of a phone line.
fn phoned(text: &str) -> Vec<f32> {
    let speech = Flite::new("slt", 1.0).unwrap().synthesize(text).unwrap();
    over_the_line(&resample::resample_i16(&speech.samples, speech.rate, 8_000).unwrap())
}

fn over_the_line(line: &[i16]) -> Vec<f32> {
    let line = Law::Mu.decode_all(&Law::Mu.encode_all(line));
    to_f32(&resample::resample_i16(&line, 8_000, WHISPER_RATE).unwrap())
}

#[test]
fn a_question_over_the_phone_is_understood() {
    let mut recognizer = recognizer();
    let heard = recognizer
        .transcribe(&phoned("What time do you open on Monday?"), QUICK, &CancelFlag::default())
        .unwrap();
    let text = heard.text.to_lowercase();
    assert!(text.contains("open") && text.contains("monday"), "{heard:?}");
    assert!(heard.avg_logprob < 0.0 && heard.avg_logprob > -1.0, "{heard:?}");
    // Whisper's own probability of no speech, where it is asked, agrees.
    assert!((0.0..0.6).contains(&recognizer.no_speech(1).unwrap()), "{heard:?}");
}

#[test]
fn the_whole_window_and_a_prompt_work_too() {
    let options = WhisperOptions {
        full_window: true,
        initial_prompt: "Monday, Tuesday\0, Ångström.".to_owned(),
        ..options()
    };
    let mut recognizer = load(&options).unwrap().recognizer().unwrap();
    recognizer
        .transcribe(&phoned("What time do you open on Monday?"), QUICK, &CancelFlag::default())
        .unwrap();
}

/// With flash attention, whisper.cpp pads the keys of a cut window with zeros that it does not mask, and
/// hears other words. (Not against the whole window: the demo model was trained with 12 s at most.)
#[test]
fn the_words_of_a_cut_window_are_those_of_a_far_wider_one() {
    let wide = WhisperOptions { window_margin: Duration::from_secs(5), ..options() };
    let (mut cut, mut wide) = (recognizer(), load(&wide).unwrap().recognizer().unwrap());
    // Recorded callers: the built-in voice is not twice the same to the sample.
    for caller in ["2.wav", "3.wav", "4.wav"] {
        let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/demo/callers").join(caller);
        let line = crate::audio::wav::read_file(&recording).unwrap().i16_at(8_000).unwrap();
        let audio = over_the_line(&line);
        let words = |heard: Transcript| crate::conversation::barge_in::plain_words(&heard.text);
        let cut = words(cut.transcribe(&audio, QUICK, &CancelFlag::default()).unwrap());
        let wide = words(wide.transcribe(&audio, QUICK, &CancelFlag::default()).unwrap());
        assert_eq!(cut, wide, "{caller}");
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
    // Past the check before the job, so that whisper.cpp is the one to ask.
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
    let params = recognizer.params(recognizer.window, &prompt, 1);
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
            // Three of four are cancelled underway.
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
    assert!(message("", None).contains("it is a folder"));
    // A head that passes every check, with weights of another shape.
    let mut other = demo.clone();
    other[8..12].copy_from_slice(&1_400_u32.to_le_bytes());
    assert!(message("other.bin", Some(&other)).contains("whisper.cpp cannot load it"));
}

#[test]
fn the_window_is_cut_to_the_speech_and_its_margin() {
    let window =
        Window { margin: Duration::from_millis(300), positions: 1_500, full: false, least: Duration::ZERO };
    assert_eq!(window.positions_for(Duration::from_secs(2)), 115);
    assert_eq!(window.positions_for(Duration::from_millis(2_001)), 116);
    assert_eq!(window.positions_for(Duration::from_secs(40)), 0);
    assert_eq!(Window { full: true, ..window }.positions_for(Duration::from_secs(2)), 0);
}
