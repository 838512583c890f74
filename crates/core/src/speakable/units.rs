//! Numbers with a unit of measurement. Must not know a unit: they are in the tables of the language.

use super::numbers::{self, Number};
use super::word::{Close, Part, Text, is_digits, is_key, joined, part, short};
use crate::language::{Speech, Unit, UnitWhen};

/// The signs between the sides of an area, and the most sides of a box.
pub(super) const BY_SIGNS: [char; 3] = ['x', 'X', '×'];
pub(super) const MOST_SIDES: usize = 3;

fn unit_of(text: &str, speech: &Speech) -> Option<&'static Unit> {
    // Of one letter, the case tells: "3 m", "3M".
    let is_it = |sign: &&str| is_key(sign, text) && (sign.len() > 1 || *sign == text);
    speech.units.iter().find(|unit| unit.signs.iter().any(is_it))
}

/// The name of one of the unit, without its number word.
fn singular(unit: &Unit) -> &'static str {
    unit.names.0.split_once(' ').map_or(unit.names.0, |(_, name)| name)
}

/// What stands behind "per": a unit, or a plain word.
pub(super) fn each(text: &str, speech: &Speech) -> Option<String> {
    if let Some(unit) = unit_of(text, speech) {
        return Some(singular(unit).to_owned());
    }
    // "mg/kg/day"
    if let Some((first, rest)) = text.split_once('/') {
        return Some(joined(&[&each(first, speech)?, speech.money.per, &each(rest, speech)?]));
    }
    let is_word = !text.is_empty() && text.chars().all(|c| c.is_alphabetic() || c == '-');
    is_word.then(|| text.to_owned())
}

/// The name of a unit or of a rate ("mg/day") behind a number.
fn name_of(text: &str, is_one: bool, speech: &Speech) -> Option<(String, UnitWhen)> {
    let name = |unit: &Unit| if is_one { singular(unit) } else { unit.names.1 };
    if let Some(unit) = unit_of(text, speech) {
        return Some((name(unit).to_owned(), unit.when));
    }
    let (text, rate) = text.split_once('/')?;
    let unit = unit_of(text, speech)?;
    // "500mg/5mL"
    let each = each(rate, speech).or_else(|| counted(rate, false, speech))?;
    Some((joined(&[name(unit), speech.money.per, &each]), unit.when))
}

/// How many of a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    One,
    /// "one half pound"
    PartOfOne,
    Several,
}

/// A quantity: its words, and how many it is.
fn quantity(text: &str, speech: &Speech) -> Option<(String, Count)> {
    let numbers = &speech.numbers;
    if let Some(number) = Number::of(text, numbers) {
        let count = if number.is_one() { Count::One } else { Count::Several };
        return Some((number.say(numbers), count));
    }
    if let Some((whole, n, d)) = numbers::fraction_of(text, speech) {
        let count = if whole.is_none() { Count::PartOfOne } else { Count::Several };
        return Some(((numbers.fraction)(whole, n, d), count));
    }
    if let Some(said) = product(text, speech) {
        return Some((said, Count::Several));
    }
    let (from, to) = text.split_once(['-', '–', '/'])?;
    let between = if text.contains('/') { numbers.over } else { numbers.to };
    let (from, to) = (Number::of(from, numbers)?, Number::of(to, numbers)?);
    Some((joined(&[&from.say(numbers), between, &to.say(numbers)]), Count::Several))
}

/// The sides of an area or a box: "12x10x8".
fn product(text: &str, speech: &Speech) -> Option<String> {
    let numbers = &speech.numbers;
    let sides = text.split(BY_SIGNS).map(|side| Number::of(side, numbers).map(|side| side.say(numbers)));
    let sides: Vec<String> = sides.take(MOST_SIDES + 1).collect::<Option<_>>()?;
    (2..=MOST_SIDES).contains(&sides.len()).then(|| sides.join(&format!(" {} ", numbers.by)))
}

