//! Speech as a stream of events. [`done`] ends it: no `[DONE]` follows, as the API describes no other event.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::out;

/// What the speech took. The API counts tokens; what a token of speech is, the caller says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpeechTokens {
    /// Tokens of the text.
    pub input: u64,
    /// Tokens of the audio.
    pub output: u64,
}

/// The next piece of audio, in the format that was asked for. No audio is no event: the result is empty, too.
#[must_use]
pub fn delta(audio: &[u8]) -> String {
    if audio.is_empty() {
        return String::new();
    }
    out::event(&Delta { r#type: "speech.audio.delta", audio: &STANDARD.encode(audio) })
}

/// The last event.
#[must_use]
pub fn done(tokens: SpeechTokens) -> String {
    let SpeechTokens { input, output } = tokens;
    let usage =
        Usage { input_tokens: input, output_tokens: output, total_tokens: input.saturating_add(output) };
    out::event(&Done { r#type: "speech.audio.done", usage })
}

#[derive(Serialize)]
struct Delta<'a> {
    r#type: &'static str,
    audio: &'a str,
}

#[derive(Serialize)]
struct Done {
    r#type: &'static str,
    usage: Usage,
}

#[derive(Serialize)]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
}
