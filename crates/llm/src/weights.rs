//! The weights of a decoder, immutable and shared by every call, and the pass of tokens through them. Keys
//! and values go to a `Cache` that the caller passes. Must not know calls, text or sampling.
//!
//! The matrices and norms are in `layer`, and the computations between them in `math` and `attention`.
//! Embeddings are looked up in the quantised matrix, row by row.

use std::sync::Arc;

use super::architecture::ShapeError;
use super::attention::{Part, View, attend};
use super::cache::Cache;
use super::expected;
use super::gguf::Gguf;
use super::kernels::{Kernels, QuantizedInput};
use super::layer::{Demand, Layer, Linear, Norm, Projected};
use super::math::{Rotation, add, cap, scale};
use super::pool::{Geometry, Pool};
use super::positions::Turning;
use super::shape::Shape;
use super::value::GgufError;

/// The embedding table, and the output matrix. Where the output matrix is missing, the embedding table serves
/// as both.
const EMBEDDING: &str = "token_embd";
const OUTPUT: &str = "output";

/// A model, ready to run.
pub(super) struct Weights {
    shape: Shape,
    /// The embedding table; often the output matrix too.
    embedding: Arc<Linear>,
    layers: Vec<Layer>,
    output_norm: Norm,
    output: Arc<Linear>,
    /// For layers that see everything, and for layers with a window if their rotation is another one.
    rotation: Rotation,
    local_rotation: Option<Rotation>,
    positions: usize,
    pool: Arc<Pool>,
    kernels: Kernels,
}

impl Weights {
    /// Reads a model. `positions` is the longest sequence wanted; the model's own limit applies too. All
    /// caches together take at most `cache_bytes`.
    pub(super) fn read(
        file: &Gguf,
        positions: usize,
        cache_bytes: usize,
        kernels: Kernels,
    ) -> Result<Self, ShapeError> {
        let shape = Shape::read(file)?;
        expected::check(file, &shape)?;
        let positions = positions.min(shape.context);
        let layers =
            (0..shape.layers).map(|i| Layer::read(file, &kernels, &shape, i)).collect::<Result<_, _>>()?;
        let output_norm = Norm::read(file, "output_norm.weight", shape.width, &shape)?;
        let multiplied =
            |name| Linear::read(file, &kernels, name, shape.vocabulary, shape.width).map(Arc::new);
        let (embedding, output) = if file.has_tensor("output.weight") {
            (Linear::table(file, EMBEDDING, shape.vocabulary, shape.width)?.into(), multiplied(OUTPUT)?)
        } else {
            let both = multiplied(EMBEDDING)?;
            (Arc::clone(&both), both)
        };
        let p = &shape.positions;
        let rotation = |turning: Turning| -> Result<Rotation, ShapeError> {
            let divisors = p.divisors(file, turning, positions)?;
            Ok(Rotation::new(shape.traits.rope, positions, &divisors, p.attention))
        };
        let local_rotation = if p.local == p.global { None } else { Some(rotation(p.local)?) };
        let rotation = rotation(p.global)?;
        // A tensor that was not read would have changed the result.
        if let Some(name) = file.unread("blk.") {
            return Err(GgufError::StrangeTensor(name, shape.architecture.name()).into());
        }
        file.refuse_changes()?;
        let geometry =
            Geometry { layers: shape.layers, kv_heads: shape.kv_heads, head_width: shape.head_width };
        let pool = Pool::new(geometry, cache_bytes);
        Ok(Self {
            embedding,
            output,
            output_norm,
            rotation,
            local_rotation,
            layers,
            positions,
            pool,
            kernels,
            shape,
        })
    }

    /// The most tokens that a sequence can have.
    pub(super) fn positions(&self) -> usize {
        self.positions
    }

    /// Tokens in the vocabulary.
    pub(super) fn vocabulary(&self) -> usize {
        self.shape.vocabulary
    }

    /// The cost of the matrices: of a pass through the layers, and of the logits of one row.
    pub(super) fn demand(&self) -> (Demand, Demand) {
        (self.layers.iter().map(Layer::demand).sum(), self.output.demand())
    }

    /// Bytes of the cache that a token reads after `before` other tokens.
    pub(super) fn cache_read(&self, before: usize) -> usize {
        let s = &self.shape;
        let seen = |layer| {
            s.windows.get(layer).copied().flatten().map_or(before, |window: usize| window.min(before))
        };
        let positions: usize = (0..s.layers).map(seen).sum();
        positions * s.kv_width() * 2 * size_of::<half::f16>()
    }

    /// The kernels and their threads.
    pub(super) fn kernels(&self) -> &Kernels {
        &self.kernels
    }

    /// The memory of all caches.
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// An empty cache that fits this model.
    pub(super) fn new_cache(&self) -> Cache {
        Cache::new(Arc::clone(&self.pool))
    }

