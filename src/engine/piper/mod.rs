//! Piper's voices: neural (VITS), from a file, in American English. Text in; speech and the times of its
//! words out. Knows no calls and no phrases.

mod english;
mod network;
mod settings;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{CancelFlag, EngineError, LoadError, NO_SUCH_FILE, Speech, Synthesizer, WordTime};
use crate::audio::level::{audible_span, rms_dbfs};
use crate::engine::flite;
use crate::files;
use crate::units::{duration_of, samples_in};
use network::{Latents, Network, Scales};
use settings::Settings;

/// The largest file of a voice. Medium ones have 63 MB, high ones 114.
const MAX_BYTES: u64 = 512 << 20;
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Frames that are decoded at a time: half a second of sound, in some 50 ms of a core. A cancelled job ends
/// after that. Fewer would cost more in all, since each part has frames of context to decode.
const FRAMES: usize = 44;

/// Silence kept before and after the audible part.
const LEAD: Duration = Duration::from_millis(5);
const TAIL: Duration = Duration::from_millis(25);

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
    let beside = settings_of(path);
    let text = read(&beside, |path| files::text(path, MAX_SETTINGS_BYTES))?;
    let settings = Settings::of(&text).map_err(|problem| wrong(&beside, problem))?;
    let network = Network::load(read(path, |path| files::read(path, MAX_BYTES))?)
        .map_err(|problem| wrong(path, problem))?;
    let inference = &settings.inference;
    let scales = [inference.noise_scale, inference.length_scale / speed.clamp(0.25, 4.0), inference.noise_w];
    let mut voice = Piper { network, settings, scales, gain: 1.0 };
    voice.find_its_level().map_err(|error| wrong(path, format!("it does not speak: {error}")))?;
    Ok(voice)
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

/// A text as phonemes: their ids, and the written word that each belongs to.
struct Phonemes {
    written: Vec<String>,
    ids: Vec<i32>,
    words: Vec<Option<usize>>,
}

impl Piper {
    fn phonemes(&self, text: &str) -> Result<Phonemes, EngineError> {
        let pronunciation = flite::pronounce(text)?;
        // Each sign, and the written word that it belongs to.
        let mut signs: Vec<(char, usize)> = Vec::new();
        for word in &pronunciation.spoken {
            if let Some(&(_, before)) = signs.last() {
                signs.push((' ', before));
            }
            signs.extend(english::signs(word).chars().map(|sign| (sign, word.written)));
            signs.extend(word.mark.map(|mark| (mark, word.written)));
        }
        let (ids, owners) = self.settings.ids(signs.iter().map(|&(sign, _)| sign));
        let words = owners.into_iter().map(|owner| owner.map(|sign| signs[sign].1)).collect();
        Ok(Phonemes { written: pronunciation.written, ids, words })
    }

    fn all_sound(&self, latents: &Latents, cancel: &CancelFlag) -> Result<Vec<f32>, EngineError> {
        let mut sound = Vec::new();
        for start in (0..latents.frames()).step_by(FRAMES) {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            let frames = start..(start + FRAMES).min(latents.frames());
            sound.extend(self.network.sound(latents, frames).map_err(failed)?);
        }
        Ok(sound)
    }

    /// Says a sentence to nobody, and sets the gain by how loud it was.
    fn find_its_level(&mut self) -> Result<(), EngineError> {
        let speech = self.synthesize("Hello, how can I help you today?", &CancelFlag::default())?;
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
    fn synthesize(&mut self, text: &str, cancel: &CancelFlag) -> Result<Speech, EngineError> {
        let phonemes = self.phonemes(text)?;
        if phonemes.words.iter().all(Option::is_none) {
            return Ok(Speech::default());
        }
        let latents = self.network.latents(&phonemes.ids, self.scales).map_err(failed)?;
        let sound = self.all_sound(&latents, cancel)?;
        let rate = self.settings.rate();
        let samples: Vec<i16> = sound.iter().map(|sample| (sample * self.gain * 32_767.0) as i16).collect();
        let Some(heard) = audible_span(&samples, rate) else { return Ok(Speech::default()) };
        let start = heard.start.saturating_sub(samples_in(LEAD, rate));
        let end = (heard.end + samples_in(TAIL, rate)).min(samples.len());
        let of_a_frame = samples.len() / latents.frames().max(1);
        let words = word_times(&phonemes, &latents.durations, |frame| {
            duration_of((frame * of_a_frame).clamp(start, end) - start, rate)
        });
        Ok(Speech { samples: samples[start..end].to_vec(), rate, words })
    }
}

/// When each written word ends, from the frames of its phonemes. A word without a sound ends with the one
/// before it.
fn word_times(phonemes: &Phonemes, durations: &[usize], at: impl Fn(usize) -> Duration) -> Vec<WordTime> {
    let mut ends = vec![None; phonemes.written.len()];
    let mut frame = 0;
    for (word, frames) in phonemes.words.iter().zip(durations) {
        frame += frames;
        if let Some(end) = word.and_then(|word| ends.get_mut(word)) {
            *end = Some(frame);
        }
    }
    let mut last = Duration::ZERO;
    let timed = phonemes.written.iter().zip(ends).map(|(word, end)| {
        last = end.map_or(last, |frame| at(frame).max(last));
        WordTime { word: word.clone(), end: last }
    });
    timed.collect()
}

#[cfg(test)]
mod tests;
