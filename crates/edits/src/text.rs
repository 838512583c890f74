//! Writes values as people write them in TOML: long texts over several lines, in the layout that they had.
//! Must not know where a value stands.

use toml::{Table, Value};

use crate::layout;
use crate::quoting::{decoded, escaped};

/// The value as TOML; `before` is how the value in its place was written. `None` for dates and the like.
pub(crate) fn written(value: &Value, before: Option<&str>) -> Option<String> {
    match value {
        Value::String(text) => Some(string(text, before)),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => Some(value.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| written(item, None)).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Table(entries) => inline(entries),
        Value::Datetime(_) => None,
    }
}

fn inline(entries: &Table) -> Option<String> {
    let entry = |(name, value): (&String, &Value)| Some(format!("{} = {}", key(name), written(value, None)?));
    let entries: Option<Vec<String>> = entries.iter().map(entry).collect();
    let entries = entries?.join(", ");
    Some(if entries.is_empty() { "{}".to_owned() } else { format!("{{ {entries} }}") })
}

/// A key, in quotes if it needs them.
pub(crate) fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { one_line(name) }
}

/// A text that was in three quotes stays so, and so becomes one with several lines.
fn string(text: &str, before: Option<&str>) -> String {
    let quoted = before.and_then(|before| before.strip_prefix("\"\"\"")?.strip_suffix("\"\"\""));
    if let Some(inner) = quoted
        && let Some(laid_out) = layout::kept(inner, text).filter(|written| says(written, text))
    {
        return laid_out;
    }
    let literal = before.is_some_and(|before| before.starts_with("'''"));
    if quoted.is_some() || literal || text.contains('\n') {
        let long = format!("\"\"\"\n{}\"\"\"", escaped(text, true));
        if says(&long, text) {
            return long;
        }
    }
    one_line(text)
}

fn one_line(text: &str) -> String {
    format!("\"{}\"", escaped(text, false))
}

/// Whether this is TOML for the text.
fn says(written: &str, text: &str) -> bool {
    decoded(written).is_some_and(|decoded| decoded == text)
}
