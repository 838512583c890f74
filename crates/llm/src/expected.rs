//! The tensors that a model needs, by name and shape, so that a file is refused before any weight is read.
//! Must not know what they are used for: `layer` reads the same ones, and a test leaves out each in turn.

use super::gguf::Gguf;
use super::shape::Shape;
use super::value::GgufError;

/// Checks that the file has every tensor that is needed, in the right shape, without reading any.
pub(super) fn check(file: &Gguf, shape: &Shape) -> Result<(), GgufError> {
    (0..shape.layers).try_for_each(|index| layer(file, shape, index))?;
    file.expect("output_norm.weight", &[shape.width])
}

fn layer(file: &Gguf, s: &Shape, index: usize) -> Result<(), GgufError> {
    let (q, kv, ff, width) = (s.query_width(), s.kv_width(), s.feed_forward, s.width);
    let mut matrices = if s.traits.fused {
        vec![("attn_qkv", q + 2 * kv, width), ("ffn_up", 2 * ff, width)]
    } else {
        let gate_up = [("ffn_gate", ff, width), ("ffn_up", ff, width)];
        [("attn_q", q, width), ("attn_k", kv, width), ("attn_v", kv, width)]
            .into_iter()
            .chain(gate_up)
            .collect()
    };
    matrices.extend([("attn_output", width, q), ("ffn_down", width, ff)]);
    let mut norms = vec![("attn_norm", width), ("ffn_norm", width)];
    if s.traits.norms_after {
        norms.extend([("post_attention_norm", width), ("post_ffw_norm", width)]);
    }
    if s.traits.head_norms {
        norms.extend([("attn_q_norm", s.head_width), ("attn_k_norm", s.head_width)]);
    }
    let weight = |part: &str| format!("blk.{index}.{part}.weight");
    for (part, outputs, inputs) in matrices {
        file.expect(&weight(part), &[outputs, inputs])?;
    }
    for (part, numbers) in norms {
        file.expect(&weight(part), &[numbers])?;
    }
    // Without its biases, a model would run, and give wrong text.
    let biases = [("attn_q", q), ("attn_k", kv), ("attn_v", kv)];
    for (part, numbers) in biases.into_iter().filter(|_| s.traits.biased) {
        file.expect(&format!("blk.{index}.{part}.bias"), &[numbers])?;
    }
    Ok(())
}
