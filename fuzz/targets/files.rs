//! The properties of the readers of users' files, and of the voice, which speaks any text that a model has
//! generated. Must not know where bytes come from.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Cursor, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use offhook::audio::{resample, wav as wav_file};
use offhook::config as configuration;
use offhook::dialogue::{Message, Role};
use offhook::engine::flite::Flite;
use offhook::engine::llm::{self, LlmEngine, LlmOptions};
use offhook::engine::whisper as whisper_model;
use offhook::engine::{CancelFlag, Generation as _, Generator as _, Sampling, Synthesizer as _, Task};
use offhook::language::ENGLISH;
use offhook::speakable::{Dictionary, spoken, written};
use offhook::turns::Settings;
use offhook::turns::replay::Trace;
use offhook::turns::trace::Line;
use offhook::units::CallTime;

/// The longest message about a file, in bytes. People read it.
const MAX_PROBLEM: usize = 4096;

/// The longest input, in bytes. All limits in bytes are far lower.
const MAX_INPUT: usize = 1 << 20;

/// WAV files.
pub fn wav(data: &[u8]) {
    match wav_file::read(data, "fuzz.wav") {
        Ok(clip) => {
            assert!(clip.samples.len() <= data.len(), "{} samples", clip.samples.len());
            assert!(resample::RATES.contains(&clip.rate), "a rate of {}", clip.rate);
            assert!(clip.samples.iter().all(|sample| (-1.0..=1.0).contains(sample)));
            if clip.samples.len() <= 2000 {
                let phone = clip.i16_at(8000).expect("its rate was taken");
                let most = clip.samples.len() as u64 * 8000 / u64::from(clip.rate) + 8000;
                assert!(phone.len() as u64 <= most, "{} samples", phone.len());
            }
        }
        Err(problem) => short(&problem.to_string(), MAX_PROBLEM),
    }
}

/// Language models: the header, the vocabulary, the template and the weights.
pub fn gguf(data: &[u8]) {
    if let Some(model) = load(data) {
        let text = "Hello, w\u{f6}rld <|end|> \u{1F600}";
        assert!(model.count_tokens(text) <= text.len() * 2 + 2);
    }
}

fn load(data: &[u8]) -> Option<LlmEngine> {
    if data.len() > MAX_INPUT {
        return None;
    }
    let loaded = llm::load(&LlmOptions {
        model: file_of(data),
        threads: 1,
        kernels: llm::KernelChoice::Auto,
        context_tokens: 64,
        cache_mb: 64,
        chat_template: None,
        thinking: false,
        date: || std::time::Duration::ZERO,
    });
    loaded.map_err(|problem| short(&problem.to_string(), MAX_PROBLEM)).ok()
}

/// Language models that can be loaded. They may fail to answer, but not panic.
pub fn reply(data: &[u8]) {
    let Some(mut model) = load(data) else { return };
    let sampling = Sampling {
        max_tokens: 3,
        temperature: 0.7,
        top_p: 0.9,
        repetition_penalty: 1.1,
        seed: 1,
        stop: vec!["stop".to_owned()],
        top_k: 40,
        min_p: 0.01,
        speakable: true,
        time_limit: None,
        guide: None,
    };
    let said = |role, text: &str| Message { role, text: text.to_owned() };
    let messages = [said(Role::System, "Be brief."), said(Role::User, "Hi")];
    let replies =
        [model.continuation("Hi", &sampling), model.begin("call", &messages, Task::Answer, &sampling)];
    for mut reply in replies.into_iter().flatten() {
        for _ in 0..8 {
            if reply.step().is_err() {
                break;
            }
        }
        assert!(reply.usage().generated <= 3, "{:?}", reply.usage());
    }
}

/// The file of a model: one per thread, in memory if the system has such a folder.
struct ModelFile {
    file: File,
    path: PathBuf,
}

impl ModelFile {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let thread = format!("{:?}", std::thread::current().id());
        let digits: String = thread.chars().filter(char::is_ascii_digit).collect();
        let path = folder.join(format!("offhook-fuzz-{}-{digits}.gguf", std::process::id()));
        Self { file: File::create(&path).expect("a place for files"), path }
    }
}

impl Drop for ModelFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

thread_local! {
    static MODEL: RefCell<ModelFile> = RefCell::new(ModelFile::new());
}

fn file_of(data: &[u8]) -> PathBuf {
    MODEL.with_borrow_mut(|ModelFile { file, path }| {
        file.set_len(0).and_then(|()| file.rewind()).expect("a file of ours");
        file.write_all(data).expect("room for a small file");
        path.clone()
    })
}

/// Whisper models, as far as offhook checks them itself.
pub fn whisper(data: &[u8]) {
    if let Err(problem) = whisper_model::look_over(Cursor::new(data), data.len() as u64) {
        short(&problem, MAX_PROBLEM);
    }
}

