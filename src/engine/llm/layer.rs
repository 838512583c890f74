//! One layer of a decoder: its matrices and norms, and what they do to rows. Must not know which rows
//! belong together, where a row stands, or what the cache looks like.
//!
//! The matrix products are candle's (quantised types, its own repacked kernels).

use candle_core::quantized::QTensor;
use candle_core::{CpuStorage, CustomOp1, Layout};

use super::architecture::{Activation, Shape};
use super::gguf::{Gguf, GgufError};
use super::math::{gated, rms_norm};

/// A matrix that multiplies rows from the right: `outputs × inputs`, as it lies in the file.
pub(super) struct Linear {
    weight: QTensor,
    inputs: usize,
}

impl Linear {
    pub(super) fn read(file: &Gguf, name: &str, outputs: usize, inputs: usize) -> Result<Self, GgufError> {
        Ok(Self { weight: file.tensor(name, &[outputs, inputs])?, inputs })
    }

    /// `x` holds rows of `inputs` numbers; so many rows of `outputs` numbers come back.
    pub(super) fn apply(&self, x: &CpuStorage, rows: usize) -> Result<Vec<f32>, candle_core::Error> {
        let (out, _) = self.weight.cpu_fwd(x, &Layout::contiguous((rows, self.inputs)))?;
        let CpuStorage::F32(numbers) = out else {
            candle_core::bail!("a matrix product gave another type than f32");
        };
        Ok(numbers)
    }

    /// The matrix's own rows of these numbers, one after the other: an embedding.
    pub(super) fn rows(&self, numbers: &[u32]) -> Result<Vec<f32>, candle_core::Error> {
        let ids = candle_core::Tensor::from_slice(numbers, numbers.len(), &candle_core::Device::Cpu)?;
        self.weight.embedding(&ids)?.flatten_all()?.to_vec1()
    }
}

/// A root-mean-square norm.
pub(super) struct Norm {
    weight: Vec<f32>,
    epsilon: f32,
}

impl Norm {
    pub(super) fn read(file: &Gguf, name: &str, width: usize, s: &Shape) -> Result<Self, GgufError> {
        Ok(Self { weight: file.vector(name, width)?, epsilon: s.norm_epsilon })
    }

    /// Every row of as many numbers as the norm has.
    pub(super) fn apply(&self, x: &[f32]) -> Vec<f32> {
        rms_norm(x, &self.weight, self.epsilon)
    }
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

/// The norms of heads of queries and of keys.
struct HeadNorms {
    query: Norm,
    key: Norm,
}

/// A layer, ready to run.
pub(super) struct Layer {
    attention_norm: Norm,
    qkv: QueryKeyValue,
    head_norms: Option<HeadNorms>,
    attention_output: Linear,
    after_attention: Option<Norm>,
    feed_forward_norm: Norm,
    gate_up: GateUp,
    activation: Activation,
    down: Linear,
    after_feed_forward: Option<Norm>,
}

/// Queries, keys and values, each as rows.
pub(super) struct Projected {
    pub(super) queries: Vec<f32>,
    pub(super) keys: Vec<f32>,
    pub(super) values: Vec<f32>,
}

impl Layer {
    /// Reads the layer of this number.
    pub(super) fn read(file: &Gguf, s: &Shape, index: usize) -> Result<Self, GgufError> {
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let linear = |part: &str, outputs, inputs| Linear::read(file, &name(part), outputs, inputs);
        let norm = |part: &str, width| Norm::read(file, &name(part), width, s);
        let after = |part: &str| s.traits.norms_after.then(|| norm(part, s.width)).transpose();
        let (q, kv, ff) = (s.query_width(), s.kv_width(), s.feed_forward);
        let (qkv, gate_up) = if s.traits.fused {
            (
                QueryKeyValue::Fused(linear("attn_qkv", q + 2 * kv, s.width)?),
                GateUp::Fused(linear("ffn_up", 2 * ff, s.width)?),
            )
        } else {
            (
                QueryKeyValue::Split(Box::new([
                    linear("attn_q", q, s.width)?,
                    linear("attn_k", kv, s.width)?,
                    linear("attn_v", kv, s.width)?,
                ])),
                GateUp::Split(Box::new([linear("ffn_gate", ff, s.width)?, linear("ffn_up", ff, s.width)?])),
            )
        };
        let head_norms = if s.traits.head_norms {
            let (query, key) = (norm("attn_q_norm", s.head_width)?, norm("attn_k_norm", s.head_width)?);
            Some(HeadNorms { query, key })
        } else {
            None
        };
        Ok(Self {
            attention_norm: norm("attn_norm", s.width)?,
            qkv,
            head_norms,
            attention_output: linear("attn_output", s.width, q)?,
            after_attention: after("post_attention_norm")?,
            feed_forward_norm: norm("ffn_norm", s.width)?,
            gate_up,
            activation: s.traits.activation,
            down: linear("ffn_down", s.width, ff)?,
            after_feed_forward: after("post_ffw_norm")?,
        })
    }

