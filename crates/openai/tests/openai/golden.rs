//! Whole documents, compared with those in `golden/`, which `check_with_openai.py` gives to the official
//! client. With `OFFHOOK_WRITE_GOLDEN=1` they are written instead, to be looked at and checked before they
//! are committed. And requests as the official client sends them, which the script has recorded there.

use std::path::{Path, PathBuf};
use std::{env, fs};

use offhook_openai::chat::{ChatRequest, Role};
use offhook_openai::models::list;
use offhook_openai::speech::{AudioFormat, SpeechRequest};
use offhook_openai::transcription::{ResponseFormat, TranscriptionRequest, body};
use serde_json::{Value, json};

use super::{chat_answers, errors, json as read, models, speech, transcriptions};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn same(name: &str, found: &str) {
    if env::var_os("OFFHOOK_WRITE_GOLDEN").is_some() {
        fs::write(path(name), found).unwrap();
    }
    let right = fs::read_to_string(path(name)).unwrap_or_default();
    assert!(found == right, "{name} is another one:\n{found}");
}

#[test]
fn answers_are_those_that_were_checked() {
    same("chat.json", &chat_answers::completion("We are open\nuntil \"six\".").body());
    same("chat.sse", &chat_answers::stream(false));
    same("chat_usage.sse", &chat_answers::stream(true));
    same("chat_broken.sse", &chat_answers::broken());
}

#[test]
fn refusals_are_those_that_were_checked() {
    let told = |error: &offhook_openai::ApiError| {
        let retry = error.retry_after_s.map_or_else(|| "-".to_owned(), |seconds| seconds.to_string());
        format!("{} {retry} {}\n", error.status, error.body())
    };
    same("errors.txt", &errors::all().iter().map(told).collect::<String>());
}

#[test]
fn models_are_those_that_were_checked() {
    same("models.json", &list(&models::MODELS));
    same("model.json", &models::MODELS[0].body());
}

#[test]
fn speech_is_that_which_was_checked() {
    same("speech.sse", &speech::stream());
}

#[test]
fn transcriptions_are_those_that_were_checked() {
    let (word, segment) = (("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment"));
    for (name, fields) in [
        ("transcription.json", vec![]),
        ("transcription_verbose.json", vec![("response_format", "verbose_json")]),
        ("transcription_words.json", vec![("response_format", "verbose_json"), word]),
        ("transcription_both.json", vec![("response_format", "verbose_json"), word, segment]),
        ("transcription.txt", vec![("response_format", "text")]),
        ("transcription.srt", vec![("response_format", "srt")]),
        ("transcription.vtt", vec![("response_format", "vtt")]),
    ] {
        same(name, &body(&transcriptions::spoken(), &transcriptions::with(&fields).unwrap()));
    }
    same("transcription.sse", &transcriptions::stream());
}

/// A request that the official client has sent.
fn sent(name: &str) -> Value {
    read(&fs::read_to_string(path(name)).unwrap())
}

#[test]
fn the_official_clients_requests_for_answers_are_read() {
    let request = ChatRequest::read(sent("sent_chat.json").to_string().as_bytes()).unwrap();
    let roles: Vec<Role> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::User]);
    assert_eq!(request.messages[3].content, "And on\nSunday?");
    assert_eq!((request.max_tokens, request.seed), (Some(64), Some(7)));
    assert_eq!(request.stop, ["\n\n"]);
    assert!(request.stream && request.include_usage);
}

#[test]
fn requests_with_tools_are_read() {
    let request = ChatRequest::read(sent("sent_tools.json").to_string().as_bytes()).unwrap();
    assert_eq!(request.messages[1].calls[0].arguments, "{\"at\": \"nine\"}");
    assert_eq!((request.tools[0].name.as_str(), request.parallel_calls), ("book", false));
}

#[test]
fn the_official_clients_requests_for_speech_are_read() {
    let request = SpeechRequest::read(sent("sent_speech.json").to_string().as_bytes()).unwrap();
    assert_eq!((request.voice.as_str(), request.format), ("voice_1", AudioFormat::Wav));
    assert_eq!((request.speed, request.pitch, request.as_events), (1.25, 2.0, true));
}

#[test]
fn the_official_clients_forms_are_read() {
    let form = sent("sent_transcription.json");
    let fields = form.as_array().unwrap().iter().map(|field| {
        let text = |i: usize| field[i].as_str().unwrap().to_owned();
        (text(0), text(1))
    });
    let request = TranscriptionRequest::read(fields).unwrap();
    assert_eq!((request.model.as_str(), request.language.as_deref()), ("whisper-tiny.en", Some("en")));
    assert_eq!((request.format, request.temperature), (ResponseFormat::VerboseJson, Some(0.2)));
    assert!(request.granularities.word && request.granularities.segment && !request.stream);
    assert_eq!(form[0], json!(["model", "whisper-tiny.en"]), "the form is another one");
}
