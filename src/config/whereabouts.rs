//! The lines on which the keys of a configuration are. Knows TOML, and no key by name.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// The line numbers of keys, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Whereabouts {
    lines: BTreeMap<String, usize>,
}

impl Whereabouts {
    /// Finds the keys of a TOML text; of any other text, nothing is known.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = BTreeMap::new();
        if let Ok(root) = DeTable::parse(text) {
            let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            for (section, value) in root.get_ref() {
                let at = line(section.span().start);
                lines.insert(format!("[{}]", section.get_ref()), at);
                lines.insert(section.get_ref().to_string(), at);
                let DeValue::Table(keys) = value.get_ref() else { continue };
                for (key, value) in keys {
                    let name = format!("{}.{}", section.get_ref(), key.get_ref());
                    let DeValue::Table(inner) = value.get_ref() else {
                        lines.insert(name, line(key.span().start));
                        continue;
                    };
                    for inner in inner.keys() {
                        lines.insert(format!("{name}.{}", inner.get_ref()), line(inner.span().start));
                    }
                    lines.insert(name, line(key.span().start));
                }
            }
        }
        Self { lines }
    }

    /// The line of `key`, if it is in the text. The key is "section.key", "[section]", or a part of a key's
    /// value, such as "llm.stand_ins[0].name" or "tools.book.does": if the part is missing, the line of the
    /// key.
    pub(super) fn line_of(&self, key: &str) -> Option<usize> {
        let whole = key.find('[').filter(|at| *at > 0).and_then(|at| key.get(..at)).unwrap_or(key);
        let of_key = || {
            let (key, _) = whole.rsplit_once('.').filter(|(key, _)| key.contains('.'))?;
            self.lines.get(key)
        };
        self.lines.get(whole).or_else(of_key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_on_their_lines() {
        let text = "x = 1\n[server]\n\n# a comment\nport = 1\n[agent]\nsystem_prompt = \"\"\"\na\nb\"\"\"\ngreeting = \"\"\n\
                    [[llm.stand_ins]]\nname = \"b\"\n[tools.book]\ndoes = \"note\"\n";
        let found = Whereabouts::of(text);
        for (key, line) in [
            ("x", Some(1)),
            ("[server]", Some(2)),
            ("server.port", Some(5)),
            ("agent.greeting", Some(10)),
            ("llm.stand_ins[0].name", Some(11)),
            ("llm.model", None),
            ("tools.book.does", Some(14)),
            ("tools.book.description", Some(13)),
            ("tools.cancel.does", None),
        ] {
            assert_eq!(found.line_of(key), line, "{key}");
        }
        assert_eq!(Whereabouts::of("[server\n").line_of("[server]"), None);
    }
}
