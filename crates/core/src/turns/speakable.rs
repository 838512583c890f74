//! Text made fit for the voice: no markup, lists, emoji or addresses are read aloud, and signs become the
//! words that people say for them. Pure text to text; knows no language.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::language::Signs;

/// `text` with one space between words and nothing that a voice would stumble over.
///
/// ```
/// use offhook_core::language::ENGLISH;
/// use offhook_core::turns::speakable::clean;
/// let spoken = |text| clean(text, &ENGLISH.signs);
/// assert_eq!(spoken("**Yes**, we\n- open  at 9 😀 (see https://x.y/z)"), "Yes, we open at 9 (see)");
/// assert_eq!(spoken("[our page](https://x.y): ₹500, 25°C"), "our page: 500 rupees, 25 degrees Celsius");
/// ```
#[must_use]
pub fn clean(text: &str, signs: &Signs) -> String {
    let text = with_currencies(text, signs);
    let text = without_targets(&text);
    let mut spoken = String::with_capacity(text.len());
    for line in text.lines() {
        let mut first = true;
        for word in line.split_whitespace() {
            for word in clean_word(word, first, signs).split(' ').filter(|word| !word.is_empty()) {
                let closes = word.chars().all(|c| ",.;:!?)".contains(c));
                if !spoken.is_empty() && !closes {
                    spoken.push(' ');
                }
                spoken.push_str(word);
            }
            first = false;
        }
    }
    spoken
}

/// Amounts with the currency's name after them; dollars stay, because every voice knows them.
fn with_currencies<'a>(text: &'a str, signs: &Signs) -> Cow<'a, str> {
    static AMOUNT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let number = r"\d(?:[\d.,]*\d)?";
        Regex::new(&format!(r"(\p{{Sc}}) ?({number})|({number}) ?(\p{{Sc}})")).ok()
    });
    let said = |found: &Captures<'_>| {
        let part = |a: usize, b: usize| found.get(a).or(found.get(b)).map_or("", |part| part.as_str());
        let (sign, number) = (part(1, 4), part(2, 3));
        let known = signs.currencies.iter().find(|(known, ..)| sign.starts_with(*known));
        known.map_or(found[0].to_owned(), |(_, one, more)| {
            format!("{number} {}", if number == "1" { one } else { more })
        })
    };
    AMOUNT.as_ref().map_or(Cow::Borrowed(text), |amount| amount.replace_all(text, said))
}

/// Reduces Markdown's links and pictures to their text, even if the text began in an earlier chunk.
fn without_targets(text: &str) -> Cow<'_, str> {
    static TARGET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\]\([^)\s]*\)?").ok());
    TARGET.as_ref().map_or(Cow::Borrowed(text), |target| target.replace_all(text, ""))
}

/// One word as it is said. If it is the `first` in its line, it may be a bullet.
fn clean_word(word: &str, first: bool, signs: &Signs) -> String {
    if let Some((_, said)) = signs.between.iter().find(|(sign, _)| *sign == word) {
        return if first { String::new() } else { (*said).to_owned() };
    }
    if word.contains("://") || word.starts_with("www.") {
        let end = word.trim_end_matches([',', '.', ';', ':', '!', '?', ')']).len();
        return word[end..].to_owned();
    }
    let mut word = word.strip_prefix('!').filter(|rest| rest.starts_with('[')).unwrap_or(word).to_owned();
    for (sign, said) in signs.within {
        if word.contains(sign) {
            word = word.replace(sign, said);
        }
    }
    let spoken: String = word.chars().filter(|&c| is_spoken(c) || c == ' ').collect();
    // A dash separates words; a row of dashes, a bullet and the frame of a table are drawings.
    let drawn = |c: char| "-–—+:|".contains(c);
    let is_drawing =
        !spoken.is_empty() && spoken.chars().all(drawn) && !["–", "—", ":"].contains(&spoken.as_str());
    if is_drawing { String::new() } else { spoken }
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
    use crate::language::ENGLISH;

    fn spoken(text: &str) -> String {
        clean(text, &ENGLISH.signs)
    }

    #[test]
    fn markup_lists_and_emoji_are_not_read_aloud() {
        assert_eq!(
            spoken("# Hours\n* Monday: **9-5**\n* `Sunday`: closed 🎉"),
            "Hours Monday: 9-5 Sunday: closed"
        );
    }

    #[test]
    fn prose_stays_as_it_is() {
        for text in ["It's $9.50, isn't it?", "Dr. Taylor (the dentist) says: \"yes\"!", ""] {
            assert_eq!(spoken(text), text);
        }
    }

    /// Faults: only a bracket of a link was said; "plus", "equals", degrees and currencies were left out.
    #[test]
    fn signs_and_links_are_said_as_people_say_them() {
        for (text, said) in [
            ("Book at [our booking page](https://x.y/z).", "Book at our booking page."),
            ("![A map](map.png) Here", "A map Here"),
            ("booking page](https://x.y/z), please", "booking page, please"),
            ("Two + two = four.", "Two plus two equals four."),
            ("+ one\n+ two", "one two"),
            (
                "It is 25°C, or 77°F: 30° more",
                "It is 25 degrees Celsius, or 77 degrees Fahrenheit: 30 degrees more",
            ),
            ("₹500 or €2.50, £1.", "500 rupees or 2.50 euros, 1 pound."),
            ("20 € and 5¢", "20 euros and 5 cents"),
            ("$9.50", "$9.50"),
            ("4 × 4 m²", "4 times 4 m squared"),
            ("| Day | Hours |\n|---|:--:|\n| Monday | 9-5 |", "Day Hours Monday 9-5"),
            ("> quoted\n---\nYes — really", "quoted Yes — really"),
            ("1. **One**\n2. `Two`", "1. One 2. Two"),
        ] {
            assert_eq!(spoken(text), said, "{text}");
        }
    }

    #[test]
    fn only_text_with_a_letter_or_digit_is_spoken() {
        assert!(is_speakable("9"));
        assert!(!is_speakable("... !"));
    }
}
