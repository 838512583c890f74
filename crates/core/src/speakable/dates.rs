//! Dates, months and days of the week. Must not know a month: they are in the tables of the language.

use super::abbreviations;
use super::numbers::{self, Number};
use super::times;
use super::word::{Close, Part, Text, Word, has_digit, is_digits, joined, part, starts_with_capital};
use crate::language::Speech;

type Names = &'static [(&'static str, &'static [&'static str])];

/// The place and the name of a month or a day, written in full or short, with a capital.
fn find(names: Names, written: &str) -> Option<(usize, &'static str)> {
    if !starts_with_capital(written) {
        return None;
    }
    let is_it = |(name, short): &(&'static str, &'static [&'static str])| {
        name.eq_ignore_ascii_case(written) || short.iter().any(|short| short.eq_ignore_ascii_case(written))
    };
    let place = names.iter().position(is_it)?;
    names.get(place).map(|(name, _)| (place, *name))
}

/// The month that `written` names.
pub(super) fn month(written: &str, speech: &Speech) -> Option<&'static str> {
    find(speech.dates.months, written).map(|(_, name)| name)
}

/// The full name of a month or a day of the week.
pub(super) fn name(written: &str, speech: &Speech) -> Option<&'static str> {
    month(written, speech).or_else(|| find(speech.dates.days, written).map(|(_, name)| name))
}

fn is_ambiguous(written: &str, speech: &Speech) -> bool {
    speech.dates.ambiguous.iter().any(|word| word.eq_ignore_ascii_case(written))
}

/// A day of a month: "3", "3rd", "3-5".
fn day(written: &str, before: &str, speech: &Speech) -> Option<String> {
    let numbers = &speech.numbers;
    let one = |text: &str| {
        let plain = text.parse().ok().filter(|_| is_digits(text) && text.len() <= 2);
        let n = plain.or_else(|| numbers::ordinal_of(text, numbers))?;
        (1..=31).contains(&n).then(|| (numbers.ordinal)(n, before))
    };
    match written.split_once(['-', '–']) {
        None => one(written),
        Some((from, to)) => Some(joined(&[&one(from)?, numbers.to, &one(to)?])),
    }
}

fn year(written: &str, speech: &Speech) -> Option<String> {
    let year: u64 = written.parse().ok().filter(|_| is_digits(written) && written.len() == 4)?;
    (1000..speech.numbers.years.1).contains(&year).then(|| (speech.numbers.year)(year))
}

/// The year behind a date, as a part of its own.
fn year_after(text: &Text<'_>, i: usize) -> Option<Part> {
    let is_near = text.at(i).is_some_and(|word| [",", ".", ""].contains(&word.close));
    let word = text.at(i + 1).filter(|word| is_near && word.open.is_empty())?;
    year(word.core, text.speech).map(part)
}

