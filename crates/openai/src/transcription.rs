//! `POST /v1/audio/transcriptions`: [`TranscriptionRequest`] is read from the text fields of the form, and
//! [`Transcription`] is written in any of five formats, or as events ([`delta`], [`done`]). Must not know
//! the files: how many there may be, and what is in them, is the caller's to say.

mod cues;
mod document;
mod events;
mod request;
mod spoken;

use cues::{srt, vtt};

pub use events::{delta, done};
pub use request::{Granularities, MOST_FIELDS, MOST_PROMPT_CHARACTERS, ResponseFormat, TranscriptionRequest};
pub use spoken::{Segment, Transcription, Word};

/// The transcription in the format that was asked for.
#[must_use]
pub fn body(spoken: &Transcription, request: &TranscriptionRequest) -> String {
    match request.format {
        ResponseFormat::Json => document::json(spoken),
        ResponseFormat::VerboseJson => document::verbose(spoken, request),
        ResponseFormat::Text => format!("{}\n", spoken.text.trim()),
        ResponseFormat::Srt => srt(spoken),
        ResponseFormat::Vtt => vtt(spoken),
    }
}
