//! Things of one word: whatever the recognisers know without the words around it, and ranges of two of them.
//! Must not know signs.

use super::letters::is_letter;
use super::numbers::{self, Number};
use super::word::{Part, Text, Word, has_digit, is_digits, joined, part, starts_with_capital};
use super::{dates, money, times, units};
use crate::language::Speech;

/// The sign of a product on a keyboard.
const STAR: &str = "*";

/// One thing without a range, after this word (in lower case).
pub(super) fn one(written: &str, before: &str, speech: &Speech) -> Option<String> {
    // "$100+"
    if let Some(rest) = written.strip_suffix('+').filter(|rest| has_digit(rest) && !rest.ends_with('+')) {
        let (_, plus) = speech.signs.said.iter().find(|(sign, _)| *sign == "+")?;
        return one(rest, before, speech).map(|said| joined(&[&said, plus]));
    }
    money::one(written, speech)
        .or_else(|| times::one(written, speech))
        .or_else(|| dates::one(written, before, speech))
        .or_else(|| units::one(written, before, speech))
        .or_else(|| numbers::one(written, before, speech))
}

/// A range: "8:30–5", "9-5", "Mon-Fri", "$90-$110", "10–15%".
pub(super) fn range(written: &str, before: &str, speech: &Speech) -> Option<String> {
    // "1-1/2"
    if numbers::fraction_of(written, speech).is_some() {
        return None;
    }
    let mut dashes = written.char_indices().filter(|(at, c)| *at > 0 && "-–—".contains(*c));
    let (at, dash) = dashes.next()?;
    let left = written.get(..at)?;
    let right = written.get(at + dash.len_utf8()..)?;
    if right.is_empty() || right.contains(['-', '–', '—']) {
        return None;
    }
    if let Some(said) = numbers::model(left, right, speech) {
        return Some(said);
    }
    if let Some(said) = money::range(left, right, speech).or_else(|| {
        let times = times::range(left, right, false, speech);
        times.filter(|_| !is_kind(before, speech))
    }) {
        return Some(said);
    }
    if let (Some(from), Some(to)) = (dates::name(left, speech), dates::name(right, speech)) {
        return Some(joined(&[from, speech.numbers.to, to]));
    }
    if let Some(said) = dates::range(left, right, before, speech)
        .or_else(|| fraction_of_a(left, right, speech))
        .or_else(|| units::compound(left, right, speech))
    {
        return Some(said);
    }
    // Years, and "since" before them, hold for both sides.
    let (from, to) = (one(left, before, speech)?, one(right, before, speech)?);
    let is_plain = has_digit(left) && has_digit(right);
    is_plain.then(|| without_unit_twice(left, &from, &to, speech))
}

/// True if numbers with letters behind this word, or several of it, are no times: "rooms 3a-5a".
fn is_kind(before: &str, speech: &Speech) -> bool {
    let one = before.strip_suffix(speech.abbreviations.plural).unwrap_or(before);
    let is_it = |word: &str| word == before || word == one;
    speech.abbreviations.numbered.iter().any(|word| is_it(word))
        || speech.addresses.numbered.iter().any(|(word, _)| is_it(word))
}

/// "3/8-inch", "1/2-hour".
fn fraction_of_a(left: &str, right: &str, speech: &Speech) -> Option<String> {
    let (whole, n, d) = numbers::fraction_of(left, speech)?;
    let is_word = right.chars().all(|c| is_letter(c, speech));
    let said = (speech.numbers.fraction)(whole, n, d);
    match said.split_once(' ') {
        Some((_, half)) if is_word && whole.is_none() && (n, d) == (1, 2) => Some(format!("{half}-{right}")),
        _ => is_word.then(|| joined(&[&said, right])),
    }
}

