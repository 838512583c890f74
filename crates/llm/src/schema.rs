//! What is added to schemas before a grammar is made of them. Must not know grammars.

use serde_json::{Map, Value, json};

/// Where JSON allows white space. Without a limit, a model that writes line ends would never end.
const WHITE_SPACE: &str = r"[\x20\x0A\x0D\x09]{1,40}";

/// The schema with settings for the library, whatever the client wrote in their place. An object whose
/// properties are listed has no others, unless it says so: a model would make some up.
pub(super) fn guided(schema: &Value) -> Value {
    let mut fields: Map<String, Value> = schema.as_object().cloned().unwrap_or_default();
    let plain = ["type", "properties", "required", "description", "title", "$defs", "definitions", "$schema"];
    if fields.contains_key("properties") && fields.keys().all(|name| plain.contains(&name.as_str())) {
        fields.insert("additionalProperties".to_owned(), json!(false));
    }
    fields.insert("x-guidance".to_owned(), json!({"whitespace_pattern": WHITE_SPACE}));
    Value::Object(fields)
}
