//! How far a caller has come in dictating a number or spelling a name. Pure text; knows no call and no
//! language.

use crate::language::Dictation;
use crate::language::words::plain_words;

/// Fewest digits that count as a dictated number.
const DICTATION: usize = 3;

/// Fewest digits of one written number that count as dictated, whatever stands before the number.
const LONG_NUMBER: usize = 5;

/// Fewest single letters that count as a spelled word.
const SPELLING: usize = 3;

/// The part of a number or a spelled word at the end of the caller's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dictated {
    /// None, or one that was said in one go.
    Nothing,
    /// One or two digits, alone or after words that lead to a number: only the question tells what they
    /// are.
    FirstDigits,
    /// Digits of a number that is dictated.
    Digits(usize),
    /// Letters, one by one.
    Letters(usize),
    /// Digits and words that say that there are no more.
    Ended,
}

/// True if the number at the end of `text` begins with 1: perhaps the country code of North America, which
/// does not count among the digits of a number there.
pub(super) fn begins_with_a_country_code(text: &str, table: &Dictation) -> bool {
    let words = pieces(text, table);
    let (_, pieces) = digits_at_the_end(&words, true, table);
    let first = words.len().checked_sub(pieces).and_then(|at| words.get(at));
    first.is_some_and(|first| first == table.country_code || first.starts_with('1'))
}

/// The dictation at the end of `text`. If a number was `asked` for, all digits at the end belong to it,
/// whatever stands before them.
pub(super) fn at_the_end_of(text: &str, asked: bool, table: &Dictation) -> Dictated {
    let words = pieces(text, table);
    if let Some(before) = without_an_end(&words, table) {
        return if digits_at_the_end(before, asked, table).0 >= DICTATION {
            Dictated::Ended
        } else {
            Dictated::Nothing
        };
    }
    let mixed = letters_and_digits_at_the_end(&words, table);
    if mixed >= SPELLING {
        return Dictated::Letters(mixed);
    }
    let letters = words.iter().rev().take_while(|word| is_letter(word)).count();
    let all_are_zeros = words[words.len() - letters..].iter().all(|word| word == table.zero_letter);
    let alone =
        |pieces: usize| words[..words.len() - pieces].iter().all(|word| table.leads.contains(&word.as_str()));
    if letters > 0 && !all_are_zeros && (letters >= SPELLING || alone(letters)) {
        return Dictated::Letters(letters);
    }
    let (digits, pieces) = digits_at_the_end(&words, asked, table);
    let (before, number) = words.split_at(words.len() - pieces);
    let named = asked || names_a_number(before, table);
    if digits == 0 || (!named && is_said_in_one_go(before, number, digits, table)) {
        return Dictated::Nothing;
    }
    if digits >= DICTATION && (pieces > 1 || digits >= LONG_NUMBER || alone(pieces) || named) {
        return Dictated::Digits(digits);
    }
    if alone(pieces) || named { Dictated::FirstDigits } else { Dictated::Nothing }
}

/// Words in lower case, split at all signs but those of times and prices: "10:30", "9.30" and "$90" are
/// said in one go. "K as in kite" becomes the letter alone.
fn pieces(text: &str, table: &Dictation) -> Vec<String> {
    let mut words = written_pieces(text);
    let mut at = 0;
    while at < words.len() {
        let example = words.get(at + 1..).map_or(0, |rest| example_of(&words[at], rest, table));
        words.drain(at + 1..at + 1 + example);
        at += 1;
    }
    words
}

/// The number of words after a letter that only say which letter it is: "as in kite", "for Kilo", "like".
fn example_of(letter: &str, rest: &[String], table: &Dictation) -> usize {
    if !is_letter(letter) {
        return 0;
    }
    let begins_so = |at: usize| rest.get(at).is_none_or(|word| word.starts_with(letter));
    let stands_here =
        |lead: &&&[&str]| lead.len() <= rest.len() && rest.iter().zip(**lead).all(|(a, b)| a == b);
    let Some(lead) = table.spelled_as.iter().find(stands_here) else { return 0 };
    // After a letter that is also a word, a lead of one word may continue a sentence.
    let is_word = lead.len() == 1 && letter == table.letter_and_word;
    if begins_so(lead.len()) && !is_word { rest.len().min(lead.len() + 1) } else { 0 }
}

