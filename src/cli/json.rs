//! JSON as the commands print it, with times in milliseconds to a tenth. Finer digits are noise and fill the
//! line. Must not know what is printed.

use serde::Serialize;
use serde_json::Value;

use crate::units::tenths;

/// Writes `object` as one line.
///
/// # Errors
/// If it cannot be written as JSON.
pub(super) fn line(object: &impl Serialize) -> serde_json::Result<String> {
    let mut value = serde_json::to_value(object)?;
    round(&mut value, false);
    Ok(value.to_string())
}

/// Rounds all numbers in fields whose names end in `_ms`, nested ones included.
fn round(value: &mut Value, is_time: bool) {
    match value {
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(name, value)| round(value, is_time || name.ends_with("_ms")));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| round(item, is_time)),
        Value::Number(number) if is_time && number.is_f64() => {
            *value = Value::from(number.as_f64().map(tenths));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Fault: times were printed with fifteen digits, some in seconds and some in milliseconds.
    #[test]
    fn times_are_told_to_a_tenth_and_other_numbers_as_they_are() {
        let told = line(&json!({
            "v2v_ms": {"p50": 261.987654321, "max": 300, "none": null}, "ratio": 1.23456789, "rows": [{"a_ms": 0.06}],
        }));
        let told: Value = serde_json::from_str(&told.expect("JSON")).expect("JSON");
        let expected = json!({
            "v2v_ms": {"p50": 262.0, "max": 300, "none": null}, "ratio": 1.23456789, "rows": [{"a_ms": 0.1}],
        });
        assert_eq!(told, expected);
    }
}
