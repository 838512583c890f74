//! The messages of a request. A text may be in parts, which are joined. What is no text is refused by name,
//! because a model that does not see it would answer something else.

use std::collections::BTreeSet;

use crate::chat::tools;
use crate::error::ApiError;
use crate::input::{At, Fields, Json, is_object as tree_is_object};
use crate::text::shown;

/// The most messages of a request.
pub const MOST_MESSAGES: usize = 1000;

/// The most characters of all messages together.
pub const MOST_CHARACTERS: usize = 1_000_000;

/// The most calls of tools in a message.
const MOST_CALLS: usize = 64;

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The instructions: `system`, or `developer`, as newer clients call it.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a call.
    Tool,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// Its text. Several parts are joined with a line end. Empty if the model only called tools.
    pub content: String,
    /// The calls of tools in it.
    pub calls: Vec<Call>,
}

/// A call of a tool, in an earlier answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its own name, which its result names.
    pub id: String,
    /// The name of the tool.
    pub name: String,
    /// The arguments: a JSON object, as text.
    pub arguments: String,
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
    let mut called = BTreeSet::new();
    let messages = items.map(|item| message(item.fields()?, &mut called)).collect::<Result<Vec<_>, _>>()?;
    let of_calls = |message: &Message| -> usize {
        message.calls.iter().map(|call| call.arguments.chars().count()).sum()
    };
    let characters: usize =
        messages.iter().map(|message| message.content.chars().count() + of_calls(message)).sum();
    if characters > MOST_CHARACTERS {
        let message = format!(
            "'messages' has {characters} characters in all, and {MOST_CHARACTERS} is the most; leave out the \
             oldest"
        );
        return Err(ApiError::too_long(&path, message));
    }
    Ok(messages)
}

fn message(mut fields: Fields, called: &mut BTreeSet<String>) -> Result<Message, ApiError> {
    let role = role(fields.need("role", "'system', 'user' or 'assistant'")?)?;
    if let Some(at) = fields.take("function_call") {
        return Err(no_functions(&at.path));
    }
    let mut calls = Vec::new();
    if let Some(at) = fields.take("tool_calls") {
        calls = tool_calls(at, role, called)?;
    }
    if role == Role::Tool {
        let id = fields.need("tool_call_id", "the 'id' of the call whose result this is")?;
        let path = id.path.clone();
        if !called.contains(&id.name()?) {
            let message = format!("'{path}' names no call of an earlier message");
            return Err(ApiError::invalid(&path, message));
        }
    }
    if let Some(audio) = fields.take("audio") {
        let message = format!("'{}': audio is not supported; send the text as 'content'", audio.path);
        return Err(ApiError::unsupported(&audio.path, message));
    }
    let content = match fields.take("content") {
        None if !calls.is_empty() => String::new(),
        None => return Err(ApiError::missing(&fields.path_of("content"), "the text of the message")),
        Some(at) => content(at)?,
    };
    Ok(Message { role, content, calls })
}

fn tool_calls(at: At, role: Role, called: &mut BTreeSet<String>) -> Result<Vec<Call>, ApiError> {
    let path = at.path.clone();
    let items = at.items("a list of calls")?;
    if items.len() > 0 && role != Role::Assistant {
        let message = format!("'{path}': only messages of the role 'assistant' have calls; leave it out");
        return Err(ApiError::invalid(&path, message));
    }
    if items.len() > MOST_CALLS {
        let message = format!("'{path}' has {} calls, and {MOST_CALLS} is the most", items.len());
        return Err(ApiError::too_long(&path, message));
    }
    let mut call = |item: At| {
        let mut fields = item.fields()?;
        let id = fields.need("id", "the name of the call")?.name()?;
        let mut function = fields.need("function", "its 'name' and 'arguments'")?.fields()?;
        let name = tools::name(function.need("name", "the name of the tool")?)?;
        let at = function.need("arguments", "a JSON object, as text")?;
        let path = at.path.clone();
        let arguments = at.text()?;
        if !tree_is_object(&arguments) {
            let message = format!("'{path}' must be a JSON object, as text; send the answer's own words");
            return Err(ApiError::invalid(&path, message));
        }
        called.insert(id.clone());
        Ok(Call { id, name, arguments })
    };
    items.map(&mut call).collect()
}

fn role(at: At) -> Result<Role, ApiError> {
    let path = at.path.clone();
    match at.text()?.as_str() {
        "system" | "developer" => Ok(Role::System),
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        "tool" => Ok(Role::Tool),
        "function" => Err(no_functions(&path)),
        other => {
            let message = format!(
                "'{path}' is '{}'; it must be 'system', 'developer', 'user', 'assistant' or 'tool'",
                shown(other)
            );
            Err(ApiError::invalid(&path, message))
        }
    }
}

fn no_functions(path: &str) -> ApiError {
    let message = format!("'{path}': functions have been replaced by tools; send 'tool_calls' and 'tool'");
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
