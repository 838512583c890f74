//! Real inputs for every decoder: from tests/golden, from the files that ship with offhook, and small files
//! of every kind. Must not know what is done with them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use offhook::audio::wav;
use offhook::config::DEFAULT_CONFIG;
use offhook::ids::Asked;
use offhook::streams::dialect::Dialect;
use offhook::turns::trace::{Head, Line, VERSION, What};
use offhook::turns::{Action, Conversation, Event};
use offhook::units::CallTime;
use serde_json::Value;

use super::targets::Target;
use super::targets::codecs::{Packed, pack};
use super::{captures, models};
use offhook::config::call::settings;
use offhook::dialogue::CountTokens;

/// The seeds of a target.
pub fn of(target: &Target) -> Vec<Vec<u8>> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    match target.name {
        "detect" => {
            let providers = fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path());
            let mut providers: Vec<_> = providers.collect();
            providers.sort();
            providers.iter().flat_map(|folder| sessions(folder)).collect()
        }
        "wav" => waves(),
        "gguf" | "reply" => models::gguf(),
        "whisper" => models::whisper(),
        "config" => {
            let small = "[vad]\nstart_ms = 60\ndetector = \"webrtc\"\n[agent]\nfillers = [\"a\", 'b']\n[log]\nlevel = \
                         \"offhook=debug,[span{field=1}]=trace\"\n";
            vec![DEFAULT_CONFIG.into(), small.into()]
        }
        "trace" => vec![call().into(), call().lines().take(12).collect::<Vec<_>>().join("\n").into()],
        "capture" => {
            let own =
                r#"{"type":"session.start","version":1,"audio":{"encoding":"pcm16le","sample_rate":8000}}"#;
            let asterisk = "MEDIA_START channel_id:c1 format:slin";
            vec![
                captures::call(Dialect::Native, own).into(),
                captures::call(Dialect::Asterisk, asterisk).into(),
            ]
        }
        "voice" => [
            "Hello there. It's 9:30 on 1/2, room 4B!",
            "Dr. Smith's e-mail: a@b.com $5.00 50% 1e999",
            "\u{c4}h",
        ]
        .map(|text| text.into())
        .to_vec(),
        "piper" => vec![PIPER_SETTINGS.into(), models::piper()],
        "manifest" => {
            let shipped = include_str!("../../models/manifest.toml");
            // Whole, and a model each.
            let each = shipped.split("\n\n").filter(|part| part.starts_with("[[model]]"));
            each.map(|model| model.into()).chain([shipped.into()]).collect()
        }
        "speakable" => {
            let cases = include_str!("../../crates/core/tests/data/spoken-en.tsv");
            let written = cases.lines().filter_map(|line| line.split_once('\t')).map(|(written, _)| written);
            written.map(|text| text.into()).collect()
        }
        "formats" => super::inputs(&crates.join("formats/tests/data")),
        "openai" => {
            let golden = crates.join("openai/tests/golden");
            let sent = ["sent_chat.json", "sent_speech.json", "sent_tools.json"];
            let sent = sent.map(|name| fs::read(golden.join(name)).unwrap());
            let fields = "model=whisper-1\nresponse_format=verbose_json\ntimestamp_granularities[]=word\n\
                          temperature=0.2\nlanguage=en\nprompt=names\nstream=false";
            sent.into_iter().chain([fields.into()]).collect()
        }
        provider => sessions(&golden.join(provider)),
    }
}

/// What stands beside a Piper voice.
const PIPER_SETTINGS: &str = r#"{"audio":{"sample_rate":22050},"espeak":{"voice":"en-us"},"num_speakers":1,
    "inference":{"noise_scale":0.667,"length_scale":1,"noise_w":0.8},"num_symbols":256,
    "phoneme_id_map":{"^":[1],"$":[2],"_":[0],"a":[14]}}"#;

/// The calls of a provider in tests/golden, packed: the messages from the peer, each with one that the call
/// sends.
fn sessions(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    let mut all = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty());
        let mut session = Vec::new();
        for line in lines.map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            if let Some(before) = line["session"].as_array() {
                all.push(std::mem::take(&mut session));
                session.extend(before.iter().map(message));
            }
            session.extend(line.get("in").map(message));
            if let Some((n, last)) = session.len().checked_sub(1).zip(session.last_mut()) {
                // A long call sends every kind of message.
                last.said = u8::try_from(n % 128).unwrap();
            }
        }
        all.push(session);
    }
    all.iter().filter(|session| !session.is_empty()).map(|session| pack(session)).collect()
}

fn message(line: &Value) -> Packed {
    if let Some(hex) = line.get("hex") {
        let digits = hex.as_str().unwrap();
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        return Packed { text: false, said: 0, bytes: (0..digits.len()).step_by(2).map(byte).collect() };
    }
    let text = line.as_str().map_or_else(|| line.to_string(), str::to_owned);
    Packed { text: true, said: 0, bytes: text.into_bytes() }
}