/// The configuration.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if text.len() > MAX_INPUT {
        return;
    }
    match configuration::parse(&text, "fuzz.toml", Path::new("models")) {
        Ok(config) => {
            assert!(config.server.max_message_bytes <= MAX_INPUT);
            assert!(config.playback.lead <= Duration::from_secs(1));
        }
        Err(error) => {
            assert!(!error.problems.is_empty());
            for problem in &error.problems {
                // The message quotes the line of a TOML mistake, and lists all known keys for an unknown one.
                assert!(!problem.allowed.is_empty());
                short(&problem.to_string(), 2 * MAX_PROBLEM + 3 * text.len());
            }
        }
    }
}

/// Traces of calls: read, written again, replayed, and rehearsed if they are short.
pub fn trace(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = Vec::new();
    for text in text.lines().filter(|line| !line.is_empty()).take(2000) {
        match Line::read(text) {
            Ok(line) => {
                assert!(!line.to_text().contains('\n'));
                lines.push(line);
            }
            Err(problem) => short(&problem.to_string(), MAX_PROBLEM + 3 * text.len()),
        }
    }
    let end = lines.iter().map(|line| line.at).max().unwrap_or_default();
    let count = lines.len();
    let Ok(trace) = Trace::new(lines) else { return };
    let replay = trace.replay();
    assert!(replay.events + replay.actions <= count);
    // A rehearsal lets every deadline pass, so it takes as long as the trace says that the call lasts.
    if end <= CallTime::from_millis(60_000) && patient(&trace.settings) {
        let rehearsal = trace.rehearse(trace.settings.clone());
        assert!(rehearsal.actions.len() <= 10_000 + 100 * count, "{} actions", rehearsal.actions.len());
    }
}

/// True if no deadline recurs within a moment.
fn patient(settings: &Settings) -> bool {
    let pace = Duration::from_millis(50);
    let paces = [
        settings.listening.partial_pace,
        settings.manners.idle_after,
        Some(settings.listening.max_piece),
        Some(settings.listening.max_utterance),
    ];
    paces.into_iter().flatten().all(|time| time >= pace)
}

/// The built-in voice.
pub fn voice(data: &[u8]) {
    let text: String = String::from_utf8_lossy(data).chars().take(60).collect();
    let mut voice = Flite::new("slt", 1.0).expect("the voice is built in");
    let Ok(speech) = voice.synthesize(&text, &CancelFlag::default()) else { return };
    let words = text.split_whitespace().count();
    assert!(speech.words.is_empty() || speech.words.len() == words, "{} of {words}", speech.words.len());
    assert!(speech.words.is_sorted_by_key(|word| word.end));
    let length = offhook::units::duration_of(speech.samples.len(), speech.rate);
    assert!(speech.words.iter().all(|word| word.end <= length));
}

/// The two files of a Piper voice.
pub fn piper(data: &[u8]) {
    let settings = offhook::engine::piper::described_by(&String::from_utf8_lossy(data));
    if let Err(problem) = settings {
        short(&problem, 2_000);
    }
    if let Err(problem) = offhook::engine::piper::check_network(data) {
        short(&problem, 2_000);
    }
}

/// Manifests of models: those that are taken have sound names.
pub fn manifest(data: &[u8]) {
    match offhook::models::Manifest::parse(&String::from_utf8_lossy(data), "fuzz") {
        Ok(manifest) => {
            for model in manifest.models() {
                assert_eq!(manifest.find(&model.name).ok(), Some(model), "a name twice");
                assert!(!model.files.is_empty());
                for file in &model.files {
                    let name = std::path::Path::new(&file.file);
                    assert_eq!(name.file_name(), Some(name.as_os_str()), "more than a name");
                    assert!(
                        !file.file.starts_with(['.', '-']) && !file.file.ends_with(".part"),
                        "{}",
                        file.file
                    );
                }
            }
        }
        Err(problem) => short(&problem.to_string(), 20_000),
    }
}

/// Text on its way to a voice: what is spoken has no digits, is no longer than it may be, and stays as it is
/// when it is spoken again.
pub fn speakable(data: &[u8]) {
    let text: String = String::from_utf8_lossy(data).chars().take(400).collect();
    let written = written(&text, &ENGLISH);
    let said = spoken(&written, &ENGLISH.speech, &Dictionary::default());
    assert!(!said.text.contains(|c: char| c.is_numeric()), "{:?} of {text:?}", said.text);
    assert_eq!(said.words.len(), said.text.split_whitespace().count());
    assert!(said.words.is_sorted() && said.words.iter().all(|of| *of < written.split_whitespace().count()));
    assert!(said.text.len() <= 20 * written.len() + 64, "{} of {}", said.text.len(), written.len());
    let again = spoken(&said.text, &ENGLISH.speech, &Dictionary::default());
    assert_eq!(again.text, said.text, "of {text:?}");
}

pub(super) fn short(problem: &str, most: usize) {
    assert!(!problem.is_empty(), "a problem without a word");
    assert!(problem.len() <= most, "a message of {} bytes", problem.len());
}
