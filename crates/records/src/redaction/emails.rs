//! E-mail addresses, written and said. Must not know other personal values.

use super::english::Words;
use super::marking::{Marks, Tag};

/// The most words of a name before "at" that an introduction ("my address is") makes part of it.
const MOST_NAMES: usize = 4;

/// The most words before the first dot behind "at", and the most parts behind it.
const MOST_LABELS: usize = 4;
const MOST_PARTS: usize = 6;

/// The most words of a name: an address has at most 64 bytes before the sign (RFC 5321, 4.5.3.1.1).
const LONGEST_NAME: usize = 64;

/// Marks e-mail addresses.
pub(super) fn mark(marks: &mut Marks<'_>, words: &Words) {
    let mut at = 1;
    while at < marks.tokens.len() {
        let written = marks.gap_before(at).trim() == "@";
        let said = marks.word(at) == Some(words.at);
        let domain = at + usize::from(said);
        let end = if written || said { end_of_domain(marks, domain, written, words) } else { None };
        if let Some(end) = end {
            let from = beginning(marks, at - 1, words);
            let is_name = marks.word(at - 1).is_some_and(|word| !words.no_names.contains(&word));
            if written || is_name || from < at - 1 {
                marks.mark(from, end, Tag::Email);
                at = end;
            }
        }
        at += 1;
    }
}

/// Whether the word at this place is "dot".
fn is_dot(marks: &Marks<'_>, at: usize, words: &Words) -> bool {
    marks.word(at).is_some_and(|word| words.dots.contains(&word))
}

/// The last word of the domain that begins at this word.
fn end_of_domain(marks: &Marks<'_>, from: usize, written: bool, words: &Words) -> Option<usize> {
    marks.word(from)?;
    // Up to the first dot.
    let mut at = from;
    while !(marks.gap_before(at + 1) == "." || is_dot(marks, at + 1, words)) {
        marks.word(at + 1)?;
        let joined = matches!(marks.gap_before(at + 1), "" | "-") || !written;
        if !joined || at - from + 1 >= MOST_LABELS {
            return None;
        }
        at += 1;
    }
    let mut end = None;
    for _ in 0..MOST_PARTS {
        let part = if marks.gap_before(at + 1) == "." {
            at + 1
        } else if is_dot(marks, at + 1, words) {
            at + 2
        } else {
            break;
        };
        let Some(word) = marks.word(part) else { break };
        let is_known = words.endings.contains(&word);
        let is_written = written && word.len() > 1 && word.chars().all(char::is_alphabetic);
        if is_known || is_written {
            end = Some(part);
        }
        at = part;
        while matches!(marks.gap_before(at + 1), "" | "-") && marks.word(at + 1).is_some() && at - part < 2 {
            at += 1;
        }
    }
    end
}

/// The first word of the name that ends with this word.
fn beginning(marks: &Marks<'_>, last: usize, words: &Words) -> usize {
    let is_part = |at: usize| {
        let token = marks.tokens.get(at).filter(|_| !marks.is_marked(at));
        let is_digit = |word: &str| words.digits.iter().any(|(known, _)| *known == word);
        token.is_some_and(|token| token.is_single() || token.digits || is_digit(&token.lower))
    };
    let mut at = last;
    while at > 0 && last - at < LONGEST_NAME {
        let gap = marks.gap_before(at);
        let tight = matches!(gap, "" | "." | "_" | "-" | "+" | "%") && !marks.is_marked(at - 1);
        let sign = |word: &str| words.dots.contains(&word) || words.signs.contains(&word);
        // Spelled letters, and "jane dot doe 42".
        let signed = at > 1 && marks.word(at - 2).is_some_and(sign) && marks.word(at - 1).is_some();
        if tight || (is_part(at) && (is_part(at - 1) || signed) && matches!(gap, " " | ", ")) {
            at -= 1;
        } else if at > 1 && marks.word(at - 1).is_some_and(sign) && marks.word(at - 2).is_some() {
            at -= 2;
        } else {
            break;
        }
    }
    // "My address is jane smith at ..."
    let introduced = (1..=MOST_NAMES).find_map(|back| {
        let before = at.checked_sub(back)?;
        let is_introduction = marks.word(before).is_some_and(|word| words.introductions.contains(&word));
        is_introduction.then_some(before + 1)
    });
    let plain = |from: usize| (from + 1..=at).all(|at| marks.gap_before(at).trim().is_empty());
    introduced.filter(|&from| plain(from) && from <= at).unwrap_or(at)
}
