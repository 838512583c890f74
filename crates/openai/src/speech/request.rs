//! A request for speech, checked once. Must not know which voices there are.

use crate::error::ApiError;
use crate::input::{At, Fields, Json};
use crate::text::shown;

/// The most characters that are spoken at once.
pub const MOST_CHARACTERS: usize = 4096;

/// The form of the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioFormat {
    /// MPEG-1 or -2, layer III.
    Mp3,
    /// RIFF with 16-bit samples.
    Wav,
    /// Free Lossless Audio Codec.
    Flac,
    /// Opus in Ogg.
    Opus,
    /// 16-bit samples, the low byte first, without a header. The API's are at 24 kHz, with one channel.
    Pcm,
}

impl AudioFormat {
    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp3 => "audio/mpeg",
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
            Self::Opus => "audio/opus",
            Self::Pcm => "audio/pcm",
        }
    }
}

/// What is to be spoken, and how. `instructions` is accepted and ignored: no voice here follows instructions.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechRequest {
    /// The name of the model, 1 to 256 characters.
    pub model: String,
    /// The text: 1 to 4096 characters, not only spaces.
    pub input: String,
    /// The name of the voice, 1 to 256 characters; clients send it as a text or as `{"id": …}`. Whether there
    /// is such a voice is the caller's to say.
    pub voice: String,
    /// The form of the audio; MP3 if nothing is said.
    pub format: AudioFormat,
    /// 0.25 to 4; 1 is the voice's own.
    pub speed: f64,
    /// Semitones up (or down, if negative): −12 to 12. An extension of ours.
    pub pitch: f64,
    /// Whether the audio is sent as events (`stream_format` is `sse`).
    pub as_events: bool,
}

impl SpeechRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If the body is no JSON, if a field is missing, of the wrong type or out of its range, or if something
    /// is asked for that is not supported.
    pub fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Fields::of_body(body)?;
        let model = "the name of a model (GET /v1/models lists them)";
        Ok(Self {
            model: fields.need("model", model)?.name()?,
            input: input(fields.need("input", "the text to be spoken")?)?,
            voice: voice(fields.need("voice", "the name of a voice")?)?,
            format: fields.take("response_format").map_or(Ok(AudioFormat::Mp3), format)?,
            speed: fields.number("speed", 0.25..=4.0)?.unwrap_or(1.0),
            pitch: fields.number("pitch", -12.0..=12.0)?.unwrap_or(0.0),
            as_events: fields.take("stream_format").map_or(Ok(false), as_events)?,
        })
    }
}

fn input(at: At) -> Result<String, ApiError> {
    let path = at.path.clone();
    let input = at.text()?;
    let characters = input.chars().count();
    if characters > MOST_CHARACTERS {
        let message = format!(
            "'{path}' has {characters} characters, and {MOST_CHARACTERS} is the most; send it in several \
             requests"
        );
        return Err(ApiError::too_long(&path, message));
    }
    if input.trim().is_empty() {
        return Err(ApiError::invalid(&path, format!("'{path}' is empty; send the text to be spoken")));
    }
    Ok(input)
}

fn voice(at: At) -> Result<String, ApiError> {
    match at.value {
        Json::Text(_) => at.name(),
        Json::Object(_) => at.fields()?.need("id", "the name of a voice")?.name(),
        Json::Null | Json::Flag(_) | Json::Number(_) | Json::List(_) => {
            Err(at.wrong("the name of a voice, or an object with its 'id'"))
        }
    }
}

fn format(at: At) -> Result<AudioFormat, ApiError> {
    let path = at.path.clone();
    match at.text()?.as_str() {
        "mp3" => Ok(AudioFormat::Mp3),
        "wav" => Ok(AudioFormat::Wav),
        "flac" => Ok(AudioFormat::Flac),
        "opus" => Ok(AudioFormat::Opus),
        "pcm" => Ok(AudioFormat::Pcm),
        other => {
            let other = shown(other);
            let message =
                format!("'{path}' is '{other}', which is not made here; choose mp3, opus, wav, flac or pcm");
            Err(ApiError::unsupported(&path, message))
        }
    }
}

fn as_events(at: At) -> Result<bool, ApiError> {
    let path = at.path.clone();
    match at.text()?.as_str() {
        "audio" => Ok(false),
        "sse" => Ok(true),
        other => {
            let message = format!("'{path}' must be 'audio' or 'sse', not '{}'", shown(other));
            Err(ApiError::invalid(&path, message))
        }
    }
}
