//! The fields that are taken from a call, with their words rewritten: texts, numbers, and names that a model
//! chose itself. PURE. Must not know what is rewritten in them.

use serde_json::{Map, Value};

/// The deepest nesting that is kept. Schemas are no deeper.
const DEEPEST: usize = 40;

/// The fields with all that is in them rewritten. A value is shown with its name, which may say what it is:
/// "date of birth: 1990-01-02".
pub(crate) fn rewritten(
    fields: &Map<String, Value>,
    rewrite: &impl Fn(&str) -> String,
) -> Map<String, Value> {
    object(fields, 0, rewrite)
}

fn object(
    fields: &Map<String, Value>,
    depth: usize,
    rewrite: &impl Fn(&str) -> String,
) -> Map<String, Value> {
    let field = |(name, of): (&String, &Value)| (rewrite(name), value(name, of, depth + 1, rewrite));
    fields.iter().map(field).collect()
}

fn value(name: &str, of: &Value, depth: usize, rewrite: &impl Fn(&str) -> String) -> Value {
    match of {
        _ if depth > DEEPEST => Value::Null,
        Value::Null | Value::Bool(_) => of.clone(),
        Value::String(text) => Value::String(named(name, text, rewrite)),
        Value::Number(number) => {
            let text = number.to_string();
            let after = named(name, &text, rewrite);
            if after == text { of.clone() } else { Value::String(after) }
        }
        Value::Array(items) => items.iter().map(|item| value(name, item, depth + 1, rewrite)).collect(),
        Value::Object(fields) => Value::Object(object(fields, depth, rewrite)),
    }
}

/// A text, rewritten behind its name. If the name itself changes, the text is rewritten alone.
fn named(name: &str, text: &str, rewrite: &impl Fn(&str) -> String) -> String {
    let label = format!("{}: ", name.replace(['_', '-'], " "));
    let whole = rewrite(&format!("{label}{text}"));
    let behind = whole.strip_prefix(&label);
    behind.map_or_else(|| rewrite(text), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::redaction::Redaction;

    fn redacted(fields: &Value) -> Value {
        let rewrite = |text: &str| Redaction::All.text(text, &["Jo Finch".to_owned()]).into_owned();
        Value::Object(rewritten(fields.as_object().unwrap(), &rewrite))
    }

    #[test]
    fn personal_values_are_taken_out_of_fields_however_they_are_written() {
        let fields = json!({"name": "Jo Finch", "guests": 2, "card": "4111 1111 1111 1111",
            "phone": 4_155_552_671_u64, "mails": ["a@example.com", {"other": "b@example.com"}],
            "date_of_birth": "1990-01-02", "vegetarian": true, "day": null});
        let told = redacted(&fields);
        assert_eq!((&told["name"], &told["guests"]), (&json!("[captured]"), &json!(2)));
        assert_eq!((&told["vegetarian"], &told["day"]), (&json!(true), &json!(null)));
        for secret in ["4111", "4155552671", "example.com", "1990", "Finch"] {
            assert!(!told.to_string().contains(secret), "{secret} in {told}");
        }
    }

    #[test]
    fn nothing_else_changes_and_endless_nesting_ends() {
        let fields = json!({"a": "two rooms", "b": [1, {"c": "on Friday"}]});
        assert_eq!(redacted(&fields), fields);
        let deep = (0..100).fold(json!("x"), |inner, _| json!([inner]));
        assert!(redacted(&json!({"deep": deep})).to_string().len() < 200);
    }
}
