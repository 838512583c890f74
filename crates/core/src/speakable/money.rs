//! Amounts of money. Must not know a currency: they are in the tables of the language.

use super::numbers::{self, Number};
use super::units;
use super::word::{Close, Part, Text, joined, part};
use crate::language::{Currency, Speech};

/// An amount.
#[derive(Debug)]
pub(super) struct Amount {
    pub(super) currency: &'static Currency,
    pub(super) number: Number,
    scale: &'static str,
    /// It describes a noun: its names are singular.
    attributive: bool,
}

/// The sign of a currency at the beginning of `text`; the longest counts.
fn sign_before<'t>(text: &'t str, speech: &Speech) -> Option<(&'static Currency, &'t str)> {
    let found = speech.money.currencies.iter().filter_map(|currency| {
        let rests = currency.signs.iter().filter_map(|sign| text.strip_prefix(sign));
        rests.min_by_key(|rest| rest.len()).map(|rest| (currency, rest))
    });
    found.min_by_key(|(_, rest)| rest.len())
}

fn sign_behind<'t>(text: &'t str, speech: &Speech) -> Option<(&'static Currency, &'t str)> {
    let found = speech.money.currencies.iter().filter_map(|currency| {
        let rests = currency.signs.iter().filter_map(|sign| text.strip_suffix(sign));
        rests.min_by_key(|rest| rest.len()).map(|rest| (currency, rest))
    });
    found.min_by_key(|(_, rest)| rest.len())
}

/// The currency that `text` is the sign of.
fn currency_of(text: &str, speech: &Speech) -> Option<&'static Currency> {
    speech.money.currencies.iter().find(|currency| currency.signs.contains(&text))
}

/// The number of an amount, which may have the decimal sign of another country: "1.234,50", "14,99".
fn number_of(text: &str, speech: &Speech) -> Option<Number> {
    let numbers = &speech.numbers;
    if let Some(number) = Number::of(text, numbers) {
        return Some(number);
    }
    let point = numbers.decimal.0;
    let (whole, hundredths) = text.rsplit_once(numbers.group).filter(|(_, decimals)| decimals.len() == 2)?;
    let mut groups = whole.split(point);
    let first = groups.next().filter(|first| !first.is_empty())?;
    if !groups.all(|group| group.len() == 3) || (whole.contains(point) && first.len() > 3) {
        return None;
    }
    let whole = whole.replace(point, "");
    Number::of(&format!("{whole}{point}{hundredths}"), numbers).filter(|_| !whole.contains(numbers.group))
}

fn amount(text: &str, speech: &Speech) -> Option<Amount> {
    let (minus, unsigned) = match text.strip_prefix(['-', '+']) {
        Some(rest) if text.starts_with('-') => ("-", rest),
        Some(rest) => ("", rest),
        None => ("", text),
    };
    let (currency, rest) = sign_before(unsigned, speech).or_else(|| sign_behind(unsigned, speech))?;
    let rest = if minus.is_empty() { rest.to_owned() } else { format!("{minus}{rest}") };
    match number_of(&rest, speech) {
        Some(number) => Some(Amount { currency, number, scale: "", attributive: false }),
        None => numbers::scaled(&rest, speech).map(|(number, scale)| Amount {
            currency,
            number,
            scale,
            attributive: false,
        }),
    }
}

impl Amount {
    /// The amount in two parts: "nine dollars" and "and fifty cents", "nine" and "dollars".
    fn parts(&self, speech: &Speech) -> (String, String) {
        let (numbers, money) = (&speech.numbers, &speech.money);
        let number = &self.number;
        let (one, more) = (self.currency.names.0, self.name());
        let (hundredth, hundredths) = self.currency.hundredths;
        let hundredths = if self.attributive { hundredth } else { hundredths };
        let cents = number.decimals.as_deref().filter(|_| self.scale.is_empty());
        let cents = cents.and_then(|cents| match (cents.len(), cents.parse::<u64>().ok()?) {
            // "$12.5"
            (1, tenths) => Some(tenths * 10),
            (2, cents) => Some(cents),
            _ => None,
        });
        if let Some(cents) = cents.filter(|cents| *cents == 0 || !hundredths.is_empty()) {
            let minus = if number.is_negative() { numbers.minus } else { "" };
            let said = (numbers.cardinal)(cents);
            let name = if cents == 1 { hundredth } else { hundredths };
            let whole = number.whole();
            let (first, unit) = Self::counted(&whole, (one, more), speech);
            return match cents {
                0 => (joined(&[minus, &first]), unit),
                _ if number.is_zero() => (joined(&[minus, &said]), name.to_owned()),
                _ => {
                    let name = if money.names_hundredths { name } else { "" };
                    (joined(&[minus, &first, &unit]), joined(&[money.and, &said, name]))
                }
            };
        }
        if self.scale.is_empty() {
            return Self::counted(number, (one, more), speech);
        }
        (number.say(numbers), joined(&[self.scale, more]))
    }