    /// What the rows ask, offer and hold, before positions are told apart.
    pub(super) fn project(&self, x: &[f32], rows: usize, s: &Shape) -> Result<Projected, candle_core::Error> {
        let h = CpuStorage::F32(self.attention_norm.apply(x));
        let mut projected = self.qkv.apply(&h, rows, s.query_width(), s.kv_width())?;
        if let Some(norms) = &self.head_norms {
            projected.queries = norms.query.apply(&projected.queries);
            projected.keys = norms.key.apply(&projected.keys);
        }
        Ok(projected)
    }

    /// What the attention adds to the rows, from the values that they saw.
    pub(super) fn attended(&self, seen: Vec<f32>, rows: usize) -> Result<Vec<f32>, candle_core::Error> {
        let out = self.attention_output.apply(&CpuStorage::F32(seen), rows)?;
        Ok(normed(self.after_attention.as_ref(), out))
    }

    /// What the feed-forward part adds to the rows.
    pub(super) fn fed_forward(
        &self,
        x: &[f32],
        rows: usize,
        s: &Shape,
    ) -> Result<Vec<f32>, candle_core::Error> {
        let h = CpuStorage::F32(self.feed_forward_norm.apply(x));
        let gated = self.gate_up.apply(&h, rows, s.feed_forward, self.activation)?;
        let out = self.down.apply(&CpuStorage::F32(gated), rows)?;
        Ok(normed(self.after_feed_forward.as_ref(), out))
    }
}

fn normed(norm: Option<&Norm>, x: Vec<f32>) -> Vec<f32> {
    match norm {
        Some(norm) => norm.apply(&x),
        None => x,
    }
}

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
                Ok(Projected {
                    queries: q.apply(x, rows)?,
                    keys: k.apply(x, rows)?,
                    values: v.apply(x, rows)?,
                })
            }
            Self::Fused(all) => {
                let all = all.apply(x, rows)?;
                let (mut queries, mut keys, mut values) = (
                    Vec::with_capacity(rows * width),
                    Vec::with_capacity(rows * kv),
                    Vec::with_capacity(rows * kv),
                );
                for row in all.chunks_exact(width + 2 * kv) {
                    let (q, rest) = row.split_at(width);
                    let (k, v) = rest.split_at(kv);
                    queries.extend_from_slice(q);
                    keys.extend_from_slice(k);
                    values.extend_from_slice(v);
                }
                Ok(Projected { queries, keys, values })
            }
        }
    }
}

impl GateUp {
    fn apply(
        &self,
        x: &CpuStorage,
        rows: usize,
        width: usize,
        activation: Activation,
    ) -> Result<Vec<f32>, candle_core::Error> {
        let mut out = Vec::with_capacity(rows * width);
        match self {
            Self::Split(two) => {
                let [gate, up] = two.as_ref();
                gated(activation, &gate.apply(x, rows)?, &up.apply(x, rows)?, &mut out);
            }
            Self::Fused(both) => {
                for row in both.apply(x, rows)?.chunks_exact(2 * width) {
                    let (gate, up) = row.split_at(width);
                    gated(activation, gate, up, &mut out);
                }
            }
        }
        Ok(out)
    }
}
