//! Text made fit for the voice: no markup, lists, emoji or addresses read aloud. Pure text to text.

/// `text` with one space between words and nothing that a voice would stumble over.
///
/// ```
/// use offhook::conversation::speakable::clean;
/// assert_eq!(clean("**Yes**, we\n- open  at 9 😀 (see https://x.y/z)"), "Yes, we open at 9 (see)");
/// ```
#[must_use]
pub fn clean(text: &str) -> String {
    let words = text.split_whitespace().map(clean_word).filter(|word| !word.is_empty());
    let mut spoken = String::with_capacity(text.len());
    for word in words {
        let closes = word.chars().all(|c| ",.;:!?)".contains(c));
        if !spoken.is_empty() && !closes {
            spoken.push(' ');
        }
        spoken.push_str(&word);
    }
    spoken
}

fn clean_word(word: &str) -> String {
    if matches!(word, "-" | "--" | "+" | "•") {
        return String::new();
    }
    if word.contains("://") || word.starts_with("www.") {
        return word
            .chars()
            .rev()
            .take_while(|c| ",.;:!?)".contains(*c))
            .collect::<Vec<_>>()
            .iter()
            .rev()
            .collect();
    }
    word.chars().filter(|&c| is_spoken(c)).collect()
}

/// Letters, digits and the signs of ordinary prose.
fn is_spoken(c: char) -> bool {
    c.is_alphanumeric() || ".,;:!?'’\"()-–—/%&$€£@+…".contains(c)
}

/// True if there is something to say in `text`.
#[must_use]
pub fn is_speakable(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_lists_and_emoji_are_not_read_aloud() {
        assert_eq!(
            clean("# Hours\n* Monday: **9-5**\n* `Sunday`: closed 🎉"),
            "Hours Monday: 9-5 Sunday: closed"
        );
    }

    #[test]
    fn prose_stays_as_it_is() {
        for text in ["It's $9.50, isn't it?", "Dr. Taylor (the dentist) says: \"yes\"!", ""] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn only_text_with_a_letter_or_digit_is_spoken() {
        assert!(is_speakable("9"));
        assert!(!is_speakable("... !"));
    }
}
