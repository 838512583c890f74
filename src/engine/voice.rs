//! The available voices, by their names in `tts.voice` (`KIND:NAME`). The server, commands and checks open
//! voices only here: another kind is a file of its own and an entry in this table.

use std::path::{Path, PathBuf};

use super::flite::{self, Flite};
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
    /// In a file.
    InFile(FileKind),
}

/// How the files of a kind are recognised and opened.
struct FileKind {
    extension: &'static str,
    /// Whether a file with this extension is likely to be a voice, by the files beside it.
    is_likely: fn(&Path) -> bool,
    /// Looks at a file without loading it.
    look: fn(&Path) -> Result<Description, LoadError>,
    open: fn(&Path, f32) -> Loaded,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "flite",
        voices: Voices::Named(&flite::VOICES, |voice, speed| Ok(Box::new(Flite::new(voice, speed)?))),
        can_speak: flite::can_speak,
    },
    Kind {
        name: "piper",
        voices: Voices::InFile(FileKind {
            extension: "onnx",
            is_likely: |path| piper::settings_of(path).exists(),
            look: piper::look,
            open: |path, speed| Ok(Box::new(piper::open(path, speed)?)),
        }),
        // Its words come from flite's lexicon.
        can_speak: flite::can_speak,
    },
];

/// The name of the voice that needs no file.
pub const BUILT_IN: &str = "flite:slt";

/// All names, for messages.
#[must_use]
pub fn names() -> String {
    let names = KINDS.iter().flat_map(|kind| match kind.voices {
        Voices::Named(voices, _) => {
            voices.iter().map(|voice| format!("\"{}:{voice}\"", kind.name)).collect::<Vec<_>>()
        }
        Voices::InFile(FileKind { extension, .. }) => vec![format!("\"{}:FILE.{extension}\"", kind.name)],
    });
    names.collect::<Vec<_>>().join(", ")
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
        Voices::InFile(FileKind { open, .. }) => Ok(open(Path::new(name), speed)?),
    }
}

/// Looks whether a voice's files are there and right, without loading it.
///
/// # Errors
/// What is wrong with a file.
pub fn look(voice: &str) -> Result<Description, LoadError> {
    match find(voice) {
        Some((Kind { voices: Voices::InFile(kind), .. }, name)) => (kind.look)(Path::new(name)),
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
            Voices::InFile(FileKind { extension, is_likely, look, .. }) => {
                let files = folders.iter().flat_map(|folder| files_with(folder, extension));
                let likely = files.filter(|file| is_likely(file));
                likely.map(|file| (format!("{name}:{}", file.display()), look(&file))).collect()
            }
        }
    };
    KINDS.iter().flat_map(in_kind).collect()
}

/// The files of a folder with this extension, in the order of their names.
fn files_with(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// True if there is a voice of this name, or if it names a file that may be one.
#[must_use]
pub fn is_known(voice: &str) -> bool {
    find(voice).is_some_and(|(kind, name)| match kind.voices {
        Voices::Named(voices, _) => voices.contains(&name),
        Voices::InFile(FileKind { extension, .. }) => {
            Path::new(name).extension().is_some_and(|found| found == extension)
        }
    })
}

/// The file of a voice; `None` if it needs none.
#[must_use]
pub fn file_of(voice: &str) -> Option<PathBuf> {
    find(voice).and_then(|(kind, name)| match kind.voices {
        Voices::Named(..) => None,
        Voices::InFile(..) => Some(name.into()),
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
