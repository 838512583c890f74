//! Texts between quotes: what must be escaped in them, and what they say. Must not know layouts.

use toml::Table;

/// The text that is written like this.
pub(crate) fn decoded(written: &str) -> Option<String> {
    let table: Table = format!("x = {written}").parse().ok()?;
    table.get("x")?.as_str().map(str::to_owned)
}

/// The text with everything escaped that ends it or that TOML does not take; line breaks are left where the
/// text may have several lines.
pub(crate) fn escaped(text: &str, lines: bool) -> String {
    let mut written = String::with_capacity(text.len() + 8);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => written.push_str("\\\\"),
            // Single quotes within a long text need no escape, except where three could come together.
            '"' if lines && letters.peek().is_some_and(|next| *next != '"') => written.push('"'),
            '"' => written.push_str("\\\""),
            '\n' if lines => written.push('\n'),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            other if other.is_control() => written.push_str(&format!("\\u{:04X}", u32::from(other))),
            other => written.push(other),
        }
    }
    written
}
