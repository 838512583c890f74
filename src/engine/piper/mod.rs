//! Piper's voices: neural (VITS), from a file, in American English. Text in; speech and the times of its
//! words out. Knows no calls and no phrases.

mod english;
mod network;
mod onnx_form;
mod rendering;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::speech::{Description, gain_of, with_gain};
use super::{CancelFlag, EngineError, LoadError, NO_SUCH_FILE, Rendering, Synthesizer};
use crate::engine::flite::{self, SpokenWord};
use crate::files;
use network::{Network, Scales};
use rendering::Spoken;
use settings::Settings;

/// What a voice says to nobody, so that it becomes known how loud it is.
pub(super) const SAMPLE_SENTENCE: &str = "Hello, how can I help you today?";

/// The largest file of a voice. Medium ones have 63 MB, high ones 114.
const MAX_BYTES: u64 = 512 << 20;
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// A voice from a file.
pub struct Piper(Arc<Voice>);

/// What all texts of a voice share.
struct Voice {
    network: Network,
    settings: Settings,
    scales: Scales,
    /// What its samples are multiplied by.
    gain: f32,
}

/// Opens the voice in `path`, at a pace where 1 is its own and 2 twice as fast. Its settings are beside it,
/// in `path.json`.
///
/// # Errors
/// If one of the two files is missing, broken, or not of a voice that is supported.
pub fn open(path: &Path, speed: f32) -> Result<Piper, LoadError> {
    let settings = settings(path)?;
    let network = Network::load(read(path, |path| files::read(path, MAX_BYTES))?)
        .map_err(|problem| wrong(path, problem))?;
    let inference = &settings.inference;
    let scales = [
        inference.noise_scale,
        inference.length_scale / speed.clamp(*flite::SPEEDS.start(), *flite::SPEEDS.end()),
        inference.noise_w,
    ];
    let mut voice = Voice { network, settings, scales, gain: 1.0 };
    voice.get_to_know().map_err(|error| wrong(path, format!("it does not speak: {error}")))?;
    Ok(Piper(Arc::new(voice)))
}

/// Looks at the two files of a voice, without loading it.
///
/// # Errors
/// As [`open`], but for what only shows when it speaks.
pub fn look(path: &Path) -> Result<Description, LoadError> {
    let (beside, text) = settings_text(path)?;
    let description = described_by(&text).map_err(|problem| wrong(&beside, problem))?;
    let file = read(path, |path| files::read(path, MAX_BYTES))?;
    check_network(&file).map_err(|problem| wrong(path, problem))?;
    Ok(description)
}

/// What the text of a voice's settings says of it.
///
/// # Errors
/// What is wrong with the text.
pub fn described_by(settings: &str) -> Result<Description, String> {
    let settings = Settings::of(settings)?;
    Ok(Description { language: settings.language(), rate: Some(settings.rate()) })
}

/// Checks that the bytes of a file are a network of Piper's kind, without loading it.
///
/// # Errors
/// What is wrong with them.
pub fn check_network(file: &[u8]) -> Result<(), String> {
    network::inner_values(file).map(drop)
}

fn settings(path: &Path) -> Result<Settings, LoadError> {
    let (beside, text) = settings_text(path)?;
    Settings::of(&text).map_err(|problem| wrong(&beside, problem))
}

/// The file beside a voice, and its text.
fn settings_text(path: &Path) -> Result<(PathBuf, String), LoadError> {
    if !path.exists() {
        return Err(wrong(path, NO_SUCH_FILE.to_owned()));
    }
    let beside = settings_of(path);
    let text = read(&beside, |path| files::text(path, MAX_SETTINGS_BYTES))?;
    Ok((beside, text))
}

/// The file beside a voice.
pub(super) fn settings_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

fn read<T>(path: &Path, read: impl Fn(&Path) -> std::io::Result<T>) -> Result<T, LoadError> {
    if !path.exists() {
        return Err(wrong(path, NO_SUCH_FILE.to_owned()));
    }
    read(path).map_err(|error| wrong(path, error.to_string()))
}

