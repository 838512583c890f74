//! The keys of a configuration with what they say, to tell which of them changed, and which of those a
//! running server takes over. Must not know what a key means.

use std::collections::BTreeMap;

use toml::Value;

use super::DEFAULT_CONFIG;

/// What is yours to write: left out, it is empty, whatever the shipped file says.
const YOURS: [&str; 2] = ["agent.system_prompt", "agent.greeting"];

/// Sections that new calls take over as a whole, except for [`AT_START`].
const SECTIONS: [&str; 7] = ["agent", "agents", "endpoint", "barge_in", "speculation", "manners", "keys"];

/// Keys of other sections that new calls take over.
const KEYS: [&str; 3] = ["tts.pronounce", "vad.start_ms", "vad.stop_ms"];

/// Keys of [`SECTIONS`] that wait for a restart: the provider's API is opened with them.
const AT_START: [&str; 1] = ["agent.opening_keys"];

/// Keys of an agent of `[agents]` that wait for a restart: its voice is loaded with them.
const OF_A_VOICE: [&str; 2] = ["voice", "speed"];

/// Whether new calls have the value of this key once its file is read again.
#[must_use]
pub fn is_taken_over(key: &str) -> bool {
    let mut parts = key.split('.');
    let (section, own) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    if section == "agents" && OF_A_VOICE.contains(&own) {
        return false;
    }
    KEYS.contains(&key) || (SECTIONS.contains(&section) && !AT_START.contains(&key))
}

/// Every key, "section.name" or "agents.NAME.name", with what it says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Keys(BTreeMap<String, Value>);

impl Keys {
    /// The keys of a text. One that is left out says what the shipped file says. A text that is not TOML says
    /// nothing else.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut all = flat(DEFAULT_CONFIG);
        for key in YOURS {
            all.insert(key.to_owned(), Value::String(String::new()));
        }
        all.extend(flat(text));
        Self(all)
    }

    /// The keys that say something else than they said before.
    pub fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a str> {
        let differs = |key: &String| self.0.get(key) != before.0.get(key);
        let gone = before.0.keys().filter(|key| !self.0.contains_key(*key));
        self.0.keys().filter(move |key| differs(key)).chain(gone).map(String::as_str)
    }
}

fn flat(text: &str) -> BTreeMap<String, Value> {
    let table: toml::Table = text.parse().unwrap_or_default();
    let mut all = BTreeMap::new();
    for (section, value) in table {
        if let Value::Table(keys) = value {
            for (key, value) in keys {
                if let Some(own) = value.as_table().filter(|_| section == "agents") {
                    let named =
                        |(own, value): (&String, &Value)| (format!("agents.{key}.{own}"), value.clone());
                    all.extend(own.iter().map(named));
                } else {
                    all.insert(format!("{section}.{key}"), value);
                }
            }
        } else {
            all.insert(section, value);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::editing::{AT_START as OF_A_VOICE, EDITABLE};
    use super::super::{Config, parse};
    use super::*;

    fn changed(before: &str, after: &str) -> Vec<String> {
        let mut keys: Vec<String> =
            Keys::of(after).changed_since(&Keys::of(before)).map(str::to_owned).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn a_key_changed_if_it_says_something_else_and_not_if_it_says_the_same_in_another_way() {
        let before = "[vad]\nstart_ms = 40\n[agent]\ngreeting = \"Hello.\"\n";
        assert_eq!(changed(before, before), [""; 0]);
        assert_eq!(changed("", "[server]\nport = 8080 # the same\n"), [""; 0]);
        let after = "[vad]\nstart_ms = 50\n[agent]\ngreeting = \"\"\n[modem]\nx = 1\n";
        assert_eq!(changed(before, after), ["agent.greeting", "modem.x", "vad.start_ms"]);
        assert_eq!(changed(after, ""), ["modem.x", "vad.start_ms"]);
    }

    #[test]
    fn what_may_be_edited_is_taken_over_unless_it_is_a_voice() {
        for (key, _) in EDITABLE {
            assert_eq!(is_taken_over(key), !OF_A_VOICE.contains(&key), "{key}");
        }
    }

    /// The two lists of what is taken over, of keys and of fields, must say the same.
    #[test]
    fn every_key_that_is_taken_over_is_one_that_new_calls_get() {
        let read = |text: &str| -> Config { parse(text, "test", Path::new("")).expect("right") };
        let old = read("");
        for (text, key) in [
            ("[agent]\ngreeting = \"Hello.\"", "agent.greeting"),
            ("[agent]\nmax_reply_words = 77", "agent.max_reply_words"),
            ("[endpoint]\ncomplete_ms = 333", "endpoint.complete_ms"),
            ("[barge_in]\nmin_words = 2", "barge_in.min_words"),
            ("[speculation]\nmax_tries = 1", "speculation.max_tries"),
            ("[manners]\ngive_up_after = 5", "manners.give_up_after"),
            ("[keys]\ngap_ms = 1234", "keys.gap_ms"),
            ("[vad]\nstop_ms = 155", "vad.stop_ms"),
            ("[agents.b]\ngreeting = \"B.\"", "agents.b.greeting"),
            ("[server]\nmax_calls = 3", "server.max_calls"),
            ("[llm]\nmax_tokens = 77", "llm.max_tokens"),
            ("[vad]\npre_roll_ms = 155", "vad.pre_roll_ms"),
        ] {
            let new = read(text);
            assert_ne!(new, old, "{key} says what ships");
            let gets = old.with_agent_of(&new) != old;
            assert_eq!(is_taken_over(key), gets, "{key}");
        }
    }
}
