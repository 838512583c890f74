//! International bank account numbers (ISO 13616). Must not know other personal values.

use super::marking::{Marks, Tag};

/// The characters of a number (ISO 13616-1).
const LENGTH: std::ops::RangeInclusive<usize> = 15..=34;

/// Marks bank accounts.
pub(super) fn mark(marks: &mut Marks<'_>) {
    let mut at = 0;
    while at < marks.tokens.len() {
        if let Some(last) = account(marks, at) {
            marks.mark(at, last, Tag::Number);
            at = last;
        }
        at += 1;
    }
}

/// The last word of the account number that begins at this word: the longest with right check digits.
fn account(marks: &Marks<'_>, first: usize) -> Option<usize> {
    // In capitals: "is" and "it" are countries too.
    let country = marks.tokens.get(first).and_then(|token| marks.text.get(token.start..token.end))?;
    let check = marks.word(first + 1)?;
    let is_head = country.len() == 2
        && country.bytes().all(|c| c.is_ascii_uppercase())
        && check.len() >= 2
        && check.bytes().take(2).all(|c| c.is_ascii_digit());
    if !is_head {
        return None;
    }
    let (mut number, mut found) = (String::new(), None);
    for at in first..first + *LENGTH.end() {
        let joined = at == first || matches!(marks.gap_before(at), "" | " " | "-");
        let Some(word) = marks.word(at).filter(|word| joined && word.is_ascii()) else { break };
        number.push_str(word);
        if number.len() > *LENGTH.end() {
            break;
        }
        if LENGTH.contains(&number.len()) && has_right_check(&number) {
            found = Some(at);
        }
    }
    found
}

/// ISO 7064, MOD 97-10, with the first four characters behind the others and letters as 10 to 35.
fn has_right_check(number: &str) -> bool {
    let (head, rest) = number.split_at(4);
    let remainder = rest.chars().chain(head.chars()).try_fold(0_u32, |so_far, c| {
        let value = c.to_digit(36)?;
        Some((so_far * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    remainder == Some(1)
}
