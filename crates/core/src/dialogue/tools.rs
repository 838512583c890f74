//! Tools that the agent may call, in the form that Hermes and Qwen are tuned with, as text: what the system
//! prompt says of them, how a call and its result are written, and calls found in a reply. One form for all
//! models. Must not know models, tokens or who carries the calls out.

mod conduct;
mod reader;
pub mod schemas;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use conduct::{Conduct, Moment};
pub use reader::{CallReader, Said};

/// Begins a call.
pub const OPEN: &str = "<tool_call>";

/// Ends a call. No JSON has a line end followed by `<`: outside of texts `<` means nothing, and within them
/// line ends are escaped.
pub const CLOSE: &str = "\n</tool_call>";

/// The most calls of one reply.
pub const MOST_CALLS: usize = 8;

/// What stands around the name of a tool in a call, before its arguments.
const NAMED: (&str, &str) = ("\n{\"name\": \"", "\", \"arguments\": ");

/// The most characters of a tool's name.
const MOST_NAME: usize = 64;

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name: 1 to 64 letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    pub parameters: Value,
    /// How the server carries it out; `None` if the client does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<Conduct>,
}

/// Which tools a reply may or must call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No tool is called.
    None,
    /// Some tool is called.
    Required,
    /// The tool of this name is called.
    One(String),
}

/// The tools of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tools {
    /// All of them.
    pub all: Vec<Tool>,
    /// Which a reply may or must call.
    pub choice: ToolChoice,
}

impl Tools {
    /// True if a reply may call a tool of this name.
    #[must_use]
    pub fn may_call(&self, name: &str) -> bool {
        let chosen = match &self.choice {
            ToolChoice::Auto | ToolChoice::Required => true,
            ToolChoice::None => false,
            ToolChoice::One(only) => only == name,
        };
        chosen && self.all.iter().any(|tool| tool.name == name)
    }

    /// How the server carries out the tool of this name; `None` if it does not.
    #[must_use]
    pub fn conduct(&self, name: &str) -> Option<&Conduct> {
        self.all.iter().find(|tool| tool.name == name)?.own.as_ref()
    }

    /// True if no reply calls a tool.
    #[must_use]
    pub fn are_idle(&self) -> bool {
        self.all.is_empty() || self.choice == ToolChoice::None
    }
}

/// A call as a model wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// The arguments, as JSON.
    pub arguments: String,
}

impl ToolCall {
    /// True if its arguments are a JSON object.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.as_object().is_some()
    }

    /// Its arguments; `None` if they are no JSON object.
    #[must_use]
    pub fn as_object(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&self.arguments).ok()
    }

    /// True if the other is a call of the same tool with the same arguments, however they are written.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        self.name == other.name && self.as_object() == other.as_object()
    }
}

/// True if a tool can have this name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=MOST_NAME).contains(&text.len()) && text.chars().all(may_name)
}

fn may_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// What the system prompt says of the tools, in the words of Qwen's and Hermes' templates.
#[must_use]
pub fn instructions(tools: &[Tool]) -> String {
    let signature = |tool: &Tool| {
        let Tool { name, description, parameters, own: _ } = tool;
        let description = description.as_deref().unwrap_or_default();
        json!({"type": "function",
            "function": {"name": name, "description": description, "parameters": parameters}})
        .to_string()
    };
    let signatures: Vec<String> = tools.iter().map(signature).collect();
    format!(
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with \
         function signatures within <tools></tools> XML tags:\n<tools>\n{}\n</tools>\n\nFor each function call, \
         return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n\
         {OPEN}\n{{\"name\": <function-name>, \"arguments\": <args-json-object>}}{CLOSE}",
        signatures.join("\n")
    )
}

/// A call, as a model writes it.
#[must_use]
pub fn written(call: &ToolCall) -> String {
    format!("{OPEN}{}{}}}{CLOSE}", head(&call.name), call.arguments)
}

/// The beginning of a call of this tool, behind [`OPEN`]; its arguments follow, then `}` and [`CLOSE`].
#[must_use]
pub fn head(name: &str) -> String {
    format!("{}{name}{}", NAMED.0, NAMED.1)
}

/// The result of a call, as a model reads it: in the words of the user.
#[must_use]
pub fn result(text: &str) -> String {
    format!("<tool_response>\n{text}\n</tool_response>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tool_that_is_there_and_chosen_may_be_called() {
        let tool =
            |name: &str| Tool { name: name.to_owned(), description: None, parameters: json!({}), own: None };
        let tools = |choice| Tools { all: vec![tool("book"), tool("cancel")], choice };
        assert!(tools(ToolChoice::Auto).may_call("book") && !tools(ToolChoice::Auto).may_call("pay"));
        let one = tools(ToolChoice::One("cancel".to_owned()));
        assert!(one.may_call("cancel") && !one.may_call("book"));
        assert!(tools(ToolChoice::None).are_idle() && !tools(ToolChoice::None).may_call("book"));
        assert!(Tools::default().are_idle() && !one.are_idle());
    }

    #[test]
    fn a_name_is_short_and_plain() {
        assert!(is_name("book-it_2") && !is_name("") && !is_name("a b") && !is_name(&"a".repeat(65)));
    }
}
