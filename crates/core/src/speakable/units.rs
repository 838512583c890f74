//! Numbers with a unit of measurement. Must not know a unit: they are in the tables of the language.

use super::numbers::{self, Number};
use super::word::{Close, Part, Text, is_digits, is_key, joined, part, short};
use crate::language::{Speech, Unit, UnitWhen};

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
    let (from, to) = text.split_once(['-', '–', '/'])?;
    let between = if text.contains('/') { numbers.over } else { numbers.to };
    let (from, to) = (Number::of(from, numbers)?, Number::of(to, numbers)?);
    Some((joined(&[&from.say(numbers), between, &to.say(numbers)]), Count::Several))
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
    let (said, count) = quantity(number, speech)?;
    let (name, _) = name_of(unit, count != Count::Several || is_singular, speech)?;
    let first = if count == Count::One { first_of_one(unit, speech).unwrap_or(said) } else { said };
    Some(joined(&[&first, &name]))
}

/// A number and its unit that describe a noun: "24-hr".
pub(super) fn compound(number: &str, unit: &str, speech: &Speech) -> Option<String> {
    let number = Number::of(number, &speech.numbers)?;
    let (name, when) = name_of(unit, true, speech).filter(|_| unit.len() > 1)?;
    (when == UnitWhen::Always).then(|| joined(&[&number.say(&speech.numbers), &name]))
}

/// The number word of one such unit, whose form may depend on the unit.
fn first_of_one(unit: &str, speech: &Speech) -> Option<String> {
    let (one, _) = unit_of(unit, speech)?.names.0.split_once(' ')?;
    Some(one.to_owned())
}

/// Feet and inches: `6'2"`.
fn feet_and_inches(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let (speech, word) = (text.speech, text.at(i)?);
    let feet = |digits: &str| {
        let number = Number::of(digits, &speech.numbers).filter(|_| is_digits(digits))?;
        let (name, _) = name_of("′", number.is_one(), speech)?;
        Some(joined(&[&number.say(&speech.numbers), &name]))
    };
    let inches = |digits: &str| {
        let number = Number::of(digits, &speech.numbers).filter(|_| is_digits(digits))?;
        let (name, _) = name_of("″", number.is_one(), speech)?;
        Some(joined(&[&number.say(&speech.numbers), &name]))
    };
    if !word.open.is_empty() {
        return None;
    }
    let core = word.core.trim_end_matches(['″', '”']);
    let closed = word.close.starts_with(['"', '”']) || word.core.ends_with('″');
    if let Some((f, n)) = core.split_once(['\'', '′']).filter(|_| closed) {
        return Some(vec![part(joined(&[&feet(f)?, &inches(n)?]))]);
    }
    let next = text.words.get(i + 1);
    let next = next.filter(|next| is_digits(next.core) && next.close.starts_with('"'));
    let is_feet = word.close == "'" || word.core.ends_with('′');
    if let Some(next) = next.filter(|_| is_feet) {
        let feet = feet(word.core.trim_end_matches('′'))?;
        return Some(vec![Part::new(feet, Close::Silent), part(inches(next.core)?)]);
    }
    None
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

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let speech = text.speech;
    let before = numbers::decade_or_before(text, i);
    if numbers::decade_of(text.core(i), &before, &speech.numbers).is_some() {
        return None;
    }
    if let Some(parts) = minutes_after_hours(text, i) {
        return Some(parts);
    }
    if let Some(said) = hours_and_minutes(text.core(i), speech) {
        return Some(vec![part(said)]);
    }
    if let Some(parts) = feet_and_inches(text, i) {
        return Some(parts);
    }
    if let Some((whole, rest)) = numbers::mixed(text, i)
        && let Some(unit) = text.after(i + 1)
        && let Some((name, UnitWhen::Always)) = name_of(unit.core, text.is_attributive(i), speech)
    {
        return Some(vec![part(whole), part(rest), short(name)]);
    }
    let is_singular = text.is_attributive(i);
    if let Some((said, count)) = quantity(text.core(i), speech)
        && let Some(unit) = text.after(i)
    {
        let is_singular = is_singular || count != Count::Several;
        // Units of two words: "sq ft".
        if let Some(second) = text.after(i + 1).filter(|_| unit.core.len() <= 2)
            && let Some((name, _)) = name_of(&format!("{} {}", unit.core, second.core), is_singular, speech)
            && let Some((first_name, last_name)) = name.rsplit_once(' ')
        {
            return Some(vec![part(said), part(first_name), short(last_name)]);
        }
        if let Some((name, when)) = name_of(unit.core, is_singular, speech) {
            let is_unit = when == UnitWhen::Always || follows_a_measure(text, i);
            let said =
                if count == Count::One { first_of_one(unit.core, speech).unwrap_or(said) } else { said };
            return is_unit.then(|| vec![part(said), short(name)]);
        }
    }
    counted(text.core(i), is_singular, speech).map(|said| vec![part(said)])
}

/// True if `written` is a unit behind any number.
pub(super) fn is_unit(written: &str, speech: &Speech) -> bool {
    unit_of(written, speech).is_some_and(|unit| unit.when == UnitWhen::Always)
}

/// True if `written` may be a unit, a rate, or the first word of a unit.
pub(super) fn may_be_a_unit(written: &str, speech: &Speech) -> bool {
    let begins = |sign: &str| sign.split_once(' ').is_some_and(|(first, _)| first == written);
    name_of(written, false, speech).is_some()
        || speech.units.iter().any(|unit| unit.signs.iter().any(|sign| begins(sign)))
}
