//! The kind of decoder in a file: the few differences between the architectures, as data. A further
//! architecture is a variant here, a row in `Traits` and, at most, a field. Must not know tensors' contents
//! or how any of it is computed.

use super::gguf::Gguf;
use super::kernels::Activation;
use super::value::GgufError;

/// The architectures that are supported (`general.architecture`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Architecture {
    /// Phi-3: query, key and value in one matrix, gate and up in one matrix, halves rotated.
    Phi3,
    /// Llama: every matrix on its own, neighbouring pairs rotated.
    Llama,
    /// Gemma 3: norms before and after attention and feed-forward, and of heads. Most layers see a window,
    /// and every sixth layer sees all positions.
    Gemma3,
    /// Qwen 2 and 2.5: as Llama, with halves rotated, and biases on queries, keys and values.
    Qwen2,
    /// Qwen 3: as Llama, with halves rotated, and norms of the heads of queries and keys.
    Qwen3,
}

/// Which two numbers of a head are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RopeStyle {
    /// `x[i]` with `x[i + d/2]` (GPT-NeoX).
    Halves,
    /// `x[2i]` with `x[2i + 1]` (the original RoFormer).
    Pairs,
}

/// The properties that all models of an architecture share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Traits {
    pub(super) rope: RopeStyle,
    pub(super) activation: Activation,
    /// Query, key and value are one matrix, and so are gate and up.
    pub(super) fused: bool,
    /// Queries, keys and values must have a bias. Everywhere else, a bias is added where the file has one.
    pub(super) biased: bool,
    /// The outputs of attention and feed-forward are normed before they are added.
    pub(super) norms_after: bool,
    /// Every head of queries and keys is normed.
    pub(super) head_norms: bool,
    /// Embeddings are multiplied by the square root of the width.
    pub(super) scaled_embedding: bool,
    /// The number of layers in a period: the last one sees all positions and the others see a window. `None`:
    /// if there is a window, all layers have it.
    pub(super) layers_a_period: Option<usize>,
}

/// Why the model in a file cannot be run.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShapeError {
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error("its architecture is \"{0}\"; supported are {known}", known = Architecture::names())]
    Architecture(String),
    #[error("{0}")]
    Impossible(String),
}

impl Architecture {
    const ALL: [Self; 5] = [Self::Phi3, Self::Llama, Self::Gemma3, Self::Qwen2, Self::Qwen3];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// The names of all, for people.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// The architecture's name in GGUF, which is also the prefix of its metadata keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Phi3 => "phi3",
            Self::Llama => "llama",
            Self::Gemma3 => "gemma3",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
        }
    }

    /// The table of the differences.
    pub(super) fn traits(self) -> Traits {
        let llama = Traits {
            rope: RopeStyle::Pairs,
            activation: Activation::Silu,
            fused: false,
            biased: false,
            norms_after: false,
            head_norms: false,
            scaled_embedding: false,
            layers_a_period: None,
        };
        match self {
            Self::Llama => llama,
            Self::Phi3 => Traits { rope: RopeStyle::Halves, fused: true, ..llama },
            Self::Qwen2 => Traits { rope: RopeStyle::Halves, biased: true, ..llama },
            Self::Qwen3 => Traits { rope: RopeStyle::Halves, head_norms: true, ..llama },
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
    pub(super) fn sized(&self, rest: &str, limit: usize) -> Result<usize, ShapeError> {
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
        Err(ShapeError::Impossible(format!("metadata \"{key}\" is {n}; 1 to {limit} is allowed")))
    }

    /// A number above 0 and not above `limit`, if it is there.
    pub(super) fn positive(&self, rest: &str, limit: f64) -> Result<Option<f64>, ShapeError> {
        match self.file.number(&self.key(rest))? {
            Some(x) if x <= 0.0 || x > limit => {
                let key = self.key(rest);
                Err(ShapeError::Impossible(format!(
                    "metadata \"{key}\" is {x}; a number above 0, up to {limit}, is allowed"
                )))
            }
            x => Ok(x),
        }
    }
}
