//! The small files of every kind, and how alike two recordings are. Must not know what is tested with them.

use std::fs;
use std::path::Path;

use offhook_formats::{Audio, FormatError, Limits};

/// Far more than any of the files has.
pub(crate) const A_MINUTE: Limits = Limits { most_seconds: 60 };

/// Every file that is read.
pub(crate) const READABLE: [&str; 14] = [
    "speech.wav",
    "mulaw.wav",
    "flac.flac",
    "mp3.mp3",
    "shine.mp3",
    "vorbis.ogg",
    "aac.m4a",
    "fragments.mp4",
    "silk.opus",
    "celt.opus",
    "hybrid.ogg",
    "opus.webm",
    "live.webm",
    "vorbis.webm",
];

/// A file of `tests/data`.
pub(crate) fn file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

pub(crate) fn read(bytes: &[u8]) -> Result<Audio, FormatError> {
    offhook_formats::read(bytes, None, A_MINUTE)
}

/// One second of speech, at 16 kHz: what all the files say.
pub(crate) fn speech() -> Vec<f32> {
    read(&file("speech.wav")).unwrap().samples
}

/// The speech as a voice gives it.
pub(crate) fn spoken() -> Vec<i16> {
    offhook_core::audio::to_i16(&speech())
}

pub(crate) fn at(audio: &Audio, rate: u32) -> Vec<f32> {
    offhook_core::audio::resample::resample(&audio.samples, audio.rate, rate).unwrap()
}

/// The highest correlation of two recordings at 16 kHz, and by how many samples the second is then late.
pub(crate) fn alike(first: &[f32], second: &[f32]) -> (f32, isize) {
    let correlation = |late: isize| {
        let (mut both, mut one, mut other) = (0.0, 0.0, 0.0);
        for (n, &a) in first.iter().enumerate() {
            let b = n.checked_add_signed(late).and_then(|n| second.get(n)).copied().unwrap_or(0.0);
            both += a * b;
            one += a * a;
            other += b * b;
        }
        both / (one * other).sqrt().max(f32::MIN_POSITIVE)
    };
    (-100..1_300).map(|late| (correlation(late), late)).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}
