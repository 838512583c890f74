//! Finds runs of digits that are said or written as one number. Must not know what a number is of.

use super::english::Words;
use super::marking::Marks;

/// The most bytes between two digits of one number.
const LONGEST_GAP: usize = 5;

/// The most words between two digits of one number.
const MOST_FILLERS: usize = 3;

/// Some digits in one word or a few: "4111", "double four", "forty-two".
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) digits: String,
    pub(super) spelled: bool,
    /// A comma, a full stop or a word stands before it.
    pub(super) loose: bool,
}

/// Groups that may be one number.
pub(super) type Run = Vec<Group>;

/// How many digits there are.
pub(super) fn count(groups: &[Group]) -> usize {
    groups.iter().map(|group| group.digits.len()).sum()
}

fn lookup<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == word).map(|&(_, value)| value)
}

/// The digits of this word alone.
fn digits_of<'t>(marks: &Marks<'t>, at: usize, words: &Words) -> Option<(&'t str, bool)> {
    let word = marks.word(at)?;
    match marks.tokens.get(at).is_some_and(|token| token.digits) {
        true => Some((word, false)),
        false => lookup(words.digits, word).map(|digits| (digits, true)),
    }
}

/// Whether the words at and before this place are one word in two: "forty-two", "double four".
fn is_beside(marks: &Marks<'_>, at: usize) -> bool {
    matches!(marks.gap_before(at), " " | "-" | "  " | ", ")
}

/// The group that begins at this word.
pub(super) fn group(marks: &Marks<'_>, at: usize, words: &Words) -> Option<Group> {
    let word = marks.word(at)?;
    let group = |last: usize, digits: String| Group { first: at, last, digits, spelled: true, loose: false };
    let next = || digits_of(marks, at + 1, words).filter(|_| is_beside(marks, at + 1));
    if let Some(times) = lookup(words.repeats, word) {
        let (digit, _) = next().filter(|(digit, _)| digit.len() == 1)?;
        return Some(group(at + 1, digit.repeat(times)));
    }
    if let Some(ten) = lookup(words.tens, word) {
        let unit = next().filter(|(unit, spelled)| *spelled && unit.len() == 1 && *unit != "0");
        return Some(match unit {
            Some((unit, _)) => group(at + 1, format!("{ten}{unit}")),
            None => group(at, format!("{ten}0")),
        });
    }
    let (digits, spelled) = digits_of(marks, at, words)?;
    if spelled && digits.len() == 1 && digits != "0" && marks.word(at + 1) == Some(words.hundred) {
        return Some(group(at + 1, format!("{digits}00")));
    }
    Some(Group { first: at, last: at, digits: digits.to_owned(), spelled, loose: false })
}

/// Whether what stands between two words may stand inside a number, and if so, whether it is loose.
fn link(gap: &str) -> Option<bool> {
    let known = gap.len() <= LONGEST_GAP
        && gap
            .chars()
            .all(|c| c.is_whitespace() || matches!(c, '-' | '–' | '.' | ',' | ';' | '/' | '(' | ')' | '+'));
    // A full stop inside digits is tight, one at the end of a sentence is not.
    known.then(|| gap.contains([',', ';']) || (gap.contains('.') && gap.len() > 1))
}

/// The group that goes on behind `before`.
fn following(marks: &Marks<'_>, before: &Group, words: &Words) -> Option<Group> {
    let mut at = before.last + 1;
    let (mut loose, mut listed, mut fillers) = (link(marks.gap_before(at))?, false, 0);
    loop {
        if let Some(mut group) = group(marks, at, words) {
            group.loose = loose;
            return (!listed || (before.spelled && group.spelled)).then_some(group);
        }
        let word = marks.word(at).filter(|word| words.fillers.contains(word))?;
        listed |= word == words.and && marks.word(at + 1) != Some(words.then);
        loose = true;
        fillers += 1;
        at += 1;
        if fillers > MOST_FILLERS {
            return None;
        }
        link(marks.gap_before(at))?;
    }
}

/// All runs of digits that no mark covers, in order. `is_apart` tells which words are a value of their own
/// (an amount, a date), so that no run crosses them: it returns the last word of the value.
pub(super) fn runs(
    marks: &Marks<'_>,
    words: &Words,
    is_apart: impl Fn(&Marks<'_>, usize) -> Option<usize>,
) -> Vec<Run> {
    let (mut runs, mut run) = (Vec::new(), Run::new());
    let mut at = 0;
    while at < marks.tokens.len() {
        let apart = is_apart(marks, at);
        let next = match (apart, run.last()) {
            (Some(_), _) => None,
            (None, Some(before)) => following(marks, before, words).filter(|group| group.first >= at),
            (None, None) => group(marks, at, words),
        };
        match next {
            // Fillers may lead to a value of its own.
            Some(group) if group.first == at || is_apart(marks, group.first).is_none() => {
                at = group.last + 1;
                run.push(group);
            }
            Some(_) | None if run.is_empty() => at = apart.unwrap_or(at) + 1,
            Some(_) | None => {
                runs.push(std::mem::take(&mut run));
                if let Some(last) = apart {
                    at = last + 1;
                }
            }
        }
    }
    if !run.is_empty() {
        runs.push(run);
    }
    runs
}
