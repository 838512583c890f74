//! The vocabulary that comes with a model: its pieces, their kinds, and the tokens that have a meaning of
//! their own. Must not know how text is cut into pieces.

use std::collections::HashMap;

use super::architecture::Architecture;
use super::byte_level::{ByteLevel, byte_of};
use super::gguf::Gguf;
use super::value::{GgufError, Value};

/// SentencePiece's sign for a space.
pub(super) const SPACE: char = '\u{2581}';

/// What a token is (`tokenizer.ggml.token_type`, the numbers of SentencePiece).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte(u8),
}

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Higher is merged earlier.
    pub(super) score: f32,
    pub(super) kind: Kind,
}

/// All tokens, by number and by text.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    pieces: Vec<Piece>,
    /// Ordinary pieces only, so that no text can become a control token by merging.
    ordinary: HashMap<String, u32>,
    bytes: Vec<Option<u32>>,
    /// Markers of templates, longest first.
    markers: Vec<(String, u32)>,
    /// User-defined pieces that stand in ordinary text (Gemma's runs of newlines), longest first.
    defined: Vec<(String, u32)>,
    /// Markers that swallow the white space after them.
    swallowing: Vec<u32>,
    /// Tokens that end a reply.
    ending: Vec<u32>,
    architecture: Architecture,
    /// What byte-level vocabularies have beside pieces; `None` for SentencePiece.
    pub(super) byte_level: Option<ByteLevel>,
    pub(super) begin: Option<u32>,
    pub(super) end: Option<u32>,
    pub(super) unknown: Option<u32>,
    pub(super) add_begin: bool,
    pub(super) add_space: bool,
}

/// Markers that end a reply, whatever the metadata's end token is: those of Phi-3, Gemma, Llama and ChatML.
/// A marker that begins the next turn ends this one too.
const ENDING: [&str; 16] = [
    "<|end|>",
    "<|endoftext|>",
    "<|assistant|>",
    "<|user|>",
    "<|system|>",
    "</s>",
    "<eos>",
    "<end_of_turn>",
    "<start_of_turn>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|im_end|>",
    "<|im_start|>",
    "<|end_of_turn|>",
];

/// Phi-3's added tokens are trimmed on their right side, except these (its tokenizer.json; llama.cpp
/// `llama-vocab.cpp`, attributes of "phi-3").
const NOT_SWALLOWING: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

