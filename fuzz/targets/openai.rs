//! The properties of what reads the requests of programs. Must not know where bytes come from.

use offhook::dialogue::tools::{CallReader, Said};
use offhook::openai::ApiError;
use offhook::openai::chat::{ChatRequest, ToolChoice};
use offhook::openai::speech::SpeechRequest;
use offhook::openai::transcription::TranscriptionRequest;

/// Requests for an answer, for speech and for a transcription (its fields as lines of NAME=VALUE).
pub fn openai(data: &[u8]) {
    let chat = ChatRequest::read(data);
    if let Ok(ChatRequest { tools, tool_choice, messages, .. }) = &chat {
        match tool_choice {
            ToolChoice::Named(name) => assert!(tools.iter().any(|tool| tool.name == *name), "{name}"),
            ToolChoice::Auto | ToolChoice::Required => assert!(!tools.is_empty()),
            ToolChoice::Never => {}
        }
        assert!(tools.iter().all(|tool| tool.parameters.is_object()));
        assert!(messages.iter().all(|said| !said.content.is_empty() || said.calls.len() <= 64));
    }
    told(chat);
    told(SpeechRequest::read(data));
    let text = String::from_utf8_lossy(data);
    calls(&text);
    let fields = text.lines().map(|line| line.split_once('=').unwrap_or((line, "")));
    told(TranscriptionRequest::read(fields.map(|(name, value)| (name.to_owned(), value.to_owned()))));
}

/// Calls in a reply are the same however it is cut, and no more is said than was written.
fn calls(text: &str) {
    let said = |pieces: &[&str]| {
        let mut reader = CallReader::default();
        let (mut said, mut calls, mut whole) = (String::new(), Vec::new(), 0);
        for part in pieces.iter().flat_map(|piece| reader.push(piece)).collect::<Vec<_>>() {
            match part {
                Said::Text(more) => said.push_str(&more),
                Said::Call(name) => calls.push((name, String::new())),
                Said::Arguments(more) => calls.last_mut().expect("a call").1.push_str(&more),
                Said::End => whole += 1,
            }
            assert!((whole..=whole + 1).contains(&calls.len()));
        }
        said.push_str(&reader.finish());
        (said, calls, whole)
    };
    let whole = said(&[text]);
    assert!(whole.0.len() <= text.len());
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let halves = said(&[&text[..middle], &text[middle..]]);
    assert_eq!((whole.1, whole.2), (halves.1, halves.2));
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