/// "fifty to sixty percent": a unit on both sides is said once.
fn without_unit_twice(left: &str, from: &str, to: &str, speech: &Speech) -> String {
    let end = left
        .find(|c: char| !c.is_ascii_digit() && c != speech.numbers.group && c != speech.numbers.decimal.0);
    let number = end.and_then(|end| left.get(..end)).and_then(|number| Number::of(number, &speech.numbers));
    let said = number.map(|number| number.say(&speech.numbers));
    let unit = said.as_deref().and_then(|said| from.strip_prefix(said)).filter(|unit| unit.starts_with(' '));
    match (said.as_deref(), unit) {
        (Some(said), Some(unit)) if to.ends_with(unit) => joined(&[said, speech.numbers.to, to]),
        _ => joined(&[from, speech.numbers.to, to]),
    }
}

/// A dash in a word of its own between two things: "9 – 5".
fn between(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i).filter(|word| ["-", "–"].contains(&word.core) && word.close.is_empty())?;
    let after = text.at(i + 1).filter(|after| word.open.is_empty() && after.open.is_empty())?;
    let before = text.before(i).filter(|before: &&Word<'_>| before.goes_on())?;
    let is_thing = |core: &str| has_digit(core) || dates::name(core, text.speech).is_some();
    let halved = |core: &str| times::goes_with_a_time(core, text.speech);
    let is_range = (is_thing(before.core) || halved(before.core)) && is_thing(after.core);
    let numbers = &text.speech.numbers;
    // "5 - 3 = 2"
    let is_sum = text.core(i + 2) == "=";
    is_range.then(|| vec![part(if is_sum { numbers.minus } else { numbers.to })])
}

/// A stroke in a word of its own between two things: "3 PM / 12 PM".
fn slash(text: &Text<'_>, i: usize) -> Option<&'static str> {
    text.at(i).filter(|word| word.core == "/" && word.open.is_empty() && word.close.is_empty())?;
    let before = text.before(i).filter(|before| before.goes_on() && !before.core.is_empty())?;
    let after = text.at(i + 1).filter(|after| after.open.is_empty() && !after.core.is_empty())?;
    let are_numbers = is_digits(before.core) && is_digits(after.core);
    let divided = text.speech.signs.said.iter().find(|(sign, _)| *sign == "÷");
    Some(divided.filter(|_| are_numbers).map_or(text.speech.signs.slash, |(_, said)| *said))
}

/// A sign in a word of its own: "2 + 2", and between the names of menus: "Settings > General".
fn sign(text: &Text<'_>, i: usize) -> Option<&'static str> {
    let signs = &text.speech.signs;
    let word = text.at(i).filter(|word| word.open.is_empty() && word.close.is_empty())?;
    let (_, said) = signs.between.iter().find(|(sign, _)| *sign == word.core)?;
    let is_name =
        |word: &Word<'_>| starts_with_capital(word.core) && word.core.contains(|c: char| c.is_lowercase());
    let (steps, then) = signs.steps;
    let is_step = steps.contains(&word.core)
        && text.before(i).is_some_and(|before| before.close.is_empty() && is_name(before))
        && text.at(i + 1).is_some_and(is_name);
    Some(if is_step { then } else { said })
}

/// A star in a word of its own between two numbers: "5 * 3".
pub(super) fn star(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    text.at(i).filter(|word| word.open == STAR && word.core.is_empty() && word.close.is_empty())?;
    text.before(i).filter(|before| has_digit(before.core) && before.close.is_empty())?;
    text.at(i + 1).filter(|next| has_digit(next.core) && next.open.is_empty())?;
    let (_, times) = text.speech.signs.said.iter().find(|(sign, _)| *sign == STAR)?;
    Some(vec![part(*times)])
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i)?;
    if let Some(parts) = between(text, i) {
        return Some(parts);
    }
    if let Some(said) = slash(text, i) {
        return Some(vec![part(said)]);
    }
    if let Some(said) = sign(text, i) {
        return Some(vec![part(said)]);
    }
    let before = text.before_in_lower_case(i);
    range(word.core, &before, text.speech).map(|said| vec![part(said)])
}