/// Where the number at the beginning of `text` ends.
fn end_of_number(text: &str, speech: &Speech) -> usize {
    let is_fraction = |c: char| speech.signs.fractions.iter().any(|(sign, ..)| *sign == c);
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let is_sign = (c == '-' && at == 0) || [speech.numbers.decimal.0, speech.numbers.group].contains(&c);
        if c.is_ascii_digit() || is_fraction(c) {
            end = at + c.len_utf8();
        } else if !is_sign {
            break;
        }
    }
    end
}

/// A number and the unit directly behind it: "25°C".
pub(super) fn one(text: &str, before: &str, speech: &Speech) -> Option<String> {
    if numbers::decade_of(text, before, &speech.numbers).is_some() {
        return None;
    }
    counted(text, false, speech)
}

fn counted(text: &str, is_singular: bool, speech: &Speech) -> Option<String> {
    let (number, unit) = text.split_at_checked(end_of_number(text, speech))?;
    measured(number, unit, is_singular, speech)
}

/// A number and its unit that describe a noun: "24-hr".
pub(super) fn compound(number: &str, unit: &str, speech: &Speech) -> Option<String> {
    let number = Number::of(number, &speech.numbers)?;
    // "24-h" and "4-x" are codes.
    let (name, _) = name_of(unit, true, speech).filter(|_| unit.chars().count() > 1)?;
    Some(joined(&[&number.say(&speech.numbers), &name]))
}

/// A number, perhaps a fraction, with the unit of this sign.
pub(super) fn measured(number: &str, sign: &str, is_singular: bool, speech: &Speech) -> Option<String> {
    let (said, count) = quantity(number, speech)?;
    let (name, _) = name_of(sign, count != Count::Several || is_singular, speech)?;
    let first = if count == Count::One { first_of_one(sign, speech).unwrap_or(said) } else { said };
    Some(joined(&[&first, &name]))
}

/// The number word of one such unit, whose form may depend on the unit.
fn first_of_one(unit: &str, speech: &Speech) -> Option<String> {
    let (one, _) = unit_of(unit, speech)?.names.0.split_once(' ')?;
    Some(one.to_owned())
}

/// True if the number at `i` follows a number with a unit: "6 ft 2 in".
fn follows_a_measure(text: &Text<'_>, i: usize) -> bool {
    let Some((measure, number)) = i.checked_sub(1).zip(i.checked_sub(2)) else { return false };
    unit_of(text.core(measure), text.speech).is_some()
        && Number::of(text.core(number), &text.speech.numbers).is_some()
}

/// "30m" behind "1h": minutes, not meters.
fn minutes_after_hours(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let speech = text.speech;
    let before = text.before(i).filter(|before| before.close.is_empty())?.core;
    let (_, unit) = before.split_at_checked(end_of_number(before, speech))?;
    let is_hours = |sign: &str| unit_of(sign, speech).zip(unit_of("h", speech));
    is_hours(unit).filter(|(unit, hour)| std::ptr::eq(*unit, *hour))?;
    let number = text.core(i).strip_suffix('m').filter(|number| is_digits(number))?;
    counted(&format!("{number}min"), false, speech).map(|said| vec![part(said)])
}

/// "1h30m", in one word.
fn hours_and_minutes(core: &str, speech: &Speech) -> Option<String> {
    let (hours, minutes) = core.strip_suffix('m')?.split_once('h')?;
    let are_digits = is_digits(hours) && is_digits(minutes);
    let [hours, minutes] = [format!("{hours}h"), format!("{minutes}min")];
    let hours = counted(&hours, false, speech).filter(|_| are_digits)?;
    Some(joined(&[&hours, &counted(&minutes, false, speech)?]))
}

