//! The comments above the keys of a text: what people are told of them. Must not know the keys.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// The comment above each key "section.name", on one line. A key without one of its own shares that of the
/// key right above it.
#[must_use]
pub fn comments(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Ok(root) = DeTable::parse(text) else { return found };
    for (section, keys) in root.get_ref().iter() {
        let DeValue::Table(keys) = keys.get_ref() else { continue };
        let mut keys: Vec<_> =
            keys.iter().map(|(key, value)| (key.span().start, value.span().end, key)).collect();
        keys.sort_by_key(|(start, ..)| *start);
        let mut above = (String::new(), 0);
        for (start, end, key) in keys {
            let own = comment_before(text, start);
            // What stands between two keys is nothing but a line end: they belong together.
            let shared = text.get(above.1..start).is_some_and(|gap| gap.trim().is_empty() && lines(gap) == 1);
            let comment = if own.is_empty() && shared { above.0 } else { own };
            found.insert(format!("{}.{}", section.get_ref(), key.get_ref()), comment.clone());
            above = (comment, end);
        }
    }
    found
}

fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

/// The lines of comment right above this place.
fn comment_before(text: &str, at: usize) -> String {
    let line = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let above = text[..line].lines().rev();
    let comment = above.map_while(|line| line.trim_start().strip_prefix('#').map(str::trim));
    let mut comment: Vec<&str> = comment.collect();
    comment.reverse();
    comment.join(" ")
}
