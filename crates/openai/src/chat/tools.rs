//! The form of an answer that a request asks for: text, JSON or calls of tools. Schemas are passed on as they
//! are, with their fields in order; whether answers can be held to them is for others to say.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::input::{At, Json};
use crate::text::shown;

/// The most tools of a request.
pub const MOST_TOOLS: usize = 64;

/// The most characters of a tool's name.
const MOST_NAME: usize = 64;

/// The most characters of a description.
const MOST_DESCRIPTION: usize = 4096;

/// The form of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// Any text.
    Text,
    /// Any JSON object.
    Object,
    /// JSON of this schema, which is an object.
    Schema(Value),
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// 1 to 64 letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The schema of its arguments: an object.
    pub parameters: Value,
}

/// Whether tools are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// No.
    Never,
    /// If the model wants to.
    Auto,
    /// At least one, of all tools.
    Required,
    /// This one. There is a tool of this name.
    Named(String),
}

/// Reads `response_format`.
pub(super) fn format(at: At) -> Result<Format, ApiError> {
    let mut fields = at.fields()?;
    let kind = fields.need("type", "'text', 'json_object' or 'json_schema'")?;
    let path = kind.path.clone();
    match kind.text()?.as_str() {
        "text" => Ok(Format::Text),
        "json_object" => Ok(Format::Object),
        "json_schema" => {
            let mut schema = fields.need("json_schema", "its 'name' and 'schema'")?.fields()?;
            name(schema.need("name", "a name for the schema")?)?;
            // An answer is held to its schema whether this is set or not.
            schema.flag("strict")?;
            let at = schema.take("schema");
            at.map_or_else(|| Ok(Format::Object), |at| object(at).map(Format::Schema))
        }
        other => {
            let message =
                format!("'{path}' is '{}'; it must be 'text', 'json_object' or 'json_schema'", shown(other));
            Err(ApiError::invalid(&path, message))
        }
    }
}

/// Reads `tools`.
pub(super) fn read(at: At) -> Result<Vec<Tool>, ApiError> {
    let path = at.path.clone();
    let items = at.items("a list of tools")?;
    if items.len() > MOST_TOOLS {
        let message = format!("'{path}' has {} tools, and {MOST_TOOLS} is the most", items.len());
        return Err(ApiError::too_long(&path, message));
    }
    let mut tools: Vec<Tool> = Vec::new();
    for item in items {
        let path = format!("{}.function.name", item.path);
        let tool = tool(item)?;
        if tools.iter().any(|known| known.name == tool.name) {
            let message = format!("'{path}': there are two tools of the name '{}'", tool.name);
            return Err(ApiError::invalid(&path, message));
        }
        tools.push(tool);
    }
    Ok(tools)
}

fn tool(at: At) -> Result<Tool, ApiError> {
    let mut fields = at.fields()?;
    let kind = fields.need("type", "'function'")?;
    let path = kind.path.clone();
    let kind = kind.text()?;
    if kind != "function" {
        let message = format!("'{path}' is '{}'; only tools of the type 'function' are called", shown(&kind));
        return Err(ApiError::unsupported(&path, message));
    }
    let mut function = fields.need("function", "its 'name' and 'parameters'")?.fields()?;
    let name = name(function.need("name", "the name of the tool")?)?;
    function.flag("strict")?;
    let description = function.take("description").map(description).transpose()?;
    let none = || json!({"type": "object", "properties": {}});
    let parameters = function.take("parameters").map_or_else(|| Ok(none()), object)?;
    Ok(Tool { name, description, parameters })
}

fn description(at: At) -> Result<String, ApiError> {
    let path = at.path.clone();
    let text = at.text()?;
    if text.chars().count() > MOST_DESCRIPTION {
        let message = format!("'{path}' has more than {MOST_DESCRIPTION} characters");
        return Err(ApiError::too_long(&path, message));
    }
    Ok(text)
}

/// A schema.
fn object(at: At) -> Result<Value, ApiError> {
    match &at.value {
        Json::Object(_) => Ok(at.value.plain()),
        Json::Null | Json::Flag(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
            Err(at.wrong("a JSON schema, which is an object"))
        }
    }
}

/// The name of a tool or of a schema.
pub(super) fn name(at: At) -> Result<String, ApiError> {
    let path = at.path.clone();
    let name = at.text()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > MOST_NAME || !name.chars().all(allowed) {
        let message = format!("'{path}' must have 1 to {MOST_NAME} letters, digits, '_' or '-'");
        return Err(ApiError::invalid(&path, message));
    }
    Ok(name)
}

/// Reads `tool_choice`.
pub(super) fn choice(at: Option<At>, tools: &[Tool]) -> Result<ToolChoice, ApiError> {
    let Some(at) = at else {
        return Ok(if tools.is_empty() { ToolChoice::Never } else { ToolChoice::Auto });
    };
    let path = at.path.clone();
    let choice = match &at.value {
        Json::Text(text) => match text.as_str() {
            "none" => ToolChoice::Never,
            "auto" => ToolChoice::Auto,
            "required" => ToolChoice::Required,
            other => {
                let message = format!(
                    "'{path}' is '{}'; it must be 'none', 'auto', 'required' or a named function",
                    shown(other)
                );
                return Err(ApiError::invalid(&path, message));
            }
        },
        Json::Null | Json::Flag(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
            ToolChoice::Named(named(at, tools)?)
        }
    };
    match choice {
        ToolChoice::Auto if tools.is_empty() => Ok(ToolChoice::Never),
        ToolChoice::Required if tools.is_empty() => Err(ApiError::invalid(
            &path,
            format!("'{path}' is 'required', but there are no 'tools'; send some"),
        )),
        choice @ (ToolChoice::Never | ToolChoice::Auto | ToolChoice::Required | ToolChoice::Named(_)) => {
            Ok(choice)
        }
    }
}

fn named(at: At, tools: &[Tool]) -> Result<String, ApiError> {
    if !matches!(at.value, Json::Object(_)) {
        return Err(
            at.wrong("'none', 'auto', 'required' or {\"type\": \"function\", \"function\": {\"name\": …}}")
        );
    }
    let mut fields = at.fields()?;
    let kind = fields.need("type", "'function'")?;
    let path = kind.path.clone();
    if kind.text()? != "function" {
        return Err(ApiError::unsupported(
            &path,
            format!("'{path}' must be 'function'; name one of 'tools'"),
        ));
    }
    let at = fields.need("function", "the 'name' of a tool")?.fields()?.need("name", "the name of a tool")?;
    let path = at.path.clone();
    let name = name(at)?;
    if tools.iter().all(|tool| tool.name != name) {
        return Err(ApiError::invalid(
            &path,
            format!("'{path}' is '{name}', but there is no such tool in 'tools'"),
        ));
    }
    Ok(name)
}
