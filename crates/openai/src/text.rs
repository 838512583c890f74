//! A client's text as it may stand in a message: short, and on one line. Must not know what the text was.

/// The most characters of a client's text in a message.
pub const MOST_SHOWN: usize = 80;

/// A client's text, fit for a message and for a log: without control characters, line separators and marks
/// that turn the direction of the text, and cut to [`MOST_SHOWN`] characters, of which the last is "…" then.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut rest = text.chars().filter(|&c| !is_hidden(c));
    let mut shown: Vec<char> = rest.by_ref().take(MOST_SHOWN).collect();
    if rest.next().is_some() {
        shown.truncate(MOST_SHOWN - 1);
        shown.push('…');
    }
    shown.into_iter().collect()
}

/// Whether a character could end a line of a log, or make it look like another.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_80_characters_stays_and_a_longer_one_is_cut_to_80() {
        assert_eq!(shown(&"ä".repeat(80)), "ä".repeat(80));
        assert_eq!(shown(&"ä".repeat(81)), "ä".repeat(79) + "…");
    }

    #[test]
    fn what_would_break_a_line_of_a_log_is_removed() {
        assert_eq!(shown("a\nb\r\0c\u{1b}[31m\u{2028}\u{202e}d\u{85}"), "abc[31md");
    }
}
