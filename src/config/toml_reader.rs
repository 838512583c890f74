//! Reads a TOML table key by key, checks that each value is allowed, and collects all problems instead of
//! stopping at the first. Knows no key by name: `schema.rs` does.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::{Table, Value};

use super::problems::{Problem, Secrets};

/// A table that is being read. It remembers the keys that were asked for; any other key is unknown.
pub(super) struct Reader {
    root: Table,
    asked: BTreeSet<String>,
    problems: Vec<Problem>,
    /// Whether the value of a key may be a secret, or contain one.
    hides: fn(&str) -> bool,
    secrets: Secrets,
}

/// Stands for a value that is not shown.
pub(super) const HIDDEN: &str = "…";

impl Reader {
    /// Reads `root`. Problems never repeat the values of keys for which `hides` is true.
    pub(super) fn new(root: Table, hides: fn(&str) -> bool, secrets: Secrets) -> Self {
        Self { root, asked: BTreeSet::new(), problems: Vec::new(), hides, secrets }
    }

    /// A reader of another table, with the same care for secrets.
    pub(super) fn over(&self, root: Table) -> Self {
        Self::new(root, self.hides, self.secrets)
    }

    /// These sections, as they stand there.
    pub(super) fn sections(&self, names: &[&str]) -> Table {
        let section = |name: &&str| Some(((*name).to_owned(), self.root.get(*name)?.clone()));
        names.iter().filter_map(section).collect()
    }

    /// Whether secrets are read or only their references checked.
    pub(super) fn secrets(&self) -> Secrets {
        self.secrets
    }

    /// Whether the table has `key`.
    pub(super) fn says(&self, key: &str) -> bool {
        key.split_once('.').is_some_and(|(section, name)| {
            self.root.get(section).and_then(Value::as_table).is_some_and(|keys| keys.contains_key(name))
        })
    }

