//! Telephone numbers, extensions, and codes that are said digit by digit. Must not know a country: the shapes
//! of numbers are in the tables of the language.

use super::numbers::{digits, digits_in_groups};
use super::word::{Close, Part, Text, is_digits, joined, part};
use crate::language::Speech;

/// The most words of one number.
const MOST_WORDS: usize = 6;
/// The most digits of a telephone number (ITU-T E.164), and the fewest of a national one.
const MOST_DIGITS: usize = 15;
const FEWEST_DIGITS: usize = 7;

/// The groups of digits in one written word, if it has nothing else but the signs of telephone numbers.
fn groups(raw: &str) -> Option<Vec<&str>> {
    let is_sign = |c: char| "+()-.–/".contains(c);
    if !raw.chars().all(|c| c.is_ascii_digit() || is_sign(c)) {
        return None;
    }
    let groups: Vec<&str> = raw.split(is_sign).filter(|group| !group.is_empty()).collect();
    (!groups.is_empty()).then_some(groups)
}

/// The words of a number, each with its groups.
struct Candidate<'t> {
    words: Vec<Vec<&'t str>>,
    plus: bool,
    parenthesis: bool,
    signs: bool,
}

impl Candidate<'_> {
    fn lengths(&self) -> Vec<usize> {
        self.words.iter().flatten().map(|group| group.len()).collect()
    }

    fn is_number(&self, speech: &Speech) -> bool {
        let telephone = &speech.telephone;
        let lengths = self.lengths();
        let total: usize = lengths.iter().sum();
        if total > 16 {
            return false;
        }
        if self.plus {
            return (FEWEST_DIGITS..=MOST_DIGITS).contains(&total);
        }
        let is_national = telephone.trunk.is_some_and(|trunk| {
            let first = self.words.first().and_then(|groups| groups.first());
            let begins = first.is_some_and(|group| group.starts_with(trunk) && group.len() > 2);
            begins && lengths.len() > 1 && (FEWEST_DIGITS..=MOST_DIGITS).contains(&total)
        });
        let one = lengths.len() == 1;
        let ungrouped =
            one && telephone.ungrouped.iter().any(|(length, _)| [total] == [*length] && *length >= 10);
        let shapes = if self.signs || self.parenthesis { telephone.shapes } else { telephone.spaced_shapes };
        is_national || ungrouped || (!one && shapes.contains(&lengths.as_slice()))
    }

    /// What is said for each word, groups and words with a pause between them.
    fn say(&self, speech: &Speech) -> Vec<String> {
        let telephone = &speech.telephone;
        let one = |group: &str| -> String {
            if let Some((_, said)) = telephone.groups.iter().find(|(written, _)| *written == group) {
                return (*said).to_owned();
            }
            let shape = telephone.ungrouped.iter().find(|(length, _)| *length == group.len());
            let Some((_, shape)) = shape.filter(|_| group.len() >= FEWEST_DIGITS) else {
                return digits_in_groups(group, &speech.numbers);
            };
            let mut rest = group;
            let pieces = shape.iter().map(|length| {
                let (piece, after) = rest.split_at_checked(*length).unwrap_or((rest, ""));
                rest = after;
                let known = telephone.groups.iter().find(|(written, _)| *written == piece);
                known.map_or_else(|| digits(piece, &speech.numbers), |(_, said)| (*said).to_owned())
            });
            pieces.collect::<Vec<_>>().join(", ")
        };
        let last = self.words.len().saturating_sub(1);
        let words = self.words.iter().enumerate().map(|(at, groups)| {
            let said = groups.iter().map(|group| one(group)).collect::<Vec<_>>().join(", ");
            let plus = if self.plus && at == 0 { telephone.plus } else { "" };
            let pause = if at == last { "" } else { "," };
            format!("{}{pause}", joined(&[plus, &said]))
        });
        words.collect()
    }
}

fn number(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let first = text.at(i)?;
    let plus = first.core.starts_with('+');
    let mut candidate = Candidate {
        words: Vec::new(),
        plus,
        parenthesis: first.open.ends_with('(') && first.close.starts_with(')'),
        signs: false,
    };
    let mut best = None;
    for (at, word) in text.words.iter().skip(i).take(MOST_WORDS).enumerate() {
        let Some(groups) = groups(word.core).filter(|_| word.open.is_empty() || word.open == "(") else {
            break;
        };
        candidate.signs |= groups.len() > 1;
        candidate.words.push(groups);
        if candidate.is_number(text.speech) {
            best = Some((at + 1, candidate.say(text.speech)));
        }
        let goes_on = word.close.is_empty() || (word.close == ")" && !word.open.is_empty());
        if !goes_on {
            break;
        }
    }
    let (count, said) = best?;
    let mut parts: Vec<Part> = said.into_iter().map(|said| Part::new(said, Close::Silent)).collect();
    // A number in parentheses of its own keeps them.
    if let Some(last) = parts.get_mut(count.saturating_sub(1)) {
        last.close = Close::Written;
    }
    Some(parts)
}

