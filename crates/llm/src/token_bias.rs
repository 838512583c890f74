//! The tokens that no voice can speak: markup, emoji and the beginnings of emoji; and those that begin a
//! thought. Must not know how tokens are chosen.

use std::sync::Arc;

use super::thoughts::is_mark;
use super::vocabulary::Vocabulary;

/// A bias for each token that cannot be spoken, which excludes the token. Tokens that end a reply have none.
pub(super) fn against_markup(vocabulary: &Vocabulary) -> Arc<[(u32, f32)]> {
    let all = 0..u32::try_from(vocabulary.len()).unwrap_or(u32::MAX);
    let silent = all.filter(|&id| is_unspeakable(&vocabulary.bytes_of(id)) && !vocabulary.ends_reply(id));
    silent.map(|id| (id, f32::NEG_INFINITY)).collect()
}

/// A bias for each token that is a mark of thoughts, which excludes the token: for models that are not to
/// think.
pub(super) fn against_thoughts(vocabulary: &Vocabulary) -> Arc<[(u32, f32)]> {
    let marks = vocabulary.markers().iter().filter(|(text, _)| is_mark(text));
    marks.map(|(_, id)| (*id, f32::NEG_INFINITY)).collect()
}

/// A token that is only part of a text is judged by its whole characters. A byte that begins a character
/// beyond the basic plane begins an emoji, in all likelihood.
fn is_unspeakable(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().any(is_sign),
        Err(_) => bytes.contains(&0xF0) || String::from_utf8_lossy(bytes).chars().any(is_sign),
    }
}

/// Markdown's signs, bullets, and the blocks of arrows, shapes, dingbats and pictures.
fn is_sign(c: char) -> bool {
    matches!(
        c,
        '*' | '#' | '`' | '_' | '~' | '|' | '\u{2022}' | '\u{200D}'
            | '\u{2190}'..='\u{21FF}'
            | '\u{2300}'..='\u{23FF}'
            | '\u{2500}'..='\u{27BF}'
            | '\u{2900}'..='\u{297F}'
            | '\u{2B00}'..='\u{2BFF}'
            | '\u{FE0F}'
            | '\u{1F000}'..='\u{1FAFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_emoji_are_told_from_words_prices_and_other_scripts() {
        for silent in ["**", " #", "`x", "_", "| |", "\u{1F600}", "\u{2705}", "\u{2022} "] {
            assert!(is_unspeakable(silent.as_bytes()), "{silent}");
        }
        for spoken in ["", "word", "$5.00", "don't", "a-b (c) [d] 50% @ & + = < >", "é", "中", "ж", "\n"] {
            assert!(!is_unspeakable(spoken.as_bytes()), "{spoken}");
        }
        // A piece of an emoji, and of a letter.
        assert!(is_unspeakable(b"\xF0\x9F\x98"));
        assert!(!is_unspeakable(b"\xC3"));
        assert!(!is_unspeakable(b"\xE4\xB8"));
    }
}
