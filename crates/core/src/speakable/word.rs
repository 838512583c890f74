//! Written words with their punctuation, and what a recogniser says for them. Must not know what words mean.

use crate::language::Speech;

/// Signs before the first and after the last letter of a word that belong to the sentence.
const OPENING: &str = "([{\"'“‘«„‚¿¡*_`|…";
const CLOSING: &str = ".,;:!?…)]}([{\"'”’“»*_`|";

/// Signs around a quotation.
const QUOTES: [char; 7] = ['"', '\'', '“', '”', '„', '‘', '’'];

/// A written word: `core` is what may be read, between the punctuation marks around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) open: &'t str,
    pub(super) core: &'t str,
    pub(super) close: &'t str,
}

impl<'t> Word<'t> {
    pub(super) fn of(raw: &'t str) -> Self {
        let rest = raw.trim_start_matches(|c| OPENING.contains(c));
        let (open, rest) = raw.split_at(raw.len() - rest.len());
        let (core, close) = rest.split_at(rest.trim_end_matches(|c| CLOSING.contains(c)).len());
        Self { open, core, close }
    }

    /// True if a full stop follows directly, which may be the sign of an abbreviation.
    pub(super) fn is_dotted(&self) -> bool {
        self.close.starts_with('.') && !self.close.starts_with("..")
    }

    /// True if nothing stands between this word and the next one, a full stop perhaps.
    pub(super) fn goes_on(&self) -> bool {
        self.close.is_empty() || self.close == "."
    }

    /// True if the sentence ends here; the full stop of a short name may be that of an abbreviation.
    pub(super) fn ends_sentence(&self) -> bool {
        let is_name = starts_with_capital(self.core) && self.core.chars().count() <= 4;
        let is_short = is_name || self.core.contains('.');
        self.close.contains(['!', '?', '…']) || (self.close.contains('.') && !is_short)
    }

    pub(super) fn is_dash(&self) -> bool {
        !self.core.is_empty() && self.core.chars().all(|c| "-–—".contains(c))
    }
}

pub(super) fn starts_with_capital(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_uppercase)
}

/// True if no sentence ends with this abbreviation: "a.k.a."
pub(super) fn leads(written: &str, speech: &Speech) -> bool {
    speech.abbreviations.leading.iter().any(|short| short.eq_ignore_ascii_case(written))
}

/// True if a word may begin a sentence behind an abbreviation: it has a capital, and is no initials.
pub(super) fn may_begin_sentence(text: &str, speech: &Speech) -> bool {
    let initials = text.chars().nth(1).is_some() && !text.contains(char::is_lowercase);
    speech.abbreviations.ends_before_capital && starts_with_capital(text) && !initials
}

pub(super) fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// True if a written word is this key of a table: a key with capitals must be written so.
pub(super) fn is_key(key: &str, written: &str) -> bool {
    key.eq_ignore_ascii_case(written) && (key == written || !key.contains(char::is_uppercase))
}

/// The value of the entry for `written`.
pub(super) fn of_table<'a>(table: &'a [(&'a str, &'a str)], written: &str) -> Option<&'a str> {
    table.iter().find(|(key, _)| is_key(key, written)).map(|(_, said)| *said)
}

/// True if a measure before this noun describes it: "tablets".
pub(super) fn is_described(noun: &str, speech: &Speech) -> bool {
    speech.numbers.described.iter().any(|known| known.eq_ignore_ascii_case(noun))
}

/// A whole text, word by word.
pub(super) struct Text<'t> {
    pub(super) speech: &'t Speech,
    pub(super) words: Vec<Word<'t>>,
    /// Which words stand in a quotation, whose end looks like the sign of inches or feet.
    quoted: Vec<bool>,
}

impl<'t> Text<'t> {
    pub(super) fn of(written: &'t str, speech: &'t Speech) -> Self {
        let words: Vec<Word<'t>> = written.split_whitespace().map(Word::of).collect();
        let mut is_open = false;
        let quoted = words.iter().map(|word| {
            is_open |= word.open.contains(QUOTES);
            is_open && {
                is_open = !word.close.contains(QUOTES);
                true
            }
        });
        Self { speech, quoted: quoted.collect(), words }
    }

    pub(super) fn at(&self, i: usize) -> Option<&Word<'t>> {
        self.words.get(i)
    }

    /// What stands at `i`; empty behind the last word.
    pub(super) fn core(&self, i: usize) -> &'t str {
        self.words.get(i).map_or("", |word| word.core)
    }

    /// The word before `i` in the same sentence.
    pub(super) fn before(&self, i: usize) -> Option<&Word<'t>> {
        self.words
            .get(i.checked_sub(1)?)
            .filter(|word| !word.ends_sentence() || leads(word.core, self.speech))
    }

    /// The core of the word before `i` in lower case; empty at the beginning of a sentence.
    pub(super) fn before_in_lower_case(&self, i: usize) -> String {
        self.before(i).map_or_else(String::new, |word| word.core.to_lowercase())
    }

    /// True if the word at `i` stands in a quotation.
    pub(super) fn is_quoted(&self, i: usize) -> bool {
        self.quoted.get(i).copied().unwrap_or_default()
    }

    /// True if what is measured from `i` to `last` describes a noun, so that its unit is singular: "a $20
    /// bill", "two 500mg tablets".
    pub(super) fn is_attributive(&self, i: usize, last: usize) -> bool {
        let before = self.before(i).filter(|before| before.close.is_empty());
        let follows_an_article = before.is_some_and(|before| {
            let is_it = |word: &&str| word.eq_ignore_ascii_case(before.core);
            self.speech.numbers.singular_after.iter().any(is_it)
        });
        follows_an_article || self.stands_before_a_described(last)
    }

    /// True if a noun that a measure describes follows the word at `last`, in the same sentence.
    fn stands_before_a_described(&self, last: usize) -> bool {
        let pauses = |close: &str| close.contains([',', ';', ':', '!', '?', '…', ')']);
        let Some(word) = self.at(last).filter(|word| !pauses(word.close)) else { return false };
        let next = self.at(last + 1).filter(|next| next.open.is_empty());
        let next = next.filter(|next| !word.close.contains('.') || !starts_with_capital(next.core));
        next.is_some_and(|next| is_described(next.core, self.speech))
    }

    /// The word after `i`, if nothing separates the two.
    pub(super) fn after(&self, i: usize) -> Option<&Word<'t>> {
        self.words.get(i).filter(|word| word.close.is_empty())?;
        self.words.get(i + 1).filter(|word| word.open.is_empty())
    }
}

/// What becomes of the punctuation behind a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// It is kept.
    Written,
    /// Its full stop belongs to an abbreviation, unless the sentence ends with it.
    Abbreviated,
    /// Its full stop belongs to an abbreviation that never ends a sentence.
    Joined,
    /// Nothing is said of it.
    Silent,
}

/// What is said for one written word.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) said: String,
    pub(super) close: Close,
}

impl Part {
    pub(super) fn new(said: impl Into<String>, close: Close) -> Self {
        Self { said: said.into(), close }
    }
}

/// A word that keeps its punctuation.
pub(super) fn part(said: impl Into<String>) -> Part {
    Part::new(said, Close::Written)
}

/// An abbreviation.
pub(super) fn short(said: impl Into<String>) -> Part {
    Part::new(said, Close::Abbreviated)
}

/// Words with one space between them; empty ones are left out.
pub(super) fn joined(words: &[&str]) -> String {
    let mut line = String::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
