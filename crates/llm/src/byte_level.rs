//! Byte-level vocabularies, as GPT-2 introduced them: every byte is written as a visible character, and
//! pieces are made of these characters. Must not know how a text is split into words, or what the words mean.

use std::collections::HashMap;

use super::gguf::Gguf;
use super::pretokenizer::PreTokenizer;
use super::value::{GgufError, Value};

/// The parts of a byte-level vocabulary beside its pieces.
#[derive(Debug, Clone)]
pub(super) struct ByteLevel {
    /// The pairs of tokens that may be joined, and their place in the order: 0 is first.
    merges: HashMap<(u32, u32), u32>,
    pub(super) words: PreTokenizer,
}

/// The character that stands for a byte: the byte itself if it is visible, or else one from U+0100 on
/// (`bytes_to_unicode` of openai/gpt-2, src/encoder.py).
pub(super) fn char_of(byte: u8) -> char {
    let moved = |offset: u8| char::from_u32(256 + u32::from(offset)).unwrap_or_default();
    match byte {
        b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
        0..=b' ' => moved(byte),
        0x7F..=0xA0 => moved(byte - 0x7F + 33),
        0xAD => moved(67),
    }
}

/// The byte that a character stands for.
pub(super) fn byte_of(c: char) -> Option<u8> {
    match u32::from(c) {
        n @ (0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF) => u8::try_from(n).ok(),
        n @ 256..=288 => u8::try_from(n - 256).ok(),
        n @ 289..=322 => u8::try_from(n - 289 + 0x7F).ok(),
        323 => Some(0xAD),
        _ => None,
    }
}

impl ByteLevel {
    /// Reads `tokenizer.ggml.pre` and `tokenizer.ggml.merges`. `known` gives the number of an ordinary piece.
    pub(super) fn read(file: &Gguf, known: impl Fn(&str) -> Option<u32>) -> Result<Self, GgufError> {
        // Files that are older than this key are split in the oldest way, as in llama.cpp.
        let name = file.text("tokenizer.ggml.pre")?.unwrap_or("default");
        let words = PreTokenizer::named(name).ok_or_else(|| {
            GgufError::Unsupported(format!(
                "its tokenizer splits words as \"{name}\" (tokenizer.ggml.pre) does, which is not \
                 supported; {} are. Words that are split in another way would be other words to the model: \
                 use a model of another family",
                PreTokenizer::names().join(", ")
            ))
        })?;
        let key = "tokenizer.ggml.merges";
        match file.get(key) {
            Some(Value::Texts(merges)) => Self::new(words, merges, known),
            Some(_) => Err(GgufError::WrongType { key: key.to_owned(), expected: "a list of texts" }),
            None => Err(GgufError::MissingKey(key.to_owned())),
        }
    }

    /// A merge is two pieces with a space between them. The earliest merge comes first.
    pub(super) fn new(
        words: PreTokenizer,
        merges: &[String],
        known: impl Fn(&str) -> Option<u32>,
    ) -> Result<Self, GgufError> {
        let mut ranks = HashMap::new();
        for (rank, merge) in (0_u32..).zip(merges) {
            let Some((left, right)) = merge.split_once(' ') else {
                return Err(GgufError::Corrupt(format!("merge {rank} is not two pieces: \"{merge}\"")));
            };
            // A merge of pieces that are not in the vocabulary never comes up.
            let joined = known(&[left, right].concat());
            if let (Some(left), Some(right), Some(_)) = (known(left), known(right), joined) {
                ranks.entry((left, right)).or_insert(rank);
            }
        }
        Ok(Self { merges: ranks, words })
    }

    /// The rank of this pair; the earlier a pair is joined, the higher.
    pub(super) fn rank(&self, left: u32, right: u32) -> Option<f32> {
        // Exact up to 16 million; the header allows four million.
        self.merges.get(&(left, right)).map(|&rank| -(rank as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_a_character_of_its_own_that_can_be_seen() {
        let mut seen = std::collections::BTreeSet::new();
        for byte in 0..=255_u8 {
            let c = char_of(byte);
            assert!(!c.is_control() && !c.is_whitespace() && seen.insert(c), "{byte}");
            assert_eq!(byte_of(c), Some(byte));
        }
        assert_eq!((char_of(b' '), char_of(b'\n'), char_of(0xAD)), ('Ġ', 'Ċ', 'Ń'));
        assert_eq!((byte_of(' '), byte_of('\u{AD}'), byte_of('ń')), (None, None, None));
    }
}
