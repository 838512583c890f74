//! The available voices, by their names in `tts.voice` (`KIND:NAME`). The server, commands and checks open
//! voices only here: another kind is a file of its own and an entry in this table.

use super::flite::{self, Flite};
use super::{EngineError, Synthesizer};

type Opened = Result<Box<dyn Synthesizer>, EngineError>;

/// A kind of voice.
struct Kind {
    /// The part of the name before the colon.
    name: &'static str,
    voices: &'static [&'static str],
    /// Opens a voice of this kind. A speed of 1 is its normal one.
    open: fn(&str, f32) -> Opened,
    /// True if it can speak something in the text.
    can_speak: fn(&str) -> bool,
}

const KINDS: [Kind; 1] = [Kind {
    name: "flite",
    voices: &flite::VOICES,
    open: |voice, speed| Ok(Box::new(Flite::new(voice, speed)?)),
    can_speak: flite::can_speak,
}];

/// The name of the built-in voice, which needs no file.
pub const BUILT_IN: &str = "flite:slt";

/// All names, for error messages.
#[must_use]
pub fn names() -> String {
    let names =
        KINDS.iter().flat_map(|kind| kind.voices.iter().map(|voice| format!("\"{}:{voice}\"", kind.name)));
    names.collect::<Vec<_>>().join(", ")
}

/// Opens a voice by its name. A speed of 1 is its normal one, 2 is twice as fast.
///
/// # Errors
/// If there is no such voice or speed; the text lists those that exist.
pub fn open(voice: &str, speed: f32) -> Opened {
    match find(voice) {
        Some((kind, voice)) => (kind.open)(voice, speed),
        None => Err(EngineError::BadInput(format!("there is no voice {voice:?}; there are: {}", names()))),
    }
}

/// True if there is a voice of this name.
#[must_use]
pub fn is_known(voice: &str) -> bool {
    find(voice).is_some_and(|(kind, voice)| kind.voices.contains(&voice))
}

/// True if the voice can speak something in `text`.
#[must_use]
pub fn can_speak(voice: &str, text: &str) -> bool {
    find(voice).is_some_and(|(kind, _)| (kind.can_speak)(text))
}

fn find(voice: &str) -> Option<(&'static Kind, &str)> {
    let (kind, voice) = voice.split_once(':')?;
    Some((KINDS.iter().find(|known| known.name == kind)?, voice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CancelFlag;

    #[test]
    fn the_built_in_voice_speaks_and_an_unknown_one_is_refused_with_those_there_are() {
        let speech = open(BUILT_IN, 1.0).expect("a voice").synthesize("Hello.", &CancelFlag::default());
        assert!(!speech.expect("speech").samples.is_empty());
        for unknown in ["piper:joe", "flite:rms", "slt", ""] {
            let error = open(unknown, 1.0).err().expect(unknown).to_string();
            assert!(error.contains("slt"), "{unknown}: {error}");
            assert!(!is_known(unknown));
        }
        assert!(is_known(BUILT_IN) && can_speak(BUILT_IN, "Hello.") && !can_speak(BUILT_IN, "你好"));
    }
}
