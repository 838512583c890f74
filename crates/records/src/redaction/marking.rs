//! The parts of a text that are to be replaced. Must not know why.

use super::tokens::Token;

/// What stands in place of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Card,
    Phone,
    Email,
    Number,
    Date,
    Captured,
}

impl Tag {
    const ALL: [Self; 6] = [Self::Card, Self::Phone, Self::Email, Self::Number, Self::Date, Self::Captured];

    const fn word(self) -> &'static str {
        match self {
            Self::Card => "[card]",
            Self::Phone => "[phone]",
            Self::Email => "[email]",
            Self::Number => "[number]",
            Self::Date => "[date]",
            Self::Captured => "[captured]",
        }
    }
}

/// A text, its words, and the parts of it that are marked so far. The first mark on a word stays.
pub(super) struct Marks<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: &'t [Token],
    marked: Vec<bool>,
    /// First and last word, the tag, and how many bytes of the last word stay.
    parts: Vec<(usize, usize, Tag, usize)>,
}

impl<'t> Marks<'t> {
    pub(super) fn over(text: &'t str, tokens: &'t [Token]) -> Self {
        let mut marks = Self { text, tokens, marked: vec![false; tokens.len()], parts: Vec::new() };
        // What was replaced before stays as it is, and tells nothing about the words beside it.
        for (at, token) in tokens.iter().enumerate() {
            let around = token.start.checked_sub(1).and_then(|start| text.get(start..token.end + 1));
            let replaced = around.is_some_and(|around| Tag::ALL.iter().any(|tag| tag.word() == around));
            if let Some(marked) = marks.marked.get_mut(at) {
                *marked = replaced;
            }
        }
        marks
    }

    /// Whether this word is in a marked part.
    pub(super) fn is_marked(&self, at: usize) -> bool {
        self.marked.get(at).copied().unwrap_or(true)
    }

    /// The word at this place, unless it is marked or there is none.
    pub(super) fn word(&self, at: usize) -> Option<&'t str> {
        if self.is_marked(at) { None } else { self.tokens.get(at).map(|token| token.lower.as_str()) }
    }

    /// What stands between this word and the one before.
    pub(super) fn gap_before(&self, at: usize) -> &'t str {
        let end = at.checked_sub(1).and_then(|before| self.tokens.get(before)).map_or(0, |token| token.end);
        let start = self.tokens.get(at).map_or(self.text.len(), |token| token.start);
        self.text.get(end..start).unwrap_or_default()
    }

    /// Whether these words, in the lower case and with one blank between two, stand at this place.
    pub(super) fn has(&self, at: usize, phrase: &str) -> bool {
        phrase.split(' ').enumerate().all(|(nth, word)| self.word(at + nth) == Some(word))
    }

    /// Marks the words from `first` to `last`.
    pub(super) fn mark(&mut self, first: usize, last: usize, tag: Tag) {
        self.mark_but(first, last, tag, 0);
    }

    /// Marks the words from `first` to `last`, without the last bytes of the last one.
    pub(super) fn mark_but(&mut self, first: usize, last: usize, tag: Tag, stay: usize) {
        if first > last || (first..=last).any(|at| self.is_marked(at)) {
            return;
        }
        for marked in self.marked.iter_mut().take(last + 1).skip(first) {
            *marked = true;
        }
        self.parts.push((first, last, tag, stay));
    }

    /// The text, with a tag in place of each marked part; `None` if there is none.
    pub(super) fn replaced(mut self) -> Option<String> {
        if self.parts.is_empty() {
            return None;
        }
        self.parts.sort_unstable_by_key(|part| part.0);
        let (mut text, mut done) = (String::with_capacity(self.text.len()), 0);
        for &(first, last, tag, stay) in &self.parts {
            let (Some(from), Some(to)) = (self.tokens.get(first), self.tokens.get(last)) else { continue };
            let before = self.text.get(done..from.start).unwrap_or_default();
            // A number's own beginning is part of it: "+1", "(415)".
            text.push_str(if from.digits { before.trim_end_matches(['+', '(']) } else { before });
            text.push_str(tag.word());
            done = to.end - stay;
        }
        text.push_str(self.text.get(done..).unwrap_or_default());
        Some(text)
    }
}
