//! Text to tokens. The SentencePiece way: the pair of pieces whose union has the highest score is merged
//! until no union is in the vocabulary; a character that is no piece becomes its bytes. The byte-pair way:
//! within each word, the pair that stands first in the list of merges. Must not know models, templates or
//! calls.
//!
//! Follows llama.cpp's `llm_tokenizer_spm` and `llm_tokenizer_bpe` (src/llama-vocab.cpp): where the file
//! wants it, a space stands before the first text and before text that follows a marker. Nothing in a text
//! becomes a control token: those are not among the pieces that text is made of.

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
    /// Tokens of text in which nothing is a marker. Where the model wants it, a space is put before the
    /// text, and before what follows a user-defined piece in it, as in llama.cpp.
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

    /// Cuts text of a template at its markers, longest first.
    pub(super) fn split_markers<'a>(&self, text: &'a str) -> Vec<Fragment<'a>> {
        split(text, self.markers())
    }

    /// The SentencePiece way: what joins is what the union is worth.
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

    /// A character as its bytes; where a byte has no token, as the unknown token.
    fn spell(&self, piece: &str, out: &mut Vec<u32>) {
        let bytes: Option<Vec<u32>> = piece.bytes().map(|byte| self.byte(byte)).collect();
        match bytes {
            Some(bytes) => out.extend(bytes),
            None => out.extend(self.unknown),
        }
    }

    /// The byte-pair way: what joins is what stands in the list, the earliest first.
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
        // A byte that is no piece, which only a broken vocabulary lacks, is the unknown token.
        out.extend(merge(&shown, rank).into_iter().filter_map(|piece| self.ordinary(piece).or(self.unknown)));
    }
}

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

#[cfg(test)]
mod tests;
