//! Values that are known to be personal, wherever they occur as whole words. Must not know what they are.

use std::collections::HashMap;

use super::marking::{Marks, Tag};
use super::tokens::tokens;

/// The most values, and the most words of a value: what is said is compared with all that begin alike.
const MOST_VALUES: usize = 64;
const MOST_WORDS: usize = 16;

/// A genitive stays: "[captured]'s".
const GENITIVE: [&str; 2] = ["'s", "’s"];

/// Marks the values.
pub(super) fn mark(marks: &mut Marks<'_>, values: &[String]) {
    let mut beginnings: HashMap<String, Vec<Vec<String>>> = HashMap::new();
    for value in values.iter().take(MOST_VALUES) {
        let words: Vec<String> =
            tokens(value).iter().map(|token| bare(&token.lower).to_owned()).take(MOST_WORDS).collect();
        // A single letter or digit is in everything that is said.
        if words.iter().map(|word| word.chars().count()).sum::<usize>() > 1
            && let Some(first) = words.first()
        {
            beginnings.entry(first.clone()).or_default().push(words);
        }
    }
    // "Jane Doe" before "Jane".
    for alike in beginnings.values_mut() {
        alike.sort_by_key(|words| std::cmp::Reverse(words.len()));
    }
    let mut at = 0;
    while at < marks.tokens.len() {
        let found = marks.word(at).map(bare).and_then(|word| beginnings.get(word)).and_then(|alike| {
            alike.iter().find(|words| is_here(marks, at, words)).map(|words| at + words.len() - 1)
        });
        if let Some(last) = found {
            marks.mark_but(at, last, Tag::Captured, genitive(marks, last));
            at = last;
        }
        at += 1;
    }
}

fn bare(word: &str) -> &str {
    word.strip_suffix(GENITIVE[0]).unwrap_or(word)
}

fn is_here(marks: &Marks<'_>, at: usize, words: &[String]) -> bool {
    words.iter().enumerate().all(|(nth, word)| marks.word(at + nth).map(bare) == Some(word))
}

/// The bytes of the genitive's ending at the end of this word.
fn genitive(marks: &Marks<'_>, at: usize) -> usize {
    let word = marks.tokens.get(at).and_then(|token| marks.text.get(token.start..token.end));
    let ending = |word: &str| GENITIVE.into_iter().find(|ending| word.ends_with(ending)).map(str::len);
    word.and_then(ending).unwrap_or(0)
}
