//! Text to tokens, the SentencePiece way: the pair of pieces whose union has the highest score is merged
//! until no union is in the vocabulary; a character that is no piece becomes its bytes. Must not know
//! models, templates or calls.
//!
//! Follows llama.cpp's `llm_tokenizer_spm` (src/llama-vocab.cpp): a space stands before the first text
//! and before text that follows a marker.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::vocabulary::Vocabulary;

/// SentencePiece's sign for a space.
pub(super) const SPACE: char = '\u{2581}';

/// A run of a prompt: a marker of the template, or text in which nothing is a marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fragment<'a> {
    Marker(u32),
    Text(&'a str),
}

impl Vocabulary {
    /// Tokens of text in which nothing is a marker. Where the model wants it, a space is put before the
    /// text, and before what follows a user-defined piece in it, as in llama.cpp.
    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        let mut out = Vec::new();
        for fragment in split(text, self.defined()) {
            match fragment {
                Fragment::Marker(id) => out.push(id),
                Fragment::Text(text) => {
                    let mut escaped = String::with_capacity(text.len() + 3);
                    if self.add_space {
                        escaped.push(SPACE);
                    }
                    escaped.extend(text.chars().map(|c| if c == ' ' { SPACE } else { c }));
                    self.merge(&escaped, &mut out);
                }
            }
        }
        out
    }

    /// Cuts text of a template at its markers, longest first.
    pub(super) fn split_markers<'a>(&self, text: &'a str) -> Vec<Fragment<'a>> {
        split(text, self.markers())
    }

    fn merge(&self, text: &str, out: &mut Vec<u32>) {
        let mut symbols: Vec<Symbol> = Vec::new();
        for (at, c) in text.char_indices() {
            let index = symbols.len();
            symbols.push(Symbol {
                at,
                length: c.len_utf8(),
                before: index.checked_sub(1),
                after: Some(index + 1),
            });
        }
        if let Some(last) = symbols.last_mut() {
            last.after = None;
        }
        let mut queue = BinaryHeap::new();
        for left in 0..symbols.len().saturating_sub(1) {
            self.offer(text, &symbols, left, left + 1, &mut queue);
        }
        while let Some(pair) = queue.pop() {
            let (left, right) = (symbols[pair.left], symbols[pair.right]);
            // One of the two was merged with another in the meantime.
            if left.length == 0 || right.length == 0 || left.length + right.length != pair.length {
                continue;
            }
            symbols[pair.left].length = pair.length;
            symbols[pair.left].after = right.after;
            symbols[pair.right].length = 0;
            if let Some(after) = right.after {
                symbols[after].before = Some(pair.left);
                self.offer(text, &symbols, pair.left, after, &mut queue);
            }
            if let Some(before) = left.before {
                self.offer(text, &symbols, before, pair.left, &mut queue);
            }
        }
        for symbol in symbols.iter().filter(|symbol| symbol.length > 0) {
            let piece = &text[symbol.at..symbol.at + symbol.length];
            match self.ordinary(piece) {
                Some(id) => out.push(id),
                None => self.spell(piece, out),
            }
        }
    }

    /// A character as its bytes; where a byte has no token, as the unknown token.
    fn spell(&self, piece: &str, out: &mut Vec<u32>) {
        let bytes: Option<Vec<u32>> = piece.bytes().map(|byte| self.byte(byte)).collect();
        match bytes {
            Some(bytes) => out.extend(bytes),
            None => out.extend(self.unknown),
        }
    }

    fn offer(&self, text: &str, symbols: &[Symbol], left: usize, right: usize, queue: &mut BinaryHeap<Pair>) {
        let (from, to) = (symbols[left].at, symbols[right].at + symbols[right].length);
        if let Some(piece) = self.ordinary(&text[from..to]).and_then(|id| self.piece(id)) {
            queue.push(Pair { left, right, score: piece.score, length: to - from });
        }
    }
}

/// A piece in the making: a span of the text, with its neighbours. Length 0: merged into another.
#[derive(Clone, Copy)]
struct Symbol {
    at: usize,
    length: usize,
    before: Option<usize>,
    after: Option<usize>,
}

/// Two neighbours whose union is a piece.
struct Pair {
    left: usize,
    right: usize,
    score: f32,
    length: usize,
}

impl Ord for Pair {
    /// The higher score first; of equal ones, the one further left.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// Cuts text at `marks`, which are sorted longest first; a longer one wins over a shorter one anywhere.
fn split<'a>(text: &'a str, marks: &[(String, u32)]) -> Vec<Fragment<'a>> {
    let mut fragments = vec![Fragment::Text(text)];
    for (mark, id) in marks {
        if !text.contains(mark.as_str()) {
            continue;
        }
        let mut next = Vec::new();
        for fragment in fragments {
            match fragment {
                Fragment::Marker(_) => next.push(fragment),
                Fragment::Text(text) => {
                    for (i, part) in text.split(mark.as_str()).enumerate() {
                        if i > 0 {
                            next.push(Fragment::Marker(*id));
                        }
                        next.push(Fragment::Text(part));
                    }
                }
            }
        }
        fragments = next;
    }
    fragments.retain(|fragment| *fragment != Fragment::Text(""));
    fragments
}
