//! Streets, rooms, states and postcodes. Must not know a place: they are in the tables of the language.

use super::abbreviations;
use super::codes;
use super::letters::spelled;
use super::numbers::{digits, one, ordinal_of};
use super::word::{
    Close, Part, Text, has_digit, is_digits, is_key, of_table, part, short, starts_with_capital,
};
use crate::language::Speech;

/// The most words between the number of a house and the kind of its street, and the digits of the number.
const LONGEST_STREET: usize = 4;
const MOST_DIGITS: usize = 5;

fn is_house(core: &str) -> bool {
    let digits = core.trim_end_matches(|c: char| c.is_ascii_uppercase());
    is_digits(digits) && digits.len() <= MOST_DIGITS && core.len() <= digits.len() + 1
}

/// True if a word may be part of the name of a street.
fn is_name(core: &str) -> bool {
    starts_with_capital(core) || core.starts_with(|c: char| c.is_ascii_digit())
}

/// True if the kind of a street follows the words from `i` on, after names alone.
fn street_ahead(text: &Text<'_>, i: usize) -> bool {
    for at in i..=i + LONGEST_STREET {
        let Some(word) = text.at(at).filter(|word| word.open.is_empty() && is_name(word.core)) else {
            return false;
        };
        if at > i && of_table(text.speech.addresses.streets, word.core).is_some() {
            return true;
        }
        if !word.goes_on() {
            return false;
        }
    }
    false
}

/// True if a house number stands before `i`, with names alone between.
pub(super) fn is_in_a_street(text: &Text<'_>, i: usize) -> bool {
    if !text.speech.addresses.number_first {
        return false;
    }
    for back in 1..=LONGEST_STREET + 1 {
        let Some(word) = i.checked_sub(back).and_then(|at| text.at(at)) else { return false };
        if !word.goes_on() || !is_name(word.core) {
            return false;
        }
        if is_house(word.core) && back > 1 {
            return true;
        }
    }
    false
}

fn house(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i).filter(|word| word.close.is_empty() && is_house(word.core))?;
    let is_one = text.speech.addresses.number_first
        && text.at(i + 1).is_some_and(|next| starts_with_capital(next.core) || has_digit(next.core))
        && street_ahead(text, i + 1);
    if !is_one {
        return None;
    }
    let end = word.core.trim_end_matches(|c: char| c.is_ascii_uppercase()).len();
    let (digits, letter) = word.core.split_at_checked(end)?;
    let number = (text.speech.addresses.house)(digits.parse().ok()?);
    Some(vec![part(super::word::joined(&[&number, letter]))])
}

fn direction(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i).filter(|word| word.goes_on())?;
    let plain: String = word.core.chars().filter(|c| *c != '.').collect();
    let said = of_table(text.speech.addresses.directions, &plain)?;
    let before = text.before(i);
    let after_house = before.is_some_and(|before| is_house(before.core));
    let after_street =
        before.is_some_and(|before| of_table(text.speech.addresses.streets, before.core).is_some());
    let is_one = (after_house && street_ahead(text, i))
        || (after_street && is_in_a_street(text, i))
        || (text.speech.addresses.number_first && street_ahead(text, i));
    is_one.then(|| vec![Part::new(said, Close::Abbreviated)])
}

/// The kind of a street: "St." after a house number, or where no name follows.
fn street(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i)?;
    let addresses = &text.speech.addresses;
    if !addresses.number_first {
        return joined_street(text, i);
    }
    let said = of_table(addresses.streets, word.core)?;
    let before = text.before(i)?;
    let after_name = is_name(before.core) && before.goes_on();
    let before_name = word.goes_on() && text.at(i + 1).is_some_and(|next| starts_with_capital(next.core));
    let next = text.core(i + 1);
    // "Elm St. Station", "Elm St. We": of "St." alone, a name may follow.
    let is_continued = before_name && addresses.street_before.contains(&next);
    let is_saint = abbreviations::needs_a_name(word, text.speech);
    let begins = is_saint && abbreviations::is_common(next, text.speech);
    let is_no_title = !abbreviations::is_entry(word.core, text.speech) || is_continued || begins;
    let is_one =
        after_name && (is_in_a_street(text, i) || !before_name || has_digit(before.core) || is_no_title);
    let close = if is_continued { Close::Joined } else { Close::Abbreviated };
    (is_one && said != word.core).then(|| vec![Part::new(said, close)])
}

/// The kind of a street at the end of its name: "Goethestr."
fn joined_street(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i).filter(|word| word.is_dotted())?;
    let (stem, said) = text.speech.addresses.streets.iter().find_map(|(short, said)| {
        let stem = word.core.strip_suffix(short)?;
        (stem.is_empty() == short.starts_with(char::is_uppercase)).then_some((stem, *said))
    })?;
    let close = if text.at(i + 1).is_some_and(|next| has_digit(next.core)) {
        Close::Joined
    } else {
        Close::Abbreviated
    };
    Some(vec![Part::new(format!("{stem}{said}"), close)])
}

