//! Functions that a client offers and carries out: what its session says of them, the calls whose results
//! have not come, and those results. Must not know when the agent calls one, nor what a result is for.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::dialogue::tools::schemas::{MOST_BYTES_OF_TOOLS, checked};
use crate::dialogue::tools::{Tool, ToolChoice, Tools, is_name};
use crate::ids::ToolCallId;
use crate::streams::fields::Fields;
use crate::streams::{Refusal, RefusalCode};

/// The most functions of a session.
const MOST: usize = 64;

/// The most bytes of what is said of one function: its description, and the schema of its arguments.
const LONGEST_FUNCTION: usize = 16 << 10;

/// The most characters of a result.
const LONGEST_OUTPUT: usize = 20_000;

/// Calls that may be under way at once. Results of older ones are refused.
const MOST_CALLS: usize = 64;

/// Functions without a schema take no arguments.
const NO_ARGUMENTS: &str = r#"{"type": "object", "properties": {}}"#;

/// The functions of a session after `changes`.
///
/// # Errors
/// If a function is none that can be offered, or one must be called that is not there.
pub(super) fn tools(changes: &Fields<'_>, before: &Tools) -> Result<Tools, Refusal> {
    if changes.is_false("parallel_tool_calls") {
        let problem = "false: the model may call several functions in one response";
        return Err(Refusal::not_done("session.parallel_tool_calls", problem));
    }
    let all = match changes.get("tools") {
        None => before.all.clone(),
        Some(Value::Array(list)) if list.len() > MOST => {
            let reason = format!("session.tools: {} functions, at most {MOST} are taken", list.len());
            return Err(Refusal::new(RefusalCode::TooLarge, reason));
        }
        Some(Value::Array(list)) => {
            let all: Vec<Tool> = list.iter().map(tool).collect::<Result<_, _>>()?;
            let bytes: usize = all.iter().map(|tool| tool.parameters.to_string().len()).sum();
            if bytes > MOST_BYTES_OF_TOOLS {
                let reason = format!(
                    "session.tools: {bytes} bytes of schemas, at most {MOST_BYTES_OF_TOOLS} are taken"
                );
                return Err(Refusal::new(RefusalCode::TooLarge, reason));
            }
            all
        }
        Some(_) => return Err(Refusal::malformed("session.tools", "is not a list")),
    };
    let mut names: Vec<&str> = all.iter().map(|tool| tool.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find_map(|pair| (pair[0] == pair[1]).then_some(pair[0])) {
        return Err(Refusal::malformed("session.tools.name", format!("{twice:?} is there twice")));
    }
    let choice = match changes.get("tool_choice") {
        None => before.choice.clone(),
        Some(value) => choice(value)?,
    };
    match &choice {
        ToolChoice::One(name) if !all.iter().any(|tool| tool.name == *name) => {
            Err(Refusal::malformed("session.tool_choice", format!("{name:?} is none of session.tools")))
        }
        ToolChoice::Required if all.is_empty() => {
            Err(Refusal::malformed("session.tool_choice", "\"required\", and there are no session.tools"))
        }
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required | ToolChoice::One(_) => {
            Ok(Tools { all, choice })
        }
    }
}

fn tool(value: &Value) -> Result<Tool, Refusal> {
    let Value::Object(map) = value else {
        return Err(Refusal::malformed("session.tools", "is not a list of objects"));
    };
    let fields = Fields::at("session.tools", map);
    let kind = fields.id("type")?;
    if kind != "function" {
        return Err(Refusal::not_done(
            "session.tools.type",
            format!("{kind:?}: only \"function\" is served"),
        ));
    }
    let name = fields.id("name")?;
    if !is_name(name) {
        let problem = "a name has up to 64 letters, digits, - and _";
        return Err(Refusal::malformed("session.tools.name", problem));
    }
    let description = fields.optional_text("description")?.map(str::to_owned);
    let parameters = match fields.get("parameters") {
        None => serde_json::from_str(NO_ARGUMENTS).unwrap_or_default(),
        Some(Value::Object(schema)) => Value::Object(schema.clone()),
        Some(_) => return Err(Refusal::malformed("session.tools.parameters", "is not a JSON schema")),
    };
    // What no answer could be held to is better told now than when the caller waits.
    if let Err(problem) = checked(&parameters) {
        return Err(Refusal::not_done("session.tools.parameters", format!("of {name:?}: {problem}")));
    }
    let length = description.as_deref().map_or(0, str::len) + parameters.to_string().len();
    if length > LONGEST_FUNCTION {
        let reason =
            format!("session.tools: {length} bytes of {name:?}, at most {LONGEST_FUNCTION} are taken");
        return Err(Refusal::new(RefusalCode::TooLarge, reason));
    }
    Ok(Tool { name: name.to_owned(), description, parameters, own: None })
}

fn choice(value: &Value) -> Result<ToolChoice, Refusal> {
    match value {
        Value::String(text) if text == "auto" => Ok(ToolChoice::Auto),
        Value::String(text) if text == "none" => Ok(ToolChoice::None),
        Value::String(text) if text == "required" => Ok(ToolChoice::Required),
        Value::Object(map) => {
            let fields = Fields::at("session.tool_choice", map);
            match fields.id("type")? {
                "function" => Ok(ToolChoice::One(fields.id("name")?.to_owned())),
                other => Err(Refusal::not_done(
                    "session.tool_choice.type",
                    format!("{other:?}: only \"function\""),
                )),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let problem = "is not one of \"auto\", \"none\", \"required\" and a function";
            Err(Refusal::malformed("session.tool_choice", problem))
        }
    }
}

/// The functions and the choice of a session, as clients are told them.
pub(super) fn told(tools: &Tools) -> (Value, Value) {
    let tool = |tool: &Tool| {
        let mut told = Map::new();
        told.insert("type".to_owned(), json!("function"));
        told.insert("name".to_owned(), json!(tool.name));
        if let Some(description) = &tool.description {
            told.insert("description".to_owned(), json!(description));
        }
        told.insert("parameters".to_owned(), tool.parameters.clone());
        Value::Object(told)
    };
    let choice = match &tools.choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::One(name) => json!({"type": "function", "name": name}),
    };
    (tools.all.iter().map(tool).collect(), choice)
}

/// The result of a call.
#[derive(Debug)]
pub(super) struct Output {
    /// The client's own name for the item.
    pub(super) id: Option<String>,
    pub(super) call: ToolCallId,
    pub(super) text: String,
}

/// The calls whose results have not come.
#[derive(Debug, Default)]
pub(super) struct Calls(VecDeque<ToolCallId>);

impl Calls {
    pub(super) fn begin(&mut self, call: ToolCallId) {
        if self.0.len() == MOST_CALLS {
            self.0.pop_front();
        }
        self.0.push_back(call);
    }

    /// Reads the result of a call, which is not awaited any more.
    ///
    /// # Errors
    /// If no call awaits it, or if it is none. Then the call still awaits one.
    pub(super) fn returned(&mut self, item: &Fields<'_>) -> Result<Output, Refusal> {
        let name = item.id("call_id")?;
        let text = item.text("output")?;
        let count = text.chars().count();
        if count > LONGEST_OUTPUT {
            let reason = format!("item.output: {count} characters, at most {LONGEST_OUTPUT} are taken");
            return Err(Refusal::new(RefusalCode::TooLarge, reason));
        }
        let id = item.optional_id("id")?.map(str::to_owned);
        let Some(at) = self.0.iter().position(|call| call.to_string() == name) else {
            return Err(Refusal::malformed("item.call_id", "no call of this session awaits a result by it"));
        };
        let call = self.0.remove(at).unwrap_or_default();
        // A model reads no result as a result, too.
        let text = if text.trim().is_empty() { "null".to_owned() } else { text.to_owned() };
        Ok(Output { id, call, text })
    }
}

/// The item of a result as it is told back, under its name.
pub(super) fn output_told(id: &str, call: ToolCallId, text: &str) -> Value {
    json!({
        "object": "realtime.item", "id": id, "type": "function_call_output", "status": "completed",
        "call_id": call.to_string(), "output": text,
    })
}
