//! Which runs of digits are cards, security codes, telephone numbers and other long numbers, and which are
//! amounts, times, dates and years, which stay. Must not know how digits are said.

use super::digits::{Group, count, group, runs};
use super::english::Words;
use super::marking::{Marks, Tag};

/// The digits of a card's number (ISO/IEC 7812-1 allows up to 19; the shortest in use has 13).
const CARD: std::ops::RangeInclusive<usize> = 13..=19;

/// The digits of a number that is said to be a card's and has a wrong check digit: the recogniser loses and
/// adds digits.
const MISHEARD_CARD: std::ops::RangeInclusive<usize> = 12..=20;

/// The most digits behind a card's number that belong to it: when it expires, and the security code.
const BEHIND_CARD: usize = 8;

/// How many words before or behind a number tell what it is.
const NEAR_CARD: (usize, usize) = (12, 6);
const NEAR_CODE: (usize, usize) = (12, 6);
const NEAR_PHONE: usize = 6;

/// A number of so many digits names somebody or something.
const LONG: usize = 7;

/// The most groups of thousands of an amount, and the most parts of a list: what is longer is none.
const MOST_GROUPS: usize = 6;

/// Marks cards: numbers with the right check digit, numbers that are said to be a card's, and security codes.
pub(super) fn mark_cards(marks: &mut Marks<'_>, words: &Words) {
    let runs = runs(marks, words, |marks, at| value_apart(marks, at, words));
    let cards = places(marks, |marks, at| marks.word(at).is_some_and(|word| words.cards.contains(&word)));
    let codes = places(marks, |marks, at| words.codes.iter().any(|code| marks.has(at, code)));
    for run in &runs {
        let (mut from, mut found) = (0, false);
        while let Some((first, last)) = card_in(run, from) {
            let mut end = last;
            while end + 1 < run.len() && count(&run[last + 1..=end + 1]) <= BEHIND_CARD {
                end += 1;
            }
            marks.mark(run[first].first, run[end].last, Tag::Card);
            (from, found) = (end + 1, true);
        }
        let (first, last) = ends(run);
        if found {
            continue;
        }
        if MISHEARD_CARD.contains(&count(run)) && is_near(&cards, first, last, NEAR_CARD) {
            marks.mark(first, last, Tag::Card);
        } else if let Some(code) = code_in(run) {
            let (first, last) = ends(code);
            if is_near(&codes, first, last, NEAR_CODE) {
                marks.mark(first, last, Tag::Card);
            }
        }
    }
}

/// Marks telephone numbers and other long numbers.
pub(super) fn mark_numbers(marks: &mut Marks<'_>, words: &Words) {
    let runs = runs(marks, words, |marks, at| value_apart(marks, at, words));
    let phones = places(marks, |marks, at| marks.word(at).is_some_and(|word| words.phones.contains(&word)));
    for run in &runs {
        for part in parts(run) {
            if count(part) < LONG || are_years(part) {
                continue;
            }
            let (first, last) = ends(part);
            let said = is_near(&phones, first, last, (NEAR_PHONE, 0));
            let plus = marks.gap_before(first).ends_with('+') || marks.gap_before(first).ends_with("+(");
            let tag = if plus || is_phone(part, said) { Tag::Phone } else { Tag::Number };
            marks.mark(first, last, tag);
        }
    }
}

fn places(marks: &Marks<'_>, is: impl Fn(&Marks<'_>, usize) -> bool) -> Vec<usize> {
    (0..marks.tokens.len()).filter(|&at| is(marks, at)).collect()
}

/// Whether one of the places, which are in order, is so many words before or behind these words.
fn is_near(places: &[usize], first: usize, last: usize, (before, behind): (usize, usize)) -> bool {
    let next = places.partition_point(|&place| place < first.saturating_sub(before));
    places.get(next).is_some_and(|&place| place <= last + behind)
}

fn ends(groups: &[Group]) -> (usize, usize) {
    (groups.first().map_or(0, |group| group.first), groups.last().map_or(0, |group| group.last))
}

/// The first card at or behind a group: the longest that begins there.
fn card_in(run: &[Group], from: usize) -> Option<(usize, usize)> {
    (from..run.len()).find_map(|first| {
        let (mut digits, mut found) = (String::new(), None);
        for (last, group) in run.iter().enumerate().skip(first) {
            if digits.len() + group.digits.len() > *CARD.end() {
                break;
            }
            digits.push_str(&group.digits);
            if CARD.contains(&digits.len()) && passes_luhn(&digits) {
                found = Some((first, last));
            }
        }
        found
    })
}

/// The check of ISO/IEC 7812-1, annex B.
fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(nth, digit)| match (nth % 2, u32::from(digit - b'0')) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A run that is as long as a security code, or its beginning that is.
fn code_in(run: &[Group]) -> Option<&[Group]> {
    let is_code = |groups: &[Group]| (3..=4).contains(&count(groups));
    if is_code(run) {
        return Some(run);
    }
    let strict = run.iter().skip(1).position(|group| group.loose).map_or(run.len(), |at| at + 1);
    run.get(..strict).filter(|beginning| is_code(beginning))
}

