//! The published Whisper models, which can be named instead of giving a path. Data and rules; touches no
//! file.

use std::path::{Path, PathBuf};

use crate::files::search_path;

/// Models of whisper.cpp that fit a phone line: up to small, English and multilingual, unquantised and
/// quantised.
pub const NAMES: [&str; 18] = [
    "tiny.en",
    "tiny.en-q5_1",
    "tiny.en-q8_0",
    "base.en",
    "base.en-q5_1",
    "base.en-q8_0",
    "small.en",
    "small.en-q5_1",
    "small.en-q8_0",
    "tiny",
    "tiny-q5_1",
    "tiny-q8_0",
    "base",
    "base-q5_1",
    "base-q8_0",
    "small",
    "small-q5_1",
    "small-q8_0",
];

/// The model that ships with offhook.
pub const SHIPPED: &str = "models/whisper/whisper-tiny.en-tuned.bin";

/// The file of a name, or the path as it is; `None` if the value is neither a name nor the path of a `.bin`
/// file.
#[must_use]
pub fn file_of(value: &str) -> Option<PathBuf> {
    if NAMES.contains(&value) {
        return Some(Path::new("models").join(format!("ggml-{value}.bin")));
    }
    Path::new(value).extension().is_some_and(|e| e == "bin").then(|| PathBuf::from(value))
}

/// The file of a model in a command: a name, or any path.
#[must_use]
pub fn named(value: &str) -> PathBuf {
    let file = file_of(value).unwrap_or_else(|| PathBuf::from(value));
    search_path::find(Path::new(""), &file)
}

/// The command that fetches a missing model, if it is a published one.
#[must_use]
pub fn how_to_get(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    let name = file.strip_prefix("ggml-")?.strip_suffix(".bin")?;
    let known = NAMES.contains(&name);
    known.then(|| format!("fetch it with `offhook models pull whisper-{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_among_the_models_and_anything_else_must_be_a_path() {
        assert_eq!(file_of("base.en-q5_1"), Some("models/ggml-base.en-q5_1.bin".into()));
        assert_eq!(file_of("/opt/mine.bin"), Some("/opt/mine.bin".into()));
        assert_eq!(file_of("base"), Some("models/ggml-base.bin".into()));
        assert_eq!(file_of("base.eng"), None);
    }

    #[test]
    fn a_missing_model_comes_with_the_command_that_brings_it() {
        let command = how_to_get(Path::new("models/ggml-base.en.bin")).expect("a named one");
        assert_eq!(command, "fetch it with `offhook models pull whisper-base.en`");
        assert_eq!(how_to_get(Path::new("/opt/mine.bin")), None);
    }
}
