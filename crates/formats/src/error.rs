//! Why audio could not be read. The texts say what was wrong, what was expected and what to do. Must not know
//! how audio is decoded.

use crate::kind::Kind;

/// What is read, for messages.
pub const EXPECTED: &str = "WAV, FLAC, MP3, OGG (Vorbis or Opus), M4A (AAC) or WebM (Opus)";

/// The remedy, for messages.
const REMEDY: &str = "`ffmpeg -i IN -ar 16000 OUT.wav` converts it";

/// Why audio could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// There are no bytes.
    #[error("the audio file is empty, expected {EXPECTED}; send the bytes of a recording")]
    Empty,
    /// The bytes begin like no known kind.
    #[error("the audio file is of no known kind: {begins}, expected {EXPECTED}; {REMEDY}")]
    Unknown {
        /// What it begins with.
        begins: String,
    },
    /// The kind is known, but not what is in it.
    #[error("the {kind} file cannot be read: {problem}, expected {EXPECTED}; {REMEDY}")]
    Unsupported {
        /// The kind of file.
        kind: Kind,
        /// What is not supported.
        problem: String,
    },
    /// Not one sample could be decoded.
    #[error(
        "the {kind} file is damaged: {problem}, expected {EXPECTED}; check that it was sent whole and plays \
         elsewhere"
    )]
    Damaged {
        /// The kind of file.
        kind: Kind,
        /// What the decoder says.
        problem: String,
    },
    /// The audio is longer than the limit.
    #[error(
        "the {kind} file is too long: at most {most_seconds} seconds of audio are read; cut it into shorter \
         files"
    )]
    TooLong {
        /// The kind of file.
        kind: Kind,
        /// The limit, in seconds.
        most_seconds: u32,
    },
    /// Whoever wanted it does not any more, or it took too long.
    #[error("reading the {kind} file was stopped: it took too long; send a shorter recording, or as WAV")]
    Stopped {
        /// The kind of file.
        kind: Kind,
    },
}
