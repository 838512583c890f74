//! Numbers: cardinals, decimals, ordinals, years, decades, fractions, ratios. Must not know what is counted.

use super::word::{Part, Text, is_digits, is_key, joined, part};
use crate::language::{Numbers, Speech};

/// Longer numbers without separators are read digit by digit, unless they are round.
const LONGEST_IN_ONE: usize = 6;

/// A number in digits.
#[derive(Debug, Clone)]
pub(super) struct Number {
    negative: bool,
    whole: String,
    pub(super) decimals: Option<String>,
    grouped: bool,
}

impl Number {
    /// A number and nothing else.
    pub(super) fn of(text: &str, numbers: &Numbers) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if !text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (whole, decimals) = match text.split_once(numbers.decimal.0) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        if decimals.is_some_and(|decimals| !is_digits(decimals)) {
            return None;
        }
        let grouped = whole.contains(numbers.group);
        let mut groups = whole.split(numbers.group);
        let first = groups.next().unwrap_or_default();
        let are_groups = groups.all(|group| group.len() == 3 && is_digits(group));
        let begins = is_digits(first) || (first.is_empty() && decimals.is_some() && !grouped);
        if !begins || !are_groups || (grouped && first.len() > 3) {
            return None;
        }
        let whole = if first.is_empty() { "0".to_owned() } else { whole.replace(numbers.group, "") };
        Some(Self { negative, whole, decimals: decimals.map(str::to_owned), grouped })
    }

    pub(super) fn is_one(&self) -> bool {
        self.whole == "1" && self.decimals.is_none() && !self.negative
    }

    pub(super) fn is_zero(&self) -> bool {
        self.whole.bytes().all(|digit| digit == b'0')
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    /// The value, if it is a whole number.
    pub(super) fn value(&self) -> Option<u64> {
        let is_whole = self.decimals.is_none() && !self.negative;
        self.whole.parse().ok().filter(|_| is_whole)
    }

    /// The same without decimals and sign.
    pub(super) fn whole(&self) -> Self {
        Self { negative: false, decimals: None, ..self.clone() }
    }

    pub(super) fn say(&self, numbers: &Numbers) -> String {
        let long = self.whole.len() > LONGEST_IN_ONE && !self.grouped && !self.whole.ends_with("000");
        let zeros = self.whole.len() > 1 && self.whole.starts_with('0');
        let value = self.whole.parse().ok().filter(|_| !long && !zeros);
        let whole = value.map_or_else(|| digits_in_groups(&self.whole, numbers), numbers.cardinal);
        let minus = if self.negative { numbers.minus } else { "" };
        match &self.decimals {
            None => joined(&[minus, &whole]),
            Some(decimals) => joined(&[minus, &whole, numbers.decimal.1, &digits(decimals, numbers)]),
        }
    }
}

/// Digit by digit.
pub(super) fn digits(text: &str, numbers: &Numbers) -> String {
    let said = text.bytes().filter_map(|b| numbers.digits.get(usize::from(b.checked_sub(b'0')?)).copied());
    said.collect::<Vec<_>>().join(" ")
}

/// Digit by digit, with a pause after every third one; the last group may have four.
pub(super) fn digits_in_groups(text: &str, numbers: &Numbers) -> String {
    if text.len() <= LONGEST_IN_ONE {
        return digits(text, numbers);
    }
    let mut said = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = if rest.len() <= 4 { rest.len() } else { 3 };
        let (group, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        said.push(digits(group, numbers));
        rest = after;
    }
    said.join(", ")
}

/// A number of an ordinal: "22nd".
pub(super) fn ordinal_of(text: &str, numbers: &Numbers) -> Option<u64> {
    let ending = numbers.ordinal_endings.iter().find_map(|ending| {
        let at = text.len().checked_sub(ending.len())?;
        let (digits, end) = text.split_at_checked(at)?;
        end.eq_ignore_ascii_case(ending).then_some(digits)
    })?;
    Number::of(ending, numbers)?.value()
}

/// A decade: "1990s", "90's"; after this word (in lower case), perhaps "90s", which may also be seconds.
pub(super) fn decade_of(text: &str, before: &str, numbers: &Numbers) -> Option<u64> {
    let written = numbers.decade_endings.iter().find_map(|ending| text.strip_suffix(ending))?;
    let digits = written.strip_suffix('\'').unwrap_or(written);
    let is_sure = digits.len() != 2 || digits != written || numbers.decades_after.is_empty();
    if !is_sure && !numbers.decades_after.contains(&before) {
        return None;
    }
    let n: u64 = digits.parse().ok().filter(|_| is_digits(digits))?;
    let fits = n.is_multiple_of(10) && (n >= 20 || digits.len() == 2);
    (fits && ((digits.len() == 2 && n > 10) || (digits.len() == 4 && n >= 1000))).then_some(n)
}

