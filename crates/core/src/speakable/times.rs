//! Times of the day. Must not know a language: its clock is a function of its tables.

use super::numbers::Number;
use super::word::{Close, Part, Text, is_digits, joined, part, short};
use crate::language::Speech;

struct Time {
    hour: u64,
    minute: u64,
    half: Option<&'static str>,
}

/// A half of the day: "am", "P.M".
fn half(written: &str, speech: &Speech) -> Option<&'static str> {
    let plain: String = written.chars().filter(|c| *c != '.').flat_map(char::to_lowercase).collect();
    speech.times.halves.iter().find(|(half, _)| *half == plain).map(|(_, said)| *said)
}

/// Hour and minute: "9:30"; with `alone`, also "9".
fn clock(written: &str, alone: bool, speech: &Speech) -> Option<(u64, u64)> {
    let (hour, minute) = match written.split_once(speech.times.separators) {
        Some((hour, minute)) => (hour, Some(minute)),
        None if alone => (written, None),
        None => return None,
    };
    let minute = match minute {
        None => 0,
        Some(minute) => minute.parse().ok().filter(|_| is_digits(minute) && minute.len() == 2)?,
    };
    let hour: u64 = hour.parse().ok().filter(|_| is_digits(hour) && hour.len() <= 2)?;
    (hour <= 24 && minute < 60).then_some((hour, minute))
}

fn time_of(written: &str, speech: &Speech) -> Option<Time> {
    let end = written.find(|c: char| c.is_alphabetic()).unwrap_or(written.len());
    let (digits, letters) = written.split_at_checked(end)?;
    if letters.is_empty() {
        let (hour, minute) = clock(digits, false, speech)?;
        return Some(Time { hour, minute, half: None });
    }
    // "9:30a"
    let is_short = letters.len() == 1 && letters.chars().all(char::is_lowercase);
    let half = half(letters, speech).or_else(|| half(&format!("{letters}m"), speech).filter(|_| is_short))?;
    let (hour, minute) = clock(digits, !is_short, speech)?;
    (hour <= 12).then_some(Time { hour, minute, half: Some(half) })
}

/// A time of one word: "9:30", "9am".
pub(super) fn one(written: &str, speech: &Speech) -> Option<String> {
    let time = time_of(written, speech)?;
    let (hour, minute) = (speech.times.clock)(time.hour, time.minute, time.half.is_some());
    Some(joined(&[&hour, &minute, time.half.unwrap_or_default()]))
}

/// Two hours with the half of the day behind them: "9-11 a.m.", "9:30–11".
pub(super) fn range(left: &str, right: &str, with_half: bool, speech: &Speech) -> Option<String> {
    let is_named = |written: &str| speech.times.named.contains(&written);
    let say = |written: &str| {
        if is_named(written) {
            return Some(written.to_owned());
        }
        if let Some(said) = one(written, speech).filter(|_| !with_half) {
            return Some(said);
        }
        let (hour, minute) = clock(written, true, speech)?;
        let bare = !written.contains(speech.times.separators);
        let (hour, minute) = (speech.times.clock)(hour, minute, bare || with_half);
        Some(joined(&[&hour, &minute]))
    };
    // "noon–1pm"; also "noon-ish", which has no second time.
    let is_time = |written: &str| time_of(written, speech).is_some();
    if is_named(left) && is_named(right) {
        return None;
    }
    if !with_half && !is_time(left) && !is_time(right) {
        return None;
    }
    Some(joined(&[&say(left)?, speech.numbers.to, &say(right)?]))
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let speech = text.speech;
    let core = text.core(i);
    if let Some(next) = text.after(i) {
        if let Some(half) = half(next.core, speech) {
            if let Some((hour, minute)) = clock(core, true, speech).filter(|(hour, _)| *hour <= 12) {
                let (hour, minute) = (speech.times.clock)(hour, minute, true);
                return Some(vec![part(joined(&[&hour, &minute])), short(half)]);
            }
            if let Some((left, right)) = core.split_once(['-', '–'])
                && let Some(range) = range(left, right, true, speech)
            {
                return Some(vec![part(range), short(half)]);
            }
        }
        if speech.times.words.contains(&next.core) {
            let dotted = core.replace('.', ":");
            let written = if Number::of(core, &speech.numbers).is_some() { core } else { dotted.as_str() };
            if let Some((hour, minute)) =
                clock(written, true, speech).or_else(|| clock(&dotted, true, speech))
            {
                let (hour, minute) = (speech.times.clock)(hour, minute, false);
                let minute = if minute.is_empty() { next.core.to_owned() } else { minute };
                return Some(vec![part(hour), part(minute)]);
            }
        }
    }
    // "3 PM–5 PM"
    let after_digit =
        text.before(i).is_some_and(|before| before.core.ends_with(|c: char| c.is_ascii_digit()));
    if let Some(half) = half(core, speech).filter(|_| after_digit) {
        return Some(vec![short(half)]);
    }
    if let Some((first, hour)) = core.split_once(['-', '–'])
        && let Some(half) = half(first, speech)
        && let Some((hour, minute)) = clock(hour, true, speech)
    {
        let (hour, minute) = (speech.times.clock)(hour, minute, true);
        return Some(vec![part(joined(&[half, speech.numbers.to, &hour, &minute]))]);
    }
    let said = one(core, speech)?;
    // "9a.m." keeps the full stop of its sentence only.
    let close = if core.contains('.') { Close::Abbreviated } else { Close::Written };
    Some(vec![Part::new(said, close)])
}

/// True if `written` is a half of the day or a word that belongs to a time.
pub(super) fn goes_with_a_time(written: &str, speech: &Speech) -> bool {
    let is_dotted_time = written.contains('.') && time_of(written, speech).is_some();
    half(written, speech).is_some() || is_dotted_time || speech.times.words.contains(&written)
}
