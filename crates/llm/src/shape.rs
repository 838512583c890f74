//! The sizes of a model, read from its file and checked. Must not know the contents of tensors, or how a
//! model is computed.

use super::architecture::{Architecture, Keys, ShapeError, Traits};
use super::gguf::Gguf;
use super::positions::Positions;
use super::value::{GgufError, Value};

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
    /// The factor for products of query and key.
    pub(super) query_scale: f32,
    /// The limit of the logits' soft capping.
    pub(super) logit_cap: Option<f32>,
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
                "it is a mixture of experts (\"{key}\"), which is not supported"
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
        // The 27B model of Gemma 3 divides by another width than that of its heads (llama.cpp does not find
        // it in the file either, and goes by the number of layers).
        let is_27b = architecture == Architecture::Gemma3 && layers == 62;
        let scaled_width = if is_27b { width / heads } else { head_width };
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

/// The width of a head: from the file, or an even share of the model's width.
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

/// The window of each layer. The pattern is a period, or says for every layer whether it has the window.
fn windows(keys: &Keys<'_>, layers: usize) -> Result<Vec<Option<usize>>, ShapeError> {
    let window = keys.file.count(&keys.key("attention.sliding_window"))?.filter(|&n| n > 0);
    let pattern = keys.key("attention.sliding_window_pattern");
    let period = keys.architecture.traits().layers_a_period;
    let local: Vec<bool> = match keys.file.get(&pattern) {
        Some(Value::Integers(each)) if each.len() == layers => each.iter().map(|&n| n != 0).collect(),
        Some(Value::Integers(each)) => {
            return Err(ShapeError::Impossible(format!(
                "metadata \"{pattern}\" is for {} layers, but the model has {layers}",
                each.len()
            )));
        }
        found => {
            let period = if found.is_some() { keys.file.count(&pattern)? } else { period };
            // A period of 0, or none: all layers have the window. A period of 1: no layer has it.
            let period = period.filter(|&period| period > 0);
            (1..=layers).map(|layer| period.is_none_or(|period| layer % period != 0)).collect()
        }
    };
    Ok(local.into_iter().map(|local| window.filter(|_| local)).collect())
}
