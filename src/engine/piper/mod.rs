//! Piper's voices: neural (VITS), from a file, in American English. Text in; speech and the times of its
//! words out. Knows no calls and no phrases.

mod english;
mod network;
mod onnx_form;
mod rendering;
mod settings;
pub(super) mod voice;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::speech::Description;
use super::{CancelFlag, EngineError, LoadError, NO_SUCH_FILE, Rendering, Synthesizer};
use crate::engine::flite;
use crate::files;
use network::Network;
use rendering::Spoken;
use settings::Settings;
use voice::{Voice, stretches};

/// The largest file of a voice. Medium ones have 63 MB, high ones 114.
const MAX_BYTES: u64 = 512 << 20;
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// A voice from a file.
pub struct Piper(Arc<Voice>);

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