fn wrong(path: &Path, problem: String) -> LoadError {
    let remedy = "set tts.voice to \"piper:FILE.onnx\", a Piper voice with its FILE.onnx.json beside it, or to \
                  \"flite:slt\" (docs/voices.md)";
    LoadError { kind: "voice", path: path.display().to_string(), problem, remedy: remedy.to_owned() }
}

/// A stretch of a text as phonemes: their ids, and the written word that each belongs to. Pauses belong to
/// none.
#[derive(Debug, Default)]
struct Phonemes {
    ids: Vec<i32>,
    words: Vec<Option<usize>>,
}

/// The signs of a stretch, each with the written word that it belongs to; spaces and marks have none.
pub(super) type Signs = Vec<(char, Option<usize>)>;

/// A stretch ends with the first mark after so many signs, or else with the first word after so many: memory
/// and time grow with the square of its length.
const SIGNS_TO_A_MARK: usize = 40;
const MOST_SIGNS: usize = 200;

/// The signs of a text, in stretches that are spoken one after the other.
pub(super) fn stretches(spoken: &[SpokenWord]) -> Vec<Signs> {
    let mut stretches = vec![Signs::new()];
    for (i, word) in spoken.iter().enumerate() {
        let Some(signs) = stretches.last_mut() else { continue };
        let next = spoken.get(i + 1);
        let before = i.checked_sub(1).and_then(|before| spoken.get(before));
        if !signs.is_empty() && !english::goes_on(word) {
            signs.push((' ', None));
        }
        signs.extend(english::signs(word, before, next).chars().map(|sign| (sign, Some(word.written))));
        signs.extend(word.mark.map(|mark| (mark, None)));
        let is_long = signs.len() >= MOST_SIGNS || (word.mark.is_some() && signs.len() >= SIGNS_TO_A_MARK);
        if is_long && next.is_some_and(|next| !english::goes_on(next)) {
            stretches.push(Signs::new());
        }
    }
    stretches
}

impl Voice {
    fn phonemes(&self, signs: &Signs) -> Phonemes {
        let (ids, owners) = self.settings.ids(signs.iter().map(|&(sign, _)| sign));
        let words = owners.into_iter().map(|owner| owner.and_then(|sign| signs[sign].1)).collect();
        Phonemes { ids, words }
    }

    fn samples(&self, sound: &[f32]) -> Vec<i16> {
        with_gain(sound, self.gain)
    }

    /// Says a sentence to nobody: how much context its parts need, and how loud it is.
    fn get_to_know(&mut self) -> Result<(), EngineError> {
        let spoken = flite::pronounce(SAMPLE_SENTENCE)?.spoken;
        let signs = stretches(&spoken).concat();
        let unknown = signs.iter().find(|(sign, word)| word.is_some() && !self.settings.knows(*sign));
        if let Some((sign, _)) = unknown {
            return Err(EngineError::Failed(format!("its phoneme_id_map has no {sign:?}")));
        }
        let phonemes = self.phonemes(&signs);
        let latents = self.network.latents(&phonemes.ids, self.scales).map_err(failed)?;
        let sound =
            self.network.find_its_context(&latents, &rendering::PARTS).map_err(EngineError::Failed)?;
        self.gain = gain_of(&self.samples(&sound), self.settings.rate())
            .ok_or_else(|| EngineError::Failed("its sound is silence".to_owned()))?;
        Ok(())
    }
}

fn failed(problem: String) -> EngineError {
    EngineError::Failed(format!("the voice failed: {problem}"))
}

impl Synthesizer for Piper {
    /// Begins to speak `text`. A text with nothing to speak gives empty speech.
    ///
    /// # Errors
    /// If the text is too long.
    fn begin(&mut self, text: &str, _cancel: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
        let pronunciation = flite::pronounce(text)?;
        let stretches = stretches(&pronunciation.spoken);
        Ok(Box::new(Spoken::new(self.0.clone(), pronunciation.written, stretches)))
    }
}

#[cfg(test)]
mod tests;
