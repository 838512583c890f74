//! Tokens to text as they come, for both kinds of vocabulary. Must not know models or calls.

use std::sync::LazyLock;

use super::architecture::Architecture;
use super::decoder::Decoder;
use super::vocabulary::{Kind, Piece, Vocabulary};

/// The 256 bytes, each a token: what a byte-level piece is taken apart into.
static BYTES: LazyLock<Vocabulary> = LazyLock::new(|| {
    let byte = |byte| Piece { text: String::new(), score: 0.0, kind: Kind::Byte(byte) };
    Vocabulary::new((0..=255).map(byte).collect(), Architecture::Llama)
});

/// Turns tokens into text; a character whose bytes are not all there is held back.
#[derive(Debug)]
pub(super) struct Detokenizer(Decoder);

impl Detokenizer {
    /// For a text of its own: the space that the tokenizer puts before one is not part of it.
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        Self(if vocabulary.add_space { Decoder::new() } else { Decoder::continuing() })
    }

    /// For text that goes on where other text ended.
    pub(super) fn continuing() -> Self {
        Self(Decoder::continuing())
    }

    /// The text that `token` completes; empty while a character is incomplete. Markers have no text.
    pub(super) fn push(&mut self, vocabulary: &Vocabulary, token: u32) -> String {
        if vocabulary.byte_level.is_none() {
            return self.0.push(vocabulary, token);
        }
        let bytes = vocabulary.bytes_of(token);
        bytes.into_iter().map(|byte| self.0.push(&BYTES, u32::from(byte))).collect()
    }

    /// What is left when no more tokens come: an incomplete character becomes U+FFFD.
    pub(super) fn finish(&mut self) -> String {
        self.0.finish()
    }
}
