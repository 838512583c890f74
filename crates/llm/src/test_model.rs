//! Writes small GGUF models with random weights, for the tests of the engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::{KernelChoice, LlmOptions};

pub(super) const LAYERS: usize = 2;
pub(super) const HEADS: usize = 4;
pub(super) const CONTEXT: usize = 512;
/// The markers, in this order after `<unk>`, `<s>` and `</s>`.
pub(super) const MARKERS: [&str; 5] = ["<|endoftext|>", "<|assistant|>", "<|system|>", "<|user|>", "<|end|>"];
/// Number of the first byte token.
pub(super) const BYTES: u32 = 8;

/// The kernels that multiply matrices in the tests: `OFFHOOK_TEST_KERNELS` takes the values of `llm.kernels`,
/// so that all tests can be run with each of them.
pub(super) fn kernels() -> KernelChoice {
    let Ok(name) = std::env::var("OFFHOOK_TEST_KERNELS") else { return KernelChoice::Auto };
    KernelChoice::named(&name).unwrap_or_else(|| panic!("OFFHOOK_TEST_KERNELS is {name}"))
}

/// The options of a model in the tests, which a test may change.
pub(super) fn options(path: &Path) -> LlmOptions {
    LlmOptions {
        model: path.to_owned(),
        threads: 1,
        kernels: kernels(),
        context_tokens: CONTEXT,
        cache_mb: 64,
        chat_template: None,
        thinking: false,
        date: || std::time::Duration::ZERO,
    }
}

/// A model that is being built. Every part can be changed before it is written.
pub(super) struct TestModel {
    pub(super) metadata: BTreeMap<String, Value>,
    pub(super) tensors: BTreeMap<String, QTensor>,
}

impl TestModel {
    /// A small Phi-3 with matrices of this type.
    pub(super) fn phi3(kind: GgmlDType) -> Self {
        Self::of("phi3", kind, 64, 96)
    }

    /// A model of this architecture and width, with `feed_forward` as the width inside the feed-forward
    /// layer.
    pub(super) fn of(architecture: &str, kind: GgmlDType, width: usize, feed_forward: usize) -> Self {
        let tokens = tokens();
        let mut random = Random(1);
        let mut tensors = BTreeMap::new();
        let mut matrix = |name: String, rows: usize, columns: usize| {
            let values: Vec<f32> = (0..rows * columns).map(|_| random.next() * 0.3).collect();
            let tensor = Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap();
            tensors.insert(name, QTensor::quantize(&tensor, kind).unwrap());
        };
        let gemma = architecture == "gemma3";
        let (kv_heads, head_width) = match architecture {
            "phi3" => (HEADS, width / HEADS),
            "llama" | "qwen2" => (2, width / HEADS),
            _ => (1, 2 * width / HEADS),
        };
        let (queries, kv) = (HEADS * head_width, kv_heads * head_width);
        matrix("token_embd.weight".into(), tokens.len(), width);
        if !gemma {
            matrix("output.weight".into(), tokens.len(), width);
        }
        for i in 0..LAYERS {
            if architecture == "phi3" {
                matrix(format!("blk.{i}.attn_qkv.weight"), queries + 2 * kv, width);
            } else {
                matrix(format!("blk.{i}.attn_q.weight"), queries, width);
                matrix(format!("blk.{i}.attn_k.weight"), kv, width);
                matrix(format!("blk.{i}.attn_v.weight"), kv, width);
                matrix(format!("blk.{i}.ffn_gate.weight"), feed_forward, width);
            }
            let up = if architecture == "phi3" { 2 } else { 1 };
            matrix(format!("blk.{i}.attn_output.weight"), width, queries);
            matrix(format!("blk.{i}.ffn_up.weight"), up * feed_forward, width);
            matrix(format!("blk.{i}.ffn_down.weight"), width, feed_forward);
        }
        let mut norms = vec![("attn_norm", width), ("ffn_norm", width)];
        if gemma {
            norms.extend([("post_attention_norm", width), ("post_ffw_norm", width)]);
            norms.extend([("attn_q_norm", head_width), ("attn_k_norm", head_width)]);
        }
        if architecture == "qwen3" {
            norms.extend([("attn_q_norm", head_width), ("attn_k_norm", head_width)]);
        }
        let biases = [("attn_q", queries), ("attn_k", kv), ("attn_v", kv)];
        let biases = biases.into_iter().filter(|_| architecture == "qwen2");
        let vectors = norms.into_iter().map(|(name, width)| (name, "weight", width));
        let vectors: Vec<_> = vectors.chain(biases.map(|(name, width)| (name, "bias", width))).collect();
        let vectors = (0..LAYERS).flat_map(|i| {
            vectors.iter().map(move |(name, kind, width)| (format!("blk.{i}.{name}.{kind}"), *width))
        });
        for (name, width) in vectors.chain([("output_norm.weight".to_owned(), width)]) {
            let values: Vec<f32> = (0..width).map(|_| 1.0 + random.next() * 0.2).collect();
            let tensor = Tensor::from_vec(values, width, &Device::Cpu).unwrap();
            tensors.insert(name, QTensor::quantize(&tensor, GgmlDType::F32).unwrap());
        }
        let number = |n: usize| Value::U32(u32::try_from(n).unwrap());
        let mut model = Self { metadata: metadata(architecture, &tokens, width, feed_forward), tensors }
            .with(&format!("{architecture}.attention.head_count_kv"), number(kv_heads))
            .with(&format!("{architecture}.rope.dimension_count"), number(head_width));
        if gemma || architecture == "qwen3" {
            for key in ["key_length", "value_length"] {
                model = model.with(&format!("{architecture}.attention.{key}"), number(head_width));
            }
        }
        if gemma {
            model = model.with("gemma3.attention.sliding_window", number(16));
            model = model.with("gemma3.attention.sliding_window_pattern", number(2));
        }
        model
    }

