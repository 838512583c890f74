//! One layer of a decoder: its matrices and norms, and what they do to rows. Must not know which rows belong
//! together, their positions, or the layout of the cache.
//!
//! The matrix products are those of `kernels`, or candle's where the kernels do not support a type or a
//! machine.

use candle_core::quantized::QTensor;
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Tensor};

use super::gguf::Gguf;
use super::kernels::{Activation, Kernels, Matrix, QuantizedInput, Section, Source, gated};
use super::math::{add, rms_norm};
use super::shape::Shape;
use super::value::GgufError;

/// The cost of matrices: bytes that are read for a pass, and weights, each of which is multiplied with every
/// row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demand {
    /// Bytes read once per pass.
    pub bytes: usize,
    /// Multiplications per row.
    pub weights: usize,
}

impl std::iter::Sum for Demand {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self { bytes: a.bytes + b.bytes, weights: a.weights + b.weights })
    }
}

/// A matrix that multiplies rows from the right, `outputs × inputs`, and a bias that is added to the product.
pub(super) struct Linear {
    weight: Weight,
    bias: Option<Vec<f32>>,
    inputs: usize,
}

enum Weight {
    /// Packed for the kernels.
    Packed(Matrix),
    /// In candle's form, which is the file's.
    Stored(QTensor),
}

