//! The available voices, by their names in `tts.voice` (`KIND:NAME`). The server, commands and checks open
//! voices only here: another kind is a file of its own and an entry in this table.

use std::path::{Path, PathBuf};

use super::flite::{self, Flite};
#[cfg(feature = "sherpa")]
use super::sherpa;
use super::speech::Description;
use super::{EngineError, LoadError, Synthesizer, piper};

type Opened = Result<Box<dyn Synthesizer>, EngineError>;
type Loaded = Result<Box<dyn Synthesizer>, LoadError>;

/// Why a voice cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such voice, or it does not speak like that.
    #[error(transparent)]
    Voice(#[from] EngineError),
    /// One of its files is missing or broken.
    #[error(transparent)]
    File(#[from] LoadError),
}

/// A kind of voice.
struct Kind {
    /// The part before the colon.
    name: &'static str,
    voices: Voices,
    /// Whether it has a sound for something in a text.
    can_speak: fn(&str) -> bool,
}

/// The part after the colon.
enum Voices {
    /// One of these names; opened at a pace where 1 is the voice's own.
    Named(&'static [&'static str], fn(&str, f32) -> Opened),
    /// In a file or in a folder.
    InFiles(&'static dyn InFiles),
}

/// A kind of voice that is in files.
trait InFiles: Sync {
    /// The extension of its file; `None` if it is a folder.
    fn extension(&self) -> Option<&'static str>;

    /// Whether a file or folder is likely to be a voice, by the files beside or in it.
    fn is_likely(&self, path: &Path) -> bool;

    /// Looks at a voice without loading it.
    fn look(&self, path: &Path) -> Result<Description, LoadError>;

    /// Opens a voice at a pace where 1 is its own.
    fn open(&'static self, path: &Path, speed: f32) -> Loaded;
}

struct PiperFiles;

impl InFiles for PiperFiles {
    fn extension(&self) -> Option<&'static str> {
        Some("onnx")
    }

    fn is_likely(&self, path: &Path) -> bool {
        piper::settings_of(path).exists()
    }

    fn look(&self, path: &Path) -> Result<Description, LoadError> {
        piper::look(path)
    }

    fn open(&'static self, path: &Path, speed: f32) -> Loaded {
        Ok(Box::new(piper::open(path, speed)?))
    }
}

#[cfg(feature = "sherpa")]
impl InFiles for sherpa::Family {
    fn extension(&self) -> Option<&'static str> {
        None
    }

    fn is_likely(&self, path: &Path) -> bool {
        sherpa::is_likely(self, path)
    }

    fn look(&self, path: &Path) -> Result<Description, LoadError> {
        sherpa::look(self, path)
    }

    fn open(&'static self, path: &Path, speed: f32) -> Loaded {
        Ok(Box::new(sherpa::open(self, path, speed)?))
    }
}

const KINDS: &[Kind] = &[
    Kind {
        name: "flite",
        voices: Voices::Named(&flite::VOICES, |voice, speed| Ok(Box::new(Flite::new(voice, speed)?))),
        can_speak: flite::can_speak,
    },
    Kind {
        name: "piper",
        voices: Voices::InFiles(&PiperFiles),
        // Its words come from flite's lexicon.
        can_speak: flite::can_speak,
    },
    #[cfg(feature = "sherpa")]
    Kind::through_sherpa(&sherpa::VITS),
    #[cfg(feature = "sherpa")]
    Kind::through_sherpa(&sherpa::KOKORO),
    #[cfg(feature = "sherpa")]
    Kind::through_sherpa(&sherpa::KITTEN),
    #[cfg(feature = "sherpa")]
    Kind::through_sherpa(&sherpa::POCKET),
];

#[cfg(feature = "sherpa")]
impl Kind {
    /// A family of sherpa-onnx. Its words come from flite's lexicon, too.
    const fn through_sherpa(family: &'static sherpa::Family) -> Self {
        Self { name: family.name, voices: Voices::InFiles(family), can_speak: flite::can_speak }
    }
}

/// The name of the voice that needs no file.
pub const BUILT_IN: &str = "flite:slt";

/// All names, for messages.
#[must_use]
pub fn names() -> String {
    let names = KINDS.iter().flat_map(|kind| match kind.voices {
        Voices::Named(voices, _) => {
            voices.iter().map(|voice| format!("\"{}:{voice}\"", kind.name)).collect::<Vec<_>>()
        }
        Voices::InFiles(files) => {
            let path = files.extension().map_or("FOLDER".to_owned(), |extension| format!("FILE.{extension}"));
            vec![format!("\"{}:{path}\"", kind.name)]
        }
    });
    let names = names.collect::<Vec<_>>().join(", ");
    if cfg!(feature = "sherpa") {
        return names;
    }
    format!(
        "{names}; in a build with --features sherpa also vits:FOLDER, kokoro:FOLDER, kitten:FOLDER and \
         pocket:FOLDER (docs/voices.md)"
    )
}