    /// Sends the tokens of all portions through all layers in one pass, and appends their keys and values to
    /// the portions' caches. Returns the kept rows, one after the other, before the output norm. The caller
    /// has checked that the tokens fit and exist, and has reserved room for them.
    pub(super) fn forward(&self, parts: &mut [Portion<'_>]) -> Result<Vec<f32>, candle_core::Error> {
        let tokens: Vec<u32> = parts.iter().flat_map(|part| part.tokens).copied().collect();
        let mut x = self.embedding.rows(&tokens)?;
        if self.shape.traits.scaled_embedding {
            scale(&mut x, (self.shape.width as f32).sqrt());
        }
        for (index, layer) in self.layers.iter().enumerate() {
            x = self.layer(layer, index, x, parts)?;
        }
        for part in parts {
            part.cache.commit(part.tokens.len());
        }
        Ok(x)
    }

    /// The logits of the next token, for each of the rows that `forward` returned.
    pub(super) fn logits(&self, rows: &[f32]) -> Result<Vec<Vec<f32>>, candle_core::Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let x = QuantizedInput::new(self.output_norm.apply(rows), self.shape.width);
        let mut logits = self.output.apply(&self.kernels, &x)?;
        if let Some(limit) = self.shape.logit_cap {
            cap(&mut logits, limit);
        }
        if logits.len() == self.shape.vocabulary {
            return Ok(vec![logits]);
        }
        Ok(logits.chunks_exact(self.shape.vocabulary).map(<[f32]>::to_vec).collect())
    }

    fn layer(
        &self,
        layer: &Layer,
        index: usize,
        mut x: Vec<f32>,
        parts: &mut [Portion<'_>],
    ) -> Result<Vec<f32>, candle_core::Error> {
        let s = &self.shape;
        let Projected { mut queries, mut keys, values } = layer.project(&self.kernels, &x, s)?;
        let window = s.windows.get(index).copied().flatten();
        let rotation = match (&self.local_rotation, window) {
            (Some(local), Some(_)) => local,
            (None, _) | (_, None) => &self.rotation,
        };
        let mut row = 0;
        for part in &mut *parts {
            let (start, rows) = (part.cache.len(), row..row + part.tokens.len());
            row = rows.end;
            let keys = &mut keys[rows.start * s.kv_width()..rows.end * s.kv_width()];
            rotation.apply_rows(keys, s.kv_width(), s.head_width, start);
            let queries = &mut queries[rows.start * s.query_width()..rows.end * s.query_width()];
            rotation.apply_rows(queries, s.query_width(), s.head_width, start);
            let values = &values[rows.start * s.kv_width()..rows.end * s.kv_width()];
            part.cache.write(index, start, keys, values);
        }
        // In the last layer, only some rows are needed, but the keys and values of all.
        let kept = index + 1 == self.layers.len();
        if kept {
            x = gathered(&x, s.width, parts);
            queries = gathered(&queries, s.query_width(), parts);
        }
        let view = View { layer: index, heads: s.heads, window, scale: s.query_scale };
        if x.is_empty() {
            return Ok(x);
        }
        let looking: Vec<Part<'_>> = parts.iter().flat_map(|part| part.attending(kept)).collect();
        let seen = attend(self.kernels.workers(), &queries, &looking, view);
        add(&mut x, &layer.attended(&self.kernels, seen, s)?);
        let more = layer.fed_forward(&self.kernels, &x, s)?;
        add(&mut x, &more);
        Ok(x)
    }
}

/// The tokens of one sequence in a pass.
pub(super) struct Portion<'a> {
    pub(super) tokens: &'a [u32],
    pub(super) cache: &'a mut Cache,
    /// The indices of the tokens whose final rows are wanted, in order.
    pub(super) kept: &'a [usize],
}

impl Portion<'_> {
    /// The rows that read the cache: all at once, or each kept row alone.
    fn attending(&self, kept: bool) -> impl Iterator<Item = Part<'_>> {
        let (start, cache) = (self.cache.len(), &*self.cache);
        let all = (!kept).then_some(Part { rows: self.tokens.len(), start, cache });
        let each = self.kept.iter().filter(move |_| kept).map(move |row| Part {
            rows: 1,
            start: start + row,
            cache,
        });
        all.into_iter().chain(each)
    }
}

/// The kept rows, each of `width` numbers.
fn gathered(all: &[f32], width: usize, parts: &[Portion<'_>]) -> Vec<f32> {
    let (mut rows, mut first) = (Vec::new(), 0);
    for part in parts {
        for row in part.kept {
            rows.extend_from_slice(&all[(first + row) * width..(first + row + 1) * width]);
        }
        first += part.tokens.len();
    }
    rows
}
