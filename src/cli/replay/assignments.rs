//! `--set KEY=VALUE`: other settings for a trace, by the keys of config.toml and within its limits. Must not
//! know what the settings do.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;
use toml::Table;

use crate::config::call;
use crate::config::{Examined, Secrets, examine_text};
use crate::turns::Settings;

/// Settings that a trace keeps at another place than config.toml: the key, and a JSON pointer into the trace.
const ELSEWHERE: [(&str, &str); 14] = [
    ("agent.system_prompt", "/system_prompt"),
    ("agent.greeting", "/phrases/greeting"),
    ("agent.fallback", "/phrases/fallback"),
    ("agent.max_reply_words", "/max_reply_words"),
    ("manners.not_understood", "/phrases/not_understood"),
    ("manners.fillers", "/phrases/fillers"),
    ("manners.idle_prompts", "/phrases/idle"),
    ("manners.idle_goodbye", "/phrases/idle_goodbye"),
    ("manners.length_warning", "/phrases/length_warning"),
    ("manners.length_goodbye", "/phrases/length_goodbye"),
    ("manners.hold", "/phrases/hold"),
    ("manners.give_up_goodbye", "/phrases/give_up_goodbye"),
    ("llm.first_token_timeout_ms", "/first_token_timeout_ms"),
    ("llm.fallback_after_ms", "/fallback_after_ms"),
];

/// Sections that a trace keeps as config.toml has them.
const SECTIONS: [&str; 6] = ["endpoint", "barge_in", "stt", "speculation", "manners", "keys"];

/// The settings, with some of them changed.
///
/// # Errors
/// If an assignment is not KEY=VALUE, its key is not a setting of a trace, or its value is not allowed.
pub(super) fn changed(settings: &Settings, set: &[String]) -> anyhow::Result<Settings> {
    let written = written(&serde_json::to_value(settings)?);
    let mut table = written.clone();
    let mut keys = Vec::new();
    for assignment in set {
        let Some((key, value)) = assignment.split_once('=') else {
            bail!("--set {assignment}: expected KEY=VALUE, such as endpoint.complete_ms=400");
        };
        let (key, value) = (key.trim(), value.trim());
        let Some((section, name)) = key.split_once('.') else {
            bail!(
                "--set {key}: expected a key of config.toml with its section, such as endpoint.complete_ms"
            );
        };
        let known = written.get(section).and_then(toml::Value::as_table);
        if !known.is_some_and(|known| known.contains_key(name)) {
            let known = known.map_or_else(
                || format!("those of {}", written.keys().cloned().collect::<Vec<_>>().join(", ")),
                |known| known.keys().map(|name| format!("{section}.{name}")).collect::<Vec<_>>().join(", "),
            );
            bail!("--set {key}: a trace has no such key of config.toml; it has {known}");
        }
        // A value that is not TOML is a text.
        let parsed = format!("value = {value}").parse::<Table>().ok().and_then(|mut t| t.remove("value"));
        let value = parsed.unwrap_or_else(|| toml::Value::from(value));
        if let Some(section) = table.get_mut(section).and_then(toml::Value::as_table_mut) {
            section.insert(name.to_owned(), value);
        }
        keys.push(key.to_owned());
    }
    // A trace may be older than the limits: its own values are not reported as mistakes of the user.
    let old: Vec<String> = read(&written)?.problems.into_iter().map(|problem| problem.key).collect();
    let read = read(&table)?;
    let ours = |key: &String| keys.contains(key) || !old.contains(key);
    let problems: Vec<String> =
        read.problems.iter().filter(|p| ours(&p.key)).map(|problem| format!("--set {problem}")).collect();
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    let new = serde_json::to_value(call::settings(&read.config))?;
    let mut all = serde_json::to_value(settings)?;
    for key in &keys {
        let place = pointer(key);
        if let (Some(old), Some(new)) = (all.pointer_mut(&place), new.pointer(&place)) {
            *old = new.clone();
        }
    }
    Ok(serde_json::from_value(all)?)
}

/// The JSON pointer to a trace's value of `key` in config.toml.
fn pointer(key: &str) -> String {
    let elsewhere = ELSEWHERE.iter().find(|(known, _)| *known == key);
    elsewhere.map_or_else(|| format!("/{}", key.replace('.', "/")), |(_, pointer)| (*pointer).to_owned())
}

fn read(table: &Table) -> anyhow::Result<Examined> {
    let text = toml::to_string(table).context("writing the settings of the trace as TOML")?;
    Ok(examine_text(&text, "of the trace", Path::new(""), Secrets::Leave)?)
}

