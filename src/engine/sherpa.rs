//! Voices through sherpa-onnx: VITS, Kokoro, Kitten and Pocket models, each in a folder of its own. In the
//! cargo feature `sherpa` only, because the library is C++. Text in, speech out; knows no calls and no
//! phrases.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sherpa_onnx::{GenerationConfig, OfflineTts, OfflineTtsConfig, OfflineTtsModelConfig, Wave};

use super::flite::{self, SpokenWord};
use super::piper::voice::{SAMPLE_SENTENCE, Signs, stretches};
use super::speech::{Description, Trimmer, gain_of, with_gain};
use super::{CancelFlag, EngineError, LoadError, Part, Rendering, Speech, Synthesizer};

/// A family of models.
pub struct Family {
    /// The kind in `tts.voice`.
    pub name: &'static str,
    /// The files of a folder: how their names begin and end.
    files: &'static [(&'static str, &'static str)],
    /// Sets the paths of these files, in the same order.
    configure: fn(&mut OfflineTtsModelConfig, &[String]),
    /// The network takes letters, not phonemes.
    reads_letters: bool,
}

/// VITS models with the metadata that sherpa-onnx wants.
pub static VITS: Family = Family {
    name: "vits",
    files: &[("model", ".onnx"), ("tokens", ".txt")],
    configure: |model, files| {
        model.vits.model = files.first().cloned();
        model.vits.tokens = files.get(1).cloned();
    },
    reads_letters: false,
};

/// Kokoro.
pub static KOKORO: Family = Family {
    name: "kokoro",
    files: &[("model", ".onnx"), ("voices", ".bin"), ("tokens", ".txt")],
    configure: |model, files| {
        model.kokoro.model = files.first().cloned();
        model.kokoro.voices = files.get(1).cloned();
        model.kokoro.tokens = files.get(2).cloned();
    },
    reads_letters: false,
};

/// Kitten.
pub static KITTEN: Family = Family {
    name: "kitten",
    files: KOKORO.files,
    configure: |model, files| {
        model.kitten.model = files.first().cloned();
        model.kitten.voices = files.get(1).cloned();
        model.kitten.tokens = files.get(2).cloned();
    },
    reads_letters: false,
};

/// Pocket: speaks like the person in `reference.wav`.
pub static POCKET: Family = Family {
    name: "pocket",
    files: &[
        ("lm_flow", ".onnx"),
        ("lm_main", ".onnx"),
        ("encoder", ".onnx"),
        ("decoder", ".onnx"),
        ("text_conditioner", ".onnx"),
        ("vocab", ".json"),
        ("token_scores", ".json"),
        (REFERENCE, ".wav"),
    ],
    configure: |model, files| {
        let pocket = &mut model.pocket;
        let paths = [
            &mut pocket.lm_flow,
            &mut pocket.lm_main,
            &mut pocket.encoder,
            &mut pocket.decoder,
            &mut pocket.text_conditioner,
            &mut pocket.vocab_json,
            &mut pocket.token_scores_json,
        ];
        paths.into_iter().zip(files).for_each(|(path, file)| *path = Some(file.clone()));
    },
    reads_letters: true,
};

/// The recording whose voice Pocket takes.
const REFERENCE: &str = "reference";

/// Sets the speaker in the name of a voice, behind its folder: "kokoro:FOLDER#3".
const SPEAKER: char = '#';

/// A voice from a folder.
pub struct Sherpa(Arc<Voice>);

struct Voice {
    tts: OfflineTts,
    family: &'static Family,
    config: GenerationConfig,
    rate: u32,
    gain: f32,
}

/// Opens a voice at a pace where 1 is its own and 2 twice as fast.
///
/// # Errors
/// If a file is missing, or the library refuses them. It ends the process if a model lacks its metadata.
pub fn open(family: &'static Family, named: &Path, speed: f32) -> Result<Sherpa, LoadError> {
    let (folder, speaker) = parts_of(named);
    let wrong = |problem: String| wrong(family, &folder, problem);
    let files = find(family, &folder).map_err(wrong)?;
    let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let mut model = OfflineTtsModelConfig { num_threads: 1, ..OfflineTtsModelConfig::default() };
    (family.configure)(&mut model, &paths);
    let config = OfflineTtsConfig { model, max_num_sentences: 1, ..OfflineTtsConfig::default() };
    let refused = || wrong("sherpa-onnx refuses these files; standard error says why".to_owned());
    let tts = OfflineTts::create(&config).ok_or_else(refused)?;
    let rate = u32::try_from(tts.sample_rate()).ok().filter(|rate| *rate > 0).ok_or_else(refused)?;
    if !(0..tts.num_speakers().max(1)).contains(&speaker) {
        let most = tts.num_speakers().max(1) - 1;
        return Err(wrong(format!("it has no speaker {speaker}; there are 0 to {most}")));
    }
    let mut config = GenerationConfig { sid: speaker, speed, ..GenerationConfig::default() };
    if family.reads_letters {
        let path = paths.last().map(String::as_str).unwrap_or_default();
        let reference = Wave::read(path).ok_or_else(|| wrong(format!("{path} is no WAV file")))?;
        config.reference_sample_rate = reference.sample_rate();
        config.reference_audio = Some(reference.samples().to_vec());
    }
    let mut voice = Voice { tts, family, config, rate, gain: 1.0 };
    let speaks = || -> Result<f32, EngineError> {
        let spoken = flite::pronounce(SAMPLE_SENTENCE)?.spoken;
        let sound = voice.sound(&voice.stretches(SAMPLE_SENTENCE, &spoken))?;
        gain_of(&with_gain(&sound, 1.0), rate)
            .ok_or_else(|| EngineError::Failed("its sound is silence".to_owned()))
    };
    voice.gain = speaks().map_err(|error| wrong(format!("it does not speak: {error}")))?;
    Ok(Sherpa(Arc::new(voice)))
}

