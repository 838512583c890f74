//! The kinds of audio files. Must not know how one is found or decoded.

/// The kinds of files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// RIFF/WAVE: PCM, floats, mu-law, A-law.
    Wav,
    /// FLAC in its own container.
    Flac,
    /// MPEG audio, layer III, with or without a tag before it.
    Mp3,
    /// OGG with Vorbis, Opus or FLAC.
    Ogg,
    /// MP4, M4A and QuickTime with AAC, Opus, FLAC or MP3, also in fragments.
    Mp4,
    /// WebM and Matroska with Opus, Vorbis, AAC, FLAC or MP3.
    WebM,
    /// 16-bit samples, little endian, mono: only if the hint says so.
    Raw {
        /// Samples a second.
        rate: u32,
    },
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wav => "WAV",
            Self::Flac => "FLAC",
            Self::Mp3 => "MP3",
            Self::Ogg => "OGG",
            Self::Mp4 => "MP4",
            Self::WebM => "WebM",
            Self::Raw { .. } => "raw PCM",
        })
    }
}
