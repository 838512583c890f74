//! Numbers and names that are dictated, piece by piece: how far a caller has come. Pure text; English is a
//! table. Knows no call.

/// From so many digits on, somebody dictates a number.
const DICTATION: usize = 3;

/// So many digits in one written number are dictated, whatever stands before them.
const LONG_NUMBER: usize = 5;

/// So many letters one by one are a word that is spelled.
const SPELLING: usize = 3;

const DIGITS: &[&str] =
    &["zero", "oh", "o", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double"];

/// Two digits of a number, where other digits stand beside them.
const PAIRS: &[&str] = &[
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
];

/// What people say before the first digit or letter.
const LEADS: &[&str] = &[
    "my",
    "the",
    "phone",
    "telephone",
    "account",
    "customer",
    "number",
    "number's",
    "name",
    "is",
    "it's",
    "it",
    "its",
    "that's",
    "yes",
    "yeah",
    "okay",
    "ok",
    "sure",
    "well",
    "so",
    "um",
    "uh",
    "er",
    "and",
    "then",
];

/// What people say after the last digit.
const ENDS: &[&str] = &[
    "that's it",
    "that is it",
    "that's all",
    "that is all",
    "that's my number",
    "that is my number",
    "that's the number",
    "that is the number",
    "end of number",
    "done",
    "please",
    "thank you",
    "thanks",
];

/// What of a number or a spelled word stands at the end of what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dictated {
    /// None, or one that was said in one go.
    Nothing,
    /// One or two digits and no other words: of what, only the question tells.
    FirstDigits,
    /// Digits of a number that is dictated.
    Digits(usize),
    /// Letters, one by one.
    Letters(usize),
    /// Digits and words that say that there are no more.
    Ended,
}

/// Looks at the end of `text`.
pub(super) fn at_the_end_of(text: &str) -> Dictated {
    let words = pieces(text);
    if let Some(before) = without_an_end(&words) {
        return if digits_at_the_end(before).0 >= DICTATION { Dictated::Ended } else { Dictated::Nothing };
    }
    let letters = words.iter().rev().take_while(|word| is_letter(word)).count();
    let all_are_zeros = words[words.len() - letters..].iter().all(|word| word == "o");
    let alone =
        |pieces: usize| words[..words.len() - pieces].iter().all(|word| LEADS.contains(&word.as_str()));
    if letters > 0 && !all_are_zeros && (letters >= SPELLING || alone(letters)) {
        return Dictated::Letters(letters);
    }
    let (digits, pieces) = digits_at_the_end(&words);
    let named = words.iter().any(|word| ["number", "number's", "phone"].contains(&word.as_str()));
    if digits >= DICTATION && (pieces > 1 || digits >= LONG_NUMBER || alone(pieces) || named) {
        return Dictated::Digits(digits);
    }
    if digits > 0 && (alone(pieces) || named) { Dictated::FirstDigits } else { Dictated::Nothing }
}

/// Words in lower case, parted by all signs but those of times and prices: "10:30" and "$90" are said in one go.
fn pieces(text: &str) -> Vec<String> {
    let in_one_go = |word: &str| word.contains([':', '$', '£', '€', '%']);
    let mut pieces = Vec::new();
    for word in text.to_lowercase().split_whitespace() {
        if in_one_go(word) {
            pieces.push(word.to_owned());
        } else {
            pieces.extend(super::barge_in::plain_words(word));
        }
    }
    pieces
}

/// How many digits stand at the end, spelled or written, and in how many words.
fn digits_at_the_end(words: &[String]) -> (usize, usize) {
    let (mut digits, mut pieces, mut pairs_alone) = (0, 0, true);
    let mut after_a_unit = false;
    for word in words.iter().rev() {
        let written = word.chars().all(|c| c.is_ascii_digit());
        if written || DIGITS.contains(&word.as_str()) {
            digits += if written { word.len() } else { 1 };
            pairs_alone = false;
            after_a_unit = !written;
        } else if PAIRS.contains(&word.as_str()) {
            // "Twenty three" are two digits.
            digits += if after_a_unit { 1 } else { 2 };
            after_a_unit = false;
        } else {
            break;
        }
        pieces += 1;
    }
    if pairs_alone { (0, 0) } else { (digits, pieces) }
}

fn is_letter(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

/// The words before those that say that a number is over, if they do.
fn without_an_end(words: &[String]) -> Option<&[String]> {
    ENDS.iter().find_map(|end| {
        let end: Vec<&str> = end.split(' ').collect();
        let before = words.len().checked_sub(end.len())?;
        words[before..].iter().eq(end.iter()).then(|| &words[..before])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_however_they_are_written() {
        for (text, digits) in [
            ("five five five", 3),
            ("5-5-5", 3),
            ("5, 5, 5, 0", 4),
            ("555-0142", 7),
            ("My number is 555 219", 6),
            ("five five five twenty three", 5),
            ("oh one two", 3),
            ("My number is 555.", 3),
            ("it is 5550142", 7),
        ] {
            assert_eq!(at_the_end_of(text), Dictated::Digits(digits), "{text}");
        }
        for text in ["five", "5", "My number is five.", "It's 5 5", "Yes, 5"] {
            assert_eq!(at_the_end_of(text), Dictated::FirstDigits, "{text}");
        }
    }

    /// Whisper writes times and prices with digits: they are no telephone numbers.
    #[test]
    fn times_prices_and_years_are_said_in_one_go() {
        for text in [
            "On Tuesday at 10:30",
            "10:30",
            "At ten thirty",
            "It costs $110",
            "in 2026",
            "I am twenty three",
            "room 101",
            "at nine",
        ] {
            assert_eq!(at_the_end_of(text), Dictated::Nothing, "{text}");
        }
    }

    #[test]
    fn letters_one_by_one_are_a_word_that_is_spelled() {
        assert_eq!(at_the_end_of("K-O-W"), Dictated::Letters(3));
        assert_eq!(at_the_end_of("My name is K."), Dictated::Letters(1));
        assert_eq!(at_the_end_of("It's Mario, M A R I O"), Dictated::Letters(5));
        for text in ["Can I", "from the U.S.", "plan B"] {
            assert_eq!(at_the_end_of(text), Dictated::Nothing, "{text}");
        }
    }

    #[test]
    fn words_can_end_a_number() {
        assert_eq!(at_the_end_of("five five five one, that's it."), Dictated::Ended);
        assert_eq!(at_the_end_of("That's it."), Dictated::Nothing);
        assert_eq!(at_the_end_of(""), Dictated::Nothing);
    }
}
