//! flite, the built-in voice: small and quick, needs no download, and is there when others fail. Text in; 16
//! kHz speech and the times of its words out. Knows no calls and no phrases.

mod ffi;
mod text;

use std::ffi::CString;
use std::time::Duration;

use super::speech::{Description, Trimmer};
use super::{CancelFlag, EngineError, Rendering, Speech, Synthesizer, Whole};

/// The available voices.
pub const VOICES: [&str; 1] = ["slt"];

/// The range of speeds: 1 is the normal speed of the voice, 2 is twice as fast.
pub const SPEEDS: std::ops::RangeInclusive<f32> = 0.25..=4.0;

/// The longest text, in characters: about two minutes of speech.
pub const MAX_CHARS: usize = 2_000;

/// A user of the voice. All users share the voice itself: it speaks one text after the other.
#[derive(Debug, Clone)]
pub struct Flite {
    /// The factor by which every sound lasts longer than usual; the inverse of the speed.
    stretch: f32,
}

impl Flite {
    /// Makes a voice by name, at a speed in [`SPEEDS`].
    ///
    /// # Errors
    /// If there is no such voice or speed; the text lists those that exist.
    pub fn new(voice: &str, speed: f32) -> Result<Self, EngineError> {
        if !VOICES.contains(&voice) {
            return Err(EngineError::BadInput(format!(
                "flite has no voice {voice:?}; it has: {}",
                VOICES.join(", ")
            )));
        }
        if !SPEEDS.contains(&speed) {
            return Err(EngineError::BadInput(format!(
                "a speed of {speed} is out of range: {} to {}",
                SPEEDS.start(),
                SPEEDS.end()
            )));
        }
        Ok(Self { stretch: 1.0 / speed })
    }
}

/// What is known of its voices.
#[must_use]
pub fn description() -> Description {
    Description { language: "en-US".to_owned(), rate: Some(16_000) }
}

/// True if flite can speak something in `text`: it knows Latin letters without accents, and digits.
#[must_use]
pub fn can_speak(text: &str) -> bool {
    text::prepare(text).plain.contains(|c: char| c.is_ascii_alphanumeric())
}

/// A text as its words are pronounced in American English.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pronunciation {
    /// The words as written, split at white space.
    pub written: Vec<String>,
    /// The words as spoken, in order.
    pub spoken: Vec<SpokenWord>,
}

/// A word as it is pronounced. "10:30" is two of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpokenWord {
    /// The written word that it belongs to: its place in [`Pronunciation::written`].
    pub written: usize,
    /// In lower case.
    pub name: String,
    /// The phones of each syllable, by the names of the CMU dictionary in lower case ("ae", "t"), and whether
    /// it is stressed. "ax" is the schwa.
    pub syllables: Vec<(bool, Vec<String>)>,
    /// The mark behind it: one of `.`, `,`, `!`, `?`, `:`, `;`.
    pub mark: Option<char>,
}

/// Looks up how a text is pronounced: in the lexicon of flite, which is CMU's, and by its letter-to-sound
/// rules. Makes no sound, and takes well under a millisecond for a sentence.
///
/// # Errors
/// If the text has more than [`MAX_CHARS`] characters, or if flite fails.
pub fn pronounce(text: &str) -> Result<Pronunciation, EngineError> {
    let (prepared, plain) = prepared(text)?;
    if prepared.plain.is_empty() {
        return Ok(Pronunciation { written: prepared.words, spoken: Vec::new() });
    }
    let mut voice = ffi::voice().ok_or_else(|| failed("no voice"))?;
    let words = voice.pronounce(&plain).ok_or_else(|| failed("no lexicon"))?.words();
    let spoken = words.into_iter().map(|word| SpokenWord {
        written: prepared.word_at(word.at).unwrap_or_default(),
        name: word.name,
        syllables: word.syllables,
        mark: word.punctuation.chars().find(|mark| ".,!?:;".contains(*mark)),
    });
    let spoken = spoken.collect();
    Ok(Pronunciation { written: prepared.words, spoken })
}

/// A text that is not too long, in flite's form.
fn prepared(text: &str) -> Result<(text::Prepared, CString), EngineError> {
    let chars = text.chars().count();
    if chars > MAX_CHARS {
        return Err(EngineError::BadInput(format!(
            "a text of {chars} characters is too long to speak at once; the limit is {MAX_CHARS}"
        )));
    }
    let prepared = text::prepare(text);
    let plain = CString::new(prepared.plain.as_str()).map_err(|_| failed("a NUL in the text"))?;
    Ok((prepared, plain))
}

fn failed(what: &str) -> EngineError {
    EngineError::Failed(format!("flite: {what}"))
}

impl Synthesizer for Flite {
    /// Speaks all of `text` at once. A text with nothing to speak gives empty speech.
    ///
    /// # Errors
    /// If the text has more than [`MAX_CHARS`] characters, if flite fails, or if the job is cancelled.
    fn begin(&mut self, text: &str, cancel: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
        let (prepared, plain) = prepared(text)?;
        if prepared.plain.is_empty() {
            return Ok(Box::new(Whole(Speech::default())));
        }
        let mut voice = ffi::voice().ok_or_else(|| failed("no voice"))?;
        let utterance = voice.speak(&plain, self.stretch, cancel).ok_or_else(|| failed("no speech"))?;
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        let (samples, rate) = utterance.audio();
        let mut ends = vec![None; prepared.words.len()];
        for token in utterance.tokens() {
            if let Some(word) = prepared.word_at(token.at).and_then(|w| ends.get_mut(w)) {
                *word = Duration::try_from_secs_f32(token.end).ok().max(*word);
            }
        }
        // flite itself gives about 220 ms of silence before a text, and 200 after it.
        let mut trimmer = Trimmer::new(rate);
        trimmer.words(prepared.words.into_iter().zip(ends));
        let mut speech = trimmer.push(samples, false);
        speech.append(trimmer.finish());
        Ok(Box::new(Whole(speech)))
    }
}

#[cfg(test)]
mod tests;
