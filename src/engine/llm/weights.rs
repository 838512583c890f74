//! The weights of a decoder, immutable and shared by every call, and the pass of tokens through them.
//! Keys and values go to a `Cache` that the caller brings. Must not know calls, text or sampling.
//!
//! The matrix products are candle's (quantised types, its own repacked kernels); everything between them
//! is in `math` and `attention`.

use candle_core::quantized::QTensor;
use candle_core::{CpuStorage, CustomOp1, Layout};

use super::architecture::{Architecture, Shape, ShapeError};
use super::attention::attend;
use super::cache::{Cache, Geometry};
use super::gguf::{Gguf, GgufError};
use super::math::{Rotation, add, gated, rms_norm};

/// A matrix that multiplies rows from the right: `outputs × inputs`, as it lies in the file.
struct Linear {
    weight: QTensor,
    inputs: usize,
}

impl Linear {
    fn read(file: &Gguf, name: &str, outputs: usize, inputs: usize) -> Result<Self, GgufError> {
        Ok(Self { weight: file.tensor(name, &[outputs, inputs])?, inputs })
    }

    /// `x` holds rows of `inputs` numbers; so many rows of `outputs` numbers come back.
    fn apply(&self, x: &CpuStorage, rows: usize) -> Result<Vec<f32>, candle_core::Error> {
        let (out, _) = self.weight.cpu_fwd(x, &Layout::contiguous((rows, self.inputs)))?;
        numbers(out)
    }
}

fn numbers(storage: CpuStorage) -> Result<Vec<f32>, candle_core::Error> {
    let CpuStorage::F32(numbers) = storage else {
        candle_core::bail!("a matrix product gave another type than f32");
    };
    Ok(numbers)
}

/// Query, key and value: one matrix, or three.
enum QueryKeyValue {
    Fused(Linear),
    Split(Box<[Linear; 3]>),
}

/// Gate and up: one matrix with the gate's rows first, or two.
enum GateUp {
    Fused(Linear),
    Split(Box<[Linear; 2]>),
}

struct Layer {
    attention_norm: Vec<f32>,
    qkv: QueryKeyValue,
    attention_output: Linear,
    feed_forward_norm: Vec<f32>,
    gate_up: GateUp,
    down: Linear,
}

/// A model, ready to run.
pub(super) struct Weights {
    shape: Shape,
    embedding: QTensor,
    layers: Vec<Layer>,
    output_norm: Vec<f32>,
    /// `None`: the embedding is the output matrix too.
    output: Option<QTensor>,
    rotation: Rotation,
    positions: usize,
}

