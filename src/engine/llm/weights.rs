//! The weights of a decoder, immutable and shared by every call, and the pass of tokens through them.
//! Keys and values go to a `Cache` that the caller brings. Must not know calls, text or sampling.
//!
//! The matrices and norms are in `layer`; what is between them is in `math` and `attention`. Only what the
//! file's table holds is kept: a token's embedding is looked up in the quantised matrix, row by row.

use std::sync::Arc;

use candle_core::CpuStorage;

use super::architecture::{Shape, ShapeError};
use super::attention::{Part, View, attend};
use super::cache::Cache;
use super::gguf::{Gguf, GgufError};
use super::layer::{Layer, Linear, Norm, Projected};
use super::mapped::Mapping;
use super::math::{Rotation, add, cap, scale};
use super::pool::{Geometry, Pool};
use super::positions::Turning;

/// What the caches of a model may take together.
const CACHE_BYTES: usize = 16 << 30;

/// A model, ready to run.
pub(super) struct Weights {
    shape: Shape,
    embedding: Linear,
    layers: Vec<Layer>,
    output_norm: Norm,
    /// `None`: the embedding is the output matrix too.
    output: Option<Linear>,
    /// In layers that see everything, and in layers with a window if it is another one there.
    rotation: Rotation,
    local_rotation: Option<Rotation>,
    positions: usize,
    mapping: Mapping,
    pool: Arc<Pool>,
}

impl Weights {
    /// Reads a model. `positions` is the longest sequence wanted; the model's own limit holds too.
    pub(super) fn read(file: &Gguf, positions: usize) -> Result<Self, ShapeError> {
        let shape = Shape::read(file)?;
        let positions = positions.min(shape.context);
        let layers = (0..shape.layers).map(|i| Layer::read(file, &shape, i)).collect::<Result<_, _>>()?;
        let table = |name: &str| Linear::read(file, name, shape.vocabulary, shape.width);
        let tied = !file.has_tensor("output.weight");
        let output_norm = Norm::read(file, "output_norm.weight", shape.width, &shape)?;
        let (embedding, output) =
            (table("token_embd.weight")?, if tied { None } else { Some(table("output.weight")?) });
        let p = &shape.positions;
        let rotation = |turning: Turning| -> Result<Rotation, ShapeError> {
            let divisors = p.divisors(file, turning, positions)?;
            Ok(Rotation::new(shape.traits.rope, positions, &divisors, p.attention))
        };
        let local_rotation = if p.local == p.global { None } else { Some(rotation(p.local)?) };
        let rotation = rotation(p.global)?;
        // What is there and was not read would have changed the result.
        if let Some(name) = file.unread("blk.") {
            return Err(GgufError::StrangeTensor(name, shape.architecture.name()).into());
        }
        let mapping = file.mapping().clone();
        let geometry =
            Geometry { layers: shape.layers, kv_heads: shape.kv_heads, head_width: shape.head_width };
        let pool = Pool::new(geometry, CACHE_BYTES);
        Ok(Self {
            embedding,
            output,
            output_norm,
            rotation,
            local_rotation,
            layers,
            positions,
            mapping,
            pool,
            shape,
        })
    }

    /// Tokens a sequence can have.
    pub(super) fn positions(&self) -> usize {
        self.positions
    }

    /// Tokens in the vocabulary.
    pub(super) fn vocabulary(&self) -> usize {
        self.shape.vocabulary
    }

    /// Multiplications a token costs in the matrix products, which is what a step's length follows.
    pub(super) fn work_per_token(&self) -> usize {
        let s = &self.shape;
        s.layers * s.width * (2 * s.query_width() + 2 * s.kv_width() + 3 * s.feed_forward)
    }

    /// Lets go of those parts of the file that are in memory, for the kernel to bring back what is needed.
    pub(super) fn release(&self) {
        self.mapping.release();
    }

    /// An empty cache that fits this model.
    pub(super) fn new_cache(&self) -> Cache {
        Cache::new(Arc::clone(&self.pool))
    }

    /// Sends tokens through all layers and appends their keys and values to `cache`. Gives back the
    /// last token's row, before the output norm. The caller has checked that they fit and exist, and has
    /// reserved room for them.
    pub(super) fn forward(&self, tokens: &[u32], cache: &mut Cache) -> Result<Vec<f32>, candle_core::Error> {
        let start = cache.len();
        let mut x = self.embedding.rows(tokens)?;
        if self.shape.traits.scaled_embedding {
            scale(&mut x, (self.shape.width as f32).sqrt());
        }
        for (index, layer) in self.layers.iter().enumerate() {
            // Of the last layer, only the last token's row is needed; its keys and values for all.
            let first = if index + 1 == self.layers.len() { tokens.len().saturating_sub(1) } else { 0 };
            x = self.layer(layer, index, x, start, first, cache)?;
        }
        cache.commit(tokens.len());
        Ok(x)
    }

    /// The logits of the next token, from the last row that `forward` gave.
    pub(super) fn logits(&self, row: &[f32]) -> Result<Vec<f32>, candle_core::Error> {
        let x = CpuStorage::F32(self.output_norm.apply(row));
        let mut logits = self.output.as_ref().unwrap_or(&self.embedding).apply(&x, 1)?;
        if let Some(limit) = self.shape.logit_cap {
            cap(&mut logits, limit);
        }
        Ok(logits)
    }

    fn layer(
        &self,
        layer: &Layer,
        index: usize,
        mut x: Vec<f32>,
        start: usize,
        first: usize,
        cache: &mut Cache,
    ) -> Result<Vec<f32>, candle_core::Error> {
        let s = &self.shape;
        let rows = x.len() / s.width;
        let Projected { mut queries, mut keys, values } = layer.project(&x, rows, s)?;
        let window = s.windows.get(index).copied().flatten();
        let rotation = match (&self.local_rotation, window) {
            (Some(local), Some(_)) => local,
            (None, _) | (_, None) => &self.rotation,
        };
        for (row, keys) in keys.chunks_exact_mut(s.kv_width()).enumerate() {
            rotation.apply_all(keys, s.head_width, start + row);
        }
        for (row, queries) in queries.chunks_exact_mut(s.query_width()).enumerate() {
            rotation.apply_all(queries, s.head_width, start + row);
        }
        cache.write(index, start, &keys, &values);
        if first > 0 {
            x.drain(..first * s.width);
            queries.drain(..first * s.query_width());
        }
        let rows = rows - first;
        let view = View { layer: index, heads: s.heads, window, scale: s.query_scale };
        let seen = attend(&queries, &[Part { rows, start: start + first, cache }], view);
        add(&mut x, &layer.attended(seen, rows)?);
        let more = layer.fed_forward(&x, rows, s)?;
        add(&mut x, &more);
        Ok(x)
    }
}
