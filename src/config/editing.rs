//! What of the configuration the console may change: the keys of the agent, their kinds and what is allowed.
//! An edited text is checked as a whole before it counts. Must not know where the text is kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use serde_json::Value as Json;
use toml::Value;

use super::problems::{Problem, Secrets};
use super::{Agent, Config, Persona, Tts, Vad, examine_text, unspeakable};
use crate::edits::edited;
use crate::engine::voice;

/// What kind of value a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text of one line.
    Text,
    /// A text of several lines.
    LongText,
    /// A whole number.
    Whole,
    /// A number, with or without a fraction.
    Number,
    /// true or false.
    Switch,
    /// A list of texts.
    Texts,
    /// A list of whole numbers.
    Wholes,
    /// Words, and how they are said.
    Words,
}

impl Kind {
    /// Its name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::LongText => "long_text",
            Self::Whole => "whole",
            Self::Number => "number",
            Self::Switch => "switch",
            Self::Texts => "texts",
            Self::Wholes => "wholes",
            Self::Words => "words",
        }
    }

    /// A value that no key of this kind takes.
    fn wrong(self) -> String {
        match self {
            Self::Text | Self::LongText => format!("\"{}\"", "x".repeat(20_001)),
            Self::Whole | Self::Number | Self::Texts | Self::Wholes | Self::Words => "false".to_owned(),
            Self::Switch => "0".to_owned(),
        }
    }
}

/// The keys that may be read and changed, in the order in which people see them. None of them is a secret.
pub const EDITABLE: [(&str, Kind); 42] = [
    ("agent.system_prompt", Kind::LongText),
    ("agent.greeting", Kind::Text),
    ("agent.disclosure", Kind::Text),
    ("agent.fallback", Kind::Text),
    ("agent.max_reply_words", Kind::Whole),
    ("tts.voice", Kind::Text),
    ("tts.speed", Kind::Number),
    ("tts.pronounce", Kind::Words),
    ("endpoint.complete_ms", Kind::Whole),
    ("endpoint.open_ms", Kind::Whole),
    ("endpoint.unfinished_ms", Kind::Whole),
    ("endpoint.longest_ms", Kind::Whole),
    ("endpoint.number_lengths", Kind::Wholes),
    ("endpoint.model_weight", Kind::Number),
    ("endpoint.model_threshold", Kind::Number),
    ("barge_in.min_speech_ms", Kind::Whole),
    ("barge_in.min_words", Kind::Whole),
    ("barge_in.at_once", Kind::Texts),
    ("barge_in.backchannels", Kind::Texts),
    ("barge_in.confirm_ms", Kind::Whole),
    ("barge_in.protect_greeting", Kind::Switch),
    ("barge_in.echo_loss_db", Kind::Number),
    ("vad.start_ms", Kind::Whole),
    ("vad.stop_ms", Kind::Whole),
    ("manners.idle_after_ms", Kind::Whole),
    ("manners.idle_prompts", Kind::Texts),
    ("manners.idle_goodbye", Kind::Text),
    ("manners.not_understood", Kind::Text),
    ("manners.hold", Kind::Text),
    ("manners.give_up_after", Kind::Whole),
    ("manners.give_up_goodbye", Kind::Text),
    ("manners.filler_after_ms", Kind::Whole),
    ("manners.fillers", Kind::Texts),
    ("manners.goodbyes", Kind::Texts),
    ("manners.max_call_ms", Kind::Whole),
    ("manners.warn_before_ms", Kind::Whole),
    ("manners.length_warning", Kind::Text),
    ("manners.length_goodbye", Kind::Text),
    ("speculation.max_tries", Kind::Whole),
    ("speculation.read_ahead", Kind::Text),
    ("keys.gap_ms", Kind::Whole),
    ("keys.end", Kind::Text),
];

/// The keys of a voice: an engine is loaded with them, so they wait for the next start.
pub const AT_START: [&str; 2] = ["tts.voice", "tts.speed"];

/// What is allowed for each editable key, in the words of its check: no limit is written down twice.
pub static ALLOWED: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut text = String::new();
    for (key, kind) in EDITABLE {
        text += &format!("{key} = {}\n", kind.wrong());
    }
    let examined = examine_text(&text, "", Path::new(""), Secrets::Leave);
    let problems = examined.map(|examined| examined.problems).unwrap_or_default();
    problems.into_iter().map(|problem| (problem.key, problem.allowed)).collect()
});

/// An edited text, and what is wrong with the configuration that it is.
#[derive(Debug)]
pub struct Edited {
    /// The new text: every line that no change is about is as it was.
    pub text: String,
    /// What the text says.
    pub config: Option<Config>,
    /// All that is wrong, also of keys that were not changed.
    pub problems: Vec<Problem>,
}

/// The text with these values, checked as `serve` would check it. Relative paths start at `base`.
#[must_use]
pub fn edit(text: &str, changes: &BTreeMap<String, Json>, base: &Path) -> Edited {
    let mut problems = Vec::new();
    let mut values = Vec::new();
    for (key, value) in changes {
        let Some((known, kind)) = EDITABLE.iter().find(|(known, _)| known == key) else {
            let told = "this key is not edited here: change it in the file".to_owned();
            problems.push(Problem::about(&key.chars().take(80).collect::<String>(), told));
            continue;
        };
        match value_of(value, *kind) {
            Some(value) => values.push((*known, value)),
            None => problems.push(Problem::about(known, told(known))),
        }
    }
    let text = match edited(text, values) {
        Ok(text) => text,
        Err(error) => {
            problems.push(Problem::about("file", error.to_string()));
            return Edited { text: text.to_owned(), config: None, problems };
        }
    };
    match examine_text(&text, "", base, Secrets::Read) {
        Ok(mut examined) => {
            let found = beyond_the_reader(&examined.config, changes.contains_key("tts.voice"));
            examined.add(found);
            problems.extend(examined.problems);
            Edited { text, config: Some(examined.config), problems }
        }
        Err(error) => {
            problems.extend(error.problems);
            Edited { text, config: None, problems }
        }
    }
}

