//! Where a key is in a text, and where a new one belongs. Must not know how values are written.

use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::splice::Splice;
use crate::text;

type Key<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

/// The key of a section, with its value.
pub(crate) fn key<'a, 'i>(root: &'a DeTable<'i>, section: &str, name: &str) -> Option<Key<'a, 'i>> {
    let (_, keys) = root.iter().find(|(key, _)| key.get_ref() == section)?;
    let DeValue::Table(keys) = keys.get_ref() else { return None };
    keys.iter().find(|(key, _)| key.get_ref() == name)
}

/// The splice that adds a key whose value is written like this.
pub(crate) fn new_key(
    text: &str,
    root: &DeTable<'_>,
    section: &str,
    name: &str,
    written: &str,
) -> Option<Splice> {
    let end = end_of_line(text);
    let line = format!("{name} = {written}");
    if let Some((key, value)) = root.iter().find(|(key, _)| key.get_ref() == section) {
        let DeValue::Table(keys) = value.get_ref() else { return None };
        if let Some(splice) = beside(text, keys, &line) {
            return Some(splice);
        }
        let header = &text[line_start(text, key.span().start)..line_end(text, key.span().end)];
        let header = header.split_once('#').map_or(header, |(header, _)| header).trim();
        let inside = header.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if inside.is_some_and(|inside| inside.trim().trim_matches(['"', '\'']) == section) {
            let at = line_end(text, key.span().end);
            return Some((at..at, format!("{end}{line}")));
        }
        if text.get(value.span()).is_some_and(|inline| inline.starts_with('{')) {
            return Some((value.span(), format!("{{ {line} }}")));
        }
    }
    let gap = match (text.is_empty(), text.ends_with('\n')) {
        (true, _) => String::new(),
        (false, true) => end.to_owned(),
        (false, false) => end.repeat(2),
    };
    Some((text.len()..text.len(), format!("{gap}[{section}]{end}{line}{end}")))
}

/// The splice that adds a line after the last of these keys, in the way in which that is written.
fn beside(text: &str, keys: &DeTable<'_>, line: &str) -> Option<Splice> {
    let before = |key: Range<usize>| &text[line_start(text, key.start)..key.start];
    let own = keys.iter().filter(|(key, _)| !before(key.span()).trim_start().starts_with('['));
    let (key, last) = own.max_by_key(|(_, value)| value_end(value))?;
    let before = before(key.span());
    if before.contains('{') {
        let at = value_end(last);
        return Some((at..at, format!(", {line}")));
    }
    let at = line_end(text, value_end(last));
    Some((at..at, format!("{}{before}{line}", end_of_line(text))))
}

/// The splices that make the entries of a table, each on a line of its own, those of `new`. A new entry takes
/// the line of one that goes, if one does.
pub(crate) fn entries(text: &str, entries: &DeTable<'_>, old: &Value, new: &Table) -> Option<Vec<Splice>> {
    let line = |(name, value): (&String, &Value)| {
        Some(format!("{} = {}", text::key(name), text::written(value, None)?))
    };
    let mut come = new.iter().filter(|(name, _)| old.get(name.as_str()).is_none()).map(line);
    let mut splices = Vec::new();
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        match new.get(name) {
            Some(wanted) if old.get(name) == Some(wanted) => {}
            Some(wanted) => splices.push((value.span(), text::written(wanted, text.get(value.span()))?)),
            None => splices.push(match come.next() {
                Some(line) => (key.span().start..value_end(value), line?),
                None => {
                    let (from, to) = (line_start(text, key.span().start), line_end(text, value_end(value)));
                    let end = text[to..].find('\n').map_or(to, |more| to + more + 1);
                    (from..end, String::new())
                }
            }),
        }
    }
    for line in come {
        splices.push(beside(text, entries, &line?)?);
    }
    Some(splices)
}

/// The end of a value; a table of dotted keys ends with the last of them.
fn value_end(value: &Spanned<DeValue<'_>>) -> usize {
    let own = value.span().end;
    match value.get_ref() {
        DeValue::Table(keys) => keys.iter().map(|(_, value)| value_end(value)).fold(own, usize::max),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_) => own,
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |before| before + 1)
}

/// The end of the line, before its line end.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |more| at + more);
    if text[at..end].ends_with('\r') { end - 1 } else { end }
}

fn end_of_line(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
