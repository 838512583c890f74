//! Codes of letters and digits: "AB12-C3", "B12", "COVID-19". Must not know where they stand.

use super::abbreviations::capitals;
use super::letters::spelled;
use super::numbers::digits;
use super::word::{has_digit, is_digits};
use crate::language::Speech;

/// The parts of a code: runs of letters, runs of digits.
fn runs(piece: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut rest = piece;
    while let Some(first) = rest.chars().next() {
        let is_same = |c: char| c.is_ascii_digit() == first.is_ascii_digit();
        let (run, after) =
            rest.split_at_checked(rest.find(|c| !is_same(c)).unwrap_or(rest.len())).unwrap_or((rest, ""));
        runs.push(run);
        rest = after;
    }
    runs
}

/// Letters in a code: a word, or initials.
fn letters(run: &str, speech: &Speech) -> (String, bool) {
    if let Some((_, said)) = speech.abbreviations.words.iter().find(|(word, _)| *word == run) {
        return ((*said).to_owned(), true);
    }
    let is_mixed = run.contains(char::is_lowercase);
    let lower = run.to_lowercase();
    if run.chars().count() > 2 && speech.abbreviations.shouted.contains(&lower.as_str()) {
        return (lower, true);
    }
    if is_mixed && run.chars().count() > 2 { (run.to_owned(), true) } else { (spelled(run, speech), false) }
}

/// A word like "year" in "10-year-old": no part of a code.
fn is_plain_word(piece: &str) -> bool {
    piece.chars().count() > 1 && piece.chars().all(char::is_lowercase)
}

/// What is said of a word of letters and digits, or `None` if it is something else.
pub(super) fn code(written: &str, speech: &Speech) -> Option<String> {
    let is_code = |c: char| c.is_alphanumeric() || c == '-';
    if !has_digit(written)
        || !written.contains(char::is_alphabetic)
        || !written.chars().all(is_code)
        || written.starts_with('-')
        || written.split('-').any(is_plain_word)
        || written.ends_with('-')
    {
        return None;
    }
    let pieces: Vec<Vec<&str>> = written.split('-').map(runs).collect();
    let count: usize = pieces.iter().map(Vec::len).sum();
    let flat: Vec<&str> = pieces.iter().flatten().copied().collect();
    // A letter and a short number, or a word and a number: the number is said in one.
    let (first, second) = (flat.first()?, flat.get(1));
    let after_word = !has_digit(first) && letters(first, speech).1;
    let is_short = |run: &str| is_digits(run) && run.len() <= 3 && !run.starts_with('0');
    let several = pieces.iter().filter(|piece| !piece.is_empty()).count() > 1;
    let in_one = count == 2
        && second.is_some_and(|second| {
            let digits = if is_digits(first) { *first } else { *second };
            let letters = if is_digits(first) { *second } else { *first };
            let length = letters.chars().count();
            is_short(digits) && (length == 1 || after_word || (several && length <= 3 && digits.len() == 3))
        });
    let long = pieces.iter().any(|piece| piece.concat().chars().count() > 2);
    let mut said: Vec<String> = Vec::new();
    for piece in &pieces {
        let words = piece.iter().map(|run| match () {
            () if is_digits(run) && (in_one || (after_word && is_short(run))) => {
                run.parse().map_or_else(|_| digits(run, &speech.numbers), speech.addresses.house)
            }
            () if is_digits(run) => digits(run, &speech.numbers),
            () => letters(run, speech).0,
        });
        said.push(words.collect::<Vec<_>>().join(" "));
    }
    let pause = if several && long && !after_word && !in_one { ", " } else { " " };
    Some(said.join(pause))
}

/// What is said of a word in capitals, or of letters and digits.
pub(super) fn said(written: &str, speech: &Speech) -> Option<String> {
    capitals(written, speech).or_else(|| code(written, speech))
}
