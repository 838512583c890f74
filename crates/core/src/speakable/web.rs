//! Addresses of mail and pages, handles and names of files. Must not know a language: how the signs are said
//! is in its tables.

use super::letters::spelled;
use super::numbers::digits;
use super::word::{Part, Text, has_digit, is_digits, joined, part};
use crate::language::Speech;

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+&=%".contains(&b))
        && label.bytes().any(|b| b.is_ascii_alphanumeric())
}

/// True if `written` is a name whose last part is one of `endings`, or any two letters or more with `any`.
fn has_ending(written: &str, endings: &[&str], any: bool) -> bool {
    let Some((head, last)) = written.rsplit_once('.') else { return false };
    let known = endings.iter().any(|ending| ending.eq_ignore_ascii_case(last));
    let could_be = any && last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic());
    (known || could_be) && head.split('.').all(is_label)
}

/// A run of letters in an address: a word, or initials.
fn said_part(run: &str, speech: &Speech) -> String {
    let lower = run.to_ascii_lowercase();
    if let Some((_, said)) = speech.web.parts.iter().find(|(part, _)| *part == lower) {
        return (*said).to_owned();
    }
    if !lower.contains(|c| speech.web.vowels.contains(c)) || run.len() == 1 {
        return spelled(run, speech);
    }
    let is_shouted = !run.contains(|c: char| c.is_ascii_lowercase());
    if is_shouted { lower } else { run.to_owned() }
}

/// Names and signs, one after the other.
fn said_name(name: &str, speech: &Speech) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_same = |c: char| {
            (first.is_ascii_alphabetic() && c.is_ascii_alphabetic())
                || (first.is_ascii_digit() && c.is_ascii_digit())
        };
        let end = rest
            .find(|c| !is_same(c))
            .filter(|end| *end > 0)
            .unwrap_or_else(|| if is_same(first) { rest.len() } else { first.len_utf8() });
        let (run, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        if is_digits(run) {
            words.push(digits(run, &speech.numbers));
        } else if first.is_ascii_alphabetic() {
            words.push(said_part(run, speech));
        } else if let Some((_, said)) = speech.web.signs.iter().find(|(sign, _)| *sign == first) {
            words.push((*said).to_owned());
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// What is said of an address, or `None` if `written` is no address.
pub(super) fn said(written: &str, speech: &Speech) -> Option<String> {
    let web = &speech.web;
    let written = written.trim_end_matches('/');
    if let Some((local, host)) = written.split_once('@') {
        let local = local.strip_prefix("mailto:").unwrap_or(local);
        let is_mail = local.split('.').all(is_label) && has_ending(host, web.top_levels, true);
        let is_handle = local.is_empty() && is_label(host) && host.len() > 1;
        let is_handle = is_handle && host.contains(|c: char| c.is_ascii_alphabetic());
        return (is_mail || is_handle).then(|| said_name(&format!("{local}@{host}"), speech));
    }
    let (address, is_address) = match written.split_once("://") {
        Some((scheme, address)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => (address, true),
        Some(_) => return None,
        None => (written, false),
    };
    let without = address.strip_prefix("www.").or_else(|| address.strip_prefix("WWW."));
    let is_address = is_address || without.is_some();
    let (host, path) = match without.unwrap_or(address).split_once(['/', '?', '#', ':']) {
        Some((host, path)) => (host, path),
        None => (without.unwrap_or(address), ""),
    };
    if is_address {
        return host.split('.').all(is_label).then(|| said_name(host, speech));
    }
    if !host.contains(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let is_file = path.is_empty() && has_ending(host, web.files, false);
    if !is_file && !has_ending(host, web.top_levels, false) {
        return None;
    }
    // Of an address that is written for people, a short path is said too.
    let is_short = !path.is_empty() && path.bytes().all(|b| b.is_ascii_alphabetic());
    let path = if is_short { format!("/{path}") } else { String::new() };
    Some(said_name(&format!("{host}{path}"), speech))
}

/// The place of a file: "/etc/hosts", "C:\\Users".
fn path(written: &str, speech: &Speech) -> Option<String> {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let without_drive = written.split_once(':').filter(|(drive, _)| drive.len() == 1);
    let relative = without_drive.map_or(written, |(_, rest)| rest);
    let are_parts = match relative.strip_prefix('/').filter(|_| without_drive.is_none()) {
        Some(rest) => rest.trim_end_matches('/').split('/').all(is_part),
        None => {
            relative.contains('\\')
                && relative.trim_start_matches('\\').trim_end_matches('\\').split('\\').all(is_part)
        }
    };
    let has_letters = written.contains(|c: char| c.is_ascii_alphabetic());
    (are_parts && has_letters).then(|| said_name(written, speech))
}

/// Numbers with several dots: of a machine, of a version. Not the dates of a language that writes them so.
fn dotted_numbers(written: &str, speech: &Speech) -> Option<String> {
    let letter = written.chars().next().filter(char::is_ascii_alphabetic);
    let numbers = written.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(written);
    let groups: Vec<&str> = numbers.split('.').collect();
    let is_date = groups.len() == 3 && speech.dates.separators.contains(&'.');
    let are_numbers = groups.iter().all(|group| is_digits(group) && group.len() <= 3);
    if (groups.len() < 3 && (groups.len() < 2 || letter.is_none())) || !are_numbers || is_date {
        return None;
    }
    let dot = speech.web.signs.iter().find(|(sign, _)| *sign == '.').map_or(" ", |(_, said)| *said);
    let group = |group: &&str| match group.parse() {
        Ok(n) if group.len() <= 2 && (group.len() == 1 || n > 9) => (speech.numbers.cardinal)(n),
        Ok(_) | Err(_) => digits(group, &speech.numbers),
    };
    let said = groups.iter().map(group).collect::<Vec<_>>().join(&format!(" {dot} "));
    Some(joined(&[&letter.map(|letter| spelled(&letter.to_string(), speech)).unwrap_or_default(), &said]))
}

pub(super) fn read(text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
    let core = text.core(i);
    let after_number = text.before(i).is_some_and(|before| has_digit(before.core));
    if let Some(said) = path(core, text.speech).filter(|_| !after_number) {
        return Some(vec![part(said)]);
    }
    if let Some(said) = dotted_numbers(core, text.speech) {
        return Some(vec![part(said)]);
    }
    if !core.contains(['.', '@', ':']) {
        return None;
    }
    said(core, text.speech).map(|said| vec![part(said)])
}
