//! Cuts texts into passages of a few sentences, each under its headings. Must not know questions.

use crate::markdown::{self, Block};

/// The longest passage, in characters: some 150 tokens, which a model on two cores reads while the caller
/// speaks.
pub(crate) const LONGEST: usize = 600;

/// A text of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The name of its file, from the folder on.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A part of a document that can be understood by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The name of its file.
    pub document: String,
    /// The headings over it, the widest first.
    pub headings: Vec<String>,
    /// What it says; its lines are paragraphs, items of lists and rows of tables.
    pub text: String,
}

impl Passage {
    /// Where it stands: the name of its file, and the heading nearest to it behind a `#`, as in
    /// `prices.md#Whitening`.
    #[must_use]
    pub fn source(&self) -> String {
        self.headings
            .last()
            .map_or_else(|| self.document.clone(), |heading| format!("{}#{heading}", self.document))
    }

    /// The passage as a language model reads it: behind its headings.
    #[must_use]
    pub fn told(&self) -> String {
        if self.headings.is_empty() {
            self.text.clone()
        } else {
            format!("{}: {}", self.headings.join(", "), self.text)
        }
    }
}

/// The passages of a document, in its order.
pub(crate) fn passages(document: &Document) -> Vec<Passage> {
    let is_markdown = !document.name.to_lowercase().ends_with(".txt");
    let blocks = if is_markdown { markdown::blocks(&document.text) } else { paragraphs(&document.text) };
    let mut passages: Vec<Passage> = Vec::new();
    for Block { headings, text } in blocks {
        for piece in pieces(&text) {
            let fits = |last: &&mut Passage| {
                last.headings == headings && last.text.chars().count() + piece.chars().count() < LONGEST
            };
            if let Some(last) = passages.last_mut().filter(fits) {
                last.text.push('\n');
                last.text.push_str(piece);
            } else {
                let (document, text) = (document.name.clone(), piece.to_owned());
                passages.push(Passage { document, headings: headings.clone(), text });
            }
        }
    }
    passages
}

/// The paragraphs of a plain text: empty lines stand between them.
fn paragraphs(text: &str) -> Vec<Block> {
    let mut blocks = vec![Block::default()];
    for line in text.lines().map(str::trim) {
        match blocks.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.text.is_empty() {
                    last.text.push('\n');
                }
                last.text.push_str(line);
            }
            _ => blocks.push(Block::default()),
        }
    }
    blocks.retain(|block| !block.text.is_empty());
    blocks
}

/// A text in pieces that are not too long: cut behind a sentence, or else between words, or else anywhere.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while let Some((longest, _)) = rest.char_indices().nth(LONGEST) {
        let head = &rest[..longest];
        let sentence = [". ", "! ", "? ", "\n"].iter().filter_map(|end| head.rfind(end)).max();
        // Behind the mark, which is one byte.
        let cut = sentence.map(|at| at + 1).or_else(|| head.rfind(' ')).filter(|at| *at > 0);
        let (piece, after) = rest.split_at(cut.unwrap_or(longest));
        pieces.push(piece.trim());
        rest = after.trim();
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
