//! Piper's voices: neural (VITS), from a file, in American English. Text in; speech and the times of its
//! words out. Knows no calls and no phrases.

mod english;
mod network;
mod settings;

use std::path::{Path, PathBuf};

use super::{CancelFlag, EngineError, LoadError, NO_SUCH_FILE, Speech, Synthesizer};
use crate::audio::level::rms_dbfs;
use crate::engine::flite::{self, SpokenWord};
use crate::files;
use crate::units::duration_of;
use network::{Latents, Network, Scales};
use settings::Settings;

/// The largest file of a voice. Medium ones have 63 MB, high ones 114.
const MAX_BYTES: u64 = 512 << 20;
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Frames that are decoded at a time: half a second of sound, in some 50 ms of a core. A cancelled job ends
/// after that. Fewer would cost more in all, since each part has frames of context to decode.
const FRAMES: usize = 44;

/// Voices differ in level; all of them speak as loud as the built-in one.
const LEVEL_DBFS: f32 = -18.0;

/// A voice from a file.
pub struct Piper {
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
    let mut voice = Piper { network, settings, scales, gain: 1.0 };
    voice.get_to_know().map_err(|error| wrong(path, format!("it does not speak: {error}")))?;
    Ok(voice)
}

/// Looks at the two files of a voice, without loading it.
///
/// # Errors
/// As [`open`], but for what only shows when it speaks.
pub fn check(path: &Path) -> Result<(), LoadError> {
    settings(path)?;
    let file = read(path, |path| files::read(path, MAX_BYTES))?;
    network::inner_values(&file).map(drop).map_err(|problem| wrong(path, problem))
}

fn settings(path: &Path) -> Result<Settings, LoadError> {
    if !path.exists() {
        return Err(wrong(path, NO_SUCH_FILE.to_owned()));
    }
    let beside = settings_of(path);
    let text = read(&beside, |path| files::text(path, MAX_SETTINGS_BYTES))?;
    Settings::of(&text).map_err(|problem| wrong(&beside, problem))
}

/// The file beside a voice.
fn settings_of(path: &Path) -> PathBuf {
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
type Signs = Vec<(char, Option<usize>)>;

/// A stretch ends with the first mark after so many signs, or else with the first word after so many: memory
/// and time grow with the square of its length.
const SIGNS_TO_A_MARK: usize = 40;
const MOST_SIGNS: usize = 200;

/// The signs of a text, in stretches that are spoken one after the other.
fn stretches(spoken: &[SpokenWord]) -> Vec<Signs> {
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

impl Piper {
    fn phonemes(&self, signs: &Signs) -> Phonemes {
        let (ids, owners) = self.settings.ids(signs.iter().map(|&(sign, _)| sign));
        let words = owners.into_iter().map(|owner| owner.and_then(|sign| signs[sign].1)).collect();
        Phonemes { ids, words }
    }

    fn latents(&self, phonemes: &Phonemes) -> Result<Latents, EngineError> {
        self.network.latents(&phonemes.ids, self.scales).map_err(failed)
    }

    fn all_sound(
        &self,
        latents: &Latents,
        cancel: &CancelFlag,
        between: &mut dyn FnMut(),
    ) -> Result<Vec<f32>, EngineError> {
        let mut sound = Vec::new();
        for frames in latents.parts(FRAMES) {
            between();
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            sound.extend(self.network.sound(latents, frames).map_err(failed)?);
        }
        Ok(sound)
    }

    fn samples(&self, sound: &[f32]) -> Vec<i16> {
        sound.iter().map(|sample| (sample * self.gain * 32_767.0) as i16).collect()
    }

    /// Says a sentence to nobody: how much context its parts need, and how loud it is.
    fn get_to_know(&mut self) -> Result<(), EngineError> {
        const SENTENCE: &str = "Hello, how can I help you today?";
        let spoken = flite::pronounce(SENTENCE)?.spoken;
        let phonemes = self.phonemes(&stretches(&spoken).concat());
        let latents = self.latents(&phonemes)?;
        self.network.find_its_context(&latents, FRAMES).map_err(EngineError::Failed)?;
        let sound = self.all_sound(&latents, &CancelFlag::default(), &mut || {})?;
        let speech = Speech::trimmed(&self.samples(&sound), self.settings.rate(), []);
        if speech.samples.is_empty() {
            return Err(EngineError::Failed("its sound is silence".to_owned()));
        }
        let level = rms_dbfs(&speech.samples);
        self.gain = 10_f32.powf((LEVEL_DBFS - level) / 20.0).clamp(0.1, 10.0);
        Ok(())
    }
}

fn failed(problem: String) -> EngineError {
    EngineError::Failed(format!("the voice failed: {problem}"))
}

impl Synthesizer for Piper {
    /// Speaks `text`. A text with nothing to speak gives empty speech.
    ///
    /// # Errors
    /// If the text is too long, if the network fails, or if the job is cancelled.
    fn synthesize_in_steps(
        &mut self,
        text: &str,
        cancel: &CancelFlag,
        between: &mut dyn FnMut(),
    ) -> Result<Speech, EngineError> {
        let pronunciation = flite::pronounce(text)?;
        let rate = self.settings.rate();
        let (mut samples, mut ends) = (Vec::new(), vec![None; pronunciation.written.len()]);
        for signs in stretches(&pronunciation.spoken) {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            let phonemes = self.phonemes(&signs);
            if phonemes.words.iter().all(Option::is_none) {
                continue;
            }
            let latents = self.latents(&phonemes)?;
            let sound = self.all_sound(&latents, cancel, between)?;
            let of_a_frame = sound.len() / latents.frames().max(1);
            word_ends(&phonemes, &latents.durations, |word, frame| {
                if let Some(end) = ends.get_mut(word) {
                    *end = Some(duration_of(samples.len() + frame * of_a_frame, rate));
                }
            });
            samples.extend(self.samples(&sound));
        }
        Ok(Speech::trimmed(&samples, rate, pronunciation.written.into_iter().zip(ends)))
    }
}

/// Gives the frame in which each written word ends: that of its last phoneme, and not of the pause after it.
fn word_ends(phonemes: &Phonemes, durations: &[usize], mut ends: impl FnMut(usize, usize)) {
    let mut frame = 0;
    for (word, frames) in phonemes.words.iter().zip(durations) {
        frame += frames;
        if let Some(word) = word {
            ends(*word, frame);
        }
    }
}

#[cfg(test)]
mod tests;
