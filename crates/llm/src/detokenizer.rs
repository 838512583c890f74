//! Turns tokens into text as they come, for both kinds of vocabulary. Must not know models or calls.

use std::sync::LazyLock;

use super::architecture::Architecture;
use super::decoder::Decoder;
use super::vocabulary::{Kind, Piece, Vocabulary};

/// The 256 bytes, each a token. A byte-level piece is taken apart into these.
static BYTES: LazyLock<Vocabulary> = LazyLock::new(|| {
    let byte = |byte| Piece { text: String::new(), score: 0.0, kind: Kind::Byte(byte) };
    Vocabulary::new((0..=255).map(byte).collect(), Architecture::Llama)
});

/// Turns tokens into text. A character is held back until all its bytes are there.
#[derive(Debug)]
pub(super) struct Detokenizer(Decoder);

impl Detokenizer {
    /// For a new text. The space that the tokenizer puts before a text is dropped.
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        Self(if vocabulary.add_space { Decoder::new() } else { Decoder::continuing() })
    }

    /// For text that goes on where other text ended, which keeps its first space.
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

    /// The rest of the text, after the last token. An incomplete character becomes U+FFFD.
    pub(super) fn finish(&mut self) -> String {
        self.0.finish()
    }
}