/// The settings in the layout of config.toml.
fn written(settings: &Value) -> Table {
    let mut table = Table::new();
    let mut write = |section: &str, name: &str, value: &Value| {
        let keys = table.entry(section).or_insert_with(|| toml::Value::Table(Table::new()));
        if let Some(keys) = keys.as_table_mut() {
            keys.insert(name.to_owned(), as_toml(value));
        }
    };
    for section in SECTIONS {
        let keys = settings.get(section).and_then(Value::as_object);
        for (name, value) in keys.into_iter().flatten() {
            write(section, name, value);
        }
    }
    for (key, pointer) in ELSEWHERE {
        if let (Some((section, name)), Some(value)) = (key.split_once('.'), settings.pointer(pointer)) {
            write(section, name, value);
        }
    }
    table
}

/// Converts JSON to TOML. A null in a trace is "" in config.toml.
fn as_toml(value: &Value) -> toml::Value {
    match value {
        Value::Null => toml::Value::from(""),
        Value::Bool(b) => toml::Value::from(*b),
        Value::Number(n) => {
            n.as_i64().map_or_else(|| toml::Value::from(n.as_f64().unwrap_or_default()), toml::Value::from)
        }
        Value::String(text) => toml::Value::from(text.as_str()),
        Value::Array(items) => toml::Value::Array(items.iter().map(as_toml).collect()),
        Value::Object(keys) => {
            toml::Value::Table(keys.iter().map(|(key, value)| (key.clone(), as_toml(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{DEFAULT_CONFIG, parse};

    fn shipped() -> Settings {
        call::settings(&parse(DEFAULT_CONFIG, "test", Path::new("")).expect("it ships"))
    }

    fn set(assignments: &[&str]) -> Result<Settings, String> {
        let assignments: Vec<String> = assignments.iter().map(|text| (*text).to_owned()).collect();
        changed(&shipped(), &assignments).map_err(|error| format!("{error:#}"))
    }

    /// Fault: `replay --set` took other keys than config.toml has ("phrases.greeting",
    /// "first_token_timeout_ms").
    #[test]
    fn the_keys_are_those_of_config_toml() {
        let settings = set(&[
            "agent.greeting=Good morning.",
            "manners.idle_prompts=[\"Hello?\"]",
            "llm.first_token_timeout_ms=3000",
            "endpoint.complete_ms = 400",
            "keys.end=\"*\"",
            "speculation.read_ahead=off",
            "stt.partial_ms=0",
        ])
        .expect("they are all in config.toml");
        assert_eq!(settings.phrases.greeting, "Good morning.");
        assert_eq!(settings.phrases.idle, ["Hello?"]);
        assert_eq!(settings.first_token_timeout, Duration::from_secs(3));
        assert_eq!(settings.endpoint.complete, Duration::from_millis(400));
        assert_eq!((settings.keys.end, settings.listening.partial_pace), (Some('*'), None));
        let told = set(&["phrases.greeting=x"]).unwrap_err();
        assert!(told.contains("no such key of config.toml"), "{told}");
        assert!(set(&["endpoint.complete=400"]).unwrap_err().contains("endpoint.complete_ms"));
        assert!(set(&["endpoint.complete_ms"]).unwrap_err().contains("KEY=VALUE"));
    }

    /// Fault: `replay --set` checked no limits.
    #[test]
    fn the_limits_are_those_of_config_toml() {
        let told = set(&["endpoint.complete_ms=-5", "barge_in.min_words=99"]).unwrap_err();
        assert!(
            told.contains("--set endpoint.complete_ms = -5: allowed is a whole number from 100"),
            "{told}"
        );
        assert!(told.contains("--set barge_in.min_words = 99: allowed is"), "{told}");
        let together = set(&["endpoint.complete_ms=600"]).unwrap_err();
        assert!(together.contains("at least endpoint.complete_ms, 600"), "{together}");
    }

    #[test]
    fn what_is_not_set_stays_as_the_trace_has_it() {
        let mut old = shipped();
        old.endpoint.longest = Duration::from_secs(60);
        old.models = 3;
        old.prompt_tokens = 77;
        let new = changed(&old, &["endpoint.open_ms=700".to_owned()]).expect("the rest is the trace's");
        old.endpoint.open = Duration::from_millis(700);
        assert_eq!(new, old);
        assert_eq!(changed(&shipped(), &[]).expect("nothing is set"), shipped());
    }
}
