//! What kind of decoder a file holds: its sizes, and the few places where one architecture differs from
//! another, as data. A further architecture is a variant here and, at most, a field. Must not know
//! tensors or how any of it is computed.

use super::gguf::{Gguf, GgufError};

/// The architectures that are understood (`general.architecture`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Architecture {
    /// Phi-3: query, key and value in one matrix, gate and up in one matrix, halves rotated.
    Phi3,
    /// Llama: every matrix on its own, neighbouring pairs rotated.
    Llama,
}

/// Which two numbers of a head are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RopeStyle {
    /// `x[i]` with `x[i + d/2]` (GPT-NeoX).
    Halves,
    /// `x[2i]` with `x[2i + 1]` (the original RoFormer).
    Pairs,
}

/// The sizes of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) architecture: Architecture,
    pub(super) rope: RopeStyle,
    /// Tokens in the vocabulary.
    pub(super) vocabulary: usize,
    /// Width of the residual stream.
    pub(super) width: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    /// Heads of keys and values; each serves `heads / kv_heads` query heads.
    pub(super) kv_heads: usize,
    pub(super) head_width: usize,
    pub(super) feed_forward: usize,
    /// Positions the model was trained for.
    pub(super) context: usize,
    /// A token sees itself and this many minus one before it; `None` sees all.
    pub(super) window: Option<usize>,
    pub(super) rope_base: f64,
    /// Numbers of a head that are rotated; the rest pass unchanged.
    pub(super) rope_width: usize,
    pub(super) norm_epsilon: f32,
}

/// Why a file's model cannot be run.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShapeError {
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error("its architecture is \"{0}\"; phi3 and llama are supported")]
    Architecture(String),
    #[error("{0}")]
    Impossible(String),
}

impl Architecture {
    fn named(name: &str) -> Option<Self> {
        match name {
            "phi3" => Some(Self::Phi3),
            "llama" => Some(Self::Llama),
            _ => None,
        }
    }

    /// Its name in GGUF, also the prefix of its metadata keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Phi3 => "phi3",
            Self::Llama => "llama",
        }
    }
}

impl Shape {
    /// Reads and checks the sizes. Upper limits keep later arithmetic far from overflow.
    pub(super) fn read(file: &Gguf) -> Result<Self, ShapeError> {
        let name = file
            .text("general.architecture")?
            .ok_or_else(|| GgufError::MissingKey("general.architecture".to_owned()))?;
        let architecture =
            Architecture::named(name).ok_or_else(|| ShapeError::Architecture(name.to_owned()))?;
        let key = |rest: &str| format!("{}.{rest}", architecture.name());
        let sized = |rest: &str, limit: usize| -> Result<usize, ShapeError> {
            let n = file.required_count(&key(rest))?;
            if (1..=limit).contains(&n) {
                Ok(n)
            } else {
                Err(ShapeError::Impossible(format!(
                    "metadata \"{}\" is {n}; 1 to {limit} is possible",
                    key(rest)
                )))
            }
        };
        let width = sized("embedding_length", 1 << 16)?;
        let layers = sized("block_count", 1 << 10)?;
        let heads = sized("attention.head_count", 1 << 10)?;
        let kv_heads = match file.count(&key("attention.head_count_kv"))? {
            None => heads,
            Some(_) => sized("attention.head_count_kv", heads)?,
        };
        if width % heads != 0 || heads % kv_heads != 0 {
            return Err(ShapeError::Impossible(format!(
                "a width of {width}, {heads} heads and {kv_heads} key-value heads do not divide evenly"
            )));
        }
        let head_width = width / heads;
        let rope_width = match file.count(&key("rope.dimension_count"))? {
            None => head_width,
            Some(_) => sized("rope.dimension_count", head_width)?,
        };
        if rope_width % 2 != 0 {
            return Err(ShapeError::Impossible(format!("{rope_width} rotated numbers a head are not pairs")));
        }
        refuse_scaled_positions(file, architecture)?;
        let table = file.tensor_shape("token_embd.weight")?;
        let vocabulary = match *table {
            [rows, columns] if columns == width && rows > 0 => rows,
            _ => {
                let found = table.to_vec();
                let name = "token_embd.weight".to_owned();
                return Err(GgufError::Shape { name, found, expected: vec![0, width] }.into());
            }
        };
        let epsilon = file.number(&key("attention.layer_norm_rms_epsilon"))?;
        Ok(Self {
            architecture,
            rope: match architecture {
                Architecture::Phi3 => RopeStyle::Halves,
                Architecture::Llama => RopeStyle::Pairs,
            },
            vocabulary,
            width,
            layers,
            heads,
            kv_heads,
            head_width,
            feed_forward: sized("feed_forward_length", 1 << 18)?,
            context: sized("context_length", 1 << 24)?,
            window: file.count(&key("attention.sliding_window"))?.filter(|&n| n > 0),
            rope_base: file.number(&key("rope.freq_base"))?.filter(|&x| x > 0.0).unwrap_or(10_000.0),
            rope_width,
            norm_epsilon: epsilon.unwrap_or(1e-5) as f32,
        })
    }

    /// Rows of the fused query-key-value matrix.
    pub(super) fn qkv_rows(&self) -> usize {
        self.width + 2 * self.kv_width()
    }

    /// Numbers of one position's keys (or values) in one layer.
    pub(super) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_width
    }
}

/// Long-context variants stretch the positions; running them without would give quietly wrong text.
fn refuse_scaled_positions(file: &Gguf, architecture: Architecture) -> Result<(), ShapeError> {
    for name in ["rope_factors_long.weight", "rope_factors_short.weight", "rope_freqs.weight"] {
        if file.has_tensor(name) {
            return Err(ShapeError::Impossible(format!(
                "it scales its positions (tensor \"{name}\"), which is not supported; take the short-context variant"
            )));
        }
    }
    match file.text(&format!("{}.rope.scaling.type", architecture.name()))? {
        None | Some("none") => Ok(()),
        Some(kind) => Err(ShapeError::Impossible(format!(
            "it scales its positions (\"{kind}\"), which is not supported"
        ))),
    }
}
