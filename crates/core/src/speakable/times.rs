//! Times of the day. Must not know a language: its clock is a function of its tables.

use super::numbers::{Number, digits};
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

/// A time of one word. With `bare`, an hour alone may have a short half of the day: "7p".
fn time_of(written: &str, bare: bool, speech: &Speech) -> Option<Time> {
    let end = written.find(|c: char| c.is_alphabetic()).unwrap_or(written.len());
    let (digits, letters) = written.split_at_checked(end)?;
    if letters.is_empty() {
        let (hour, minute) = clock(digits, false, speech)?;
        return Some(Time { hour, minute, half: None });
    }
    // "9:30a"
    let is_short = letters.len() == 1 && letters.chars().all(char::is_lowercase);
    let half = half(letters, speech).or_else(|| half(&format!("{letters}m"), speech).filter(|_| is_short))?;
    let (hour, minute) = clock(digits, !is_short || bare, speech)?;
    (hour <= 12).then_some(Time { hour, minute, half: Some(half) })
}

impl Time {
    fn say(&self, speech: &Speech) -> String {
        let (hour, minute) = (speech.times.clock)(self.hour, self.minute, self.half.is_some());
        joined(&[&hour, &minute, self.half.unwrap_or_default()])
    }
}

/// A time of one word: "9:30", "9am".
pub(super) fn one(written: &str, speech: &Speech) -> Option<String> {
    time_of(written, false, speech).map(|time| time.say(speech))
}

/// Two hours with the half of the day behind them: "9-11 a.m.", "9:30–11".
pub(super) fn range(left: &str, right: &str, with_half: bool, speech: &Speech) -> Option<String> {
    let is_named = |written: &str| speech.times.named.contains(&written);
    // "10a-2p"
    let halved = |written: &str| time_of(written, true, speech).is_some_and(|time| time.half.is_some());
    let are_halved = [left, right].iter().all(|side| is_named(side) || halved(side));
    let say = |written: &str| {
        if is_named(written) {
            return Some(written.to_owned());
        }
        if are_halved {
            return time_of(written, true, speech).map(|time| time.say(speech));
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
    let is_time = |written: &str| are_halved || time_of(written, false, speech).is_some();
    if is_named(left) && is_named(right) {
        return None;
    }
    if !with_half && !is_time(left) && !is_time(right) {
        return None;
    }
    Some(joined(&[&say(left)?, speech.numbers.to, &say(right)?]))
}

/// "at 1300 hours", "0800 hours"
fn military(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let (speech, core) = (text.speech, text.core(i));
    let (hours, hundred, before) = speech.times.military?;
    let next = text.after(i).filter(|next| next.core == hours)?;
    let (hour, minute) = core.split_at_checked(2).filter(|_| is_digits(core) && core.len() == 4)?;
    let is_one = hour.starts_with('0') || before.contains(&text.before_in_lower_case(i).as_str());
    let (h, m) = (hour.parse().ok()?, minute.parse().ok()?);
    if !is_one || h > 24 || m > 59 {
        return None;
    }
    let clock = (speech.times.clock)(h, m, false);
    let hour = if hour.starts_with('0') { digits(hour, &speech.numbers) } else { clock.0 };
    let minute = if m == 0 { hundred.to_owned() } else { clock.1 };
    Some(vec![part(joined(&[&hour, &minute])), part(next.core)])
}

/// A time of one word after a word that announces it: "at 7p", "at 9:30:00".
fn announced(text: &Text<'_>, i: usize) -> Option<String> {
    let speech = text.speech;
    let before = text.before_in_lower_case(i);
    let core = speech.times.announced.contains(&before.as_str()).then(|| text.core(i))?;
    let exact = without_seconds(core, speech).and_then(|core| one(core, speech));
    let bare = || time_of(core, true, speech).filter(|time| time.half.is_some());
    exact.or_else(|| bare().map(|time| time.say(speech)))
}

/// A time to the second, if it is a full minute: "9:30:00".
fn without_seconds<'t>(written: &'t str, speech: &Speech) -> Option<&'t str> {
    let (time, seconds) = written.rsplit_once(speech.times.separators)?;
    (time.contains(speech.times.separators) && seconds == "00").then_some(time)
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let speech = text.speech;
    let core = text.core(i);
    if let Some(parts) = military(text, i) {
        return Some(parts);
    }
    if let Some(said) = announced(text, i) {
        return Some(vec![part(said)]);
    }
    if let Some(next) = text.after(i) {
        if let Some(half) = half(next.core, speech) {
            let core = without_seconds(core, speech).unwrap_or(core);
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
    let is_dotted_time = written.contains('.') && time_of(written, false, speech).is_some();
    half(written, speech).is_some() || is_dotted_time || speech.times.words.contains(&written)
}
