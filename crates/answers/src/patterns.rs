//! How callers ask, as data: words that do not count, words that make a question somebody's own, and
//! questions that mean the same. Must not know answers.

use std::collections::BTreeMap;
use std::fmt;

use regex::Regex;
use serde::Deserialize;

use crate::template::{BadTemplate, expression};
use crate::words::{Phrase, Words, phrase};

/// Why patterns cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadPatterns {
    /// They are no TOML of this form.
    #[error("the patterns have not the form")]
    Form(#[from] toml::de::Error),
    /// A template is none.
    #[error("a template of the category {category:?}")]
    Template {
        /// Its category.
        category: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a question asks for. Questions with the same meaning have the same answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Meaning {
    /// The category.
    pub category: String,
    /// The words in its slots, by their names.
    pub slots: BTreeMap<String, String>,
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.category)?;
        self.slots.iter().try_for_each(|(name, words)| write!(f, "; {name}: {words}"))
    }
}

/// The questions of a language.
#[derive(Debug)]
pub struct Patterns {
    pub(crate) words: Words,
    categories: Vec<(String, Vec<Regex>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    openers: Vec<String>,
    closers: Vec<String>,
    fillers: Vec<String>,
    contractions: Vec<(String, String)>,
    asks: Vec<String>,
    own: Vec<String>,
    before: Vec<String>,
    times: Vec<String>,
    states: Vec<String>,
    open_questions: Vec<String>,
    articles: Vec<String>,
    reasons: Vec<String>,
    light: Vec<String>,
    turns: Vec<String>,
    numbers: Vec<String>,
    slots: BTreeMap<String, Vec<String>>,
    category: Vec<Category>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Category {
    name: String,
    templates: Vec<String>,
}

impl Patterns {
    /// The questions of English.
    ///
    /// # Errors
    /// Never: a test reads them.
    pub fn english() -> Result<Self, BadPatterns> {
        Self::read(include_str!("../data/en.toml"))
    }

    /// Reads patterns in TOML, in the form of `data/en.toml`.
    ///
    /// # Errors
    /// If they have not the form, or a template is none.
    pub fn read(text: &str) -> Result<Self, BadPatterns> {
        let data: Data = toml::from_str(text)?;
        let phrases = |texts: &[String]| texts.iter().map(|text| phrase(text)).collect::<Vec<Phrase>>();
        let fillers = data.fillers.iter().map(|filler| (phrase(filler), Phrase::new()));
        let short = data.contractions.iter().map(|(short, long)| (phrase(short), phrase(long)));
        let written = fillers.chain(short).filter(|(said, _)| !said.is_empty()).collect();
        let words = Words {
            openers: phrases(&data.openers),
            closers: phrases(&data.closers),
            written,
            asks: data.asks,
            own: data.own,
            before: data.before,
            times: data.times,
            states: data.states,
            open_questions: data.open_questions,
            articles: data.articles,
            reasons: phrases(&data.reasons),
            light: data.light,
            turns: data.turns,
            numbers: data.numbers,
        };
        let category = |Category { name, templates }: Category| {
            let wrong = |error: BadTemplate| BadPatterns::Template {
                category: name.clone(),
                source: Box::new(error),
            };
            let read = templates.iter().map(|template| expression(template, &data.slots).map_err(wrong));
            let read = read.collect::<Result<Vec<Regex>, _>>()?;
            Ok((name, read))
        };
        let categories = data.category.into_iter().map(category).collect::<Result<_, BadPatterns>>()?;
        Ok(Self { words, categories })
    }

    /// What a whole question means: by the first template, in the order of the data, that fits it.
    pub(crate) fn meaning(&self, question: &[String]) -> Option<Meaning> {
        let text: String = question.iter().map(|word| format!(" {word}")).collect();
        self.categories.iter().find_map(|(category, templates)| {
            let (template, found) =
                templates.iter().find_map(|template| Some((template, template.captures(&text)?)))?;
            let slot = |name: &str| Some((name.to_owned(), self.thing(found.name(name)?.as_str())));
            let slots = template.capture_names().flatten().filter_map(slot).collect();
            Some(Meaning { category: category.clone(), slots })
        })
    }

    /// A thing without the words before it that do not change it.
    fn thing(&self, text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let counts = |word: &&&str| !self.words.articles.iter().any(|article| article == **word);
        let first = words.iter().position(|word| counts(&word)).unwrap_or_default();
        words.get(first..).unwrap_or_default().join(" ")
    }
}
