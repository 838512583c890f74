//! Tells real speech from words that Whisper makes up: it was trained on subtitles, and answers silence and
//! noise with "Thank you." or an endless phrase. Knows numbers and texts, no audio formats.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use regex::Regex;

/// The threshold of the probability of no speech (OpenAI's `no_speech_threshold`, whisper.cpp's
/// `no_speech_thold`). Above it, unsure words were not said.
pub(super) const NO_SPEECH: f32 = 0.6;

/// The words are unsure if their mean log-probability is below this (OpenAI's `logprob_threshold`,
/// whisper.cpp's `logprob_thold`).
pub(super) const UNSURE: f32 = -1.0;

/// Below this, the words are made up, whatever the probability of no speech is. The value is what helped
/// others against "Thank you." on noise.
pub(super) const MADE_UP: f32 = -1.25;

/// The loudest sample of silence: -60 dBFS, far below speech and above the idle noise of a phone line (the
/// smallest steps of mu-law are -72 dBFS).
const SILENT_PEAK: f32 = 0.001;

/// A text is repetitive if it is larger than its compressed form by more than this factor.
const MOST_COMPRESSED: f32 = 2.4;

/// True if there is no sound at all, so that the engine need not run.
pub(super) fn is_silent(audio: &[f32]) -> bool {
    audio.iter().all(|s| !s.is_finite() || s.abs() <= SILENT_PEAK)
}

/// True if the text repeats itself and therefore compresses to a small part of its size: a loop with
/// variations (OpenAI's `compression_ratio_threshold`).
pub(super) fn is_repetitive(text: &str) -> bool {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(text.as_bytes()).and_then(|()| packer.finish());
    packed.is_ok_and(|packed| text.len() as f32 > MOST_COMPRESSED * packed.len() as f32)
}

/// True if the text describes sounds instead of words: "[BLANK_AUDIO]", "(music)", ">> [INAUDIBLE]", "♪".
/// Parentheses around digits are an area code.
pub(super) fn is_annotation(text: &str) -> bool {
    static DESCRIBED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\[[^\]0-9]*\]|\([^)0-9]*\)").ok());
    let spoken = DESCRIBED.as_ref().map_or(Cow::Borrowed(text), |described| described.replace_all(text, ""));
    !spoken.contains(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_with_variations_is_repetitive_and_what_people_say_is_not() {
        let text: String = (0..12).map(|n| format!("I was going to the store {n} and ")).collect();
        assert!(is_repetitive(&text));
        for text in ["", "no no no no no", "My number is five five five, five five five, zero one four two."]
        {
            assert!(!is_repetitive(text), "{text}");
        }
    }

    #[test]
    fn sounds_in_brackets_are_no_words() {
        for text in ["[BLANK_AUDIO]", "(music)", ">> [INAUDIBLE]", "[MUSIC] [APPLAUSE]", "♪ ♪", ".", ""] {
            assert!(is_annotation(text), "{text}");
        }
        for text in
            ["Yes.", "(555) 123 (4)", "Call (555)", "(555)", "9:30", "(hello", "(hello.", "[noise] Hello."]
        {
            assert!(!is_annotation(text), "{text}");
        }
    }

    #[test]
    fn only_the_quietest_audio_is_silent() {
        assert!(is_silent(&[]));
        assert!(is_silent(&[0.0, 0.0005, -0.0005, f32::NAN]));
        assert!(!is_silent(&[0.0, 0.01]));
    }
}
