//! The words of a question: which of them say what it is about. Must not know passages.

use std::collections::BTreeSet;

use serde::Deserialize;

const ENGLISH: &str = include_str!("../data/en.toml");

/// Words of a question that are looked up; more say nothing new.
const MOST: usize = 24;

/// Words of a language, by what they do in a question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// They say nothing of what is asked about.
    empty: BTreeSet<String>,
    /// They say what is wanted of a thing.
    asking: BTreeSet<String>,
    /// Questions begin with them.
    asks: BTreeSet<String>,
    /// Groups of words that are said of the same thing.
    alike: Vec<BTreeSet<String>>,
    /// Questions that are not to be answered with yes or no have one of them.
    open: BTreeSet<String>,
    /// Questions that go on with the one before begin with them.
    goes_on: Vec<String>,
}

/// A word that is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) word: String,
    /// Names what is asked about; others say what is wanted of it.
    pub(crate) names: bool,
}

impl Words {
    /// Those of English.
    ///
    /// # Errors
    /// Never: a test reads them.
    pub(crate) fn english() -> Result<Self, toml::de::Error> {
        toml::from_str(ENGLISH)
    }

    /// The words of a text that are looked up, each once, in their order.
    pub(crate) fn terms(&self, text: &str) -> Vec<Term> {
        let mut terms: Vec<Term> = Vec::new();
        for word in plain(text) {
            let known = self.empty.contains(&word) || terms.iter().any(|term| term.word == word);
            if !known && (word.chars().count() > 1 || word.contains(char::is_numeric)) {
                terms.push(Term { names: !self.asking.contains(&word), word });
            }
        }
        terms.truncate(MOST);
        terms
    }

    /// Other words that are said of the same thing.
    pub(crate) fn alike<'w>(&'w self, word: &'w str) -> impl Iterator<Item = &'w str> {
        let groups = self.alike.iter().filter(move |group| group.contains(word));
        groups.flatten().map(String::as_str).filter(move |other| *other != word)
    }

    /// Whether a text goes on with the question before: it says so, or names nothing itself.
    pub(crate) fn goes_on(&self, text: &str) -> bool {
        let said = plain(text).collect::<Vec<_>>().join(" ");
        let begins = |start: &String| said.strip_prefix(start).is_some_and(|rest| rest.starts_with(' '));
        self.goes_on.iter().any(begins) || !self.terms(text).iter().any(|term| term.names)
    }

    /// Whether a question is to be answered with yes or no.
    pub(crate) fn is_yes_or_no(&self, question: &str) -> bool {
        !plain(question).any(|word| self.open.contains(&word))
    }

    /// Whether a text asks something.
    pub(crate) fn is_question(&self, text: &str) -> bool {
        let asks = |sentence: &str| {
            let first = sentence.split_whitespace().next().unwrap_or_default().to_lowercase();
            self.asks.contains(first.trim_matches(|c: char| !c.is_alphanumeric()))
        };
        text.trim_end().ends_with('?') || text.split(['.', '!', '?', ',']).any(asks)
    }
}

/// The words of a text: small letters and digits, and nothing else.
pub(crate) fn plain(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}
