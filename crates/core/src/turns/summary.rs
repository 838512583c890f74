//! A summary of the lines that a long history drops: sentences in which a caller told something about
//! themselves. Made by rules, so that it costs nothing and invents nothing. Pure text.

use std::fmt::Write as _;

use crate::language::words::plain_words;
use crate::language::{ENGLISH, Memory};

/// At most this many facts are kept; the token budget may allow fewer.
const MOST: usize = 24;

/// Facts in the order in which they were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    facts: Vec<String>,
    table: &'static Memory,
}

impl Default for Summary {
    /// The summary of a call in English.
    fn default() -> Self {
        Self::new(&ENGLISH.memory)
    }
}

impl Summary {
    /// The summary of a call in the language of `table`, which lists the words that matter.
    #[must_use]
    pub fn new(table: &'static Memory) -> Self {
        Self { facts: Vec::new(), table }
    }

    /// Keeps the sentences of `said` that tell a fact.
    pub fn keep(&mut self, said: &str) {
        for sentence in sentences(said).filter(|sentence| tells(sentence, self.table)) {
            // A fact that is told again counts where it was told last.
            self.facts.retain(|fact| plain_words(fact) != plain_words(sentence));
            self.facts.push(sentence.to_owned());
        }
        let excess = self.facts.len().saturating_sub(MOST);
        self.facts.drain(..excess);
    }

    /// Drops facts until the text `fits`: those about the caller's name and number last.
    pub fn shorten(&mut self, fits: impl Fn(&str) -> bool) {
        while !self.facts.is_empty() && !fits(&self.text()) {
            let least =
                self.facts.iter().position(|fact| !is_about_the_caller(fact, self.table)).unwrap_or(0);
            self.facts.remove(least);
        }
    }

    /// One line for the language model; empty if there is nothing to say.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for fact in &self.facts {
            let lead = if text.is_empty() { self.table.told_before } else { " " };
            let end = if fact.ends_with(['.', '!', '?']) { "" } else { "." };
            // Writing to a string does not fail.
            let _ = write!(text, "{lead}{fact}{end}");
        }
        text
    }
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?']).map(str::trim).filter(|sentence| !sentence.is_empty())
}

fn tells(sentence: &str, table: &Memory) -> bool {
    if sentence.ends_with('?') {
        return false;
    }
    let words = plain_words(sentence);
    let padded = format!(" {} ", words.join(" "));
    let says = |phrase: &&str| padded.contains(&format!(" {phrase} "));
    words.len() > 1 && (table.tells.iter().any(&says) || table.times.iter().any(says) || has_digits(&words))
}

fn is_about_the_caller(fact: &str, table: &Memory) -> bool {
    let fact = fact.to_lowercase();
    table.about_the_caller.iter().any(|word| fact.contains(word))
}

fn has_digits(words: &[String]) -> bool {
    words.iter().any(|word| word.chars().any(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(said: &[&str]) -> Summary {
        let mut summary = Summary::default();
        said.iter().for_each(|said| summary.keep(said));
        summary
    }

    #[test]
    fn what_a_caller_tells_is_kept_and_what_they_ask_is_not() {
        let summary = summary(&["Hi. My name is Laura. When do you open?", "Okay.", "On Tuesday at ten."]);
        assert_eq!(
            summary.text(),
            "Earlier in this call the caller said: My name is Laura. On Tuesday at ten."
        );
    }

    #[test]
    fn nothing_told_is_nothing_to_say() {
        assert_eq!(summary(&["Do you have parking?", "Thanks"]).text(), "");
    }

    #[test]
    fn the_name_outlives_the_rest() {
        let mut summary = summary(&["My name is Laura.", "I have a dog.", "I need a filling."]);
        summary.shorten(|text| text.len() < 60);
        assert_eq!(summary.text(), "Earlier in this call the caller said: My name is Laura.");
    }

    #[test]
    fn a_call_of_days_does_not_grow() {
        let mut summary = Summary::default();
        (0..1000).for_each(|n| summary.keep(&format!("I need {n} pills.")));
        assert_eq!(summary.facts.len(), MOST);
    }
}