/// Audio in every supported coding.
fn waves() -> Vec<Vec<u8>> {
    let tone: Vec<i16> = (0..400).map(|n| (n % 40) * 500 - 10_000).collect();
    let mut all = vec![wav::encode(8000, &[&tone]).unwrap(), wav::encode(44_100, &[&tone, &tone]).unwrap()];
    for (tag, bits) in [(1_u16, 8_u16), (1, 24), (1, 32), (3, 32), (3, 64), (6, 8), (7, 8), (0xfffe, 16)] {
        let mut format = Vec::new();
        format.extend([tag.to_le_bytes(), 2_u16.to_le_bytes()].concat());
        format.extend(16_000_u32.to_le_bytes());
        format.extend([0; 6]);
        format.extend(bits.to_le_bytes());
        if tag == 0xfffe {
            format.extend([22, 0, 16, 0, 0, 0, 0, 0, 1, 0]);
            format.extend([0; 14]);
        }
        let sound: Vec<u8> = tone.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        // A streamed file has no true length.
        let length = if bits == 24 { u32::MAX } else { u32::try_from(sound.len()).unwrap() };
        let mut file = b"RIFF\xff\xff\xff\xffWAVELIST\x03\0\0\0abc\0fmt ".to_vec();
        file.extend(u32::try_from(format.len()).unwrap().to_le_bytes());
        file.extend(format);
        file.extend(b"data");
        file.extend(length.to_le_bytes());
        file.extend(sound);
        all.push(file);
    }
    all
}

/// The trace of a call in which every event happens once, and the caller barges in.
fn call() -> String {
    let config = offhook::config::parse("", "test", Path::new("")).unwrap();
    let words = CountTokens::new(|text| text.split_whitespace().count());
    let mut conversation = Conversation::new(settings(&config), words);
    let head = Head { version: VERSION, call: "c".into(), settings: settings(&config) };
    let mut lines = vec![Line { at: CallTime::ZERO, what: What::Trace(Box::new(head)) }];
    let ms = CallTime::from_millis;
    let mut events = vec![
        (ms(0), Event::CallStarted),
        (ms(4000), Event::SpeechStarted { at: ms(3900) }),
        (ms(4200), Event::SpeechSustained { level: -20.5, echo: Some(-40.0) }),
        (ms(5000), Event::SpeechEnded { at: ms(4900) }),
        (ms(6500), Event::SpeechStarted { at: ms(6400) }),
        (ms(6700), Event::SpeechSustained { level: -12.0, echo: None }),
        (ms(7200), Event::LineStalled),
        (ms(7300), Event::LineCaughtUp),
        (ms(7500), Event::SpeechEnded { at: ms(7400) }),
        (ms(9000), Event::Key { key: '5' }),
        (ms(9900), Event::Key { key: '#' }),
        (ms(12_000), Event::InterruptRequested),
    ];
    for tick in (0..16_000).step_by(50).map(ms) {
        let due = events.extract_if(.., |(at, _)| *at <= tick).map(|(_, event)| event).collect::<Vec<_>>();
        for event in due {
            lines.push(Line { at: tick, what: What::Event(event.clone()) });
            conversation.handle(tick, event);
            answer(&mut conversation, tick, &mut lines, &mut events);
        }
        while let Some((_, timer)) = conversation.poll_timeout().filter(|(due, _)| *due <= tick) {
            lines.push(Line { at: tick, what: What::Deadline(timer) });
            conversation.handle_timeout(tick);
            answer(&mut conversation, tick, &mut lines, &mut events);
        }
    }
    lines.push(Line { at: ms(16_000), what: What::Ended });
    lines.iter().map(|line| line.to_text() + "\n").collect()
}

/// Plays engines that know one answer each.
fn answer(
    conversation: &mut Conversation,
    now: CallTime,
    lines: &mut Vec<Line>,
    events: &mut Vec<(CallTime, Event)>,
) {
    let soon = now + Duration::from_millis(100);
    while let Some(action) = conversation.poll_action() {
        match &action {
            Action::Transcribe { utterance, pass, .. } | Action::TranscribePiece { utterance, pass } => {
                let text = "When do you open?".to_owned();
                let (utterance, pass) = (*utterance, *pass);
                let heard = Event::Transcribed { utterance, pass, heard_until: now, text, doubtful: false };
                events.push((soon, heard));
            }
            Action::Generate { turn, .. } => {
                let text = "We open at nine. Is there anything else?".to_owned();
                events.push((soon, Event::Token { turn: *turn, text }));
                events.push((soon, Event::GenerationDone { turn: *turn, usage: None }));
            }
            Action::Prefill { reading, .. } => {
                let asked = Asked::Reading(*reading);
                events.push((soon, Event::EndOfTurnScore { asked, probability: 0.25 }));
                events.push((soon, Event::ReadAhead { reading: *reading, done: true }));
            }
            Action::Speak { chunk, .. } => {
                let duration = Duration::from_millis(900);
                events.push((
                    soon,
                    Event::ChunkReady { chunk: *chunk, duration, words: Vec::new(), more: false },
                ));
            }
            Action::Send { chunk, mark, .. } => {
                events.push((soon, Event::ChunkStarted { chunk: *chunk, plays_at: soon }));
                events.push((now + Duration::from_secs(1), Event::MarkPlayed { mark: *mark }));
            }
            _ => {}
        }
        lines.push(Line { at: now, what: What::Action(action) });
    }
}

#[test]
fn the_seed_of_traces_replays() {
    let lines: Vec<Line> = call().lines().map(|line| Line::read(line).unwrap()).collect();
    assert!(lines.len() > 40, "{} lines", lines.len());
    let replay = offhook::turns::replay::Trace::new(lines).unwrap().replay();
    assert_eq!(replay.difference, None);
}
