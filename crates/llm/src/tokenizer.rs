//! Turns text into tokens. SentencePiece merges the pair of pieces whose union has the highest score, until
//! no union is in the vocabulary; a character that is not a piece becomes its bytes. Byte-pair encoding
//! merges, within each word, the pair that comes first in the list of merges. Must not know models, templates
//! or calls.
//!
//! Follows llama.cpp's `llm_tokenizer_spm` and `llm_tokenizer_bpe` (src/llama-vocab.cpp). If the file asks
//! for it, a space is put before the first text and before text that follows a marker. Text never becomes a
//! control token: control tokens are not among the pieces that text is made of.

use super::bpe_merge::merge;
use super::byte_level::{ByteLevel, char_of};
use super::vocabulary::{SPACE, Vocabulary};

/// A run of a prompt: a marker of the template, or text in which nothing is a marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fragment<'a> {
    Marker(u32),
    Text(&'a str),
}

impl Vocabulary {
    /// The tokens of a text in which nothing is a marker. If the model asks for it, a space is put before the
    /// text, and before text that follows a user-defined piece in it, as in llama.cpp.
    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        let mut out = Vec::new();
        for fragment in split(text, self.defined()) {
            match fragment {
                Fragment::Marker(id) => out.push(id),
                Fragment::Text(text) => match &self.byte_level {
                    None => self.encode_pieces(text, &mut out),
                    Some(level) => {
                        for word in level.words.split(text) {
                            self.encode_word(level, word, &mut out);
                        }
                    }
                },
            }
        }
        out
    }

    /// Splits the text of a template at its markers, longest first.
    pub(super) fn split_markers<'a>(&self, text: &'a str) -> Vec<Fragment<'a>> {
        split(text, self.markers())
    }

    /// SentencePiece: pairs are joined by the score of their union.
    fn encode_pieces(&self, text: &str, out: &mut Vec<u32>) {
        let mut escaped = String::with_capacity(text.len() + 3);
        if self.add_space {
            escaped.push(SPACE);
        }
        escaped.extend(text.chars().map(|c| if c == ' ' { SPACE } else { c }));
        let union = |from: usize, _: usize, to: usize| self.ordinary(&escaped[from..to]);
        let score = |id| self.piece(id).map(|piece| piece.score);
        for piece in merge(&escaped, |from, middle, to| union(from, middle, to).and_then(score)) {
            match self.ordinary(piece) {
                Some(id) => out.push(id),
                None => self.spell(piece, out),
            }
        }
    }

    /// Writes a character as its bytes, or as the unknown token if a byte has no token.
    fn spell(&self, piece: &str, out: &mut Vec<u32>) {
        let bytes: Option<Vec<u32>> = piece.bytes().map(|byte| self.byte(byte)).collect();
        match bytes {
            Some(bytes) => out.extend(bytes),
            None => out.extend(self.unknown),
        }
    }

    /// Byte-pair encoding: pairs are joined by their place in the list of merges, the earliest first.
    fn encode_word(&self, level: &ByteLevel, word: &str, out: &mut Vec<u32>) {
        let shown: String = word.bytes().map(char_of).collect();
        if level.words.whole_words
            && let Some(id) = self.ordinary(&shown)
        {
            out.push(id);
            return;
        }
        let rank = |from: usize, middle: usize, to: usize| {
            level.rank(self.ordinary(&shown[from..middle])?, self.ordinary(&shown[middle..to])?)
        };
        // A byte without a piece becomes the unknown token. Only a broken vocabulary lacks a byte.
        out.extend(merge(&shown, rank).into_iter().filter_map(|piece| self.ordinary(piece).or(self.unknown)));
    }
}

/// Splits text at `marks`, which are sorted longest first. A longer mark always wins over a shorter one.
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

#[cfg(test)]
mod tests;