/// A state before its postcode, or after its city.
fn region(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i)?;
    let addresses = &text.speech.addresses;
    let name = of_table(addresses.regions, word.core)?;
    let next = text.at(i + 1).filter(|_| word.goes_on() || word.close == ",");
    let code = next.map(|next| next.core).filter(|code| is_postcode(code, text.speech));
    let city = text.before(i).filter(|city| city.close == "," && starts_with_capital(city.core));
    let is_shouted = city.is_some_and(|city| city.core.len() > 1 && !city.core.contains(char::is_lowercase));
    if code.is_none() && addresses.degrees.contains(&word.core) && is_behind_a_person(text, i) {
        return None;
    }
    if code.is_none() && (city.is_none() || is_shouted) {
        return None;
    }
    let mut parts = vec![short(name)];
    parts.extend(code.filter(|code| is_digits(code)).map(|code| part(digits(code, &text.speech.numbers))));
    Some(parts)
}

/// True if the words with capitals before `i` are no place: they follow no preposition and no street.
fn is_behind_a_person(text: &Text<'_>, i: usize) -> bool {
    let mut at = i;
    while let Some(word) = text.before(at).filter(|word| starts_with_capital(word.core)) {
        if at < i && word.close == "," {
            return false;
        }
        let lower = word.core.to_lowercase();
        if text.speech.addresses.place_after.contains(&lower.as_str()) {
            return false;
        }
        at = at.saturating_sub(1);
    }
    let before = text.before_in_lower_case(at);
    !text.speech.addresses.place_after.contains(&before.as_str()) && !has_digit(&before)
}

fn is_postcode(core: &str, speech: &Speech) -> bool {
    let head = core.split('-').next().unwrap_or_default();
    head.len() == speech.addresses.postcode && is_digits(head)
}

/// A postcode after the full name of its state.
fn postcode(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i).filter(|word| is_postcode(word.core, text.speech) && is_digits(word.core))?;
    let before = text.before(i).filter(|before| !before.core.is_empty())?;
    let is_named = text
        .speech
        .addresses
        .regions
        .iter()
        .any(|(_, name)| name.rsplit(' ').next() == Some(before.core) || *name == before.core);
    let is_named = is_named
        || (!text.speech.addresses.number_first
            && before.close == ","
            && starts_with_capital(text.core(i + 1)));
    is_named.then(|| vec![part(digits(word.core, &text.speech.numbers))])
}

/// "Apt 2B", "Suite 400", "Hwy 101".
fn numbered(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i).filter(|word| word.goes_on())?;
    let lower = word.core.to_lowercase();
    let (key, name) = text.speech.addresses.numbered.iter().find(|(key, _)| is_key(key, &lower))?;
    let next = text.at(i + 1).filter(|next| next.open.is_empty())?;
    let number = next.core.trim_start_matches(text.speech.signs.number.0);
    let is_whole_word = name.eq_ignore_ascii_case(key);
    if is_whole_word && word.is_dotted() {
        return None;
    }
    let said = if is_digits(number) && number.len() <= 4 && !number.starts_with('0') {
        number.parse().ok().map(text.speech.addresses.house)
    } else if has_digit(number) && number.len() <= 6 {
        codes::code(number, text.speech).or_else(|| one(number, "", text.speech))
    } else {
        is_letter_of_a_place(number, text.speech).then(|| spelled(number, text.speech))
    }?;
    let name = if is_whole_word { word.core } else { name };
    Some(vec![Part::new(name, Close::Joined), part(said)])
}

/// The letter of a room or a building: "Suite B".
fn is_letter_of_a_place(written: &str, speech: &Speech) -> bool {
    let mut letters = written.chars();
    let is_capital = letters.next().is_some_and(|c| c.is_ascii_uppercase()) && letters.next().is_none();
    is_capital && written != speech.abbreviations.one_letter_word
}

/// True if the second word is the number or the letter of a place of the first kind: "suite B".
pub(super) fn is_place(kind: &str, written: &str, speech: &Speech) -> bool {
    let is_kind = speech.addresses.numbered.iter().any(|(key, _)| key.eq_ignore_ascii_case(kind));
    is_kind && (has_digit(written) || is_letter_of_a_place(written, speech))
}

/// The kind of a place behind its ordinal: "2nd Fl."
fn behind_ordinal(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i)?;
    let before = text.before(i).filter(|before| before.close.is_empty())?;
    ordinal_of(before.core, &text.speech.numbers)?;
    let lower = word.core.to_lowercase();
    let (_, name) = text.speech.addresses.numbered.iter().find(|(key, _)| *key == lower)?;
    let said = if starts_with_capital(word.core) { (*name).to_owned() } else { name.to_lowercase() };
    (!name.eq_ignore_ascii_case(word.core)).then(|| vec![short(said)])
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    numbered(text, i)
        .or_else(|| house(text, i))
        .or_else(|| direction(text, i))
        .or_else(|| street(text, i))
        .or_else(|| region(text, i))
        .or_else(|| postcode(text, i))
        .or_else(|| behind_ordinal(text, i))
}
