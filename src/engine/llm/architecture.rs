//! What kind of decoder a file holds: its sizes, and the few places where one architecture differs from
//! another, as data. A further architecture is a variant here, a row in `Traits` and, at most, a field.
//! Must not know tensors' contents or how any of it is computed.

use super::gguf::{Gguf, GgufError, Value};
use super::positions::Positions;

/// The architectures that are understood (`general.architecture`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Architecture {
    /// Phi-3: query, key and value in one matrix, gate and up in one matrix, halves rotated.
    Phi3,
    /// Llama: every matrix on its own, neighbouring pairs rotated.
    Llama,
    /// Gemma 3: norms before and after, of heads too; most layers see a window, every sixth sees all.
    Gemma3,
}

/// Which two numbers of a head are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RopeStyle {
    /// `x[i]` with `x[i + d/2]` (GPT-NeoX).
    Halves,
    /// `x[2i]` with `x[2i + 1]` (the original RoFormer).
    Pairs,
}

/// What opens the gate of the feed-forward layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// `x · sigmoid(x)`.
    Silu,
    /// The Gaussian error linear unit, in its approximation by tanh.
    Gelu,
}

/// What all models of an architecture have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Traits {
    pub(super) rope: RopeStyle,
    pub(super) activation: Activation,
    /// Query, key and value are one matrix, and so are gate and up.
    pub(super) fused: bool,
    /// The outputs of attention and feed-forward are normed before they are added.
    pub(super) norms_after: bool,
    /// Every head of queries and keys is normed.
    pub(super) head_norms: bool,
    /// Embeddings are multiplied by the root of the width.
    pub(super) scaled_embedding: bool,
    /// Of so many layers, the last sees all positions and the others a window. `None`: where there is a
    /// window, all layers have it.
    pub(super) layers_a_period: Option<usize>,
}

/// The sizes of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) architecture: Architecture,
    pub(super) traits: Traits,
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
    /// For each layer, how many positions a token sees, itself included; `None` is all of them.
    pub(super) windows: Vec<Option<usize>>,
    pub(super) positions: Positions,
    pub(super) norm_epsilon: f32,
    /// What a product of query and key is multiplied by.
    pub(super) query_scale: f32,
    /// Logits are bent so that they stay within this.
    pub(super) logit_cap: Option<f32>,
}

/// Why a file's model cannot be run.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShapeError {
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error("its architecture is \"{0}\"; phi3, llama and gemma3 are supported")]
    Architecture(String),
    #[error("{0}")]
    Impossible(String),
}

impl Architecture {
    fn named(name: &str) -> Option<Self> {
        [Self::Phi3, Self::Llama, Self::Gemma3].into_iter().find(|known| known.name() == name)
    }

    /// Its name in GGUF, also the prefix of its metadata keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Phi3 => "phi3",
            Self::Llama => "llama",
            Self::Gemma3 => "gemma3",
        }
    }

    /// The table of the differences.
    fn traits(self) -> Traits {
        let llama = Traits {
            rope: RopeStyle::Pairs,
            activation: Activation::Silu,
            fused: false,
            norms_after: false,
            head_norms: false,
            scaled_embedding: false,
            layers_a_period: None,
        };
        match self {
            Self::Llama => llama,
            Self::Phi3 => Traits { rope: RopeStyle::Halves, fused: true, ..llama },
            Self::Gemma3 => Traits {
                rope: RopeStyle::Halves,
                activation: Activation::Gelu,
                norms_after: true,
                head_norms: true,
                scaled_embedding: true,
                layers_a_period: Some(6),
                ..llama
            },
        }
    }
}

/// The metadata of one architecture.
pub(super) struct Keys<'a> {
    pub(super) file: &'a Gguf,
    pub(super) architecture: Architecture,
}

