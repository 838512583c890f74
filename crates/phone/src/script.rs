//! The caller's lines: WAV files of any rate, or the shipped conversation, as phone audio. Must not know when
//! they are said.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::callers;
use offhook_core::audio::g711::{mulaw_decode, mulaw_encode};
use offhook_core::audio::level::audible_span;
use offhook_core::audio::wav::Clip;
use offhook_core::units::PHONE_RATE;
use offhook_files::recordings;

/// A line that the caller says without waiting for an answer.
#[derive(Debug, Clone)]
pub struct Line {
    /// The file it came from.
    pub name: String,
    /// Phone audio, as mu-law leaves it.
    pub samples: Vec<i16>,
    /// Where its first sound begins.
    pub speech_start: usize,
    /// Where its last sound ends.
    pub speech_end: usize,
}

/// The caller's lines from the files or, without files, from the shipped conversation.
///
/// # Errors
/// If a file cannot be read, is not a WAV file, or has no audible sound. The message names the file.
pub fn load(files: &[PathBuf]) -> anyhow::Result<Vec<Line>> {
    if files.is_empty() {
        return callers::shipped()?.iter().map(|(name, clip)| line(name, clip)).collect();
    }
    files.iter().map(|path| line(&path.display().to_string(), &recordings::read(path)?)).collect()
}

fn line(name: &str, clip: &Clip) -> anyhow::Result<Line> {
    let samples = clip.i16_at(PHONE_RATE).with_context(|| name.to_owned())?;
    Line::new(name, &samples).with_context(|| format!("{name}: it has no audible sound"))
}

impl Line {
    /// A line of `samples`, as the phone sends them; `None` if they are silence.
    pub fn new(name: &str, samples: &[i16]) -> Option<Self> {
        let samples: Vec<i16> = samples.iter().map(|&s| mulaw_decode(mulaw_encode(s))).collect();
        let speech = audible_span(&samples, PHONE_RATE)?;
        Some(Self { name: name.to_owned(), samples, speech_start: speech.start, speech_end: speech.end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_conversation_is_complete_and_ends_with_its_speech() {
        let lines = load(&[]).unwrap();
        assert!(lines.len() >= 6);
        for line in &lines {
            let rest = line.samples.len() - line.speech_end;
            assert!(rest <= 400, "{}: {rest} samples of silence after the speech", line.name);
        }
    }

    #[test]
    fn a_file_is_converted_to_phone_audio() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wide.wav");
        let tone: Vec<i16> = (0..44_100).map(|n| if n % 100 < 50 { 6000 } else { -6000 }).collect();
        recordings::write(&path, 44_100, &[&tone, &tone]).unwrap();
        let lines = load(&[path]).unwrap();
        assert!((7990..8010).contains(&lines[0].samples.len()));
    }

    #[test]
    fn what_is_no_speech_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "hello").unwrap();
        assert!(load(&[text]).unwrap_err().to_string().contains("notes.txt"));
        let silent = folder.path().join("silent.wav");
        recordings::write(&silent, 8000, &[&[0; 8000]]).unwrap();
        assert!(load(&[silent]).unwrap_err().to_string().contains("silent.wav"));
    }
}