/// What `serve` would refuse although each key alone is right.
fn beyond_the_reader(config: &Config, another_voice: bool) -> Vec<Problem> {
    let mut found = Vec::new();
    // The whole of its file is read for that.
    if another_voice && let Err(error) = voice::look(&config.tts.voice) {
        found.push(Problem::about("tts.voice", error.to_string()));
    }
    for (key, phrase) in unspeakable(config) {
        let allowed = "a text in Latin letters: the voice speaks no others".to_owned();
        found.push(Problem::of(&key, format!("{phrase:?}"), allowed));
    }
    found
}

fn told(key: &str) -> String {
    format!("allowed is {}", ALLOWED.get(key).map_or("another kind of value", String::as_str))
}

/// A value as TOML has it; what is odd is left to the reader, which says what is allowed.
fn value_of(value: &Json, kind: Kind) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(switch) => Value::Boolean(*switch),
        Json::Number(number) if kind == Kind::Number => Value::Float(number.as_f64()?),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => {
            Value::Array(items.iter().map(|item| value_of(item, kind)).collect::<Option<_>>()?)
        }
        Json::Object(entries) => {
            let entry = |(name, value): (&String, &Json)| Some((name.clone(), value_of(value, kind)?));
            Value::Table(entries.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}

/// The values of the editable keys in a text: only those that it has.
#[must_use]
pub fn values(text: &str) -> BTreeMap<&'static str, Json> {
    let table: toml::Table = text.parse().unwrap_or_default();
    let value = |key: &str| {
        let (section, name) = key.split_once('.')?;
        serde_json::to_value(table.get(section)?.get(name)?).ok()
    };
    EDITABLE.iter().filter_map(|(key, _)| Some((*key, value(key)?))).collect()
}

impl Config {
    /// This configuration with what new calls can take over from `new` while the server runs: the agent and
    /// its turn-taking. Whatever an engine, a socket or a file was opened with stays.
    #[must_use]
    pub fn with_agent_of(&self, new: &Self) -> Self {
        let renewed = |(name, new): (&String, &Persona)| {
            let old = self.agents.get(name);
            (name.clone(), old.map_or_else(|| new.clone(), |old| old.renewed(new)))
        };
        let mut config = self.clone().with_persona(self.persona().renewed(&new.persona()));
        let mut agents = new.agents.iter().map(renewed).collect::<BTreeMap<_, _>>();
        // The first agent is the same, even if it has another name now.
        agents.insert(config.agent.name.clone(), config.persona());
        config.agents = Arc::new(agents);
        config
    }
}

impl Persona {
    /// This agent with what it can take over from `new` while the server runs.
    fn renewed(&self, new: &Self) -> Self {
        let new = new.clone();
        Self {
            agent: Agent { opening_keys: self.agent.opening_keys.clone(), ..new.agent },
            tts: Tts { pronounce: new.tts.pronounce, ..self.tts.clone() },
            vad: Vad { start: new.vad.start, stop: new.vad.stop, ..self.vad },
            ..new
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::DEFAULT_CONFIG;
    use super::*;

    fn changed(changes: Json) -> Edited {
        let changes = serde_json::from_value(changes).expect("an object");
        edit(DEFAULT_CONFIG, &changes, Path::new(env!("CARGO_MANIFEST_DIR")))
    }

    #[test]
    fn every_editable_key_says_what_is_allowed_and_is_in_the_shipped_file() {
        let (values, help) = (values(DEFAULT_CONFIG), crate::edits::comments(DEFAULT_CONFIG));
        for (key, _) in EDITABLE {
            assert!(ALLOWED.contains_key(key), "{key}");
            assert!(values.contains_key(key) && !help[key].is_empty(), "{key}");
            assert!(!super::super::lines::holds_secrets(key), "{key} is a secret");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_by_its_key() {
        let edited = changed(json!({
            "endpoint.complete_ms": 1, "barge_in.at_once": [1], "agent.greeting": "你好", "tts.speed": null,
            "twilio.auth_token": "0123456789abcdef",
        }));
        let keys: Vec<&str> = edited.problems.iter().map(|problem| problem.key.as_str()).collect();
        for key in
            ["endpoint.complete_ms", "barge_in.at_once", "agent.greeting", "tts.speed", "twilio.auth_token"]
        {
            assert!(keys.contains(&key), "{key}: {keys:?}");
        }
        assert!(!edited.text.contains("0123456789abcdef"));
    }

    #[test]
    fn what_is_right_is_in_the_text_and_calls_take_over_the_agent_alone() {
        let edited = changed(json!({ "endpoint.open_ms": 600, "tts.speed": 1, "agent.greeting": "Bakery." }));
        assert!(edited.problems.is_empty(), "{:?}", edited.problems);
        let new = edited.config.expect("a configuration");
        let old = super::super::parse(DEFAULT_CONFIG, "test", Path::new("")).expect("right");
        let live = old.with_agent_of(&new);
        assert_eq!((live.agent, live.endpoint), (new.agent, new.endpoint));
        assert_eq!((live.tts.voice, live.server), (old.tts.voice, old.server));
    }
}
