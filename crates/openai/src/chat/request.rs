//! A request for an answer, checked once. Must not know what a model makes of it.

use crate::chat::messages::{self, Message};
use crate::chat::tools::{self, Format, Tool, ToolChoice};
use crate::chat::unsupported;
use crate::error::ApiError;
use crate::input::{At, Fields, Json};

/// The most texts in `stop`.
pub const MOST_STOPS: usize = 4;

/// The most characters of one text in `stop`.
pub const MOST_STOP_CHARACTERS: usize = 1000;

/// What is asked of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The name of the model, 1 to 256 characters. Whether it is served is the caller's to say.
    pub model: String,
    /// The conversation so far: at least one message.
    pub messages: Vec<Message>,
    /// The most tokens of the answer, at least 1: `max_completion_tokens`, or `max_tokens`, as it was called.
    pub max_tokens: Option<u32>,
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// The seed of the sampling. A negative one has its 64 bits, read as a number without a sign.
    pub seed: Option<u64>,
    /// The answer ends before any of these: at most four, none empty.
    pub stop: Vec<String>,
    /// Whether the answer is a stream of events.
    pub stream: bool,
    /// Whether the stream ends with the counts of tokens.
    pub include_usage: bool,
    /// The form of the answer.
    pub format: Format,
    /// The tools that the model may call, each name once.
    pub tools: Vec<Tool>,
    /// Whether it may, or must, and which. [`ToolChoice::Never`] without tools.
    pub tool_choice: ToolChoice,
    /// Whether one answer may have several calls.
    pub parallel_calls: bool,
}

impl ChatRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If the body is no JSON, if a field is missing, of the wrong type or out of its range, or if something
    /// is asked for that is not supported.
    pub fn read(body: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Fields::of_body(body)?;
        let model = fields.need("model", "the name of a model (GET /v1/models lists them)")?.name()?;
        let messages = messages::read(fields.need("messages", "a list of messages")?)?;
        unsupported::refuse(&mut fields)?;
        let stream = fields.flag("stream")?;
        let format = fields.take("response_format").map_or(Ok(Format::Text), tools::format)?;
        let tools = fields.take("tools").map_or(Ok(Vec::new()), tools::read)?;
        let tool_choice = tools::choice(fields.take("tool_choice"), &tools)?;
        if format != Format::Text && tool_choice != ToolChoice::Never {
            let message = "'response_format' asks for JSON and 'tools' for calls; send one of them, or \
                           'tool_choice': 'none'";
            return Err(ApiError::unsupported("response_format", message));
        }
        let parallel = fields.take("parallel_tool_calls").map(At::flag).transpose()?;
        Ok(Self {
            model,
            messages,
            max_tokens: max_tokens(&mut fields)?,
            temperature: fields.number("temperature", 0.0..=2.0)?,
            top_p: fields.number("top_p", 0.0..=1.0)?,
            seed: fields.take("seed").map(seed).transpose()?,
            stop: fields.take("stop").map_or(Ok(Vec::new()), stop)?,
            stream,
            include_usage: include_usage(&mut fields, stream)?,
            format,
            tools,
            tool_choice,
            parallel_calls: parallel.unwrap_or(true),
        })
    }
}

fn max_tokens(fields: &mut Fields) -> Result<Option<u32>, ApiError> {
    let mut whole = |name| fields.take(name).map(|at| at.whole(1..=u32::MAX)).transpose();
    let (newer, older) = (whole("max_completion_tokens")?, whole("max_tokens")?);
    if let (Some(newer), Some(older)) = (newer, older)
        && newer != older
    {
        let message = format!(
            "'max_completion_tokens' is {newer} and 'max_tokens' is {older}, but they are one limit; send one"
        );
        return Err(ApiError::invalid("max_tokens", message));
    }
    Ok(newer.or(older))
}

fn seed(at: At) -> Result<u64, ApiError> {
    let expected = "a whole number of at most 64 bits";
    let Json::Number(number) = &at.value else {
        return Err(at.wrong(expected));
    };
    let seed = number.as_u64().or_else(|| number.as_i64().map(i64::cast_unsigned));
    seed.ok_or_else(|| ApiError::invalid(&at.path, format!("'{}' must be {expected}, not {number}", at.path)))
}

fn stop(at: At) -> Result<Vec<String>, ApiError> {
    let path = at.path.clone();
    if matches!(at.value, Json::Text(_)) {
        return Ok(vec![stop_text(at)?]);
    }
    let items = at.items("a text, or a list of up to four texts")?;
    if items.len() > MOST_STOPS {
        let message = format!("'{path}' has {} texts, and {MOST_STOPS} is the most", items.len());
        return Err(ApiError::too_long(&path, message));
    }
    items.map(stop_text).collect()
}

fn stop_text(at: At) -> Result<String, ApiError> {
    let path = at.path.clone();
    let text = at.text()?;
    if text.is_empty() || text.chars().count() > MOST_STOP_CHARACTERS {
        let message = format!("'{path}' must have 1 to {MOST_STOP_CHARACTERS} characters; leave it out");
        return Err(ApiError::invalid(&path, message));
    }
    Ok(text)
}

fn include_usage(fields: &mut Fields, stream: bool) -> Result<bool, ApiError> {
    let Some(options) = fields.take("stream_options") else {
        return Ok(false);
    };
    let mut options = options.fields()?;
    let path = options.path_of("include_usage");
    let wanted = options.flag("include_usage")?;
    if wanted && !stream {
        let message = format!("'{path}' needs 'stream': true; an answer as a whole always has its usage");
        return Err(ApiError::invalid(&path, message));
    }
    Ok(wanted)
}