/// A date of digits: "11/03/2026", "2026-11-03", "11/03" if `short` is allowed.
fn of_digits(written: &str, before: &str, short: bool, speech: &Speech) -> Option<String> {
    let (dates, numbers) = (&speech.dates, &speech.numbers);
    // "12.12.2025" is written where the day comes first.
    let dotted = written.matches('.').count() == 2 && dates.month_first;
    let slashed = if dotted { written.replace('.', "/") } else { written.to_owned() };
    let written = slashed.as_str();
    // "2025/12/12"
    let dashed = written.replace('/', "-");
    let year_first = written.split_once('/').is_some_and(|(year, _)| year.len() == 4);
    let written = if year_first && dates.month_first { dashed.as_str() } else { written };
    let iso = written.split_once('-').is_some_and(|(year, _)| year.len() == 4);
    let pieces: Vec<&str> =
        if iso { written.split('-').collect() } else { written.split(dates.separators).collect() };
    if !pieces.iter().all(|piece| is_digits(piece) && piece.len() <= 4) {
        return None;
    }
    let (day, month, year) = match pieces.as_slice() {
        [year, month, day] if iso => (day, month, Some(*year)),
        [month, day, year] if dates.month_first => (day, month, Some(*year)),
        [day, month, year] => (day, month, Some(*year)),
        [month, day] if dates.month_first && short => (day, month, None),
        [day, month] if short => (day, month, None),
        _ => return None,
    };
    // No month has the number 14: "14/02/2025".
    let is_swapped = dates.month_first
        && !iso
        && year.is_some()
        && (dotted || month.parse::<u64>().is_ok_and(|month| month > 12));
    let (day, month) = if is_swapped { (month, day) } else { (day, month) };
    if dotted && year.is_none_or(|year| year.len() != 4) {
        return None;
    }
    if day.len() > 2 || month.len() > 2 {
        return None;
    }
    let day: u64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = month.parse::<usize>().ok()?.checked_sub(1).and_then(|at| dates.months.get(at))?.0;
    let year = match year {
        None | Some("") => String::new(),
        Some(year) => {
            let full: u64 = year.parse().ok()?;
            let full = match year.len() {
                // Two digits mean the years around now: births of old people, and appointments.
                2 if full < 50 => full + 2000,
                2 => full + 1900,
                4 => full,
                _ => return None,
            };
            (numbers.year)(full)
        }
    };
    let day = (numbers.ordinal)(day, before);
    Some(match (dates.month_first, year.is_empty()) {
        (true, true) => joined(&[month, &day]),
        (true, false) => format!("{month} {day}, {year}"),
        (false, _) => joined(&[&day, month, &year]),
    })
}

/// A date of digits in one word, after this word (in lower case).
pub(super) fn one(written: &str, before: &str, speech: &Speech) -> Option<String> {
    let days: Option<Vec<&str>> =
        written.split('/').map(|day| find(speech.dates.days, day).map(|(_, name)| name)).collect();
    if let Some(days) = days.filter(|days| days.len() > 1) {
        return Some(days.join(", "));
    }
    if let Some((date, time)) = written.split_once('T')
        && let Some(time) = time.get(..5).and_then(|time| times::one(time, speech))
    {
        return of_digits(date, before, false, speech).map(|date| format!("{date}, {time}"));
    }
    let announced = speech.dates.before.contains(&before) || find_day(before, speech);
    let padded =
        written.split(speech.dates.separators).any(|piece| piece.len() == 2 && piece.starts_with('0'));
    let could_be_a_fraction = numbers::fraction_of(written, speech).is_some();
    let short = speech.dates.month_first && (announced || padded || !could_be_a_fraction);
    of_digits(written, before, short, speech)
}

/// Two dates of digits, one of which can be nothing else: "12/24–1/2". Or two days in letters: "M-F".
pub(super) fn range(left: &str, right: &str, before: &str, speech: &Speech) -> Option<String> {
    let to = speech.numbers.to;
    let day = |written: &str| {
        let letters = speech.dates.day_letters.iter().find(|(letters, _)| *letters == written);
        letters.map(|(_, name)| *name).or_else(|| find(speech.dates.days, written).map(|(_, name)| name))
    };
    if let (Some(from), Some(until)) = (day(left), day(right)) {
        return Some(joined(&[from, to, until]));
    }
    if !speech.dates.month_first
        || (one(left, before, speech).or_else(|| one(right, before, speech))).is_none()
    {
        return None;
    }
    let (from, until) = (of_digits(left, before, true, speech)?, of_digits(right, before, true, speech)?);
    Some(joined(&[&from, to, &until]))
}