    /// The name behind any number but one.
    fn name(&self) -> &'static str {
        let (one, more) = self.currency.names;
        if self.attributive { one.split_once(' ').map_or(one, |(_, name)| name) } else { more }
    }

    fn counted(number: &Number, names: (&str, &str), speech: &Speech) -> (String, String) {
        match names.0.split_once(' ').filter(|_| number.is_one()) {
            Some((one, name)) => (one.to_owned(), name.to_owned()),
            None => (number.say(&speech.numbers), names.1.to_owned()),
        }
    }

    /// The number without its currency, for the beginning of a range; `None` if it has hundredths.
    fn bare(&self, to: &Self, speech: &Speech) -> Option<String> {
        let is_bare = self.number.decimals.is_none() && self.scale.is_empty();
        (is_bare || !to.scale.is_empty()).then(|| joined(&[&self.number.say(&speech.numbers), self.scale]))
    }
}

/// The two amounts of a range, of which one may have no currency.
fn ends(left: &str, right: &str, speech: &Speech) -> Option<(Amount, Amount)> {
    let bare = |text: &str, currency: &'static Currency| {
        let whole = Number::of(text, &speech.numbers).map(|number| (number, ""));
        let (number, scale) = whole.or_else(|| numbers::scaled(text, speech))?;
        Some(Amount { currency, number, scale, attributive: false })
    };
    match (amount(left, speech), amount(right, speech)) {
        (Some(from), Some(to)) => Some((from, to)),
        (Some(from), None) => bare(right, from.currency).map(|to| (from, to)),
        (None, Some(to)) => bare(left, to.currency).map(|from| (from, to)),
        (None, None) => None,
    }
}

/// Two amounts as a range: "$90-$110", "$90-110", "$3-4M".
pub(super) fn range(left: &str, right: &str, speech: &Speech) -> Option<String> {
    let (from, to) = ends(left, right, speech)?;
    let whole = |amount: &Amount| {
        let (first, second) = amount.parts(speech);
        joined(&[&first, &second])
    };
    let same = std::ptr::eq(from.currency, to.currency);
    let first = from.bare(&to, speech).filter(|_| same).unwrap_or_else(|| whole(&from));
    Some(joined(&[&first, speech.numbers.to, &whole(&to)]))
}

/// An amount of one word, perhaps as a rate: "$110/visit".
pub(super) fn one(text: &str, speech: &Speech) -> Option<String> {
    one_word(text, false, speech)
}

fn one_word(text: &str, attributive: bool, speech: &Speech) -> Option<String> {
    let (text, rate) = match text.split_once('/') {
        Some((text, rate)) => (text, Some(rate)),
        None => (text, None),
    };
    // "2/$5"
    if let Some(price) = rate.and_then(|rate| amount(rate, speech)) {
        let things = Number::of(text, &speech.numbers)?.say(&speech.numbers);
        let (first, second) = price.parts(speech);
        return Some(joined(&[&things, speech.money.for_price, &first, &second]));
    }
    let amount = Amount { attributive, ..amount(text, speech)? };
    let (first, second) = amount.parts(speech);
    match rate {
        None => Some(joined(&[&first, &second])),
        Some(rate) => Some(joined(&[&first, &second, speech.money.per, &units::each(rate, speech)?])),
    }
}

/// "$2.5 million", "$2-$3 million", "$1.2 mil."
fn scaled(core: &str, scale: &str, attributive: bool, speech: &Speech) -> Option<Vec<Part>> {
    let numbers = &speech.numbers;
    let said = numbers::scale_of(scale, speech)?;
    let close = if said == scale { Close::Written } else { Close::Abbreviated };
    let (from, to) = if let Some(amount) = amount(core, speech) {
        (None, amount)
    } else {
        let (left, right) = core.split_once(['-', '–', '—'])?;
        ends(left, right, speech).map(|(from, to)| (Some(from), to))?
    };
    if !to.scale.is_empty() || from.as_ref().is_some_and(|from| !from.scale.is_empty()) {
        return None;
    }
    let from = from.map(|from| joined(&[&from.number.say(numbers), numbers.to])).unwrap_or_default();
    let to = Amount { attributive, ..to };
    let number = joined(&[&from, &to.number.say(numbers)]);
    Some(vec![part(number), Part::new(joined(&[said, to.name()]), close)])
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let speech = text.speech;
    let core = text.core(i);
    let attributive = text.is_attributive(i, i);
    if let Some(next) = text.after(i) {
        let attributive = text.is_attributive(i, i + 1);
        // "20 €" and "€ 20"
        let behind = number_of(core, speech).zip(currency_of(next.core, speech));
        let apart = behind.or_else(|| number_of(next.core, speech).zip(currency_of(core, speech)));
        if let Some((number, currency)) = apart {
            let (first, second) = Amount { currency, number, scale: "", attributive }.parts(speech);
            return Some(vec![part(first), part(second)]);
        }
        if let Some(parts) = scaled(core, next.core, attributive, speech) {
            return Some(parts);
        }
    }
    // The unit of a rate may be short: "$5/mo."
    let close = if core.contains('/') { Close::Abbreviated } else { Close::Written };
    one_word(core, attributive, speech).map(|said| vec![Part::new(said, close)])
}

/// True if `written` is the sign or the code of a currency.
pub(super) fn is_currency(written: &str, speech: &Speech) -> bool {
    currency_of(written, speech).is_some()
}
