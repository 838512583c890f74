//! Pronunciations of the configuration: how names and words are said that a voice would get wrong. Must not
//! know a language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::letters::is_latin_or_alike;
use super::word::{Close, Part, Text, Word};

/// The limits of a dictionary.
const MOST_ENTRIES: usize = 1000;
const LONGEST_WRITTEN: usize = 64;
const LONGEST_SAID: usize = 200;

/// A dictionary that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryError {
    /// Too many entries.
    #[error("{0} pronunciations are too many: at most {MOST_ENTRIES} are possible; remove some")]
    TooMany(usize),
    /// Nothing is written, or too much.
    #[error("the pronunciation of \"{0}\": write 1 to {LONGEST_WRITTEN} characters with a letter or a digit")]
    Written(String),
    /// Nothing is said, or too much.
    #[error("\"{0}\" is said as nothing or as too much: give it 1 to {LONGEST_SAID} characters of words")]
    Length(String),
    /// A pronunciation holds what a voice cannot read.
    #[error("\"{written}\" is said with \"{sign}\": write it in Latin letters, as in \"e-mail\" or \"two\"")]
    Sign {
        /// The written form.
        written: String,
        /// What is not a letter.
        sign: char,
    },
    /// The same word twice.
    #[error("\"{0}\" is there twice: keep one pronunciation of it")]
    Twice(String),
}

/// How one word or phrase is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The written words, in lower case unless they must be written with these capitals.
    words: Vec<String>,
    exact: bool,
    /// The last word is written with the full stop of an abbreviation.
    dotted: bool,
    said: String,
}

/// Written words and phrases, and how they are said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dictionary {
    /// The entries by their first word in lower case, the longest first.
    entries: BTreeMap<String, Vec<Entry>>,
}

impl Dictionary {
    /// A dictionary of pairs: the written word or phrase, and the words that are said for it. Capitals do not
    /// matter, unless the written form has one behind its first letter.
    ///
    /// # Errors
    /// If there are too many entries, or an entry is empty, too long, or not in letters. The message names
    /// the entry.
    pub fn new<W, S>(entries: impl IntoIterator<Item = (W, S)>) -> Result<Self, DictionaryError>
    where
        W: AsRef<str>,
        S: AsRef<str>,
    {
        let mut dictionary = Self::default();
        let mut count = 0_usize;
        for (written, said) in entries {
            count += 1;
            dictionary.add(written.as_ref(), said.as_ref())?;
        }
        if count > MOST_ENTRIES {
            return Err(DictionaryError::TooMany(count));
        }
        Ok(dictionary)
    }

    fn add(&mut self, written: &str, said: &str) -> Result<(), DictionaryError> {
        let shown = || written.chars().take(LONGEST_WRITTEN).collect::<String>();
        let exact = written.split_whitespace().any(|word| word.chars().skip(1).any(char::is_uppercase));
        let of_case = |word: &str| if exact { word.to_owned() } else { word.to_lowercase() };
        let words: Vec<String> =
            written.split_whitespace().map(|word| of_case(Word::of(word).core)).collect();
        let is_empty = |word: &String| !word.contains(char::is_alphanumeric);
        if words.is_empty() || words.iter().any(is_empty) || written.chars().count() > LONGEST_WRITTEN {
            return Err(DictionaryError::Written(shown()));
        }
        if !said.contains(char::is_alphabetic) || said.chars().count() > LONGEST_SAID {
            return Err(DictionaryError::Length(shown()));
        }
        let is_said = |c: char| is_latin_or_alike(c) || c.is_whitespace() || "'’-.,;:!?…".contains(c);
        if let Some(sign) = said.chars().find(|c| !is_said(*c)) {
            return Err(DictionaryError::Sign { written: shown(), sign });
        }
        let dotted = written.split_whitespace().next_back().is_some_and(|last| Word::of(last).is_dotted());
        let first = words.first().map(|word| word.to_lowercase()).unwrap_or_default();
        let same = self.entries.entry(first).or_default();
        if same.iter().any(|entry| entry.words == words && entry.exact == exact) {
            return Err(DictionaryError::Twice(shown()));
        }
        same.push(Entry { words, exact, dotted, said: said.replace('’', "'") });
        // Of phrases with the same beginning, the longer one counts, and of words the exact one.
        same.sort_by_key(|entry| (std::cmp::Reverse(entry.words.len()), !entry.exact));
        Ok(())
    }

