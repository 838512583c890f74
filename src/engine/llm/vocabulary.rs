//! The vocabulary that comes with a model: its pieces, their kinds, and the tokens that have a meaning of
//! their own. Must not know how text is cut into pieces.

use std::collections::HashMap;

use super::architecture::Architecture;
use super::gguf::{Gguf, GgufError, Value};

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
    /// Ordinary pieces only: nothing that is said can become a control token by merging.
    ordinary: HashMap<String, u32>,
    bytes: Vec<Option<u32>>,
    /// Markers of templates, longest first.
    markers: Vec<(String, u32)>,
    /// User-defined pieces that stand in ordinary text (Gemma's runs of newlines), longest first.
    defined: Vec<(String, u32)>,
    /// Markers that swallow the white space behind them.
    swallowing: Vec<u32>,
    pub(super) begin: Option<u32>,
    pub(super) end: Option<u32>,
    pub(super) unknown: Option<u32>,
    pub(super) add_begin: bool,
    pub(super) add_space: bool,
}

/// Markers that end a reply, whatever the metadata's end token is: Phi-3's, Llama's and Gemma's.
const ENDING: [&str; 8] = [
    "<|end|>",
    "<|endoftext|>",
    "<|assistant|>",
    "<|user|>",
    "<|system|>",
    "</s>",
    "<end_of_turn>",
    "<|eot_id|>",
];

/// Phi-3's added tokens are trimmed on their right side, except these (its tokenizer.json; llama.cpp
/// `llama-vocab.cpp`, attributes of "phi-3").
const NOT_SWALLOWING: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

impl Vocabulary {
    /// Reads the vocabulary of a file whose embedding has `tokens` rows.
    pub(super) fn read(file: &Gguf, architecture: Architecture, tokens: usize) -> Result<Self, GgufError> {
        match file.text("tokenizer.ggml.model")? {
            Some("llama") => {}
            Some(other) => {
                return Err(GgufError::Corrupt(format!(
                    "its tokenizer is \"{other}\"; only \"llama\" (SentencePiece) is supported"
                )));
            }
            None => return Err(GgufError::MissingKey("tokenizer.ggml.model".to_owned())),
        }
        let texts = match file.get("tokenizer.ggml.tokens") {
            Some(Value::Texts(texts)) => texts,
            Some(_) => {
                return Err(GgufError::WrongType {
                    key: "tokenizer.ggml.tokens".into(),
                    expected: "a list of texts",
                });
            }
            None => return Err(GgufError::MissingKey("tokenizer.ggml.tokens".to_owned())),
        };
        if texts.len() != tokens {
            return Err(GgufError::Corrupt(format!(
                "the vocabulary has {} tokens, the embedding {tokens}",
                texts.len()
            )));
        }
        let scores = match file.get("tokenizer.ggml.scores") {
            Some(Value::Floats(scores)) if scores.len() == tokens => scores.clone(),
            None => vec![0.0; tokens],
            Some(_) => {
                return Err(GgufError::WrongType {
                    key: "tokenizer.ggml.scores".into(),
                    expected: "as many numbers as there are tokens",
                });
            }
        };
        let types = match file.get("tokenizer.ggml.token_type") {
            Some(Value::Integers(types)) if types.len() == tokens => types.clone(),
            None => vec![1; tokens],
            Some(_) => {
                return Err(GgufError::WrongType {
                    key: "tokenizer.ggml.token_type".into(),
                    expected: "as many whole numbers as there are tokens",
                });
            }
        };
        let pieces = texts.iter().zip(scores).zip(types).map(|((text, score), kind)| {
            let kind = kind_of(kind, text);
            Piece { text: text.clone(), score: if score.is_nan() { f32::MIN } else { score }, kind }
        });
        let mut vocabulary = Self::new(pieces.collect(), architecture);
        vocabulary.begin = vocabulary.number_of(file, "tokenizer.ggml.bos_token_id")?;
        vocabulary.end = vocabulary.number_of(file, "tokenizer.ggml.eos_token_id")?;
        vocabulary.unknown = vocabulary.number_of(file, "tokenizer.ggml.unknown_token_id")?;
        vocabulary.add_begin = file.flag("tokenizer.ggml.add_bos_token")?.unwrap_or(true);
        vocabulary.add_space = file.flag("tokenizer.ggml.add_space_prefix")?.unwrap_or(true);
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
                // Some files call markers user-defined; a caller's words must not become one either.
                Kind::UserDefined if piece.text.starts_with('<') && piece.text.ends_with('>') => {
                    markers.push((piece.text.clone(), id));
                }
                Kind::UserDefined => defined.push((piece.text.clone(), id)),
                Kind::Unknown | Kind::Unused => {}
            }
        }
        for list in [&mut markers, &mut defined] {
            list.retain(|(text, _)| !text.is_empty());
            list.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        }
        let swallowing = match architecture {
            Architecture::Phi3 => markers
                .iter()
                .filter(|(text, _)| !NOT_SWALLOWING.contains(&text.as_str()))
                .map(|(_, id)| *id)
                .collect(),
            Architecture::Llama | Architecture::Gemma3 => Vec::new(),
        };
        Self {
            pieces,
            ordinary,
            bytes,
            markers,
            defined,
            swallowing,
            begin: None,
            end: None,
            unknown: None,
            add_begin: false,
            add_space: true,
        }
    }

    fn number_of(&self, file: &Gguf, key: &str) -> Result<Option<u32>, GgufError> {
        // 4294967295 is how older writers say "none".
        let number = file.count(key)?.filter(|&n| n != u32::MAX as usize);
        match number {
            Some(n) if n >= self.pieces.len() => {
                Err(GgufError::Corrupt(format!("metadata \"{key}\" names token {n}, which is not there")))
            }
            number => Ok(number.and_then(|n| u32::try_from(n).ok())),
        }
    }

    /// The token of this number.
    pub(super) fn piece(&self, id: u32) -> Option<&Piece> {
        self.pieces.get(id as usize)
    }

    /// An ordinary piece of this text.
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

    /// True if the white space behind this marker is dropped.
    pub(super) fn swallows_space(&self, id: u32) -> bool {
        self.swallowing.contains(&id)
    }

    /// True if this token ends a reply.
    pub(super) fn ends_reply(&self, id: u32) -> bool {
        let ending = |piece: &Piece| {
            matches!(piece.kind, Kind::Control | Kind::UserDefined) && ENDING.contains(&piece.text.as_str())
        };
        self.end == Some(id) || self.piece(id).is_some_and(ending)
    }

    /// The text of a token that a template may name, such as `bos_token`.
    pub(super) fn text_of(&self, id: Option<u32>) -> &str {
        id.and_then(|id| self.piece(id)).map_or("", |piece| &piece.text)
    }
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