fn written_pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for word in text.to_lowercase().split_whitespace() {
        if word.contains([':', '$', '£', '€', '%']) || has_two_decimals(word) {
            pieces.push(word.to_owned());
        } else {
            pieces.extend(plain_words(word));
        }
    }
    pieces
}

/// True for "9.30" and "2.50", with or without a full stop after them.
fn has_two_decimals(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts = word.trim_end_matches(['.', ',', '?', '!']).split_once('.');
    parts.is_some_and(|(whole, cents)| digits(whole) && digits(cents) && whole.len() <= 2 && cents.len() == 2)
}

/// True after "my number is" and the like.
fn names_a_number(before: &[String], table: &Dictation) -> bool {
    let last =
        |n: usize| before.len().checked_sub(n).and_then(|at| before.get(at)).map_or("", String::as_str);
    let is_said = |words: &[&str], n: usize| words.contains(&last(n));
    is_said(table.number, 1) || (is_said(table.number_is, 1) && is_said(table.named_before, 2))
}

/// True for digits that are no dictated number: a time ("nine thirty"), a year ("twenty twenty six"), a
/// date, "that's the one".
fn is_said_in_one_go(before: &[String], number: &[String], digits: usize, table: &Dictation) -> bool {
    let two_digits = |word: &String| {
        table.pairs.contains(&word.as_str()) || (word.len() == 2 && word.bytes().all(|b| b.is_ascii_digit()))
    };
    let like_a_time = digits <= 4 && number.len() <= 3 && number.iter().any(two_digits);
    let behind = before.last().map_or("", String::as_str);
    let (pronoun, leads) = table.pronoun;
    let one_of_some = number == [pronoun] && leads.contains(&behind);
    let zero_alone = before.is_empty() && table.not_zero_alone.iter().any(|zero| number == [*zero]);
    like_a_time || one_of_some || zero_alone || table.months.contains(&behind)
}

/// The number of digits at the end, spelled or written, and the number of words that they take. Pairs alone
/// ("twenty") count only where a number was `asked` for.
fn digits_at_the_end(words: &[String], asked: bool, table: &Dictation) -> (usize, usize) {
    let (mut digits, mut pieces, mut pairs_alone) = (0, 0, true);
    let mut after_a_unit = false;
    for word in words.iter().rev() {
        let written = word.chars().all(|c| c.is_ascii_digit());
        if written || table.digits.contains(&word.as_str()) {
            digits += if written { word.len() } else { 1 };
            pairs_alone = false;
            after_a_unit = !written;
        } else if table.pairs.contains(&word.as_str()) {
            // "Twenty three" are two digits.
            digits += if after_a_unit { 1 } else { 2 };
            after_a_unit = false;
        } else {
            break;
        }
        pieces += 1;
    }
    if pairs_alone && !asked { (0, 0) } else { (digits, pieces) }
}

/// The number of single letters and digits at the end, if there are both kinds: of a postcode, a number
/// plate, an order. "9 a m" is a time.
fn letters_and_digits_at_the_end(words: &[String], table: &Dictation) -> usize {
    let is_digit =
        |word: &str| table.digits.contains(&word) || (word.len() == 1 && word.as_bytes()[0].is_ascii_digit());
    let one_by_one = |word: &&String| is_letter(word) || is_digit(word);
    let run = words.iter().rev().take_while(one_by_one).count();
    let said = &words[words.len() - run..];
    let has_letter = said.iter().any(|word| is_letter(word) && word != table.zero_letter);
    let has_digit = said.iter().any(|word| is_digit(word) && word != table.zero_letter);
    let (end_of_half, halves) = table.half_day;
    let is_time = matches!(said, [.., half, end] if end == end_of_half && halves.contains(&half.as_str()));
    if has_letter && has_digit && !is_time { run } else { 0 }
}