/// A fraction: a whole number or none, numerator, denominator.
pub(super) fn fraction_of(text: &str, speech: &Speech) -> Option<(Option<u64>, u64, u64)> {
    if let Some((at, sign)) = text.char_indices().next_back()
        && let Some((_, n, d)) = speech.signs.fractions.iter().find(|(known, ..)| *known == sign)
    {
        let whole = text.get(..at)?;
        if whole.is_empty() {
            return Some((None, *n, *d));
        }
        return whole.parse().ok().filter(|_| is_digits(whole)).map(|whole| (Some(whole), *n, *d));
    }
    // "1-1/2"
    if let Some((whole, fraction)) = text.split_once('-').filter(|(whole, _)| is_digits(whole)) {
        let (None, n, d) = fraction_of(fraction, speech)? else { return None };
        return whole.parse().ok().map(|whole| (Some(whole), n, d));
    }
    let (n, d) = text.split_once('/')?;
    if !is_digits(n) || !is_digits(d) || n.starts_with('0') {
        return None;
    }
    let (n, d): (u64, u64) = (n.parse().ok()?, d.parse().ok()?);
    (n < d && speech.numbers.denominators.contains(&d)).then_some((None, n, d))
}

/// A year of four digits, after this word (in lower case).
pub(super) fn year_of(text: &str, before: &str, speech: &Speech) -> Option<u64> {
    let numbers = &speech.numbers;
    let year: u64 = text.parse().ok().filter(|_| text.len() == 4 && is_digits(text))?;
    let (from, to) = numbers.years;
    let named = speech.dates.months.iter().any(|(month, _)| month.eq_ignore_ascii_case(before));
    let is_year = (from..to).contains(&year)
        || (year >= 1000 && year < to && (named || numbers.years_after.contains(&before)));
    is_year.then_some(year)
}

/// Two numbers with a sign between them: "3:1", "4x4", "120/80".
fn pair(text: &str, speech: &Speech) -> Option<String> {
    let numbers = &speech.numbers;
    let signs =
        [(':', numbers.to), ('x', numbers.by), ('X', numbers.by), ('×', numbers.by), ('/', numbers.over)];
    let (sign, between) = signs.into_iter().find(|(sign, _)| text.contains(*sign))?;
    let sides: Option<Vec<String>> =
        text.split(sign).map(|side| Number::of(side, numbers).map(|side| side.say(numbers))).collect();
    sides.filter(|sides| (2..=3).contains(&sides.len())).map(|sides| sides.join(&format!(" {between} ")))
}

/// A number with a letter that multiplies it: "10k".
pub(super) fn scaled(text: &str, speech: &Speech) -> Option<(Number, &'static str)> {
    let mut letters = speech.numbers.scale_letters.iter();
    letters.find_map(|(letter, said)| {
        Number::of(text.strip_suffix(letter)?, &speech.numbers).map(|number| (number, *said))
    })
}

/// Any number of one word, after this word (in lower case).
pub(super) fn one(text: &str, before: &str, speech: &Speech) -> Option<String> {
    let numbers = &speech.numbers;
    if let Some(year) = year_of(text, before, speech) {
        return Some((numbers.year)(year));
    }
    if let Some(number) = Number::of(text, numbers) {
        return Some(number.say(numbers));
    }
    if let Some(n) = ordinal_of(text, numbers) {
        return Some((numbers.ordinal)(n, before));
    }
    if let Some(n) = decade_of(text, before, numbers) {
        return Some((numbers.decade)(n));
    }
    if let Some((whole, n, d)) = fraction_of(text, speech) {
        return Some((numbers.fraction)(whole, n, d));
    }
    if let Some((number, scale)) = scaled(text, speech) {
        return Some(joined(&[&number.say(numbers), scale]));
    }
    pair(text, speech)
}

/// The word that multiplies the number before it, written in full or short.
pub(super) fn scale_of(written: &str, speech: &Speech) -> Option<&'static str> {
    let mut scales = speech.numbers.scale_words.iter();
    scales.find(|(scale, _)| is_key(scale, written)).map(|(_, said)| *said)
}

/// The number of a kind of thing, as of an aeroplane: "737-800".
pub(super) fn model(left: &str, right: &str, speech: &Speech) -> Option<String> {
    let is_one = speech.numbers.models.contains(&left) && is_digits(right) && right.len() <= left.len();
    let house = speech.addresses.house;
    is_one.then(|| Some(joined(&[&house(left.parse().ok()?), &house(right.parse().ok()?)])))?
}

/// A whole number and the fraction behind it, said in two parts: "3 1/2".
pub(super) fn mixed(text: &Text<'_>, i: usize) -> Option<(String, String)> {
    let numbers = &text.speech.numbers;
    let core = text.core(i);
    let whole = Number::of(core, numbers)?.value().filter(|_| is_digits(core))?;
    let next = text.after(i)?.core;
    let (None, n, d) = fraction_of(next, text.speech)? else { return None };
    let said = (numbers.fraction)(Some(whole), n, d);
    let first = (numbers.cardinal)(whole);
    let rest = said.strip_prefix(&first).unwrap_or_default().trim().to_owned();
    Some((first, rest))
}

/// The word before `i` in lower case; before "'90s", a word that makes it a decade.
pub(super) fn decade_or_before(text: &Text<'_>, i: usize) -> String {
    let numbers = &text.speech.numbers;
    let is_short = text.at(i).is_some_and(|word| word.open.ends_with('\''));
    let decade = numbers
        .decades_after
        .first()
        .filter(|the| is_short && decade_of(text.core(i), the, numbers).is_some());
    decade.map_or_else(|| text.before_in_lower_case(i), |the| (*the).to_owned())
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i)?;
    if let Some((whole, rest)) = mixed(text, i) {
        return Some(vec![part(whole), part(rest)]);
    }
    one(word.core, &decade_or_before(text, i), text.speech).map(|said| vec![part(said)])
}