impl Keys<'_> {
    pub(super) fn key(&self, rest: &str) -> String {
        format!("{}.{rest}", self.architecture.name())
    }

    /// A count that must be there, from 1 to `limit`.
    fn sized(&self, rest: &str, limit: usize) -> Result<usize, ShapeError> {
        let n = self.file.required_count(&self.key(rest))?;
        self.within(rest, n, limit)
    }

    /// A count from 1 to `limit`, if it is there.
    pub(super) fn maybe(&self, rest: &str, limit: usize) -> Result<Option<usize>, ShapeError> {
        let n = self.file.count(&self.key(rest))?;
        n.map(|n| self.within(rest, n, limit)).transpose()
    }

    fn within(&self, rest: &str, n: usize, limit: usize) -> Result<usize, ShapeError> {
        if (1..=limit).contains(&n) {
            return Ok(n);
        }
        let key = self.key(rest);
        Err(ShapeError::Impossible(format!("metadata \"{key}\" is {n}; 1 to {limit} is possible")))
    }

    /// A number that must lie above 0 and not above `limit`, if it is there.
    pub(super) fn positive(&self, rest: &str, limit: f64) -> Result<Option<f64>, ShapeError> {
        match self.file.number(&self.key(rest))? {
            Some(x) if x <= 0.0 || x > limit => {
                let key = self.key(rest);
                Err(ShapeError::Impossible(format!(
                    "metadata \"{key}\" is {x}; a number above 0, up to {limit}, is possible"
                )))
            }
            x => Ok(x),
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
        let traits = architecture.traits();
        let keys = Keys { file, architecture };
        if keys.maybe("expert_count", usize::MAX).is_ok_and(|experts| experts.is_some()) {
            let key = keys.key("expert_count");
            return Err(ShapeError::Impossible(format!(
                "it mixes experts (\"{key}\"), which is not supported"
            )));
        }
        let width = keys.sized("embedding_length", 1 << 16)?;
        let layers = keys.sized("block_count", 1 << 10)?;
        let heads = keys.sized("attention.head_count", 1 << 10)?;
        let kv_heads = keys.maybe("attention.head_count_kv", heads)?.unwrap_or(heads);
        let head_width = head_width(&keys, width, heads)?;
        if heads % kv_heads != 0 {
            return Err(ShapeError::Impossible(format!(
                "{heads} heads and {kv_heads} key-value heads do not divide evenly"
            )));
        }
        let context = keys.sized("context_length", 1 << 24)?;
        let table = file.tensor_shape("token_embd.weight")?;
        let vocabulary = match *table {
            [rows, columns] if columns == width && rows > 0 => rows,
            _ => {
                let found = table.to_vec();
                let name = "token_embd.weight".to_owned();
                return Err(GgufError::Shape { name, found, expected: vec![0, width] }.into());
            }
        };
        // The 27 billion of Gemma 3 divide by another width than that of their heads (llama.cpp does
        // not find it in the file either, and goes by the number of layers).
        let scaled_width = match architecture {
            Architecture::Gemma3 if layers == 62 => width / heads,
            Architecture::Phi3 | Architecture::Llama | Architecture::Gemma3 => head_width,
        };
        let scale = keys.positive("attention.scale", 1e3)?;
        Ok(Self {
            architecture,
            traits,
            vocabulary,
            width,
            layers,
            heads,
            kv_heads,
            head_width,
            feed_forward: keys.sized("feed_forward_length", 1 << 18)?,
            context,
            windows: windows(&keys, layers)?,
            positions: Positions::read(&keys, head_width, context)?,
            norm_epsilon: keys.positive("attention.layer_norm_rms_epsilon", 1.0)?.unwrap_or(1e-5) as f32,
            query_scale: scale.map_or(1.0 / (scaled_width as f32).sqrt(), |scale| scale as f32),
            logit_cap: keys.positive("final_logit_softcapping", 1e6)?.map(|cap| cap as f32),
        })
    }

    /// Numbers of one position's queries in one layer.
    pub(super) fn query_width(&self) -> usize {
        self.heads * self.head_width
    }

    /// Numbers of one position's keys (or values) in one layer.
    pub(super) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_width
    }
}

/// Numbers of a head: what the file says, or an even share of the width.
fn head_width(keys: &Keys<'_>, width: usize, heads: usize) -> Result<usize, ShapeError> {
    const LIMIT: usize = 1 << 12;
    let key = keys.maybe("attention.key_length", LIMIT)?;
    let value = keys.maybe("attention.value_length", LIMIT)?;
    let found = match (key, value) {
        (None, None) if width.is_multiple_of(heads) => width / heads,
        (None, None) => {
            return Err(ShapeError::Impossible(format!(
                "a width of {width} and {heads} heads do not divide evenly"
            )));
        }
        (Some(key), None) => key,
        (Some(key), Some(value)) if key == value => key,
        (key, Some(value)) => {
            let (name, other) = (keys.key("attention.value_length"), keys.key("attention.key_length"));
            let key = key.map_or("missing".to_owned(), |key| key.to_string());
            return Err(ShapeError::Impossible(format!(
                "metadata \"{name}\" is {value} and \"{other}\" is {key}; heads of two widths are not supported"
            )));
        }
    };
    Ok(found)
}

/// How far each layer sees. The pattern is a period, or says of every layer whether it has the window.
fn windows(keys: &Keys<'_>, layers: usize) -> Result<Vec<Option<usize>>, ShapeError> {
    let window = keys.file.count(&keys.key("attention.sliding_window"))?.filter(|&n| n > 0);
    let pattern = keys.key("attention.sliding_window_pattern");
    let period = keys.architecture.traits().layers_a_period;
    let local: Vec<bool> = match keys.file.get(&pattern) {
        Some(Value::Integers(each)) if each.len() == layers => each.iter().map(|&n| n != 0).collect(),
        Some(Value::Integers(each)) => {
            return Err(ShapeError::Impossible(format!(
                "metadata \"{pattern}\" speaks of {} layers, the model has {layers}",
                each.len()
            )));
        }
        found => {
            let period = if found.is_some() { keys.file.count(&pattern)? } else { period };
            // 0 and none: all layers have the window. 1: none has.
            let period = period.filter(|&period| period > 0);
            (1..=layers).map(|layer| period.is_none_or(|period| layer % period != 0)).collect()
        }
    };
    Ok(local.into_iter().map(|local| window.filter(|_| local)).collect())
}
