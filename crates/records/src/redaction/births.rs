//! Dates of birth, where they are called so. Must not know other dates.

use super::english::Words;
use super::marking::{Marks, Tag};

/// How many words may stand between the announcement and the date, and inside the date.
const BEFORE: usize = 6;
const INSIDE: usize = 10;

/// Marks dates of birth.
pub(super) fn mark(marks: &mut Marks<'_>, words: &Words) {
    for at in 0..marks.tokens.len() {
        let Some(phrase) = words.births.iter().find(|phrase| marks.has(at, phrase)) else { continue };
        let behind = at + phrase.split(' ').count();
        let first = (behind..behind + BEFORE).find(|&at| is_part(marks, at, words));
        if let Some(first) = first
            && let Some(last) = date(marks, first, words)
        {
            marks.mark(first, last, Tag::Date);
        }
    }
}

fn is_month(marks: &Marks<'_>, at: usize, words: &Words) -> bool {
    marks.word(at).is_some_and(|word| words.months.contains(&word))
}

/// Whether this word is a number or a month.
fn is_part(marks: &Marks<'_>, at: usize, words: &Words) -> bool {
    let in_table = |word: &str, table: &[(&str, &str)]| table.iter().any(|(known, _)| *known == word);
    let is_digits = marks.tokens.get(at).is_some_and(|token| token.digits);
    let is_word = |word: &str| {
        is_digits
            || in_table(word, words.digits)
            || in_table(word, words.tens)
            || words.ordinals.contains(&word)
    };
    is_month(marks, at, words) || marks.word(at).is_some_and(is_word)
}

/// The last word of a date: it has a month's name, or enough numbers.
fn date(marks: &Marks<'_>, first: usize, words: &Words) -> Option<usize> {
    let (mut last, mut numbers, mut month, mut year) = (first, 0, false, false);
    for at in first..first + INSIDE {
        let Some(word) = marks.word(at) else { break };
        if is_part(marks, at, words) {
            month |= is_month(marks, at, words);
            year |= word.len() == 4 && marks.tokens.get(at).is_some_and(|token| token.digits);
            numbers += 1;
            last = at;
        } else if !words.in_dates.contains(&word) {
            break;
        }
    }
    (month || year || numbers >= 3).then_some(last)
}
