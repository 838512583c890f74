//! What an answer is held to, and tools in words: from a request of the interface to the messages and the
//! grammar of a language model. Must not know connections.

use crate::dialogue::tools::{Tool, ToolCall, instructions, result, written};
use crate::dialogue::{Message, Role};
use crate::engine::llm::{Form, FormError, ToolUse};
use crate::openai::ApiError;
use crate::openai::chat::{self, ChatRequest, Format, ToolChoice};

/// The conversation as the model reads it. Tools and schemas stand in the system message.
pub(super) fn messages(request: &ChatRequest) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut after_result = false;
    for said in &request.messages {
        let is_result = said.role == chat::Role::Tool;
        match messages.last_mut() {
            // The results of one answer's calls come in one turn.
            Some(last) if is_result && after_result => {
                last.text.push('\n');
                last.text.push_str(&result(&said.content));
            }
            Some(_) | None => messages.push(message(said)),
        }
        after_result = is_result;
    }
    if let Some(told) = told(request) {
        match messages.first_mut() {
            Some(first) if first.role == Role::System => {
                first.text.push_str("\n\n");
                first.text.push_str(&told);
            }
            Some(_) | None => messages.insert(0, Message { role: Role::System, text: told }),
        }
    }
    messages
}

fn message(message: &chat::Message) -> Message {
    let of = |role, text| Message { role, text };
    match message.role {
        chat::Role::System => of(Role::System, message.content.clone()),
        chat::Role::User => of(Role::User, message.content.clone()),
        chat::Role::Tool => of(Role::User, result(&message.content)),
        chat::Role::Assistant => {
            let call = |call: &chat::Call| {
                written(&ToolCall { name: call.name.clone(), arguments: call.arguments.clone() })
            };
            let text = Some(message.content.clone()).filter(|text| !text.is_empty());
            let parts: Vec<String> = text.into_iter().chain(message.calls.iter().map(call)).collect();
            of(Role::Assistant, parts.join("\n"))
        }
    }
}

/// What the model is told of the form of its answer.
fn told(request: &ChatRequest) -> Option<String> {
    match (&request.tool_choice, &request.format) {
        (ToolChoice::Never, Format::Text) => None,
        (ToolChoice::Never, Format::Object) => {
            Some("Answer with one JSON object, and nothing else.".to_owned())
        }
        (ToolChoice::Never, Format::Schema(schema)) => {
            Some(format!("Answer with JSON that fits this JSON schema, and nothing else:\n{schema}"))
        }
        (ToolChoice::Auto | ToolChoice::Required | ToolChoice::Named(_), _) => {
            Some(instructions(&offered(request)))
        }
    }
}

/// The tools that may be called.
fn offered(request: &ChatRequest) -> Vec<Tool> {
    let is_offered = |tool: &&chat::Tool| match &request.tool_choice {
        ToolChoice::Never => false,
        ToolChoice::Auto | ToolChoice::Required => true,
        ToolChoice::Named(name) => tool.name == *name,
    };
    let tool = |tool: &chat::Tool| Tool {
        name: tool.name.clone(),
        description: tool.description.clone(),
        parameters: tool.parameters.clone(),
        own: None,
    };
    request.tools.iter().filter(is_offered).map(tool).collect()
}

/// What the answer is held to; nothing for a text.
pub(super) fn form(request: &ChatRequest) -> Option<Form> {
    let parallel = request.parallel_calls;
    match (&request.tool_choice, &request.format) {
        (ToolChoice::Never, Format::Text) => None,
        (ToolChoice::Never, Format::Object) => Some(Form::Object),
        (ToolChoice::Never, Format::Schema(schema)) => Some(Form::Schema(schema.clone())),
        (ToolChoice::Auto, _) => Some(Form::Tools(offered(request), ToolUse { required: false, parallel })),
        (ToolChoice::Required, _) => {
            Some(Form::Tools(offered(request), ToolUse { required: true, parallel }))
        }
        (ToolChoice::Named(_), _) => {
            Some(Form::Tools(offered(request), ToolUse { required: true, parallel: false }))
        }
    }
}

/// The refusal of any form, by a model that cannot be held to one.
pub(super) fn not_held(request: &ChatRequest) -> ApiError {
    let place = match request.tool_choice {
        ToolChoice::Never => "response_format",
        ToolChoice::Auto | ToolChoice::Required | ToolChoice::Named(_) => "tools",
    };
    let message = format!("'{place}': the model answers with text only; leave it out, or name another model");
    ApiError::unsupported(place, message)
}

/// The refusal of a schema, at its place in the request.
pub(super) fn refused(request: &ChatRequest, error: &FormError) -> ApiError {
    let named = match &request.tool_choice {
        ToolChoice::Named(name) => request.tools.iter().position(|tool| tool.name == *name),
        ToolChoice::Never | ToolChoice::Auto | ToolChoice::Required => None,
    };
    let place = match (named.or(error.tool), &request.tool_choice) {
        (Some(index), _) => format!("tools[{index}].function.parameters"),
        (None, ToolChoice::Never) => "response_format".to_owned(),
        (None, ToolChoice::Auto | ToolChoice::Required | ToolChoice::Named(_)) => "tools".to_owned(),
    };
    let message = format!(
        "'{place}': answers cannot be held to this schema: {}; docs/api.md says what schemas may have",
        error.problem
    );
    ApiError::invalid(&place, message)
}
