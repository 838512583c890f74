//! `POST /v1/audio/speech`: [`SpeechRequest`] is read, and audio is sent as it is or as events ([`delta`],
//! [`done`]). Must not know voices or codecs.

mod events;
mod request;

pub use events::{SpeechTokens, delta, done};
pub use request::{AudioFormat, MOST_CHARACTERS, SpeechRequest};