    /// All problems, unknown keys included.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        let sections: BTreeSet<&str> = self.asked.iter().filter_map(|k| Some(k.split_once('.')?.0)).collect();
        let mut unknown = Vec::new();
        for (section, value) in &self.root {
            match value {
                Value::Table(keys) if sections.contains(section.as_str()) => {
                    let full = keys.keys().map(|key| format!("{section}.{key}"));
                    unknown.extend(full.filter(|key| !self.asked.contains(key)).map(|key| {
                        let near = self.asked.iter().filter(|k| k.starts_with(&format!("{section}.")));
                        unknown_key(&key, near)
                    }));
                }
                Value::Table(_) => unknown.push(Problem::about(
                    &format!("[{}]", shown_name(section)),
                    format!("unknown section; the sections are {}", join(sections.iter())),
                )),
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_) => unknown.push(Problem::about(
                    // A credential without its section ends up here.
                    shown_name(section),
                    format!("a key inside one of the sections {}", join(sections.iter())),
                )),
            }
        }
        self.problems.extend(unknown);
        self.problems
    }

    /// Every key that was asked for, without sections whose names are free.
    #[cfg(test)]
    pub(super) fn asked_keys(&self) -> impl Iterator<Item = &String> {
        self.asked.iter().filter(|key| !key.ends_with('.'))
    }

    /// A text; `check` returns the allowed values if the text is wrong.
    pub(super) fn text(
        &mut self,
        key: &str,
        default: &str,
        check: impl Fn(&str) -> Option<String>,
    ) -> String {
        let value = match self.take(key) {
            None => return default.to_owned(),
            Some(Value::String(text)) => text,
            Some(other) => {
                self.complain(key, &other, "a text in quotes".into());
                return default.to_owned();
            }
        };
        if let Some(allowed) = check(&value) {
            self.complain(key, &Value::String(value.clone()), allowed);
        }
        value
    }

    /// A whole number within `range`.
    pub(super) fn integer(&mut self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        match self.take(key) {
            None => default,
            Some(Value::Integer(i)) if u64::try_from(i).is_ok_and(|i| range.contains(&i)) => i.unsigned_abs(),
            Some(other) => {
                self.complain(key, &other, allowed);
                default
            }
        }
    }

    /// A duration in whole milliseconds within `range`.
    pub(super) fn millis(&mut self, key: &str, default: u64, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.integer(key, default, range))
    }

    /// A number within `range`, with or without a fraction.
    pub(super) fn number(&mut self, key: &str, default: f64, range: RangeInclusive<f64>) -> f64 {
        let allowed = format!("a number from {} to {}", range.start(), range.end());
        match self.take(key) {
            None => default,
            Some(Value::Float(x)) if range.contains(&x) => x,
            Some(Value::Integer(i)) if range.contains(&(i as f64)) => i as f64,
            Some(other) => {
                self.complain(key, &other, allowed);
                default
            }
        }
    }

    /// A path, from `base` if it is relative; `None` if the key is "".
    pub(super) fn file(&mut self, key: &str, base: &Path) -> Option<PathBuf> {
        Some(self.text(key, "", |_| None)).filter(|path| !path.is_empty()).map(|path| base.join(path))
    }

    /// true or false.
    pub(super) fn switch(&mut self, key: &str, default: bool) -> bool {
        match self.take(key) {
            None => default,
            Some(Value::Boolean(b)) => b,
            Some(other) => {
                self.complain(key, &other, "true or false".into());
                default
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &str, default: &[&str]) -> Vec<String> {
        let usual = || default.iter().map(|&s| s.to_owned()).collect();
        let Some(value) = self.take(key) else { return usual() };
        let list = value.as_array().and_then(|items| {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        list.unwrap_or_else(|| {
            self.complain(key, &value, "a list of texts such as [\"one\", \"two\"]".into());
            usual()
        })
    }

    /// A list of whole numbers, each within `range`.
    pub(super) fn integers(&mut self, key: &str, default: &[u64], range: RangeInclusive<u64>) -> Vec<u64> {
        let Some(value) = self.take(key) else { return default.to_vec() };
        let number = |item: &Value| item.as_integer().and_then(|i| u64::try_from(i).ok());
        let list = value.as_array().and_then(|items| items.iter().map(number).collect::<Option<Vec<u64>>>());
        match list.filter(|list| list.iter().all(|number| range.contains(number))) {
            Some(list) => list,
            None => {
                let (least, most) = (range.start(), range.end());
                self.complain(key, &value, format!("a list of whole numbers from {least} to {most}"));
                default.to_vec()
            }
        }
    }

    /// Whatever stands there.
    pub(super) fn value(&mut self, key: &str) -> Option<Value> {
        self.take(key)
    }

    /// A list of tables; empty if the key is missing.
    pub(super) fn tables(&mut self, key: &str, allowed: &str) -> Vec<Table> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let tables = value.as_array().and_then(|items| {
            items.iter().map(|item| item.as_table().cloned()).collect::<Option<Vec<Table>>>()
        });
        tables.unwrap_or_else(|| {
            self.complain(key, &value, allowed.to_owned());
            Vec::new()
        })
    }

    /// A table of texts, in the order of their names; empty if the key is missing.
    pub(super) fn pairs(&mut self, key: &str, allowed: &str) -> Vec<(String, String)> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let pairs = value.as_table().and_then(|table| {
            let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
            table.iter().map(pair).collect::<Option<Vec<_>>>()
        });
        pairs.unwrap_or_else(|| {
            self.complain(key, &value, allowed.to_owned());
            Vec::new()
        })
    }

    /// A table; empty if the key is missing.
    pub(super) fn table(&mut self, key: &str, allowed: &str) -> Table {
        match self.take(key) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                self.complain(key, &other, allowed.to_owned());
                Table::new()
            }
        }
    }

    /// The tables of a section whose names are free, in the order of their names.
    pub(super) fn children(&mut self, section: &str) -> Vec<(String, Table)> {
        // The section is known, even if it is empty.
        self.asked.insert(format!("{section}."));
        let children = self.root.get(section).and_then(Value::as_table).cloned().unwrap_or_default();
        let mut tables = Vec::new();
        for (name, value) in children {
            let key = format!("{section}.{name}");
            self.asked.insert(key.clone());
            match &value {
                Value::Table(table) => tables.push((name, table.clone())),
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_) => self.complain(&key, &value, format!("a table, [{section}.NAME]")),
            }
        }
        tables
    }

    /// Adds a problem that was found in a table of a section.
    pub(super) fn refuse_in(&mut self, section: &str, problem: Problem) {
        self.problems.push(Problem { key: format!("{section}.{}", problem.key), ..problem });
    }

    /// Adds a problem that one key alone cannot show.
    pub(super) fn refuse(&mut self, key: &str, value: String, allowed: String) {
        self.problems.push(Problem::of(key, value, allowed));
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.asked.insert(key.to_owned());
        let (section, name) = key.split_once('.')?;
        self.root.get(section)?.as_table()?.get(name).cloned()
    }

    fn complain(&mut self, key: &str, value: &Value, allowed: String) {
        let mut shown = value.to_string();
        if (self.hides)(key) || is_credential(&shown) {
            shown = HIDDEN.to_owned();
        }
        if shown.len() > 80 {
            shown = shown.chars().take(77).chain("...".chars()).collect();
        }
        self.problems.push(Problem::of(key, shown, allowed));
    }
}

fn unknown_key<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> Problem {
    let known: Vec<&String> = known.collect();
    let nearest =
        known.iter().min_by_key(|k| strsim::levenshtein(key, k)).filter(|k| strsim::levenshtein(key, k) <= 4);
    let allowed = match nearest {
        Some(near) => format!("unknown key; did you mean {near}?"),
        None => format!("unknown key; known keys are {}", join(known.iter())),
    };
    let (section, name) = key.split_once('.').unwrap_or(("", key));
    Problem::about(&format!("{section}.{}", shown_name(name)), allowed)
}

/// The longest word of a name. Names consist of words; a longer one, or one with more than a few digits, may
/// be a secret that was written in the place of its key.
const LONGEST_WORD: usize = 16;

/// A key, or [`HIDDEN`] if it may be a secret.
fn shown_name(name: &str) -> &str {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let words = name.split(['_', '-']).all(|word| word.len() <= LONGEST_WORD);
    if plain && digits <= 3 && words && name.len() <= 3 * LONGEST_WORD { name } else { HIDDEN }
}

/// Whether a value contains a credential, whatever its key: an address with a user or a query, or a PEM key.
fn is_credential(value: &str) -> bool {
    (value.contains("://") && value.contains(['@', '?', '#'])) || value.contains("-----BEGIN")
}

fn join<T: fmt::Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
}
