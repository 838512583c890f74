//! Finds the passages that answer a question: SQLite's FTS5, in memory. Must not know conversations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};

use crate::conflicts::{self, Conflict};
use crate::passages::{Document, Passage, passages};
use crate::words::{Term, Words, plain};

/// Words that are no question must name a thing to be looked up: a passage has this part of them, where rare
/// words make up more. A question finds what is nearest to it.
const COVERED_UNASKED: f64 = 0.5;

/// If the folder has no word for this part of what a question names, it is silent on it. A model says yes
/// more easily than it invents a price, so a question for yes or no has less to be unknown. Chosen on the
/// garage and the garden of `tests/knowledge/businesses.rs`.
const UNKNOWN: f64 = 0.6;
const UNKNOWN_YES_OR_NO: f64 = 0.4;

/// What the other passages of its document add to the score of a passage.
const OF_ITS_DOCUMENT: f64 = 0.05;

/// What a word counts that is said of the same thing as the one that was asked.
const ALIKE: f64 = 0.5;

/// The most passages for one question.
const MOST_FOUND: usize = 3;

/// How much more a word in a heading counts.
const IN_A_HEADING: f64 = 2.0;

/// How sure it is that a word was misheard that stands nowhere, and another one was meant.
const MISHEARD: f64 = 0.8;

/// A word that was misheard is looked for among so many words of the folder at most.
const MOST_WORDS: usize = 5_000;

/// Of the passages that have a word, so many are looked at: it is looked up between two frames of a call. A
/// word that more have says little.
const MOST_HITS: i64 = 1_000;

/// The knowledge could not be indexed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The database in memory.
    #[error("the index")]
    Database(#[from] rusqlite::Error),
    /// The words that ship with this crate.
    #[error("the words of questions")]
    Words(#[from] toml::de::Error),
}

/// What was found for a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<'k> {
    /// These passages may answer it, the best one first.
    Passages(Vec<&'k Passage>),
    /// It asks for something of which no passage knows.
    Nothing,
    /// It asks for nothing that could be looked up.
    NotAsked,
}

/// The passages of a folder, and where their words stand.
pub struct Knowledge {
    passages: Vec<Passage>,
    conflicts: Vec<Conflict>,
    /// The words of the passages, unless there are too many to look through.
    vocabulary: Vec<String>,
    words: Words,
    index: Mutex<Connection>,
}

impl std::fmt::Debug for Knowledge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Knowledge").field("passages", &self.passages.len()).finish_non_exhaustive()
    }
}