/// Looks whether the files are there, without loading them.
///
/// # Errors
/// The file that is missing.
pub fn look(family: &Family, named: &Path) -> Result<Description, LoadError> {
    let (folder, _) = parts_of(named);
    find(family, &folder).map_err(|problem| wrong(family, &folder, problem))?;
    // The rate is inside the model.
    Ok(Description { language: "en-US".to_owned(), rate: None })
}

/// Whether a folder has all files of a family.
#[must_use]
pub fn is_likely(family: &Family, folder: &Path) -> bool {
    find(family, folder).is_ok()
}

/// The folder and the speaker in a name.
fn parts_of(named: &Path) -> (PathBuf, i32) {
    let text = named.to_string_lossy();
    let parts = text.rsplit_once(SPEAKER).and_then(|(folder, speaker)| Some((folder, speaker.parse().ok()?)));
    parts.map_or_else(|| (named.to_owned(), 0), |(folder, speaker)| (folder.into(), speaker))
}

/// The files of a family, in its order.
fn find(family: &Family, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let file = |(begins, ends): &(&str, &str)| {
        let found = names.iter().find(|name| name.starts_with(begins) && name.ends_with(ends));
        found.map(|name| folder.join(name)).ok_or_else(|| format!("it has no {begins}*{ends}"))
    };
    family.files.iter().map(file).collect()
}

fn wrong(family: &Family, folder: &Path, problem: String) -> LoadError {
    let remedy = format!(
        "set tts.voice to \"{}:FOLDER\", a folder with such a model, or to \"flite:slt\" (docs/voices.md)",
        family.name
    );
    LoadError { kind: "voice", path: folder.display().to_string(), problem, remedy }
}

/// A stretch of a text, as the network takes it.
#[derive(Debug, Clone)]
enum Stretch {
    Phonemes(Vec<i32>),
    Letters(String),
}

impl Voice {
    /// A text in stretches.
    fn stretches(&self, text: &str, spoken: &[SpokenWord]) -> Vec<Stretch> {
        if self.family.reads_letters {
            return vec![Stretch::Letters(text.to_owned())];
        }
        let with_words =
            stretches(spoken).into_iter().filter(|signs| signs.iter().any(|(_, word)| word.is_some()));
        let codepoints = |signs: Signs| signs.into_iter().map(|(sign, _)| sign as i32).collect();
        with_words.map(|signs| Stretch::Phonemes(codepoints(signs))).collect()
    }

    fn sound(&self, stretches: &[Stretch]) -> Result<Vec<f32>, EngineError> {
        let mut sound = Vec::new();
        for stretch in stretches {
            let mut config = self.config.clone();
            let text = match stretch {
                Stretch::Letters(text) => text.replace('\0', " "),
                Stretch::Phonemes(phonemes) => {
                    config.phoneme_codepoints = Some(vec![phonemes.clone()]);
                    String::new()
                }
            };
            let audio = self.tts.generate_with_config(&text, &config, None::<fn(&[f32], f32) -> bool>);
            let audio = audio.ok_or_else(|| EngineError::Failed("sherpa-onnx gave no sound".to_owned()))?;
            sound.extend_from_slice(audio.samples());
        }
        Ok(sound)
    }
}

impl Synthesizer for Sherpa {
    fn begin(&mut self, text: &str, _cancel: &CancelFlag) -> Result<Box<dyn Rendering>, EngineError> {
        let spoken = flite::pronounce(text)?.spoken;
        let stretches = self.0.stretches(text, &spoken).into();
        let (voice, trimmer) = (self.0.clone(), Trimmer::new(self.0.rate));
        Ok(Box::new(Spoken { voice, stretches, trimmer, speech: Speech::default() }))
    }

    fn longest_step(&self) -> Duration {
        Duration::from_secs(20)
    }
}

/// A text that is being spoken, stretch by stretch: these networks have no smaller parts. They tell no word
/// times either, and without them only all of the speech says where its words may end: so it comes as a
/// whole.
struct Spoken {
    voice: Arc<Voice>,
    stretches: VecDeque<Stretch>,
    trimmer: Trimmer,
    speech: Speech,
}

impl Rendering for Spoken {
    fn next(&mut self) -> Result<Part, EngineError> {
        if let Some(stretch) = self.stretches.pop_front() {
            let sound = with_gain(&self.voice.sound(&[stretch])?, self.voice.gain);
            self.speech.append(self.trimmer.push(&sound, !self.stretches.is_empty()));
        }
        if !self.stretches.is_empty() {
            return Ok(Part::Next(Speech::default()));
        }
        let trimmer = std::mem::replace(&mut self.trimmer, Trimmer::new(self.voice.rate));
        self.speech.append(trimmer.finish());
        Ok(Part::Last(std::mem::take(&mut self.speech)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_its_files_is_refused_with_the_first_that_is_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("model.int8.onnx"), "x").expect("a file");
        let error = look(&KOKORO, folder.path()).expect_err("no voices.bin");
        assert!(error.problem.contains("voices*.bin") && error.remedy.contains("kokoro:FOLDER"), "{error}");
    }

    #[test]
    fn the_speaker_stands_behind_the_folder() {
        assert_eq!(parts_of(Path::new("a/b#12")), (PathBuf::from("a/b"), 12));
        assert_eq!(parts_of(Path::new("a#b")), (PathBuf::from("a#b"), 0));
    }
}