/// "ext. 12", "x12".
fn extension(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let (names, said) = text.speech.telephone.extension;
    let word = text.at(i)?;
    let core = word.core.to_lowercase();
    if names.contains(&core.as_str()) && word.goes_on() && core.len() > 1 {
        let next = text.at(i + 1).filter(|next| is_digits(next.core))?;
        let number = digits(next.core, &text.speech.numbers);
        return Some(vec![Part::new(said, Close::Silent), part(number)]);
    }
    let number = names.iter().find_map(|name| {
        let rest = core.strip_prefix(name)?;
        is_digits(rest).then_some(rest)
    })?;
    Some(vec![part(joined(&[said, &digits(number, &text.speech.numbers)]))])
}

/// "Text STOP to 12345".
fn is_texted(text: &Text<'_>, i: usize) -> bool {
    let telephone = &text.speech.telephone;
    let back = |n: usize| i.checked_sub(n).and_then(|at| text.before(at + 1));
    let is_to = back(1).is_some_and(|before| before.core == text.speech.numbers.to);
    let is_text =
        |n: usize| back(n).is_some_and(|word| telephone.texted.contains(&word.core.to_lowercase().as_str()));
    [5, 6].contains(&text.core(i).len()) && is_to && (2..=5).any(is_text)
}

/// How far before a key the word stands that tells to press it.
const PRESSED_WITHIN: usize = 6;

/// A key without a digit, or digits behind one: "Press * or #", "Dial *67".
pub(super) fn key(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let telephone = &text.speech.telephone;
    let (pressed, between) = telephone.pressed;
    let word = text.at(i)?;
    let sign = word.open.chars().next_back().or_else(|| word.core.chars().next())?;
    let (_, name) = telephone.keys.iter().find(|(key, _)| *key == sign)?;
    let digits_of_key = word.core.trim_start_matches(sign);
    // "Press #5" is the number five.
    let is_number = sign == text.speech.signs.number.0;
    if !digits_of_key.is_empty() && (is_number || !is_digits(digits_of_key) || digits_of_key.len() > 3) {
        return None;
    }
    let lower = text.before_in_lower_case(i);
    let follows = pressed.contains(&lower.as_str()) || between.contains(&lower.as_str());
    let mut back = (1..=PRESSED_WITHIN).map_while(|back| text.before((i + 1).checked_sub(back)?));
    let is_told = back.any(|word| pressed.contains(&word.core.to_lowercase().as_str()));
    let said = joined(&[name, &digits(digits_of_key, &text.speech.numbers)]);
    (follows && is_told).then(|| vec![part(said)])
}

/// The groups of a code: one, or several that are no range and no date.
fn code_groups(code: &str) -> Option<Vec<&str>> {
    let groups: Vec<&str> = code.split('-').take(MOST_WORDS).collect();
    if !groups.iter().all(|group| is_digits(group)) {
        return None;
    }
    let is_code = match groups.as_slice() {
        [_] => true,
        [from, to] => {
            let padded = |group: &str| group.len() > 1 && group.starts_with('0');
            padded(from)
                || padded(to)
                || to.len() >= FEWEST_DIGITS
                || from.parse::<u64>().ok() >= to.parse::<u64>().ok()
        }
        [year, month, day] => [year.len(), month.len(), day.len()] != [4, 2, 2],
        _ => groups.len() < MOST_WORDS,
    };
    is_code.then_some(groups)
}

/// A number that is said digit by digit because of the words before it, or by custom.
fn code(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let telephone = &text.speech.telephone;
    let word = text.at(i)?;
    let (digits_of_code, marked) = match word.core.strip_prefix(text.speech.signs.number.0) {
        Some(rest) => (rest, true),
        None => (word.core, false),
    };
    let groups = code_groups(digits_of_code)?;
    let said = || {
        let groups = groups.iter().map(|group| digits_in_groups(group, &text.speech.numbers));
        groups.collect::<Vec<_>>().join(", ")
    };
    let before = text.before_in_lower_case(i);
    let is_called = [3, 5, 6].contains(&word.core.len()) && telephone.called.contains(&before.as_str());
    if telephone.short.contains(&word.core) || is_called || is_texted(text, i) {
        return Some(vec![part(said())]);
    }
    if digits_of_code.len() < 4 {
        return None;
    }
    let mut at = i;
    let mut named = marked;
    for _ in 0..4 {
        let Some(before) = text.before(at) else { break };
        let lower = before.core.to_lowercase();
        if telephone.codes.contains(&lower.as_str()) {
            named = true;
            break;
        }
        if !telephone.code_is.contains(&lower.as_str()) {
            break;
        }
        at = at.saturating_sub(1);
    }
    let sign = if marked { text.speech.signs.number.1 } else { "" };
    named.then(|| vec![part(joined(&[sign, &said()]))])
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    number(text, i).or_else(|| extension(text, i)).or_else(|| code(text, i))
}

/// True if a number after this word (in lower case) may be said in another way because of it.
pub(super) fn announces(lower: &str, speech: &Speech) -> bool {
    let telephone = &speech.telephone;
    [telephone.codes, telephone.code_is, telephone.called, telephone.extension.0]
        .iter()
        .any(|words| words.contains(&lower))
}