impl Knowledge {
    /// Cuts documents into passages and indexes them.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub fn new(documents: &[Document]) -> Result<Self, IndexError> {
        let passages: Vec<Passage> = documents.iter().flat_map(passages).collect();
        let mut index = Connection::open_in_memory()?;
        index.execute_batch(
            "CREATE VIRTUAL TABLE passages USING fts5(
                 headings, text, content='', tokenize='porter unicode61 remove_diacritics 2')",
        )?;
        let filling = index.transaction()?;
        {
            let mut put =
                filling.prepare("INSERT INTO passages(rowid, headings, text) VALUES (?1, ?2, ?3)")?;
            for (row, passage) in (0_i64..).zip(&passages) {
                let name = passage.document.rsplit_once('.').map_or("", |(name, _)| name);
                let headings = format!("{name} {}", passage.headings.join(" "));
                put.execute(params![row, headings, passage.text])?;
            }
        }
        filling.commit()?;
        let vocabulary = vocabulary(&passages);
        let conflicts = conflicts::conflicts(&passages);
        let (words, index) = (Words::english()?, Mutex::new(index));
        Ok(Self { passages, conflicts, vocabulary, words, index })
    }

    /// All passages, in the order of their documents.
    #[must_use]
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// What documents say differently.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// The passages that answer a question of a caller.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub fn find(&self, question: &str) -> Result<Found<'_>, IndexError> {
        let asks = self.words.is_question(question);
        let mut terms = self.words.terms(question);
        if terms.iter().any(|term| term.names) {
            // "How much is a sauna?" is about saunas.
        } else if asks {
            terms.iter_mut().for_each(|term| term.names = true);
        } else {
            terms.clear();
        }
        if terms.is_empty() {
            return Ok(Found::NotAsked);
        }
        let terms = self.stand(&terms)?;
        let told: Vec<&Passage> = if asks && self.is_silent(question, &terms) {
            Vec::new()
        } else {
            let ranked = self.ranked(&terms, if asks { 0.0 } else { COVERED_UNASKED });
            ranked.into_iter().take(MOST_FOUND).filter_map(|row| self.passages.get(row)).collect()
        };
        Ok(match told.is_empty() {
            false => Found::Passages(told),
            true if asks => Found::Nothing,
            true => Found::NotAsked,
        })
    }

    /// Whether a text goes on with the question before.
    pub(crate) fn goes_on(&self, text: &str) -> bool {
        self.words.goes_on(text)
    }

    /// Where these words, and others for the same thing, stand.
    fn stand(&self, terms: &[Term]) -> Result<Vec<Standing>, IndexError> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = |term: &Term| {
            let Hits { rows, sure } = self.hits(&index, &term.word)?;
            let rarity = self.rarity(rows.len());
            let named = if term.names { rarity } else { 0.0 };
            let its_own = rows.iter().map(|(row, _)| (*row, named * sure)).collect();
            let mut scores: BTreeMap<usize, f64> =
                rows.into_iter().map(|(row, score)| (row, score * sure)).collect();
            for other in self.words.alike(&term.word) {
                for (row, score) in matches(&index, other)? {
                    let so_far = scores.entry(row).or_default();
                    *so_far = so_far.max(score * ALIKE);
                }
            }
            Ok(Standing { names: term.names, named, its_own, scores })
        };
        terms.iter().map(standing).collect()
    }

    /// Whether the folder has no word for too much of what a question names.
    fn is_silent(&self, question: &str, terms: &[Standing]) -> bool {
        let names = terms.iter().filter(|term| term.names);
        let (all, unknown) = (names.clone().count(), names.filter(|term| term.scores.is_empty()).count());
        let most = if self.words.is_yes_or_no(question) { UNKNOWN_YES_OR_NO } else { UNKNOWN };
        unknown as f64 >= most * all as f64
    }

    /// The rows of passages that have enough of what these words name, the best first.
    fn ranked(&self, terms: &[Standing], covered: f64) -> Vec<usize> {
        let named: f64 = terms.iter().map(|term| term.named).sum();
        let mut rows: BTreeMap<usize, Score> = BTreeMap::new();
        for term in terms {
            for (row, named) in &term.its_own {
                rows.entry(*row).or_default().named += named;
            }
            for (row, score) in &term.scores {
                rows.entry(*row).or_default().score += score;
            }
        }
        let mut documents: BTreeMap<&str, f64> = BTreeMap::new();
        for (row, Score { score, .. }) in &rows {
            if let Some(passage) = self.passages.get(*row) {
                *documents.entry(&passage.document).or_default() += score;
            }
        }
        let score = |row: usize, score: &Score| {
            let document =
                self.passages.get(row).and_then(|passage| documents.get(passage.document.as_str()));
            score.score + OF_ITS_DOCUMENT * document.copied().unwrap_or_default()
        };
        let enough = rows.iter().filter(|(_, score)| score.named >= covered * named);
        let mut ranked: Vec<(usize, f64)> = enough.map(|(row, found)| (*row, score(*row, found))).collect();
        ranked.sort_by(|(row, score), (other, others)| others.total_cmp(score).then(row.cmp(other)));
        ranked.into_iter().map(|(row, _)| row).collect()
    }

    /// Where a word stands. One that stands nowhere may have been misheard: then the one counts that is
    /// nearest to it.
    fn hits(&self, index: &Connection, word: &str) -> Result<Hits, IndexError> {
        let rows = matches(index, word)?;
        if !rows.is_empty() {
            return Ok(Hits { rows, sure: 1.0 });
        }
        let rows = self.nearest(word).map(|near| matches(index, near)).transpose()?;
        Ok(Hits { rows: rows.unwrap_or_default(), sure: MISHEARD })
    }

    /// The word of the passages that differs from this one in a letter or, in long words, in two.
    fn nearest(&self, word: &str) -> Option<&str> {
        let length = word.chars().count();
        let most = match length {
            0..5 => return None,
            5..9 => 1,
            _ => 2,
        };
        let alike = self.vocabulary.iter().filter(|other| other.chars().count().abs_diff(length) <= most);
        let near = alike.map(|other| (strsim::levenshtein(word, other), other.as_str()));
        near.filter(|(distance, _)| *distance <= most).min().map(|(_, other)| other)
    }

    /// How much a word says that so many passages have: its inverse document frequency. One that none has
    /// says as much as one that a single passage has.
    fn rarity(&self, passages: usize) -> f64 {
        let (all, having) = (self.passages.len() as f64, passages.max(1) as f64);
        (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
    }
}

/// Where a word stands, with the score that it gives to each passage.
struct Hits {
    rows: Vec<(usize, f64)>,
    /// How sure it is that this word was said, 0 to 1.
    sure: f64,
}

/// Where a word of a question stands.
struct Standing {
    /// Names what is asked about.
    names: bool,
    /// How much it says of that.
    named: f64,
    /// The passages that have it, with how much of it they have.
    its_own: Vec<(usize, f64)>,
    /// The passages that have it or another word for the same thing, with what it adds to their scores.
    scores: BTreeMap<usize, f64>,
}

/// What the words of a question give to a passage.
#[derive(Default)]
struct Score {
    score: f64,
    /// The rarity of its words that name what is asked about.
    named: f64,
}

/// The passages that have a word, also with another ending. A rowid is the place of a passage.
fn matches(index: &Connection, word: &str) -> Result<Vec<(usize, f64)>, IndexError> {
    // Lower is better in SQLite.
    let mut found = index.prepare_cached(
        "SELECT rowid, -bm25(passages, ?2, 1.0) FROM passages WHERE passages MATCH ?1 LIMIT ?3",
    )?;
    let rows = found.query_map(params![format!("\"{word}\""), IN_A_HEADING, MOST_HITS], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?))
    })?;
    let place = |(row, score): (i64, f64)| usize::try_from(row).ok().map(|row| (row, score));
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().filter_map(place).collect())
}

/// The words of all passages; none if there are too many to look through.
fn vocabulary(passages: &[Passage]) -> Vec<String> {
    let mut words = BTreeSet::new();
    for passage in passages {
        words.extend(plain(&passage.told()).filter(|word| !word.contains(char::is_numeric)));
        if words.len() > MOST_WORDS {
            return Vec::new();
        }
    }
    words.into_iter().collect()
}
