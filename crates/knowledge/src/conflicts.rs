//! What two documents say differently: "Deposit: $20" here, "Deposit: $30" there. Must not know which is
//! right.

use std::collections::BTreeMap;

use crate::passages::Passage;
use crate::words::plain;

/// The longest label, in words.
const LONGEST_LABEL: usize = 5;

/// The most conflicts that are told.
const MOST: usize = 100;

/// A label with two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What stands before the colon.
    pub label: String,
    /// Where it stands first, and what stands behind it.
    pub first: (String, String),
    /// Where it stands with another value, and that one.
    pub other: (String, String),
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { label, first: (here, value), other: (there, other) } = self;
        write!(f, "{label} is {value:?} in {here}, but {other:?} in {there}")
    }
}

/// Lines of the form "label: value" under the same headings, whose values differ between two documents.
pub(crate) fn conflicts(passages: &[Passage]) -> Vec<Conflict> {
    // By the headings and the label.
    let mut known = BTreeMap::<[Vec<String>; 2], _>::new();
    let mut conflicts = Vec::new();
    for passage in passages {
        for line in passage.text.lines() {
            let Some((label, value)) = line.split_once(": ") else { continue };
            let words: Vec<String> = plain(label).collect();
            let value = value.trim().trim_end_matches('.');
            if words.is_empty() || words.len() > LONGEST_LABEL {
                continue;
            }
            let headings = passage.headings.iter().map(|heading| heading.to_lowercase()).collect();
            let (first, before) = *known.entry([headings, words]).or_insert((passage, value));
            let differs = !plain(before).eq(plain(value));
            if differs && first.document != passage.document && conflicts.len() < MOST {
                conflicts.push(Conflict {
                    label: label.trim().to_owned(),
                    first: (first.source(), before.to_owned()),
                    other: (passage.source(), value.to_owned()),
                });
            }
        }
    }
    conflicts
}
