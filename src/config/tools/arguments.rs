//! The schema of a tool's arguments, as people write it: names with what they mean, or a whole JSON schema.
//! Must not know what a tool does with them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use toml::Table;

use crate::config::persona::Persona;
use crate::streams::api::KEYS;
use crate::streams::transfer::LONGEST_BRIEFING;

/// The schema that `parameters` says: it is one if it has a `type`; otherwise each name is an argument, with
/// its description or its own schema, and none may be missing.
///
/// # Errors
/// What is wrong.
pub(super) fn schema(parameters: &Table) -> Result<Value, String> {
    if parameters.get("type").and_then(toml::Value::as_str) == Some("object") {
        return as_json(&toml::Value::Table(parameters.clone()));
    }
    let mut properties = Map::new();
    for (name, value) in parameters {
        let property = match value {
            toml::Value::String(description) => json!({"type": "string", "description": description}),
            toml::Value::Table(_) => as_json(value)?,
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => {
                return Err(format!(
                    "{name:?} is neither a description in quotes nor a table with a JSON schema"
                ));
            }
        };
        properties.insert(name.clone(), property);
    }
    let required: Vec<&String> = properties.keys().collect();
    Ok(
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false}),
    )
}

/// A schema whose argument is one of these, perhaps with a briefing.
pub(super) fn of_transfer(names: &[&String], briefed: bool) -> Value {
    let to = json!({"enum": names});
    if !briefed {
        return json!({"type": "object", "properties": {"to": to}, "required": ["to"],
            "additionalProperties": false});
    }
    let briefing = json!({"type": "string", "maxLength": LONGEST_BRIEFING,
        "description": "a sentence for the one who answers: who calls, and what about"});
    json!({"type": "object", "properties": {"to": to, "briefing": briefing},
        "required": ["to", "briefing"], "additionalProperties": false})
}

/// A schema whose only argument is one of these agents, with what they are for.
pub(super) fn one_of_agents(agents: &BTreeMap<&String, &Persona>) -> Value {
    let described = agents.iter().filter_map(|(name, persona)| {
        let description = &persona.agent.description;
        (!description.is_empty()).then(|| format!("{name}: {description}"))
    });
    let described = described.collect::<Vec<_>>().join("; ");
    let mut schema = of_transfer(&agents.keys().copied().collect::<Vec<_>>(), false);
    if !described.is_empty() {
        schema["properties"]["to"]["description"] = described.into();
    }
    schema
}

/// A schema without arguments.
pub(super) fn none() -> Value {
    json!({"type": "object", "properties": {}, "additionalProperties": false})
}

/// A schema of keys to be pressed.
pub(super) fn keys() -> Value {
    json!({"type": "object", "required": ["keys"], "additionalProperties": false,
        "properties": {"keys": {"type": "string", "pattern": KEYS}}})
}

fn as_json(value: &toml::Value) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}