    /// What is said for the words from `i` on, if they are in the dictionary.
    pub(super) fn read(&self, text: &Text<'_>, i: usize) -> Option<Vec<Part>> {
        if self.entries.is_empty() {
            return None;
        }
        let first = text.core(i).to_lowercase();
        let possessive = text.speech.abbreviations.possessive;
        let stems = [first.as_str(), first.strip_suffix(possessive).unwrap_or(&first)];
        let entries = stems.iter().find_map(|stem| {
            let entries = self.entries.get(*stem)?;
            entries.iter().find_map(|entry| Some((entry, entry.ending(text, i)?)))
        });
        let (entry, ending) = entries?;
        let mut parts = vec![Part::new(format!("{}{ending}", entry.said), Close::Written)];
        if entry.words.len() > 1 {
            parts = spread(&entry.said, ending, entry.words.len());
        }
        // The full stop of "Dr." ends a sentence only at the end of the text.
        let goes_on = text.at(i + entry.words.len()).is_some();
        if let Some(last) = parts.last_mut().filter(|_| entry.dotted && goes_on) {
            last.close = Close::Joined;
        }
        Some(parts)
    }
}

impl Entry {
    /// The ending of the last word (the possessive or nothing) if the entry's words stand from `i` on.
    fn ending(&self, text: &Text<'_>, i: usize) -> Option<&'static str> {
        let last = self.words.len().checked_sub(1)?;
        let mut ending = "";
        for (at, expected) in self.words.iter().enumerate() {
            let word = text.at(i + at)?;
            let core = if self.exact { word.core.to_owned() } else { word.core.to_lowercase() };
            if at < last && !word.goes_on() {
                return None;
            }
            if core != *expected {
                let possessive = text.speech.abbreviations.possessive;
                if at < last || core.strip_suffix(possessive) != Some(expected.as_str()) {
                    return None;
                }
                ending = possessive;
            }
        }
        Some(ending)
    }
}

/// Words over the written words of a phrase: one each as long as there are enough, the rest for the last.
fn spread(said: &str, ending: &str, count: usize) -> Vec<Part> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let mut parts = Vec::with_capacity(count);
    for at in 0..count {
        let is_last = at + 1 == count;
        let words = if is_last { words.get(at..) } else { words.get(at..(at + 1).min(words.len())) };
        let words = words.unwrap_or_default().join(" ");
        let close = if is_last { Close::Written } else { Close::Silent };
        parts.push(Part::new(words, close));
    }
    if let Some(spoken) = parts.iter_mut().rfind(|part| !part.said.is_empty()) {
        spoken.said.push_str(ending);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::ENGLISH;
    use crate::speakable::spoken;

    fn said(entries: &[(&str, &str)], written: &str) -> String {
        let dictionary = Dictionary::new(entries.iter().copied()).unwrap();
        spoken(written, &ENGLISH.speech, &dictionary).text
    }

    #[test]
    fn whole_words_are_said_as_the_dictionary_says() {
        let names = [("Nguyen", "win"), ("LaCroix", "la croy"), ("mi casa", "me cassa"), ("SQL", "sequel")];
        assert_eq!(said(&names, "NGUYEN's car, Nguyens, (nguyen)."), "win's car, Nguyens, win.");
        assert_eq!(said(&names, "LaCroix and Lacroix"), "la croy and Lacroix");
        assert_eq!(said(&names, "Welcome to Mi Casa!"), "Welcome to me cassa!");
        assert_eq!(said(&names, "SQL, not sql"), "sequel, not sql");
    }

    #[test]
    fn the_full_stop_of_an_abbreviation_is_no_end() {
        let names = [("Dr.", "doc"), ("Nguyen", "win")];
        assert_eq!(said(&names, "Dr. Nguyen is here."), "doc win is here.");
        assert_eq!(said(&names, "I am a Dr."), "I am a doc.");
    }

    #[test]
    fn an_entry_that_no_voice_can_read_is_refused_with_its_name() {
        for (written, said, told) in [
            ("A1", "a 1", "\"A1\" is said with \"1\""),
            ("...", "dots", "\"...\""),
            ("x", " ", "\"x\" is said as nothing"),
            ("SQL", "你好", "in Latin letters"),
        ] {
            let message = Dictionary::new([(written, said)]).unwrap_err().to_string();
            assert!(message.contains(told), "{message}");
        }
        let twice = Dictionary::new([("Ng", "ing"), ("ng", "eng")]).unwrap_err();
        assert_eq!(twice, DictionaryError::Twice("ng".to_owned()));
        let many = (0..1001).map(|n| (format!("w{n}"), "word"));
        assert_eq!(Dictionary::new(many).unwrap_err(), DictionaryError::TooMany(1001));
    }
}
