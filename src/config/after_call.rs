//! `[after_call]`: what the language model makes of calls after their ends. Must not know how it is asked.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::Config;
use super::toml_reader::Reader;
use crate::after_call::{held_to, names};
use crate::engine::llm::{Form, check_form};
use crate::files;

/// The largest file of a schema, in bytes.
const LARGEST: u64 = 64 << 10;

const FIELDS: &str = "after_call.fields";

/// `[after_call]`
#[derive(Debug, Clone, PartialEq)]
pub struct AfterCall {
    /// Whether calls are summarised.
    pub summary: bool,
    /// The JSON schema of the fields that are taken from calls: an object with properties. `None` takes none.
    pub fields: Option<Value>,
    /// The most tokens of a summary, and of the fields.
    pub max_tokens: usize,
    /// How long a call may take, with the time in which other calls come first.
    pub timeout: Duration,
    /// How many calls may wait; of more, the oldest are dropped.
    pub most_waiting: usize,
}

impl AfterCall {
    /// Whether nothing is made of calls.
    #[must_use]
    pub fn wants_nothing(&self) -> bool {
        !self.summary && self.fields.is_none()
    }
}

/// Reads the section.
pub(super) fn after_call(r: &mut Reader, base: &Path) -> AfterCall {
    AfterCall {
        summary: r.switch("after_call.summary", false),
        fields: fields(r, base),
        max_tokens: r.integer("after_call.max_tokens", 200, 20..=4000) as usize,
        timeout: r.millis("after_call.timeout_ms", 300_000, 1000..=3_600_000),
        most_waiting: r.integer("after_call.max_waiting", 100, 1..=1000) as usize,
    }
}

fn fields(r: &mut Reader, base: &Path) -> Option<Value> {
    let read = match r.value(FIELDS)? {
        toml::Value::String(path) if path.is_empty() => return None,
        toml::Value::String(path) => of_file(&base.join(&path)).map_err(|why| (format!("{path:?}"), why)),
        toml::Value::Table(table) => json(toml::Value::Table(table)).map_err(|why| (String::new(), why)),
        other @ (toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_)) => {
            Err((other.to_string(), "a table, or the path of a file with a JSON schema".to_owned()))
        }
    };
    let checked = read.and_then(|schema| {
        check(&schema).map_err(|why| (String::new(), why))?;
        Ok(schema)
    });
    match checked {
        Ok(schema) => Some(schema),
        Err((value, why)) => {
            r.refuse(FIELDS, value, why);
            None
        }
    }
}

fn of_file(path: &Path) -> Result<Value, String> {
    let expected = "the path of a file with a JSON schema";
    let text = files::text(path, LARGEST)
        .map_err(|error| format!("{expected}; this one cannot be read ({error})"))?;
    serde_json::from_str(&text).map_err(|error| format!("{expected}; this one is not JSON ({error})"))
}

/// A table as JSON.
fn json(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(yes) => Value::Bool(yes),
        toml::Value::Datetime(time) => {
            return Err(format!("JSON has no dates: write {time} as a text in quotes"));
        }
        toml::Value::Array(items) => items.into_iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(fields) => {
            let fields = fields.into_iter().map(|(name, field)| Ok((name, json(field)?)));
            Value::Object(fields.collect::<Result<_, String>>()?)
        }
    })
}

/// Says what is wrong with a schema, and what helps.
fn check(schema: &Value) -> Result<(), String> {
    let is_object = schema.get("type").is_none_or(|kind| kind == "object");
    if !is_object || names(schema).next().is_none() {
        let expected = "a JSON schema of an object with properties, such as { type = \"object\", properties = \
                        { name = { type = \"string\" } } }";
        return Err(expected.to_owned());
    }
    let held = |error: crate::engine::llm::FormError| {
        format!(
            "no answer can be held to this schema: {}; docs/api.md says what schemas may have",
            error.problem
        )
    };
    check_form(&Form::Schema(held_to(schema))).map_err(held)
}

/// Checks the section against others.
pub(super) fn check_together(r: &mut Reader, config: &Config) {
    let (after, most) = (&config.after_call, config.llm.context_tokens / 2);
    if after.wants_nothing() {
        return;
    }
    if after.max_tokens > most {
        let allowed = format!("at most half of llm.context_tokens, {most}");
        r.refuse("after_call.max_tokens", after.max_tokens.to_string(), allowed);
    }
    let (records, webhooks) = (&config.records, &config.webhooks);
    let kept = records.file.is_some() && records.transcripts;
    let sent = webhooks.url.is_some() && webhooks.words;
    if !kept && !sent {
        let key = if after.summary { "after_call.summary" } else { FIELDS };
        let allowed = "only with records.file and records.transcripts, or webhooks.url and webhooks.words: otherwise \
                       nobody would learn what came of it";
        r.refuse(key, String::new(), allowed.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const KEPT: &str = "[records]\nfile = \"calls.db\"\n";

    fn read(after_call: &str) -> Result<AfterCall, String> {
        let text = format!("{KEPT}[after_call]\n{after_call}");
        let read = parse(&text, "test", Path::new(""));
        read.map(|config| config.after_call).map_err(|error| error.to_string())
    }

    #[test]
    fn a_schema_is_a_table_or_a_file_beside_the_configuration() {
        assert!(read("").unwrap().wants_nothing() && read("fields = \"\"").unwrap().wants_nothing());
        let section = "[after_call.fields]\ntype = \"object\"\n[after_call.fields.properties]\n\
                       guests = { type = \"integer\", minimum = 1 }\nname.type = \"string\"";
        let fields = read(section).unwrap().fields.unwrap();
        assert_eq!(fields["properties"]["guests"], serde_json::json!({"type": "integer", "minimum": 1}));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("fields.json"), fields.to_string()).unwrap();
        let text = format!("{KEPT}[after_call]\nfields = \"fields.json\"");
        let read = parse(&text, "test", folder.path()).unwrap().after_call;
        assert_eq!(read.fields, Some(fields));
        assert!(!read.summary && !read.wants_nothing());
    }

    #[test]
    fn what_is_wrong_with_a_schema_is_told() {
        for (wrong, told) in [
            ("fields = 3", "a table, or the path"),
            ("fields = \"nowhere.json\"", "cannot be read"),
            ("fields = { type = \"string\" }", "an object with properties"),
            ("fields = { type = \"object\", properties = {} }", "an object with properties"),
            ("fields = { properties = { a = { enum = [2026-01-01] } } }", "JSON has no dates"),
            ("fields = { properties = { a = { \"$ref\" = \"https://example.com\" } } }", "leads out of"),
            (
                "fields = { properties = { a = { type = \"string\", pattern = \"(?=a)b\" } } }",
                "no answer can be held",
            ),
        ] {
            let problem = read(wrong).unwrap_err();
            assert!(problem.contains("after_call.fields") && problem.contains(told), "{wrong}: {problem}");
        }
    }

    #[test]
    fn what_nobody_would_learn_and_what_has_no_room_is_refused() {
        let alone = parse("[after_call]\nsummary = true", "test", Path::new("")).unwrap_err().to_string();
        assert!(alone.contains("after_call.summary") && alone.contains("records.file"), "{alone}");
        let long = read("summary = true\nmax_tokens = 600").unwrap_err();
        assert!(long.contains("half of llm.context_tokens, 512"), "{long}");
        assert!(read("summary = true").is_ok());
    }
}
