//! Lengths in feet and inches, and areas of them: `6'2"`, `5'x7'`, `10" x 12"`. Must not know how the units
//! are called.

use super::numbers;
use super::units::{self, BY_SIGNS, MOST_SIDES};
use super::word::{Close, Part, Text, Word, has_digit, is_digits, joined, part};
use crate::language::Speech;

/// Marks of feet and of inches.
const FEET: [char; 2] = ['\'', '′'];
const INCHES: [char; 3] = ['"', '″', '”'];

/// The sign of a product, and the one that makes a sum of the words before it.
const TIMES: &str = "×";
const EQUALS: &str = "=";

/// Feet, inches, or both; a number without a mark if there are other sides.
fn side(text: &str, is_singular: bool, is_alone: bool, speech: &Speech) -> Option<String> {
    let feet = |number: &str| units::measured(number, "′", is_singular, speech);
    let inches = |number: &str| units::measured(number, "″", is_singular, speech);
    if let Some(rest) = text.strip_suffix(INCHES) {
        return match rest.split_once(FEET) {
            Some((whole, rest)) if is_digits(whole) => Some(joined(&[&feet(whole)?, &inches(rest)?])),
            Some(_) => None,
            None => inches(rest),
        };
    }
    match text.strip_suffix(FEET) {
        Some(number) => feet(number),
        None => numbers::one(text, "", speech).filter(|_| !is_alone && is_digits(text)),
    }
}

/// A length, a range of lengths, or the sides of an area.
fn lengths(text: &str, is_singular: bool, speech: &Speech) -> Option<String> {
    if let Some(said) = side(text, is_singular, true, speech) {
        return Some(said);
    }
    let ends = [(&BY_SIGNS[..], speech.numbers.by), (&['-', '–'][..], speech.numbers.to)];
    let (signs, between) = ends.into_iter().find(|(signs, _)| text.contains(*signs))?;
    let sides = text.split(signs).take(MOST_SIDES + 1);
    let sides: Vec<String> =
        sides.map(|text| side(text, is_singular, false, speech)).collect::<Option<_>>()?;
    (sides.len() <= MOST_SIDES).then(|| sides.join(&format!(" {between} ")))
}

/// A word with the mark that stands behind it as if it ended a quotation.
fn with_mark(text: &Text<'_>, i: usize) -> Option<String> {
    let word = text.at(i).filter(|word| has_digit(word.core) && !text.is_quoted(i))?;
    let mark = word.close.chars().next().filter(|mark| FEET.contains(mark) || INCHES.contains(mark));
    let has_mark = mark.is_some() || word.core.ends_with(FEET) || word.core.ends_with(INCHES);
    has_mark.then(|| word.core.chars().chain(mark).collect())
}

/// "x" between two lengths or numbers: `10" x 12"`.
fn by(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let is_sign = |word: &&Word<'_>| {
        let mut signs = word.core.chars();
        signs.next().is_some_and(|c| c.is_ascii_alphabetic() && BY_SIGNS.contains(&c))
            && signs.next().is_none()
    };
    text.at(i).filter(is_sign).filter(|word| word.open.is_empty() && word.close.is_empty())?;
    let before = text.before(i).filter(|before| !before.close.contains([',', ';', ':']))?;
    text.at(i + 1).filter(|next| next.core.starts_with(|c: char| c.is_ascii_digit()))?;
    // "5 x 3 = 15"
    let times = text.speech.signs.said.iter().find(|(sign, _)| *sign == TIMES && text.core(i + 2) == EQUALS);
    let by = times.map_or(text.speech.numbers.by, |(_, times)| *times);
    let is_measure = has_digit(before.core) || units::may_be_a_unit(before.core, text.speech);
    is_measure.then(|| vec![part(by)])
}

/// A length or an area, and the "x" between two.
pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let speech = text.speech;
    if let Some(parts) = by(text, i) {
        return Some(parts);
    }
    // `1 1/2" pipe`
    if let Some((whole, _)) = numbers::mixed(text, i)
        && let Some(fraction) = with_mark(text, i + 1)
        && let Some(said) =
            lengths(&format!("{}-{fraction}", text.core(i)), text.is_attributive(i, i + 1), speech)
        && let Some(rest) = said.strip_prefix(&whole)
    {
        return Some(vec![part(whole), part(rest)]);
    }
    let length = with_mark(text, i)?;
    // `6' 2"`
    let next = with_mark(text, i + 1).filter(|next| length.ends_with(FEET) && next.ends_with(INCHES));
    if let Some(next) = next.filter(|next| !next.contains(FEET)) {
        let is_singular = text.is_attributive(i, i + 1);
        let (feet, inches) = (lengths(&length, is_singular, speech)?, lengths(&next, is_singular, speech)?);
        return Some(vec![Part::new(feet, Close::Silent), part(inches)]);
    }
    Some(vec![part(lengths(&length, text.is_attributive(i, i), speech)?)])
}