    /// The model with its matrices converted from their quantised types to F32.
    pub(super) fn dequantised(mut self) -> Self {
        for tensor in self.tensors.values_mut() {
            let plain = tensor.dequantize(&Device::Cpu).unwrap();
            *tensor = QTensor::quantize(&plain, GgmlDType::F32).unwrap();
        }
        self
    }

    /// Without an entry.
    pub(super) fn without(mut self, key: &str) -> Self {
        assert!(self.metadata.remove(key).is_some() || self.tensors.remove(key).is_some(), "{key}");
        self
    }

    /// With an entry set.
    pub(super) fn with(mut self, key: &str, value: Value) -> Self {
        self.metadata.insert(key.to_owned(), value);
        self
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = std::io::Cursor::new(Vec::new());
        let metadata: Vec<(&str, &Value)> = self.metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
        let tensors: Vec<(&str, &QTensor)> = self.tensors.iter().map(|(k, v)| (k.as_str(), v)).collect();
        gguf_file::write(&mut out, &metadata, &tensors).unwrap();
        out.into_inner()
    }

    /// Writes the model to a folder that is deleted when the returned handle is dropped.
    pub(super) fn write(&self) -> (tempfile::TempDir, PathBuf) {
        file(&self.bytes())
    }
}

/// A file of these bytes.
pub(super) fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Pieces, scores and kinds: the special tokens, the bytes, letters and a few merges.
fn tokens() -> Vec<(String, f32, i32)> {
    let mut tokens: Vec<(String, f32, i32)> =
        vec![("<unk>".into(), 0.0, 2), ("<s>".into(), 0.0, 3), ("</s>".into(), 0.0, 3)];
    tokens.extend(MARKERS.iter().map(|marker| ((*marker).to_owned(), 0.0, 3)));
    tokens.extend((0..=255_u8).map(|byte| (format!("<0x{byte:02X}>"), 0.0, 6)));
    let merges =
        ["he", "ll", "\u{2581}he", "\u{2581}hell", "\u{2581}hello", "\u{2581}w", "or", "\u{2581}wor", "ld"];
    tokens.extend(merges.iter().enumerate().map(|(rank, text)| ((*text).to_owned(), -(rank as f32), 1)));
    let letters = "\u{2581}abcdefghijklmnopqrstuvwxyzH.,?|<>/0123456789".chars();
    tokens.extend(letters.enumerate().map(|(rank, c)| (c.to_string(), -100.0 - rank as f32, 1)));
    tokens
}

fn metadata(
    architecture: &str,
    tokens: &[(String, f32, i32)],
    width: usize,
    feed_forward: usize,
) -> BTreeMap<String, Value> {
    let number = |n: usize| Value::U32(u32::try_from(n).unwrap());
    let texts = tokens.iter().map(|(text, _, _)| Value::String(text.clone())).collect();
    let scores = tokens.iter().map(|(_, score, _)| Value::F32(*score)).collect();
    let kinds = tokens.iter().map(|(_, _, kind)| Value::I32(*kind)).collect();
    [
        ("general.architecture", Value::String(architecture.into())),
        ("{}.context_length", number(CONTEXT)),
        ("{}.embedding_length", number(width)),
        ("{}.block_count", number(LAYERS)),
        ("{}.feed_forward_length", number(feed_forward)),
        ("{}.attention.head_count", number(HEADS)),
        ("{}.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("{}.rope.freq_base", Value::F32(10_000.0)),
        ("tokenizer.ggml.model", Value::String("llama".into())),
        ("tokenizer.ggml.tokens", Value::Array(texts)),
        ("tokenizer.ggml.scores", Value::Array(scores)),
        ("tokenizer.ggml.token_type", Value::Array(kinds)),
        ("tokenizer.ggml.bos_token_id", number(1)),
        ("tokenizer.ggml.eos_token_id", number(7)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(true)),
    ]
    .into_iter()
    .map(|(key, value)| (key.replace("{}", architecture), value))
    .collect()
}

/// Numbers in -1 to 1 (xorshift, Marsaglia 2003).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    pub(super) fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
