//! The properties of what reads the requests of programs. Must not know where bytes come from.

use offhook::openai::ApiError;
use offhook::openai::chat::ChatRequest;
use offhook::openai::speech::SpeechRequest;
use offhook::openai::transcription::TranscriptionRequest;

/// Requests for an answer, for speech and for a transcription (its fields as lines of NAME=VALUE).
pub fn openai(data: &[u8]) {
    told(ChatRequest::read(data));
    told(SpeechRequest::read(data));
    let text = String::from_utf8_lossy(data);
    let fields = text.lines().map(|line| line.split_once('=').unwrap_or((line, "")));
    told(TranscriptionRequest::read(fields.map(|(name, value)| (name.to_owned(), value.to_owned()))));
}

/// A refusal is a short document with a message, a type and a status of the client's fault.
fn told<T>(read: Result<T, ApiError>) {
    let Err(error) = read else { return };
    assert!(error.body().starts_with("{\"error\":{\"message\":\""), "{}", error.body());
    let message = &error.message;
    assert!(!message.is_empty() && message.len() < 2000, "{message}");
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!((400..500).contains(&error.status), "{}", error.status);
}
