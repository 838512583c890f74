//! The messages of a request. A text may be in parts, which are joined. What is no text is refused by name,
//! because a model that does not see it would answer something else.

use crate::error::ApiError;
use crate::input::{At, Fields, Json};
use crate::text::shown;

/// The most messages of a request.
pub const MOST_MESSAGES: usize = 1000;

/// The most characters of all messages together.
pub const MOST_CHARACTERS: usize = 1_000_000;

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instructions: `system`, or `developer`, as newer clients call it.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// Its text. Several parts are joined with a line end.
    pub content: String,
}

/// Reads all messages.
pub(super) fn read(at: At) -> Result<Vec<Message>, ApiError> {
    let path = at.path.clone();
    let items = at.items("a list of messages")?;
    if items.len() == 0 {
        return Err(ApiError::invalid(&path, "'messages' is empty; send at least one message"));
    }
    if items.len() > MOST_MESSAGES {
        let message = format!(
            "'messages' has {} messages, and {MOST_MESSAGES} is the most; leave out the oldest",
            items.len()
        );
        return Err(ApiError::too_long(&path, message));
    }
    let messages = items.map(|item| message(item.fields()?)).collect::<Result<Vec<_>, _>>()?;
    let characters: usize = messages.iter().map(|message| message.content.chars().count()).sum();
    if characters > MOST_CHARACTERS {
        let message = format!(
            "'messages' has {characters} characters in all, and {MOST_CHARACTERS} is the most; leave out the \
             oldest"
        );
        return Err(ApiError::too_long(&path, message));
    }
    Ok(messages)
}

fn message(mut fields: Fields) -> Result<Message, ApiError> {
    let role = role(fields.need("role", "'system', 'user' or 'assistant'")?)?;
    for name in ["tool_calls", "function_call"] {
        if let Some(at) = fields.take(name)
            && !matches!(&at.value, Json::List(calls) if calls.is_empty())
        {
            return Err(no_tools(&at.path));
        }
    }
    if let Some(audio) = fields.take("audio") {
        let message = format!("'{}': audio is not supported; send the text as 'content'", audio.path);
        return Err(ApiError::unsupported(&audio.path, message));
    }
    let content = content(fields.need("content", "the text of the message")?)?;
    Ok(Message { role, content })
}

fn role(at: At) -> Result<Role, ApiError> {
    let path = at.path.clone();
    match at.text()?.as_str() {
        "system" | "developer" => Ok(Role::System),
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        "tool" | "function" => Err(no_tools(&path)),
        other => {
            let message = format!(
                "'{path}' is '{}'; it must be 'system', 'developer', 'user' or 'assistant'",
                shown(other)
            );
            Err(ApiError::invalid(&path, message))
        }
    }
}

fn no_tools(path: &str) -> ApiError {
    let message = format!("'{path}': tools are not supported; leave such messages out");
    ApiError::unsupported(path, message)
}

fn content(at: At) -> Result<String, ApiError> {
    let expected = "a text, or a list of parts of the type 'text'";
    match at.value {
        Json::Text(text) => Ok(text),
        Json::List(ref parts) if parts.is_empty() => {
            let message = format!("'{}' is empty; send {expected}", at.path);
            Err(ApiError::invalid(&at.path, message))
        }
        Json::Null | Json::Flag(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
            let parts = at.items(expected)?.map(|item| part(item.fields()?));
            Ok(parts.collect::<Result<Vec<_>, _>>()?.join("\n"))
        }
    }
}

fn part(mut fields: Fields) -> Result<String, ApiError> {
    let kind = fields.need("type", "'text'")?;
    let path = kind.path.clone();
    let kind = kind.text()?;
    if kind == "text" {
        return fields.need("text", "the text of this part")?.text();
    }
    let what = match kind.as_str() {
        "image_url" => "images are not supported",
        "input_audio" => "audio is not supported; send it to /v1/audio/transcriptions first",
        "file" => "files are not supported",
        "refusal" => "refusals are not supported",
        _ => "this type of part is not known",
    };
    let message = format!("'{path}' is '{}': {what}; only parts of the type 'text' are read", shown(&kind));
    Err(ApiError::unsupported(&path, message))
}