fn is_letter(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

/// The words before the words that end a number, if such words stand at the end.
fn without_an_end<'a>(words: &'a [String], table: &Dictation) -> Option<&'a [String]> {
    table.ends.iter().find_map(|end| {
        let end: Vec<&str> = end.split(' ').collect();
        let before = words.len().checked_sub(end.len())?;
        words[before..].iter().eq(end.iter()).then(|| &words[..before])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::ENGLISH;

    fn at_the_end(text: &str, asked: bool) -> Dictated {
        at_the_end_of(text, asked, &ENGLISH.dictation)
    }

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
            assert_eq!(at_the_end(text, false), Dictated::Digits(digits), "{text}");
        }
        for text in ["five", "5", "My number is five.", "It's 5 5", "Yes, 5"] {
            assert_eq!(at_the_end(text, false), Dictated::FirstDigits, "{text}");
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
            "Can I come on Tuesday at nine thirty.",
            "nine thirty",
            "at 9 30",
            "at 9.30.",
            "It costs 2.50",
            "nineteen eighty five",
            "in twenty twenty six",
            "March 3, 2024",
            "Yes, that's the one.",
            "Oh.",
            "Please phone me at five.",
            "My phone broke in 2020.",
            "I am twenty three",
            "room 101",
            "at nine",
        ] {
            assert_eq!(at_the_end(text, false), Dictated::Nothing, "{text}");
        }
    }

    #[test]
    fn where_a_number_was_asked_for_all_digits_are_of_it() {
        for text in ["My cell is 55.", "Twenty.", "No, it's five.", "Sure, 5"] {
            assert_eq!(at_the_end(text, true), Dictated::FirstDigits, "{text}");
        }
        assert_eq!(at_the_end("You can reach me at 555.", true), Dictated::Digits(3));
        assert_eq!(at_the_end("nine thirty", true), Dictated::Digits(3));
        assert_eq!(at_the_end("I do not know.", true), Dictated::Nothing);
    }

    #[test]
    fn letters_one_by_one_are_a_word_that_is_spelled() {
        assert_eq!(at_the_end("K-O-W", false), Dictated::Letters(3));
        assert_eq!(at_the_end("My name is K.", false), Dictated::Letters(1));
        assert_eq!(at_the_end("It's Mario, M A R I O", false), Dictated::Letters(5));
        assert_eq!(at_the_end("K as in kite", false), Dictated::Letters(1));
        assert_eq!(at_the_end("K as in kite, O for Oscar, W", false), Dictated::Letters(3));
        assert_eq!(at_the_end("My name is K as in", false), Dictated::Letters(1));
        assert_eq!(at_the_end("The order is B 7 4", false), Dictated::Letters(3));
        assert_eq!(at_the_end("S W 1 A 1 A A", false), Dictated::Letters(7));
        for text in ["Can I", "from the U.S.", "plan B", "At 9 a m", "plan B for two", "Can I for once pay"] {
            assert_eq!(at_the_end(text, false), Dictated::Nothing, "{text}");
        }
    }

    #[test]
    fn a_number_may_begin_with_a_country_code() {
        for text in ["one five five five", "My number is +1 555 219", "1-555"] {
            assert!(begins_with_a_country_code(text, &ENGLISH.dictation), "{text}");
        }
        for text in ["five five one five", "", "my number is"] {
            assert!(!begins_with_a_country_code(text, &ENGLISH.dictation), "{text}");
        }
    }

    #[test]
    fn words_can_end_a_number() {
        assert_eq!(at_the_end("five five five one, that's it.", false), Dictated::Ended);
        assert_eq!(at_the_end("That's it.", false), Dictated::Nothing);
        assert_eq!(at_the_end("", false), Dictated::Nothing);
    }
}