impl Vocabulary {
    /// Reads the vocabulary of a file whose embedding has `tokens` rows.
    pub(super) fn read(file: &Gguf, architecture: Architecture, tokens: usize) -> Result<Self, GgufError> {
        let byte_level = match file.text("tokenizer.ggml.model")? {
            Some("llama") => false,
            Some("gpt2") => true,
            Some(other) => {
                return Err(GgufError::Unsupported(format!(
                    "its tokenizer is \"{other}\"; \"llama\" (SentencePiece) and \"gpt2\" (byte-level BPE) \
                     are supported"
                )));
            }
            None => return Err(GgufError::MissingKey("tokenizer.ggml.model".to_owned())),
        };
        let mut vocabulary = Self::new(pieces(file, tokens)?, architecture);
        vocabulary.begin = vocabulary.number_of(file, "tokenizer.ggml.bos_token_id")?;
        vocabulary.end = vocabulary.number_of(file, "tokenizer.ggml.eos_token_id")?;
        vocabulary.unknown = vocabulary.number_of(file, "tokenizer.ggml.unknown_token_id")?;
        for key in ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"] {
            let ending = vocabulary.number_of(file, key)?;
            vocabulary.ending.extend(ending);
        }
        vocabulary.ending.extend(vocabulary.end);
        let (mut adds_begin, mut adds_space) = (true, true);
        if byte_level {
            let level = ByteLevel::read(file, |piece| vocabulary.ordinary(piece))?;
            (adds_begin, adds_space) = (level.words.adds_begin, false);
            // Only Phi-3's own vocabulary swallows space, not every vocabulary under that architecture.
            vocabulary.swallowing.clear();
            vocabulary.byte_level = Some(level);
        }
        vocabulary.add_begin = file.flag("tokenizer.ggml.add_bos_token")?.unwrap_or(adds_begin);
        vocabulary.add_space = file.flag("tokenizer.ggml.add_space_prefix")?.unwrap_or(adds_space);
        // A prompt is to be continued, so the end token is never added. The value must be valid all the same.
        file.flag("tokenizer.ggml.add_eos_token")?;
        Ok(vocabulary)
    }

    /// A vocabulary of these pieces, without begin, end and unknown tokens.
    pub(super) fn new(pieces: Vec<Piece>, architecture: Architecture) -> Self {
        let mut ordinary = HashMap::new();
        let mut bytes = vec![None; 256];
        let (mut markers, mut defined) = (Vec::new(), Vec::new());
        for (id, piece) in (0_u32..).zip(&pieces) {
            match piece.kind {
                // The first of two equal pieces counts, as in llama.cpp.
                Kind::Normal => {
                    ordinary.entry(piece.text.clone()).or_insert(id);
                }
                Kind::Byte(byte) => {
                    if let Some(slot) = bytes.get_mut(usize::from(byte)) {
                        *slot = Some(id);
                    }
                }
                Kind::Control => markers.push((piece.text.clone(), id)),
                // Some files call markers user-defined. A caller's words must not become these either.
                Kind::UserDefined if piece.text.starts_with('<') && piece.text.ends_with('>') => {
                    markers.push((piece.text.clone(), id));
                }
                // As it appears in a text, however the file's writer wrote its spaces.
                Kind::UserDefined => defined.push((piece.text.replace(SPACE, " "), id)),
                Kind::Unknown | Kind::Unused => {}
            }
        }
        for list in [&mut markers, &mut defined] {
            list.retain(|(text, _)| !text.is_empty());
            longest_first(list);
        }
        let ids = |wanted: &dyn Fn(&str) -> bool| -> Vec<u32> {
            markers.iter().filter(|(text, _)| wanted(text)).map(|(_, id)| *id).collect()
        };
        let swallowing = if architecture == Architecture::Phi3 {
            ids(&|text| !NOT_SWALLOWING.contains(&text))
        } else {
            Vec::new()
        };
        let ending = ids(&|text| ENDING.contains(&text));
        Self {
            pieces,
            ordinary,
            bytes,
            markers,
            defined,
            swallowing,
            ending,
            architecture,
            byte_level: None,
            begin: None,
            end: None,
            unknown: None,
            add_begin: false,
            add_space: true,
        }
    }

    /// Makes markers of ordinary pieces that look like markers and occur in `literals`, the text that a
    /// template writes around messages. Some files call their markers ordinary. A template could then not
    /// write them as one token, and a caller could. Returns the texts of the new markers.
    pub(super) fn take_for_markers(&mut self, literals: &str) -> Vec<String> {
        let mut taken = Vec::new();
        for (id, piece) in (0_u32..).zip(&mut self.pieces) {
            if piece.kind == Kind::Normal && is_like_a_marker(&piece.text) && literals.contains(&piece.text) {
                piece.kind = Kind::Control;
                self.ordinary.remove(&piece.text);
                self.markers.push((piece.text.clone(), id));
                if ENDING.contains(&piece.text.as_str()) {
                    self.ending.push(id);
                }
                let swallows = self.architecture == Architecture::Phi3 && self.byte_level.is_none();
                if swallows && !NOT_SWALLOWING.contains(&piece.text.as_str()) {
                    self.swallowing.push(id);
                }
                taken.push(piece.text.clone());
            }
        }
        longest_first(&mut self.markers);
        taken
    }

    fn number_of(&self, file: &Gguf, key: &str) -> Result<Option<u32>, GgufError> {
        // Older writers say 4294967295 for "none", and others -1.
        let number = match file.get(key) {
            Some(Value::Integer(number)) if *number < 0 => None,
            _ => file.count(key)?.filter(|&n| n != u32::MAX as usize),
        };
        match number {
            Some(n) if n >= self.pieces.len() => {
                Err(GgufError::Corrupt(format!("metadata \"{key}\" names token {n}, which does not exist")))
            }
            number => Ok(number.and_then(|n| u32::try_from(n).ok())),
        }
    }

    /// The token with this number.
    pub(super) fn piece(&self, id: u32) -> Option<&Piece> {
        self.pieces.get(id as usize)
    }

    /// The number of the ordinary piece with this text.
    pub(super) fn ordinary(&self, text: &str) -> Option<u32> {
        self.ordinary.get(text).copied()
    }

    /// The token that stands for one byte.
    pub(super) fn byte(&self, byte: u8) -> Option<u32> {
        self.bytes.get(usize::from(byte)).copied().flatten()
    }

    /// Markers and their numbers, longest first.
    pub(super) fn markers(&self) -> &[(String, u32)] {
        &self.markers
    }

    /// User-defined pieces of ordinary text, longest first.
    pub(super) fn defined(&self) -> &[(String, u32)] {
        &self.defined
    }

    /// True if the white space after this marker is dropped.
    pub(super) fn swallows_space(&self, id: u32) -> bool {
        self.swallowing.contains(&id)
    }

    /// True if this token ends a reply.
    pub(super) fn ends_reply(&self, id: u32) -> bool {
        self.ending.contains(&id) || self.end == Some(id)
    }

    /// The number of tokens.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The text of a token that a template may name, such as `bos_token`.
    pub(super) fn text_of(&self, id: Option<u32>) -> &str {
        id.and_then(|id| self.piece(id)).map_or("", |piece| &piece.text)
    }

    /// The bytes of text that a token stands for; none for markers.
    pub(super) fn bytes_of(&self, id: u32) -> Vec<u8> {
        let Some(piece) = self.piece(id) else { return Vec::new() };
        match (piece.kind, &self.byte_level) {
            (Kind::Byte(byte), _) => vec![byte],
            (Kind::Normal, Some(_)) => {
                let mut bytes = Vec::with_capacity(piece.text.len());
                for c in piece.text.chars() {
                    match byte_of(c) {
                        Some(byte) => bytes.push(byte),
                        None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    }
                }
                bytes
            }
            (Kind::UserDefined, Some(_)) => piece.text.clone().into_bytes(),
            (Kind::Normal | Kind::UserDefined, None) => piece.text.replace(SPACE, " ").into_bytes(),
            (Kind::Unknown | Kind::Control | Kind::Unused, _) => Vec::new(),
        }
    }
}