fn is_year(group: &Group) -> bool {
    !group.spelled && group.digits.len() == 4 && matches!(&group.digits[..2], "19" | "20")
}

fn are_years(groups: &[Group]) -> bool {
    groups.iter().all(is_year)
}

/// The numbers of a run: it may be a list.
fn parts(run: &[Group]) -> Vec<&[Group]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for at in 1..=run.len() {
        if run.get(at).is_none_or(|group| group.loose) {
            parts.push(&run[from..at]);
            from = at;
        }
    }
    // Rooms and years: a number in parts has shorter ones, or parts of several lengths.
    let of_years = |part: &&[Group]| {
        let digits: String = part.iter().map(|group| group.digits.as_str()).collect();
        digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))
    };
    let is_list = parts.iter().all(|part| count(part) == 3) || parts.iter().all(of_years);
    let is_whole = |part: &&[Group]| {
        count(part) >= LONG && part.iter().any(|group| !group.spelled && group.digits.len() > 1)
    };
    if is_list || parts.iter().any(is_whole) { parts } else { vec![run] }
}

fn is_phone(groups: &[Group], said: bool) -> bool {
    let (digits, sizes): (String, Vec<usize>) =
        groups.iter().map(|group| (group.digits.as_str(), group.digits.len())).unzip();
    match digits.len() {
        // The form of social security numbers in the United States.
        9 if sizes == [3, 2, 4] => false,
        7 => said || sizes == [3, 4],
        10 => true,
        12 => said || digits.starts_with('0'),
        11 => said || digits.starts_with(['0', '1']),
        length => said && length <= 15,
    }
}

/// The last word of the amount, the decimal number or the date that begins at this word.
fn value_apart(marks: &Marks<'_>, at: usize, words: &Words) -> Option<usize> {
    let group = group(marks, at, words)?;
    let is_amount = |at: usize| {
        let sign = marks.gap_before(at).trim_start().starts_with(['%', '€', '$', '£', '¥']);
        let near = marks.gap_before(at).trim().is_empty() || marks.gap_before(at) == "-";
        sign || (near && marks.word(at).is_some_and(|word| words.amounts.contains(&word)))
    };
    if is_amount(group.last + 1) {
        return Some(group.last);
    }
    if group.spelled {
        return None;
    }
    date(marks, at).or_else(|| {
        let sign = marks.gap_before(at).trim_end().ends_with(['$', '€', '£', '¥']);
        let last = thousands(marks, at);
        let last = decimals(marks, last, last > at || sign);
        (sign || last > at).then_some(last)
    })
}

/// The digits at this place, if the word before ends with exactly this sign.
fn digits_behind<'t>(marks: &Marks<'t>, at: usize, sign: &str) -> Option<&'t str> {
    let is_digits = marks.tokens.get(at).is_some_and(|token| token.digits);
    if is_digits && marks.gap_before(at) == sign { marks.word(at) } else { None }
}

/// The last word of "1,234,567"; the first one if it is none.
fn thousands(marks: &Marks<'_>, at: usize) -> usize {
    let is_head = marks.word(at).is_some_and(|head| head.len() <= 3 && !head.starts_with('0'));
    let groups = (at + 1..=at + MOST_GROUPS)
        .take_while(|&next| digits_behind(marks, next, ",").is_some_and(|d| d.len() == 3));
    let last = at + groups.count();
    // Another comma and a group of another length: a number in parts, and not an amount.
    if is_head && digits_behind(marks, last + 1, ",").is_none() { last } else { at }
}

/// The last word of "3.50"; `known` if it is known to be an amount.
fn decimals(marks: &Marks<'_>, at: usize, known: bool) -> usize {
    let is_digit = |at: usize| marks.tokens.get(at).is_some_and(|token| token.digits);
    let goes_on = |at: usize| is_digit(at) && matches!(marks.gap_before(at), "." | "-" | "/");
    let before = at > 0 && is_digit(at - 1) && goes_on(at) && !known;
    let fits = digits_behind(marks, at + 1, ".").is_some_and(|part| part.len() <= 2);
    if fits && !before && !goes_on(at + 2) { at + 1 } else { at }
}

/// The last word of a date in digits: "2024-05-12", "5/12/2024", "12.5.2024".
fn date(marks: &Marks<'_>, at: usize) -> Option<usize> {
    let sign = marks.gap_before(at + 1);
    let is_digit = |at: usize| marks.tokens.get(at).is_some_and(|token| token.digits);
    let beside = |at: usize| is_digit(at) && marks.gap_before(at) == sign;
    if !matches!(sign, "-" | "/" | ".") || beside(at + 3) || (at > 0 && is_digit(at - 1) && beside(at)) {
        return None;
    }
    let (one, two) = (marks.word(at)?, digits_behind(marks, at + 1, sign)?);
    let three = digits_behind(marks, at + 2, sign)?;
    let is_day = |part: &str| part.len() <= 2 && part.parse().is_ok_and(|day: u32| (1..=31).contains(&day));
    let is_year = |part: &str| part.len() == 4 && matches!(&part[..2], "19" | "20");
    let is_date = is_day(two) && ((is_year(one) && is_day(three)) || (is_day(one) && is_year(three)));
    is_date.then_some(at + 2)
}