/// The month and the year of a card: "expires 08/27". Without the zero, it is a day.
fn expiry(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let (speech, core) = (text.speech, text.core(i));
    let (month, year) = core
        .split_once('/')
        .filter(|(month, year)| month.starts_with('0') && month.len() == 2 && year.len() == 2)?;
    let back = (1..=3).filter_map(|back| text.at(i.checked_sub(back)?));
    let mut lower = back.map(|word| word.core.to_lowercase());
    lower.find(|word| speech.dates.expiry.contains(&word.as_str()))?;
    let month: usize = month.parse().ok().filter(|_| is_digits(month))?;
    let (name, _) = speech.dates.months.get(month.checked_sub(1)?)?;
    let year: u64 = year.parse().ok().filter(|_| is_digits(year))?;
    Some(vec![part(joined(&[name, &(speech.numbers.year)(year + 2000)]))])
}

fn find_day(lower: &str, speech: &Speech) -> bool {
    let is_it = |name: &str| name.eq_ignore_ascii_case(lower);
    speech.dates.days.iter().any(|(day, short)| is_it(day) || short.iter().any(|short| is_it(short)))
}

/// Another day of the month at `i`, and the word before it: "between Nov 3 and 5".
fn second_day(text: &Text<'_>, i: usize) -> Option<[Part; 2]> {
    let speech = text.speech;
    let between = text.after(i + 1)?;
    let until = text.after(i + 2).filter(|until| until.core.len() <= 4)?;
    let (_, sure) = speech.dates.days_between.iter().find(|(word, _)| *word == between.core)?;
    let is_sure = sure.contains(&text.before_in_lower_case(i).as_str());
    let ends = !until.close.is_empty() || text.at(i + 4).is_none();
    let is_time = text.after(i + 3).is_some_and(|next| times::goes_with_a_time(next.core, speech));
    let said = day(until.core, "", speech).filter(|_| !until.core.contains(['-', '–']))?;
    let number = |text: &str| text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().ok();
    let is_later = number(text.core(i + 1)) < number(until.core);
    ((is_sure || ends) && is_later && !is_time).then(|| [part(between.core), part(said)])
}