/// "1:30:00"
fn duration(core: &str, speech: &Speech) -> Option<String> {
    let pieces: Vec<&str> = core.split(speech.times.separators).collect();
    let [hours, minutes, seconds] = pieces.as_slice() else { return None };
    let are_two = |piece: &str| piece.len() == 2 && is_digits(piece) && piece < "60";
    if hours.len() > 2 || !is_digits(hours) || !are_two(minutes) || !are_two(seconds) {
        return None;
    }
    let mut said = Vec::new();
    for (number, sign) in [(hours, "h"), (minutes, "min"), (seconds, "s")] {
        let number = number.trim_start_matches('0');
        if !number.is_empty() {
            said.push(measured(number, sign, false, speech)?);
        }
    }
    (!said.is_empty()).then(|| said.join(" "))
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let speech = text.speech;
    let before = numbers::decade_or_before(text, i);
    if numbers::decade_of(text.core(i), &before, &speech.numbers).is_some() {
        return None;
    }
    if let Some(parts) = minutes_after_hours(text, i) {
        return Some(parts);
    }
    if let Some(said) = hours_and_minutes(text.core(i), speech).or_else(|| duration(text.core(i), speech)) {
        return Some(vec![part(said)]);
    }
    if let Some((whole, rest)) = numbers::mixed(text, i)
        && let Some(unit) = text.after(i + 1)
        && let Some((name, UnitWhen::Always)) = name_of(unit.core, text.is_attributive(i, i + 2), speech)
    {
        return Some(vec![part(whole), part(rest), short(name)]);
    }
    if let Some(parts) = with_unit_behind(text, i) {
        return Some(parts);
    }
    // "24-hr. line"
    if let Some((number, unit)) = text.core(i).split_once('-')
        && let Some(said) = compound(number, unit, speech)
    {
        return Some(vec![short(said)]);
    }
    counted(text.core(i), text.is_attributive(i, i), speech).map(|said| vec![part(said)])
}

/// A number and a unit in words of their own: "5 kg", "10,000 sq. ft.".
fn with_unit_behind(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let speech = text.speech;
    let (said, count) = quantity(text.core(i), speech)?;
    let unit = text.after(i)?;
    let is_singular = |last: usize| text.is_attributive(i, last) || count != Count::Several;
    // Units of two words.
    let second = text.at(i + 2).filter(|second| unit.goes_on() && second.open.is_empty());
    if let Some(second) = second.filter(|_| unit.core.len() <= 2)
        && let Some((name, _)) =
            name_of(&format!("{} {}", unit.core, second.core), is_singular(i + 2), speech)
        && let Some((first_name, last_name)) = name.rsplit_once(' ')
    {
        return Some(vec![part(said), Part::new(first_name, Close::Joined), short(last_name)]);
    }
    let (name, when) = name_of(unit.core, is_singular(i + 1), speech)?;
    let ends_an_area =
        product(text.core(i), speech).is_some() && (!unit.close.is_empty() || text.at(i + 2).is_none());
    let is_unit = when == UnitWhen::Always || follows_a_measure(text, i) || ends_an_area;
    let said = if count == Count::One { first_of_one(unit.core, speech).unwrap_or(said) } else { said };
    is_unit.then(|| vec![part(said), short(name)])
}

/// True if `written` is a unit behind any number.
pub(super) fn is_unit(written: &str, speech: &Speech) -> bool {
    unit_of(written, speech).is_some_and(|unit| unit.when == UnitWhen::Always)
}

/// True if `written` may be a unit, a rate, or the first word of a unit.
pub(super) fn may_be_a_unit(written: &str, speech: &Speech) -> bool {
    name_of(written, false, speech).is_some() || begins_a_unit(written, speech)
}

/// True if `written` is the first word of a unit: "sq" of "sq ft".
pub(super) fn begins_a_unit(written: &str, speech: &Speech) -> bool {
    let begins = |sign: &str| sign.split_once(' ').is_some_and(|(first, _)| first == written);
    speech.units.iter().any(|unit| unit.signs.iter().any(|sign| begins(sign)))
}
