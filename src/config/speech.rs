//! The keys of `[tts]` and `[vad]`, with their defaults and limits.

use std::path::Path;
use std::sync::Arc;

use super::toml_reader::Reader;
use super::{Tts, Vad, limits};
use crate::engine::voice;
use crate::files::search_path;
use crate::speakable::Dictionary;
use crate::vad::DetectorChoice;

pub(super) fn tts(r: &mut Reader, base: &Path) -> Tts {
    let voice = r.text("tts.voice", voice::BUILT_IN, |v| (!voice::is_known(v)).then(voice::names));
    Tts {
        voice: voice::with_file(&voice, |file| search_path::find(base, file)),
        speed: r.number("tts.speed", 1.0, limits::SPEED) as f32,
        pronounce: pronunciations(r),
    }
}

pub(super) fn vad(r: &mut Reader) -> Vad {
    Vad {
        detector: detector(r),
        start: r.millis("vad.start_ms", 60, 20..=500),
        stop: r.millis("vad.stop_ms", 120, 40..=1000),
        pre_roll: r.millis("vad.pre_roll_ms", 240, 0..=1000),
    }
}

/// `tts.pronounce`: words, and how they are said.
fn pronunciations(r: &mut Reader) -> Arc<Dictionary> {
    let key = "tts.pronounce";
    let pairs = r.pairs(key, "words and how they are said, such as { Nguyen = \"win\" }");
    let dictionary = Dictionary::new(pairs).unwrap_or_else(|error| {
        r.refuse(key, String::new(), error.to_string());
        Dictionary::default()
    });
    Arc::new(dictionary)
}

fn detector(r: &mut Reader) -> DetectorChoice {
    let name = r.text("vad.detector", "earshot", |v| {
        (!["earshot", "webrtc"].contains(&v)).then(|| "\"earshot\" or \"webrtc\"".to_owned())
    });
    let threshold = r.number("vad.threshold", 0.5, 0.05..=0.99) as f32;
    let aggressiveness = r.integer("vad.aggressiveness", 2, 0..=3) as u8;
    match name.as_str() {
        "webrtc" => DetectorChoice::WebRtc(aggressiveness),
        _ => DetectorChoice::Earshot(threshold),
    }
}