/// "Nov. 3, 2026", "November 2026".
fn month_first(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Vec<Part>> {
    let speech = text.speech;
    let name = month(word.core, speech)?;
    if !word.goes_on() {
        return None;
    }
    let next = text.at(i + 1).filter(|next| next.open.is_empty())?;
    let first = Part::new(name, Close::Joined);
    if let Some(day) = day(next.core, "", speech).filter(|_| !speech.dates.dotted_days) {
        let mut parts = vec![first, part(day)];
        parts.extend(second_day(text, i).into_iter().flatten());
        parts.extend(year_after(text, i + parts.len() - 1));
        return Some(parts);
    }
    // "June 1–July 4"
    if let Some((from, until)) = next.core.split_once(['-', '–'])
        && let Some(until) = month(until, speech)
        && let Some(from) = day(from, "", speech).filter(|_| next.goes_on() && !speech.dates.dotted_days)
        && let Some(to) = text.at(i + 2).and_then(|to| day(to.core, "", speech))
    {
        let until = Part::new(joined(&[&from, speech.numbers.to, until]), Close::Joined);
        return Some(vec![first, until, part(to)]);
    }
    let year = year(next.core, speech)?;
    Some(vec![first, part(year)])
}

/// "3 November 2026", "3. Nov."
fn day_first(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Vec<Part>> {
    let speech = text.speech;
    let dates = &speech.dates;
    if !is_digits(word.core) || (dates.dotted_days != word.is_dotted()) || !word.goes_on() {
        return None;
    }
    let next = text.at(i + 1).filter(|next| next.open.is_empty())?;
    let month = month(next.core, speech)?;
    let before = text.before_in_lower_case(i);
    let day = day(word.core, &before, speech)?;
    let (the, of) = dates.day_first;
    let the = if before == the { "" } else { the };
    let close = if is_short_for(next.core, month) { Close::Abbreviated } else { Close::Written };
    let mut parts =
        vec![Part::new(joined(&[the, &day]), Close::Silent), Part::new(joined(&[of, month]), close)];
    if let Some(year) = year_after(text, i + 1).filter(|_| next.goes_on()) {
        parts.extend([year]);
        if let Some(month) = parts.get_mut(1) {
            month.close = Close::Silent;
        }
    }
    Some(parts)
}

fn is_short_for(written: &str, name: &str) -> bool {
    !written.eq_ignore_ascii_case(name)
}

/// "&" or its word.
pub(super) fn is_and(written: &str, speech: &Speech) -> bool {
    const AND: &str = "&";
    written == AND || speech.signs.said.iter().any(|(sign, said)| *sign == AND && *said == written)
}

/// A month or a day of the week on its own: "Mon.", "Sept".
fn alone(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Vec<Part>> {
    let speech = text.speech;
    let name = name(word.core, speech)?;
    let is_short = is_short_for(word.core, name);
    let next = text.after(i);
    let beside_a_date = next.is_some_and(|next| {
        has_digit(next.core) || next.is_dash() || self::name(next.core, speech).is_some()
    });
    // "Wed & Fri"
    let day_at = |at: Option<usize>| {
        let day = at.and_then(|at| text.at(at)).filter(|day| day.close.is_empty() || at > Some(i));
        day.is_some_and(|day| find(speech.dates.days, day.core).is_some())
    };
    let before = text.before(i).filter(|before| before.close.is_empty() && is_and(before.core, speech));
    let beside_a_day = find(speech.dates.days, word.core).is_some()
        && ((next.is_some_and(|next| is_and(next.core, speech)) && day_at(Some(i + 2)))
            || (before.is_some() && day_at(i.checked_sub(2))));
    let after_a_range = text.before(i).is_some_and(Word::is_dash);
    // "Fr. Koch": a title that looks like a day.
    let titled = !beside_a_date
        && abbreviations::is_entry(word.core, speech)
        && word.goes_on()
        && text.at(i + 1).is_some_and(|next| starts_with_capital(next.core));
    if titled {
        return None;
    }
    let is_sure = !is_ambiguous(word.core, speech)
        || word.is_dotted()
        || word.close.starts_with([',', ':'])
        || beside_a_date
        || beside_a_day
        || after_a_range;
    // "APR" in capitals is no month.
    let is_name = word.core.contains(char::is_lowercase);
    (is_short && is_sure && is_name).then(|| vec![Part::new(name, Close::Abbreviated)])
}

/// An ordinal with a full stop: "am 3. ist", and numbers without one.
fn dotted_day(text: &Text<'_>, i: usize, word: &Word<'_>) -> Option<Vec<Part>> {
    let speech = text.speech;
    let before = text.before_in_lower_case(i);
    if !speech.dates.dotted_days || !word.is_dotted() {
        return None;
    }
    let next = text.at(i + 1);
    let date = word.core.contains('.').then(|| of_digits(word.core, &before, true, speech)).flatten();
    if let Some(date) = date {
        return Some(vec![Part::new(date, Close::Abbreviated)]);
    }
    let n: u64 = word.core.parse().ok().filter(|_| is_digits(word.core))?;
    let announced = speech.dates.before.contains(&before.as_str());
    (n > 0 && announced && next.is_some())
        .then(|| vec![Part::new((speech.numbers.ordinal)(n, &before), Close::Joined)])
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let word = text.at(i)?;
    expiry(text, i)
        .or_else(|| month_first(text, i, word))
        .or_else(|| day_first(text, i, word))
        .or_else(|| {
            let said = one(word.core, &text.before_in_lower_case(i), text.speech)?;
            Some(vec![part(said)])
        })
        .or_else(|| dotted_day(text, i, word))
        .or_else(|| alone(text, i, word))
}

/// True if `number` may be the day of the month that it stands beside.
pub(super) fn may_be_a_day(number: &str, speech: &Speech) -> bool {
    Number::of(number, &speech.numbers).is_some() || day(number, "", speech).is_some()
}