fn longest_first(list: &mut [(String, u32)]) {
    list.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
}

/// `<|user|>`, `<start_of_turn>`, `[INST]`: one word in brackets.
fn is_like_a_marker(text: &str) -> bool {
    let inside = |open, close| text.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    let angle = inside('<', '>').is_some_and(|word| {
        !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "<>".contains(c))
    });
    let capitals = |c: char| c.is_ascii_uppercase() || "/_".contains(c);
    angle || inside('[', ']').is_some_and(|word| !word.is_empty() && word.chars().all(capitals))
}

/// The pieces of a file: texts, with scores and kinds if the file has them.
fn pieces(file: &Gguf, tokens: usize) -> Result<Vec<Piece>, GgufError> {
    let wrong = |key: &str, expected| GgufError::WrongType { key: key.to_owned(), expected };
    let key = "tokenizer.ggml.tokens";
    let texts = match file.get(key) {
        Some(Value::Texts(texts)) => texts,
        Some(_) => return Err(wrong(key, "a list of texts")),
        None => return Err(GgufError::MissingKey(key.to_owned())),
    };
    if texts.len() != tokens {
        return Err(GgufError::Corrupt(format!(
            "the vocabulary has {} tokens, the embedding {tokens}",
            texts.len()
        )));
    }
    let key = "tokenizer.ggml.scores";
    let scores = match file.get(key) {
        Some(Value::Floats(scores)) if scores.len() == tokens => scores.clone(),
        None => vec![0.0; tokens],
        Some(_) => return Err(wrong(key, "as many numbers as there are tokens")),
    };
    let key = "tokenizer.ggml.token_type";
    let types = match file.get(key) {
        Some(Value::Integers(types)) if types.len() == tokens => types.clone(),
        None => vec![1; tokens],
        Some(_) => return Err(wrong(key, "as many whole numbers as there are tokens")),
    };
    let piece = |((text, score), kind): ((&String, f32), i64)| Piece {
        text: text.clone(),
        score: if score.is_nan() { f32::MIN } else { score },
        kind: kind_of(kind, text),
    };
    Ok(texts.iter().zip(scores).zip(types).map(piece).collect())
}

fn kind_of(number: i64, text: &str) -> Kind {
    match number {
        2 => Kind::Unknown,
        3 => Kind::Control,
        4 => Kind::UserDefined,
        5 => Kind::Unused,
        6 => {
            let digits = text.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
            digits.and_then(|hex| u8::from_str_radix(hex, 16).ok()).map_or(Kind::Unused, Kind::Byte)
        }
        _ => Kind::Normal,
    }
}
