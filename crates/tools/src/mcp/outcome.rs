//! What an MCP server answered to a call of a tool, as text or as an error. Must not know how the server is
//! reached.

use std::error::Error;

use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock, ResourceContents};
use rmcp::service::ServiceError;
use rmcp::transport::streamable_http_client::{HttpStatusError, StreamableHttpError};

use crate::error::ToolError;
use crate::network::forbidden;
use crate::text;

/// How much of a server's own words a message holds, in characters.
const SHOWN: usize = 300;

/// The text of an answer.
pub(crate) fn text_of(response: CallToolResponse, longest_answer: usize) -> Result<String, ToolError> {
    let result = match response {
        CallToolResponse::Complete(result) => result,
        CallToolResponse::InputRequired(_) => {
            return Err(ToolError::Failed("it asks for input, which nobody here can give".to_owned()));
        }
        CallToolResponse::Task(_) => {
            return Err(ToolError::Failed("it wants to be asked later, which is not done here".to_owned()));
        }
        _ => return Err(ToolError::Broken("the server answered with something unknown".to_owned())),
    };
    let is_error = result.is_error == Some(true);
    let text = said(result);
    match is_error {
        true => Err(ToolError::Failed(text::shown(&text, SHOWN))),
        false if text.len() > longest_answer => Err(ToolError::TooLarge(longest_answer)),
        false => Ok(text::compact_json(&text).unwrap_or_else(|| text::clean(&text))),
    }
}

/// The parts that are text; others are named.
fn said(result: CallToolResult) -> String {
    let parts: Vec<String> = result.content.iter().map(part).collect();
    match result.structured_content {
        Some(structured) if parts.is_empty() => structured.to_string(),
        _ => parts.join("\n"),
    }
}

fn part(block: &ContentBlock) -> String {
    let named = |what: &str, which: &str| format!("[{what} that is not shown: {}]", text::shown(which, 200));
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => named("an image", &image.mime_type),
        ContentBlock::Audio(audio) => named("a recording", &audio.mime_type),
        ContentBlock::ResourceLink(resource) => {
            named("a resource", &format!("{} {}", resource.name, resource.uri))
        }
        ContentBlock::Resource(resource) => match &resource.resource {
            ResourceContents::TextResourceContents { uri, .. }
            | ResourceContents::BlobResourceContents { uri, .. } => named("a resource", uri),
            _ => named("a resource", "of an unknown kind"),
        },
        _ => named("something", "of an unknown kind"),
    }
}

/// A call that brought no answer. `None` if the connection has ended: its fate says why.
#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: its other variants are told as they are")]
pub(crate) fn failed(error: &ServiceError, longest_answer: usize) -> Option<ToolError> {
    Some(match error {
        ServiceError::TransportClosed => return None,
        ServiceError::McpError(error) => {
            let said = format!("error {}: {}", error.code.0, text::shown(&error.message, SHOWN));
            ToolError::Failed(said)
        }
        ServiceError::TransportSend(error) => not_sent(error.error.as_ref(), longest_answer),
        other => ToolError::Broken(format!("the server's answer makes no sense: {}", text::reasons(other))),
    })
}

/// Why a request over HTTP, or to a process, brought no answer.
#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: its other variants are told as they are")]
pub(crate) fn not_sent(error: &(dyn Error + 'static), longest_answer: usize) -> ToolError {
    if let Some(forbidden) = forbidden(error) {
        return ToolError::NotAllowed(forbidden.to_string());
    }
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(status) = error.downcast_ref::<HttpStatusError>() {
            return ToolError::Refused { status: status.status, said: String::new() };
        }
        if let Some(error) = error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
            match error {
                StreamableHttpError::AuthRequired(_) => {
                    return ToolError::Refused { status: 401, said: "it asks who you are".to_owned() };
                }
                StreamableHttpError::InsufficientScope(_) => {
                    return ToolError::Refused { status: 403, said: "you may not do that".to_owned() };
                }
                StreamableHttpError::ResponseBodyTooLarge { .. } => {
                    return ToolError::TooLarge(longest_answer);
                }
                StreamableHttpError::Client(error) if error.is_connect() => {
                    return ToolError::Unreachable(text::reasons(error));
                }
                _ => {}
            }
        }
        next = error.source();
    }
    ToolError::Broken(format!("the request did not get through: {}", text::reasons(error)))
}
