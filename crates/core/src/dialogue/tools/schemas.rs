//! The limits of schemas that others send: of JSON, and of the arguments of tools. Must not know grammars.

use serde_json::Value;

/// The most bytes of a schema as JSON.
const MOST_BYTES: usize = 64 << 10;

/// The most bytes of the schemas of all tools as JSON.
pub const MOST_BYTES_OF_TOOLS: usize = 256 << 10;

/// The deepest nesting of a schema.
const DEEPEST: usize = 32;

/// The most values in a schema, those in lists and objects included.
const MOST_PARTS: usize = 4096;

/// The longest regular expression, in bytes.
const LONGEST_PATTERN: usize = 500;

/// The most patterns of properties in a schema: each is compared with every other one, slowly.
const MOST_PATTERNS: usize = 32;

/// The largest number of items, properties or characters that is counted.
const MOST_COUNTED: u64 = 10_000;

/// Keywords with such numbers.
const COUNTS: [&str; 6] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

/// The bytes of a schema that is not too large.
///
/// # Errors
/// If it is too large, or leads out of itself. The sentence says what and where.
pub fn checked(schema: &Value) -> Result<usize, String> {
    let (mut parts, mut patterns) = (0, 0);
    within(schema, "#", 0, &mut parts, &mut patterns)?;
    let length = schema.to_string().len();
    if length > MOST_BYTES {
        return Err(format!("the schema has {length} bytes, and {MOST_BYTES} is the most"));
    }
    if schema.is_object() { Ok(length) } else { Err("the schema must be an object".to_owned()) }
}

fn within(
    value: &Value,
    place: &str,
    depth: usize,
    parts: &mut usize,
    patterns: &mut usize,
) -> Result<(), String> {
    *parts += 1;
    let shown: String = place.chars().filter(|c| !c.is_control()).take(80).collect();
    if depth > DEEPEST {
        return Err(format!("the schema is nested more than {DEEPEST} deep, at {shown}"));
    }
    if *parts > MOST_PARTS {
        return Err(format!("the schema has more than {MOST_PARTS} values"));
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                keyword(name, field, &shown, patterns)?;
                within(field, &format!("{place}/{name}"), depth + 1, parts, patterns)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            within(item, &format!("{place}/{index}"), depth + 1, parts, patterns)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn keyword(name: &str, value: &Value, place: &str, patterns: &mut usize) -> Result<(), String> {
    if COUNTS.contains(&name) && value.as_f64().is_some_and(|count| count > MOST_COUNTED as f64) {
        return Err(format!("{name} at {place} is more than {MOST_COUNTED}"));
    }
    match (name, value) {
        ("pattern", Value::String(pattern)) if pattern.len() > LONGEST_PATTERN => {
            Err(format!("the pattern at {place} has more than {LONGEST_PATTERN} bytes"))
        }
        ("patternProperties", Value::Object(fields)) => {
            *patterns += fields.len();
            if *patterns > MOST_PATTERNS {
                Err(format!("the schema has more than {MOST_PATTERNS} patternProperties, at {place}"))
            } else if fields.keys().any(|pattern| pattern.len() > LONGEST_PATTERN) {
                Err(format!(
                    "a pattern of patternProperties at {place} has more than {LONGEST_PATTERN} bytes"
                ))
            } else {
                Ok(())
            }
        }
        ("$ref", Value::String(to)) if !to.starts_with('#') => {
            Err(format!("$ref at {place} leads out of the schema; only those that begin with # are followed"))
        }
        _ => Ok(()),
    }
}