impl Weights {
    /// Reads a model. `positions` is the longest sequence wanted; the model's own limit holds too.
    pub(super) fn read(file: &Gguf, positions: usize) -> Result<Self, ShapeError> {
        let shape = Shape::read(file)?;
        let positions = positions.min(shape.context);
        let layers = (0..shape.layers).map(|i| Layer::read(file, &shape, i)).collect::<Result<_, _>>()?;
        let table = [shape.vocabulary, shape.width];
        let tied = !file.has_tensor("output.weight");
        Ok(Self {
            embedding: file.tensor("token_embd.weight", &table)?,
            output: if tied { None } else { Some(file.tensor("output.weight", &table)?) },
            output_norm: file.vector("output_norm.weight", shape.width)?,
            rotation: Rotation::new(shape.rope, positions, shape.rope_width, shape.rope_base),
            layers,
            positions,
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
        s.layers * s.width * (s.qkv_rows() + s.width + 3 * s.feed_forward)
    }

    /// An empty cache that fits this model.
    pub(super) fn new_cache(&self) -> Cache {
        Cache::new(Geometry {
            layers: self.shape.layers,
            kv_heads: self.shape.kv_heads,
            head_width: self.shape.head_width,
        })
    }

    /// Sends tokens through all layers and appends their keys and values to `cache`. Gives back the
    /// last token's row, before the output norm. The caller has checked that they fit and exist.
    pub(super) fn forward(&self, tokens: &[u32], cache: &mut Cache) -> Result<Vec<f32>, candle_core::Error> {
        let start = cache.len();
        cache.reserve(tokens.len());
        let mut x = self.embed(tokens)?;
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
        let x = CpuStorage::F32(rms_norm(row, &self.output_norm, self.shape.norm_epsilon));
        let layout = Layout::contiguous((1, self.shape.width));
        numbers(self.output.as_ref().unwrap_or(&self.embedding).cpu_fwd(&x, &layout)?.0)
    }

    fn embed(&self, tokens: &[u32]) -> Result<Vec<f32>, candle_core::Error> {
        let ids = candle_core::Tensor::from_slice(tokens, tokens.len(), &candle_core::Device::Cpu)?;
        self.embedding.embedding(&ids)?.flatten_all()?.to_vec1()
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
        let h = CpuStorage::F32(rms_norm(&x, &layer.attention_norm, s.norm_epsilon));
        let (mut queries, mut keys, values) = layer.qkv.apply(&h, rows, s.width, s.kv_width())?;
        for (row, keys) in keys.chunks_exact_mut(s.kv_width()).enumerate() {
            self.rotate(keys, start + row);
        }
        for (row, queries) in queries.chunks_exact_mut(s.width).enumerate() {
            self.rotate(queries, start + row);
        }
        cache.write(index, start, &keys, &values);
        if first > 0 {
            x.drain(..first * s.width);
            queries.drain(..first * s.width);
        }
        let rows = rows - first;
        let seen = attend(&queries, start + first, index, s.heads, s.window, cache);
        add(&mut x, &layer.attention_output.apply(&CpuStorage::F32(seen), rows)?);
        let h = CpuStorage::F32(rms_norm(&x, &layer.feed_forward_norm, s.norm_epsilon));
        let gated = layer.gate_up.apply(&h, rows, s.feed_forward)?;
        add(&mut x, &layer.down.apply(&CpuStorage::F32(gated), rows)?);
        Ok(x)
    }

    fn rotate(&self, row: &mut [f32], position: usize) {
        for head in row.chunks_exact_mut(self.shape.head_width) {
            self.rotation.apply(head, position);
        }
    }
}

impl Layer {
    fn read(file: &Gguf, s: &Shape, index: usize) -> Result<Self, GgufError> {
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let linear = |part: &str, outputs, inputs| Linear::read(file, &name(part), outputs, inputs);
        let (qkv, gate_up) = match s.architecture {
            Architecture::Phi3 => (
                QueryKeyValue::Fused(linear("attn_qkv", s.qkv_rows(), s.width)?),
                GateUp::Fused(linear("ffn_up", 2 * s.feed_forward, s.width)?),
            ),
            Architecture::Llama => (
                QueryKeyValue::Split(Box::new([
                    linear("attn_q", s.width, s.width)?,
                    linear("attn_k", s.kv_width(), s.width)?,
                    linear("attn_v", s.kv_width(), s.width)?,
                ])),
                GateUp::Split(Box::new([
                    linear("ffn_gate", s.feed_forward, s.width)?,
                    linear("ffn_up", s.feed_forward, s.width)?,
                ])),
            ),
        };
        Ok(Self {
            attention_norm: file.vector(&name("attn_norm"), s.width)?,
            qkv,
            attention_output: linear("attn_output", s.width, s.width)?,
            feed_forward_norm: file.vector(&name("ffn_norm"), s.width)?,
            gate_up,
            down: linear("ffn_down", s.width, s.feed_forward)?,
        })
    }
}

/// Queries, keys and values, each as rows.
type Projected = (Vec<f32>, Vec<f32>, Vec<f32>);

impl QueryKeyValue {
    fn apply(
        &self,
        x: &CpuStorage,
        rows: usize,
        width: usize,
        kv: usize,
    ) -> Result<Projected, candle_core::Error> {
        match self {
            Self::Split(three) => {
                let [q, k, v] = three.as_ref();
                Ok((q.apply(x, rows)?, k.apply(x, rows)?, v.apply(x, rows)?))
            }
            Self::Fused(all) => {
                let all = all.apply(x, rows)?;
                let (mut q, mut k, mut v) = (
                    Vec::with_capacity(rows * width),
                    Vec::with_capacity(rows * kv),
                    Vec::with_capacity(rows * kv),
                );
                for row in all.chunks_exact(width + 2 * kv) {
                    let (queries, rest) = row.split_at(width);
                    let (keys, values) = rest.split_at(kv);
                    q.extend_from_slice(queries);
                    k.extend_from_slice(keys);
                    v.extend_from_slice(values);
                }
                Ok((q, k, v))
            }
        }
    }
}

impl GateUp {
    fn apply(&self, x: &CpuStorage, rows: usize, width: usize) -> Result<Vec<f32>, candle_core::Error> {
        let mut out = Vec::with_capacity(rows * width);
        match self {
            Self::Split(two) => {
                let [gate, up] = two.as_ref();
                gated(&gate.apply(x, rows)?, &up.apply(x, rows)?, &mut out);
            }
            Self::Fused(both) => {
                for row in both.apply(x, rows)?.chunks_exact(2 * width) {
                    let (gate, up) = row.split_at(width);
                    gated(gate, up, &mut out);
                }
            }
        }
        Ok(out)
    }
}
