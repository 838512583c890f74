//! The last recogniser: a word of any signs, letters and digits, piece by piece. Nothing that it says holds a
//! digit or a sign. Must not know the words around it.

use super::codes;
use super::letters::{is_letter, push_letter, spelled};
use super::numbers::{decade_of, digits_in_groups};
use super::things;
use super::units;
use super::word::{has_digit, is_digits, joined};
use crate::language::Speech;

/// Signs that separate the pieces of a word.
const SEPARATORS: [char; 4] = ['-', '/', '–', '—'];

fn is_word(piece: &str, speech: &Speech) -> bool {
    piece.chars().next().is_some_and(|c| is_letter(c, speech))
        && piece.chars().next_back().is_some_and(|c| is_letter(c, speech))
}

/// Anything, after this word (in lower case).
pub(super) fn said(written: &str, before: &str, speech: &Speech) -> String {
    if let Some(said) = codes::said(written, speech) {
        return said;
    }
    if let Some(said) = rate(written, before, speech) {
        return said;
    }
    if let Some(said) = frequency(written, speech) {
        return said;
    }
    if !written.contains(SEPARATORS) {
        return piece(written, before, speech);
    }
    let mut line = String::new();
    let mut rest = written;
    let mut last = "";
    let mut separator = ' ';
    while !rest.is_empty() {
        let end = rest.find(SEPARATORS).unwrap_or(rest.len());
        let (here, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let said = piece(here, before, speech);
        if !said.is_empty() {
            if !line.is_empty() {
                line.push_str(&between(last, separator, here, speech));
            }
            line.push_str(&said);
            last = here;
        }
        let mut signs = after.chars();
        separator = signs.next().unwrap_or(' ');
        rest = signs.as_str();
    }
    line
}

/// What stands between two pieces.
fn between(last: &str, separator: char, next: &str, speech: &Speech) -> String {
    let are_words = is_word(last, speech) && is_word(next, speech);
    let number_and_word = has_digit(last) && is_word(next, speech) && next.contains(char::is_lowercase);
    let are_capitals = |word: &str| !word.contains(char::is_lowercase);
    match separator {
        '-' if are_words && are_capitals(last) && are_capitals(next) => " ".to_owned(),
        '-' if are_words || number_and_word || (is_word(last, speech) && has_digit(next)) => "-".to_owned(),
        '/' if are_words && !(are_capitals(last) && are_capitals(next)) => {
            format!(" {} ", speech.signs.slash)
        }
        '–' | '—' => ", ".to_owned(),
        _ => " ".to_owned(),
    }
}

/// A number for each of something: "3/day".
fn rate(written: &str, before: &str, speech: &Speech) -> Option<String> {
    let (number, rate) = written.split_once('/')?;
    let said = things::one(number, before, speech).filter(|_| has_digit(number))?;
    Some(joined(&[&said, speech.money.per, &units::each(rate, speech)?]))
}

/// How often, without a number: "days/week", "twice/day". Not "day/week": one of the two.
fn frequency(written: &str, speech: &Speech) -> Option<String> {
    let (what, span) = written.split_once('/')?;
    let is_span = |word: &str| speech.times.spans.iter().any(|span| span.eq_ignore_ascii_case(word));
    let is_it = is_span(span) && !is_span(what) && is_word(what, speech) && !what.contains(SEPARATORS);
    let span = units::each(span, speech).filter(|_| is_it)?;
    Some(joined(&[what, speech.money.per, &span]))
}

/// A piece without separators.
fn piece(written: &str, before: &str, speech: &Speech) -> String {
    if written.is_empty() {
        return String::new();
    }
    // "mid-'90s"
    let decade = written.strip_prefix('\'').zip(speech.numbers.decades_after.first());
    if let Some(n) = decade.and_then(|(digits, the)| decade_of(digits, the, &speech.numbers)) {
        return (speech.numbers.decade)(n);
    }
    if let Some(said) = things::one(written, before, speech).or_else(|| codes::said(written, speech)) {
        return said;
    }
    runs(written, speech)
}

/// A sign of the table at the beginning of `text`.
fn sign<'t>(text: &'t str, speech: &Speech) -> Option<(&'static str, &'t str)> {
    speech.signs.said.iter().find_map(|(sign, said)| Some((*said, text.strip_prefix(sign)?)))
}

/// Letters, digits and signs, one run after the other.
fn runs(written: &str, speech: &Speech) -> String {
    let mut line = String::new();
    let mut rest = written;
    // "Q&A", "A+"
    let are_initials = written.contains(['&', '+']) && !written.contains(char::is_lowercase);
    // The run of letters or digits that is being read.
    let mut run = String::new();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or("");
        let of_letters = !run.is_empty() && !is_digits(&run);
        if c.is_ascii_digit() {
            if of_letters {
                flush(&mut line, &mut run, are_initials, speech);
            }
            run.push(c);
            rest = after;
            continue;
        }
        if let Some((_, n, d)) = speech.signs.fractions.iter().find(|(sign, ..)| *sign == c) {
            flush(&mut line, &mut run, are_initials, speech);
            push(&mut line, &(speech.numbers.fraction)(None, *n, *d));
            rest = after;
            continue;
        }
        if !c.is_ascii() && sign(rest, speech).is_none() || c.is_ascii_alphabetic() {
            if !run.is_empty() && !of_letters {
                flush(&mut line, &mut run, are_initials, speech);
            }
            push_letter(&mut run, c, speech);
            rest = after;
            continue;
        }
        let before_letter = after.chars().next().is_some_and(|next| is_letter(next, speech));
        if c == '\'' && of_letters {
            if before_letter || after.is_empty() {
                run.push(c);
            }
            rest = after;
            continue;
        }
        let last = run.clone();
        flush(&mut line, &mut run, are_initials, speech);
        if let Some((said, after)) = sign(rest, speech) {
            push(&mut line, said);
            rest = after;
            continue;
        }
        // "B.1.1.7"
        let beside_digit = is_digits(&last) || after.starts_with(|c: char| c.is_ascii_digit());
        let dot = speech.web.signs.iter().find(|(sign, _)| *sign == '.').filter(|_| c == '.' && beside_digit);
        if let Some((_, dot)) = dot.filter(|_| !after.is_empty() && !line.is_empty()) {
            push(&mut line, dot);
            rest = after;
            continue;
        }
        // Punctuation inside a word: a space was forgotten.
        if ".,;:!?…".contains(c) && !line.is_empty() && !line.ends_with(|c| ".,;:!?…".contains(c)) {
            line.push(c);
        }
        rest = after;
    }
    flush(&mut line, &mut run, are_initials, speech);
    line
}

fn flush(line: &mut String, run: &mut String, are_initials: bool, speech: &Speech) {
    let said = if is_digits(run) {
        let number = run.parse().ok().filter(|_| run.len() <= 6 && !run.starts_with('0'));
        number.map_or_else(|| digits_in_groups(run, &speech.numbers), speech.numbers.cardinal)
    } else if are_initials {
        spelled(run, speech)
    } else {
        codes::said(run, speech).unwrap_or_else(|| run.clone())
    };
    push(line, said.trim_matches('\''));
    run.clear();
}

fn push(line: &mut String, word: &str) {
    if word.is_empty() {
        return;
    }
    if !line.is_empty() {
        line.push(' ');
    }
    line.push_str(word);
}