impl Linear {
    /// Reads the tensor `part` + ".weight", and `part` + ".bias" if it is there.
    pub(super) fn read(
        file: &Gguf,
        kernels: &Kernels,
        part: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, GgufError> {
        let bias = format!("{part}.bias");
        let bias = file.has_tensor(&bias).then(|| file.vector(&bias, outputs)).transpose()?;
        let name = &format!("{part}.weight");
        let matrix = file.matrix(name, outputs, inputs)?;
        let read = |at: usize, bytes: &mut [u8]| matrix.read(at, bytes);
        let source = Source { bytes: matrix.bytes(), read: &read };
        let packed = kernels.pack(matrix.kind(), source, outputs, inputs);
        let weight = match packed.map_err(|error| matrix.failed(error))? {
            Some(packed) => Weight::Packed(packed),
            None => Weight::Stored(file.tensor(name, &[outputs, inputs])?),
        };
        Ok(Self { weight, bias, inputs })
    }

    /// Reads a matrix whose rows are only looked up: in candle's form, without a bias.
    pub(super) fn table(file: &Gguf, part: &str, outputs: usize, inputs: usize) -> Result<Self, GgufError> {
        let weight = Weight::Stored(file.tensor(&format!("{part}.weight"), &[outputs, inputs])?);
        Ok(Self { weight, bias: None, inputs })
    }

    /// The weights of these outputs, one row after the other.
    pub(super) fn rows(&self, outputs: &[u32]) -> Result<Vec<f32>, candle_core::Error> {
        match &self.weight {
            Weight::Stored(tensor) => {
                let ids = Tensor::from_slice(outputs, outputs.len(), &Device::Cpu)?;
                tensor.embedding(&ids)?.flatten_all()?.to_vec1()
            }
            Weight::Packed(matrix) => {
                let mut rows = Vec::with_capacity(outputs.len() * self.inputs);
                for &output in outputs {
                    let Some(row) = matrix.row(output as usize) else {
                        candle_core::bail!("the matrix has no row {output}");
                    };
                    rows.extend(row);
                }
                Ok(rows)
            }
        }
    }

    /// The cost of this matrix.
    pub(super) fn demand(&self) -> Demand {
        let (bytes, weights) = match &self.weight {
            Weight::Packed(matrix) => (matrix.bytes(), matrix.weights()),
            Weight::Stored(tensor) => (tensor.storage_size_in_bytes(), tensor.shape().elem_count()),
        };
        Demand { bytes, weights }
    }

    /// Multiplies every row of `x`, adds the bias, and returns one row of outputs for each.
    pub(super) fn apply(
        &self,
        kernels: &Kernels,
        x: &QuantizedInput,
    ) -> Result<Vec<f32>, candle_core::Error> {
        let mut out = match &self.weight {
            Weight::Packed(matrix) => kernels.multiply(matrix.whole(), x),
            Weight::Stored(tensor) => {
                let (out, _) = tensor.cpu_fwd(x.storage(), &Layout::contiguous((x.rows(), self.inputs)))?;
                let CpuStorage::F32(numbers) = out else {
                    candle_core::bail!("a matrix product gave another type than f32");
                };
                numbers
            }
        };
        if let Some(bias) = &self.bias {
            out.chunks_exact_mut(bias.len()).for_each(|row| add(row, bias));
        }
        Ok(out)
    }

    /// The matrix in the kernels' form, if a product with it is all that `apply` does.
    fn packed(&self) -> Option<&Matrix> {
        match (&self.weight, &self.bias) {
            (Weight::Packed(matrix), None) => Some(matrix),
            (Weight::Packed(_), Some(_)) | (Weight::Stored(_), _) => None,
        }
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

    /// Normalises every row. Rows have as many numbers as the norm.
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
    /// Reads layer number `index`.
    pub(super) fn read(file: &Gguf, kernels: &Kernels, s: &Shape, index: usize) -> Result<Self, GgufError> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let linear = |part: &str, outputs, inputs| Linear::read(file, kernels, &name(part), outputs, inputs);
        let norm = |part: &str, width| Norm::read(file, &format!("{}.weight", name(part)), width, s);
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

    /// The cost of the layer's matrices.
    pub(super) fn demand(&self) -> Demand {
        let qkv = match &self.qkv {
            QueryKeyValue::Fused(all) => std::slice::from_ref(all),
            QueryKeyValue::Split(three) => three.as_slice(),
        };
        let gate_up = match &self.gate_up {
            GateUp::Fused(both) => std::slice::from_ref(both),
            GateUp::Split(two) => two.as_slice(),
        };
        qkv.iter().chain(gate_up).chain([&self.attention_output, &self.down]).map(Linear::demand).sum()
    }

    /// The queries, keys and values of the rows, before they are rotated by position.
    pub(super) fn project(&self, k: &Kernels, x: &[f32], s: &Shape) -> Result<Projected, candle_core::Error> {
        let h = QuantizedInput::new(self.attention_norm.apply(x), s.width);
        let mut projected = self.qkv.apply(k, &h, s.query_width(), s.kv_width())?;
        if let Some(norms) = &self.head_norms {
            projected.queries = norms.query.apply(&projected.queries);
            projected.keys = norms.key.apply(&projected.keys);
        }
        Ok(projected)
    }

    /// The attention's addition to the rows, from `seen`, the weighted values.
    pub(super) fn attended(
        &self,
        k: &Kernels,
        seen: Vec<f32>,
        s: &Shape,
    ) -> Result<Vec<f32>, candle_core::Error> {
        let out = self.attention_output.apply(k, &QuantizedInput::new(seen, s.query_width()))?;
        Ok(normed(self.after_attention.as_ref(), out))
    }

    /// The feed-forward part's addition to the rows.
    pub(super) fn fed_forward(
        &self,
        k: &Kernels,
        x: &[f32],
        s: &Shape,
    ) -> Result<Vec<f32>, candle_core::Error> {
        let h = QuantizedInput::new(self.feed_forward_norm.apply(x), s.width);
        let gated = self.gate_up.apply(k, &h, s.feed_forward, self.activation)?;
        let out = self.down.apply(k, &QuantizedInput::new(gated, s.feed_forward))?;
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
        k: &Kernels,
        x: &QuantizedInput,
        width: usize,
        kv: usize,
    ) -> Result<Projected, candle_core::Error> {
        match self {
            Self::Split(three) => {
                let [query, key, value] = three.as_ref();
                Ok(Projected {
                    queries: query.apply(k, x)?,
                    keys: key.apply(k, x)?,
                    values: value.apply(k, x)?,
                })
            }
            Self::Fused(all) => {
                if let Some(matrix) = all.packed()
                    && let Some(queries) = matrix.section(0..width)
                    && let Some(keys) = matrix.section(width..width + kv)
                    && let Some(values) = matrix.section(width + kv..width + 2 * kv)
                {
                    let [queries, keys, values] = [queries, keys, values].map(|part| k.multiply(part, x));
                    return Ok(Projected { queries, keys, values });
                }
                let all = all.apply(k, x)?;
                let rows = x.rows();
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
        k: &Kernels,
        x: &QuantizedInput,
        width: usize,
        activation: Activation,
    ) -> Result<Vec<f32>, candle_core::Error> {
        if let Some((gate, up)) = self.packed(width) {
            return Ok(k.gated(gate, up, activation, x));
        }
        let mut out = vec![0.0; x.rows() * width];
        match self {
            Self::Split(two) => {
                let [gate, up] = two.as_ref();
                gated(activation, &gate.apply(k, x)?, &up.apply(k, x)?, &mut out);
            }
            Self::Fused(both) => {
                let both = both.apply(k, x)?;
                for (row, out) in both.chunks_exact(2 * width).zip(out.chunks_exact_mut(width)) {
                    let (gate, up) = row.split_at(width);
                    gated(activation, gate, up, out);
                }
            }
        }
        Ok(out)
    }

    /// Gate and up in the kernels' form.
    fn packed(&self, width: usize) -> Option<(Section<'_>, Section<'_>)> {
        match self {
            Self::Split(two) => {
                let [gate, up] = two.as_ref();
                Some((gate.packed()?.whole(), up.packed()?.whole()))
            }
            Self::Fused(both) => {
                let both = both.packed()?;
                Some((both.section(0..width)?, both.section(width..2 * width)?))
            }
        }
    }
}
