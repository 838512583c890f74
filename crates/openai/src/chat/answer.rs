//! An answer as a whole: the document `chat.completion`.

use serde::Serialize;

use crate::chat::messages::Call;
use crate::out;

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The model was done, or one of the texts in `stop` came.
    Stop,
    /// It had as many tokens as were allowed.
    Length,
    /// It is calls of tools, whose results are to be sent.
    ToolCalls,
}

impl Finish {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
        }
    }
}

/// What an answer took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Tokens of the prompt, with those that were cached.
    pub prompt: u64,
    /// Tokens of the answer.
    pub completion: u64,
    /// Tokens of the prompt that were computed before.
    pub cached: u64,
}

/// An answer as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Completion<'a> {
    /// Its own name: `chatcmpl-…`.
    pub id: &'a str,
    /// When it began, in seconds since 1970.
    pub created: u64,
    /// The name of the model.
    pub model: &'a str,
    /// The answer. Empty beside calls, it is null.
    pub text: &'a str,
    /// The calls of tools in it.
    pub calls: &'a [Call],
    /// Why it ended.
    pub finish: Finish,
    /// What it took.
    pub tokens: Tokens,
}

impl Completion<'_> {
    /// The document.
    #[must_use]
    pub fn body(&self) -> String {
        out::json(&Document {
            id: self.id,
            object: "chat.completion",
            created: self.created,
            model: self.model,
            choices: [Choice {
                index: 0,
                message: Said {
                    role: "assistant",
                    content: Some(self.text).filter(|text| !text.is_empty() || self.calls.is_empty()),
                    refusal: None,
                    tool_calls: self.calls.iter().map(ToolCall::of).collect(),
                },
                logprobs: None,
                finish_reason: self.finish.name(),
            }],
            usage: Usage::of(self.tokens),
        })
    }
}

#[derive(Serialize)]
struct Document<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: Usage,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Said<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<()>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

/// A call, as the API writes it.
#[derive(Serialize)]
struct ToolCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl<'a> ToolCall<'a> {
    fn of(call: &'a Call) -> Self {
        let function = Function { name: &call.name, arguments: &call.arguments };
        Self { id: &call.id, r#type: "function", function }
    }
}

/// Counts of tokens, as the API writes them.
#[derive(Serialize)]
pub(super) struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptTokens,
}

#[derive(Serialize)]
struct PromptTokens {
    cached_tokens: u64,
}

impl Usage {
    pub(super) fn of(tokens: Tokens) -> Self {
        Self {
            prompt_tokens: tokens.prompt,
            completion_tokens: tokens.completion,
            total_tokens: tokens.prompt.saturating_add(tokens.completion),
            prompt_tokens_details: PromptTokens { cached_tokens: tokens.cached.min(tokens.prompt) },
        }
    }
}
