//! The Whisper models that can be named instead of pointed at, and what is known about their windows.
//! Data and rules; touches no file.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Models of whisper.cpp that fit a phone line: English, up to small, whole and quantised.
pub const NAMES: [&str; 9] = [
    "tiny.en",
    "tiny.en-q5_1",
    "tiny.en-q8_0",
    "base.en",
    "base.en-q5_1",
    "base.en-q8_0",
    "small.en",
    "small.en-q5_1",
    "small.en-q8_0",
];

/// Where the named ones are published.
const HOME: &str = "https://huggingface.co/ggerganov/whisper.cpp/resolve/main";

/// The model that ships with offhook.
const DEMO: &str = "whisper-frontdesk.en.bin";

/// Silence that a window needs behind the speech. The demo model's is measured (docs/latency.md); for all
/// others it is a cautious guess until `offhook bench stt --references` was run with them.
const DEMO_MARGIN: Duration = Duration::from_millis(160);
const CAUTIOUS_MARGIN: Duration = Duration::from_millis(1280);

/// A file for a name, or the path as it is; `None` if it is neither a name nor the path of a `.bin` file.
pub(super) fn file_of(value: &str) -> Option<PathBuf> {
    if NAMES.contains(&value) {
        return Some(Path::new("models").join(format!("ggml-{value}.bin")));
    }
    Path::new(value).extension().is_some_and(|e| e == "bin").then(|| PathBuf::from(value))
}

/// The file of a model that a command names: a name, or any path.
#[must_use]
pub fn named(value: &str) -> PathBuf {
    file_of(value).unwrap_or_else(|| PathBuf::from(value))
}

/// The command that brings a missing model, if it is one of the named ones or our own.
#[must_use]
pub fn how_to_get(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?;
    if file == DEMO {
        return Some("build it with `make -C models/demo/train/stt`".to_owned());
    }
    let name = file.strip_prefix("ggml-")?.strip_suffix(".bin")?;
    let known = NAMES.contains(&name);
    known.then(|| format!("fetch it with `curl -L -o {} {HOME}/{file}`", path.display()))
}

/// The margin to take where none is set, and whether it was measured with this model.
#[must_use]
pub fn margin(path: &Path) -> (Duration, bool) {
    let demo = path.file_name().is_some_and(|file| file == DEMO);
    if demo { (DEMO_MARGIN, true) } else { (CAUTIOUS_MARGIN, false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_among_the_models_and_anything_else_must_be_a_path() {
        assert_eq!(file_of("base.en-q5_1"), Some("models/ggml-base.en-q5_1.bin".into()));
        assert_eq!(file_of("/opt/mine.bin"), Some("/opt/mine.bin".into()));
        assert_eq!(file_of("base.eng"), None);
    }

    #[test]
    fn a_missing_model_comes_with_the_command_that_brings_it() {
        let command = how_to_get(Path::new("models/ggml-base.en.bin")).expect("a named one");
        assert!(command.contains("curl -L -o models/ggml-base.en.bin https://"), "{command}");
        assert!(how_to_get(Path::new("models/demo/whisper-frontdesk.en.bin")).is_some());
        assert_eq!(how_to_get(Path::new("/opt/mine.bin")), None);
    }
}
