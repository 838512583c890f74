//! Foreign text for a terminal: nothing in it moves the cursor, turns the direction of writing, or hides; and
//! its width is counted in cells. Must not know what the text says.

use ratatui::buffer::CellWidth as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// Stands for a character that would do something else than be seen.
const HARMLESS: char = '\u{fffd}';

/// The most marks on one letter: more of them grow into the lines above and below.
const MOST_MARKS: usize = 2;

/// The most characters of a text that are looked at: no line of a terminal is longer.
const MOST: usize = 2000;

/// The text with every harmful character replaced.
pub(crate) fn clean(text: &str) -> String {
    let (mut out, mut marks) = (String::with_capacity(text.len().min(MOST)), 0);
    for c in text.chars().take(MOST) {
        let is_mark = is_mark(c);
        marks = if is_mark { marks + 1 } else { 0 };
        match c {
            _ if c.is_whitespace() => out.push(' '),
            _ if is_mark && marks > MOST_MARKS => {}
            // A mark alone would fall onto what was there before the text.
            _ if is_mark && out.is_empty() => out.push(HARMLESS),
            _ if harmful(c) => out.push(HARMLESS),
            _ => out.push(c),
        }
    }
    out
}

/// Controls, directions, and formats that are not seen.
fn harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn is_mark(c: char) -> bool {
    !harmful(c) && c.encode_utf8(&mut [0; 4]).cell_width() == 0
}

/// The cells that a clean text takes.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true).map(|letter| usize::from(letter.cell_width())).sum()
}

/// As much of a clean text as has room, with an ellipsis if something is missing.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let (mut out, mut taken) = (String::new(), 0);
    for letter in text.graphemes(true) {
        taken += usize::from(letter.cell_width());
        // The ellipsis takes one cell.
        if taken >= room {
            break;
        }
        out.push_str(letter);
    }
    if room > 0 {
        out.push('…');
    }
    out
}

/// A clean word in parts of at most this width: one, unless it is longer.
pub(crate) fn broken(word: &str, room: usize) -> Vec<String> {
    let (mut parts, mut part, mut taken) = (Vec::new(), String::new(), 0);
    for letter in word.graphemes(true) {
        let letter_width = usize::from(letter.cell_width());
        if taken > 0 && taken + letter_width > room {
            parts.push(std::mem::take(&mut part));
            taken = 0;
        }
        part.push_str(letter);
        taken += letter_width;
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_do_something_is_seen_instead() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc\td\u{9b}2J"), "a\u{fffd}[31mb  c d\u{fffd}2J");
        assert_eq!(clean("x\u{202e}cba\u{2066}y\u{200b}\u{feff}"), "x\u{fffd}cba\u{fffd}y\u{fffd}\u{fffd}");
        assert_eq!(clean("\u{301}a"), "\u{fffd}a");
    }

    #[test]
    fn ordinary_text_of_any_language_stays_as_it_is() {
        for text in ["Grüße, señor", "料理長 3 号", "אבג", "e\u{301}te\u{301}", "👍🏽 ok"] {
            assert_eq!(clean(text), text);
        }
        assert_eq!(clean(&format!("a{}b", "\u{301}".repeat(50))), "a\u{301}\u{301}b");
    }

    #[test]
    fn a_text_is_cut_between_letters_and_never_wider_than_its_room() {
        assert_eq!(cut("CA0123456789", 6), "CA012…");
        assert_eq!(cut("料理長", 5), "料理…");
        assert_eq!(cut("料理長", 4), "料…");
        assert_eq!((cut("abc", 3), cut("abc", 1), cut("abc", 0)), ("abc".into(), "…".into(), String::new()));
    }

    #[test]
    fn a_long_word_is_broken_between_letters() {
        assert_eq!(broken("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(broken("料理長", 1), ["料", "理", "長"]);
        assert_eq!(broken("one", 5), ["one"]);
    }
}