/// Opens a voice by its name, at a pace where 1 is its own and 2 twice as fast.
///
/// # Errors
/// If there is no such voice or pace; the text lists what there is. If a file is missing or broken.
pub fn open(voice: &str, speed: f32) -> Result<Box<dyn Synthesizer>, OpenError> {
    let Some((kind, name)) = find(voice) else {
        let problem = format!("there is no voice {voice:?}; there are: {}", names());
        return Err(EngineError::BadInput(problem).into());
    };
    match kind.voices {
        Voices::Named(_, open) => Ok(open(name, speed)?),
        Voices::InFiles(files) => Ok(files.open(Path::new(name), speed)?),
    }
}

/// Looks whether a voice's files are there and right, without loading it.
///
/// # Errors
/// What is wrong with a file.
pub fn look(voice: &str) -> Result<Description, LoadError> {
    match find(voice) {
        Some((Kind { voices: Voices::InFiles(files), .. }, name)) => files.look(Path::new(name)),
        Some((Kind { voices: Voices::Named(..), .. }, _)) | None => Ok(flite::description()),
    }
}

/// A voice that can be named in `tts.voice`, with what is known of it, or what is wrong with its files.
pub type Listed = (String, Result<Description, LoadError>);

/// The built-in voices, and those in files in these folders. A folder that cannot be read has none.
#[must_use]
pub fn list(folders: &[PathBuf]) -> Vec<Listed> {
    let in_kind = |Kind { name, voices, .. }: &Kind| -> Vec<Listed> {
        match voices {
            Voices::Named(voices, _) => {
                voices.iter().map(|voice| (format!("{name}:{voice}"), Ok(flite::description()))).collect()
            }
            Voices::InFiles(files) => {
                let paths = folders.iter().flat_map(|folder| paths_with(folder, files.extension()));
                let likely = paths.filter(|path| files.is_likely(path));
                likely.map(|path| (format!("{name}:{}", path.display()), files.look(&path))).collect()
            }
        }
    };
    KINDS.iter().flat_map(in_kind).collect()
}

/// The files of a folder with this extension, or the folders in it, in the order of their names.
fn paths_with(folder: &Path, extension: Option<&str>) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_right = |path: &PathBuf| match extension {
        Some(extension) => path.extension().is_some_and(|found| found == extension),
        None => path.is_dir(),
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_right).collect();
    paths.sort();
    paths
}

/// True if there is a voice of this name, or if it names a file that may be one.
#[must_use]
pub fn is_known(voice: &str) -> bool {
    find(voice).is_some_and(|(kind, name)| match kind.voices {
        Voices::Named(voices, _) => voices.contains(&name),
        Voices::InFiles(files) => match files.extension() {
            Some(extension) => Path::new(name).extension().is_some_and(|found| found == extension),
            None => !name.is_empty(),
        },
    })
}

/// True if the voice is a built-in one, which needs no file.
#[must_use]
pub fn is_built_in(voice: &str) -> bool {
    file_of(voice).is_none()
}

/// The file of a voice; `None` if it needs none.
#[must_use]
pub fn file_of(voice: &str) -> Option<PathBuf> {
    find(voice).and_then(|(kind, name)| match kind.voices {
        Voices::Named(..) => None,
        Voices::InFiles(_) => Some(name.into()),
    })
}

/// The same voice, with its file looked for by `find`.
#[must_use]
pub fn with_file(voice: &str, find: impl Fn(&Path) -> PathBuf) -> String {
    match (file_of(voice), voice.split_once(':')) {
        (Some(file), Some((kind, _))) => format!("{kind}:{}", find(&file).display()),
        _ => voice.to_owned(),
    }
}

/// Whether the voice has a sound for something in `text`.
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
        for unknown in ["piper:joe", "flite:rms", "vits:a.onnx", "slt", ""] {
            let error = open(unknown, 1.0).err().expect(unknown).to_string();
            assert!(error.contains("slt"), "{unknown}: {error}");
            assert!(!is_known(unknown));
        }
        assert!(is_known(BUILT_IN) && can_speak(BUILT_IN, "Hello.") && !can_speak(BUILT_IN, "你好"));
    }
}
