#!/usr/bin/env python3
"""Writes the vectors that the language model's forward pass is tested against: tests/golden/llm.

Tiny models with random weights (phi3, llama, gemma3, one variant of each whose positions are scaled, qwen2, qwen3) are made
with Hugging Face transformers, written as GGUF with the names and conventions of llama.cpp's convert_hf_to_gguf.py,
and run by transformers on the CPU in 32-bit floats. Beside NAME.gguf lies NAME.json: the tokens that were read and the
logits after each of them. `logits_of_16_bits` are the same but for keys and values, which are rounded to 16-bit floats when
they enter the cache, as ours are: what we compute is held to these, and what the rounding costs is seen from the others.

usage:  pip install "torch==2.6.0" "transformers==4.57.1" "gguf==0.19.0" "numpy==2.4.6"
        python3 scripts/llm_vectors.py [OUT_FOLDER]

The conventions that are easy to get wrong:
- llama: the rows of query and key are reordered, because GGUF's llama rotates neighbours where transformers rotates halves.
- phi3: query, key and value are one matrix, gate and up are one (named ffn_up).
- gemma3: norms are stored with the 1 added that transformers adds when it runs.
- scaled positions: llama3's factors are the tensor rope_freqs, phi3's are rope_factors_long and rope_factors_short with a
  factor for the attention, gemma3's are a linear factor that counts in the layers without a window only.
"""
import json
import math
import pathlib
import sys

import gguf
import numpy as np
import torch
import transformers
from transformers import (
    Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM, Phi3Config, Phi3ForCausalLM, Qwen2Config,
    Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)
from transformers.cache_utils import DynamicCache

VOCABULARY = 64
TOKENS = 24
SHORT = 12
CONTEXT = 64


class RoundedCache(DynamicCache):
    """Keys and values are kept in 16 bits."""

    def update(self, keys, values, *more, **named):
        return super().update(keys.half().float(), values.half().float(), *more, **named)


def common(**more):
    return dict(
        vocab_size=VOCABULARY, hidden_size=32, max_position_embeddings=CONTEXT, attn_implementation="eager",
        bos_token_id=1, eos_token_id=2, pad_token_id=0, **more,
    )


def randomised(kind, config):
    """A model whose weights are large enough that every part of the pass shows in the logits."""
    torch.manual_seed(7)
    model = kind(config).eval().float()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("norm.weight"):
                weight.add_(torch.randn_like(weight) * 0.2)
            elif "embed_tokens" in name or name.endswith(".bias"):
                weight.copy_(torch.randn_like(weight))
            else:
                weight.copy_(torch.randn_like(weight) * 1.5 / math.sqrt(weight.shape[1]))
    return model


def permuted(weight, heads):
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


class Writer:
    def __init__(self, path, architecture, config):
        self.out = gguf.GGUFWriter(path, architecture)
        self.architecture = architecture
        out = self.out
        out.add_context_length(config.max_position_embeddings)
        out.add_embedding_length(config.hidden_size)
        out.add_block_count(config.num_hidden_layers)
        out.add_feed_forward_length(config.intermediate_size)
        out.add_head_count(config.num_attention_heads)
        out.add_head_count_kv(config.num_key_value_heads)
        out.add_layer_norm_rms_eps(config.rms_norm_eps)
        out.add_rope_freq_base(config.rope_theta)

    def tensor(self, name, weight):
        weight = weight.detach().numpy() if isinstance(weight, torch.Tensor) else weight
        self.out.add_tensor(name, np.ascontiguousarray(weight, dtype=np.float32))

    def weights(self, model, names, change=lambda name, weight: weight):
        """`names`: the parts of a layer, in transformers' and in GGUF's words."""
        state = dict(model.named_parameters())
        state.pop("lm_head.weight") if model.config.tie_word_embeddings and "lm_head.weight" in state else None
        fixed = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
                 "lm_head.weight": "output.weight"}
        for name, weight in state.items():
            if name in fixed:
                self.tensor(fixed[name], change(name, weight))
                continue
            _, _, layer, part = name.split(".", 3)
            part, kind = part.rsplit(".", 1)
            self.tensor("blk.%s.%s.%s" % (layer, names[part], kind), change(name, weight))

    def close(self):
        self.out.write_header_to_file()
        self.out.write_kv_data_to_file()
        self.out.write_tensors_to_file()
        self.out.close()


ATTENTION = {"self_attn.o_proj": "attn_output", "input_layernorm": "attn_norm"}
SPLIT = ATTENTION | {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def phi3(path, long):
    # The long one: factors, part of each head rotated, fewer heads of keys, a tied output, no window.
    scaling = {"type": "longrope", "short_factor": [1.0, 1.1], "long_factor": [1.3, 4.0]} if long else None
    model = randomised(Phi3ForCausalLM, Phi3Config(**common(
        intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2 if long else 4,
        rms_norm_eps=1e-5, rope_theta=10000.0, rope_scaling=scaling, partial_rotary_factor=0.5 if long else 1.0,
        original_max_position_embeddings=16 if long else CONTEXT, tie_word_embeddings=long,
        sliding_window=None if long else 8, resid_pdrop=0.0, embd_pdrop=0.0, attention_dropout=0.0)))
    config = model.config
    head = config.hidden_size // config.num_attention_heads
    w = Writer(path, "phi3", config)
    w.out.add_rope_dimension_count(int(head * config.partial_rotary_factor))
    if long:
        scale = config.max_position_embeddings / config.original_max_position_embeddings
        w.out.add_rope_scaling_orig_ctx_len(config.original_max_position_embeddings)
        w.out.add_rope_scaling_attn_factors(
            math.sqrt(1 + math.log(scale) / math.log(config.original_max_position_embeddings)))
        w.tensor("rope_factors_long.weight", np.array(scaling["long_factor"]))
        w.tensor("rope_factors_short.weight", np.array(scaling["short_factor"]))
    else:
        w.out.add_sliding_window(config.sliding_window)
    w.weights(model, ATTENTION | {
        "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
        "post_attention_layernorm": "ffn_norm"})
    w.close()
    return model


def llama(path, scaled):
    # The scaled one: llama3's factors, heads wider than width / heads, a tied output.
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 16} if scaled else None
    model = randomised(LlamaForCausalLM, LlamaConfig(**common(
        intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-5,
        rope_theta=500000.0 if scaled else 10000.0, rope_scaling=scaling, head_dim=12 if scaled else 8,
        tie_word_embeddings=scaled)))
    config = model.config
    w = Writer(path, "llama", config)
    w.out.add_rope_dimension_count(config.head_dim)
    if scaled:
        w.out.add_key_length(config.head_dim)
        w.out.add_value_length(config.head_dim)
        low = scaling["original_max_position_embeddings"] / scaling["low_freq_factor"]
        high = scaling["original_max_position_embeddings"] / scaling["high_freq_factor"]
        factors = []
        for frequency in 1.0 / config.rope_theta ** (np.arange(0, config.head_dim, 2) / config.head_dim):
            length = 2 * math.pi / frequency
            if length < high:
                factors.append(1.0)
            elif length > low:
                factors.append(scaling["factor"])
            else:
                smooth = (scaling["original_max_position_embeddings"] / length - scaling["low_freq_factor"]) / (
                    scaling["high_freq_factor"] - scaling["low_freq_factor"])
                factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
        w.tensor("rope_freqs.weight", np.array(factors))

    def reordered(name, weight):
        if "q_proj" in name:
            return permuted(weight, config.num_attention_heads)
        return permuted(weight, config.num_key_value_heads) if "k_proj" in name else weight

    w.weights(model, SPLIT | {"post_attention_layernorm": "ffn_norm"}, reordered)
    w.close()
    return model


def gemma3(path, scaled):
    # Seven layers, so that five with a window are followed by one without and another with. The scaled one: a linear
    # factor, every second layer without a window, capped logits.
    layers, every = (4, 2) if scaled else (7, 6)
    model = randomised(Gemma3ForCausalLM, Gemma3TextConfig(**common(
        intermediate_size=48, num_hidden_layers=layers, num_attention_heads=2, num_key_value_heads=1, head_dim=24,
        query_pre_attn_scalar=24, rms_norm_eps=1e-6, rope_theta=1000000.0, rope_local_base_freq=10000.0,
        rope_scaling={"rope_type": "linear", "factor": 8.0} if scaled else None, sliding_window=8,
        layer_types=["full_attention" if i % every == every - 1 else "sliding_attention" for i in range(layers)],
        final_logit_softcapping=30.0 if scaled else None, hidden_activation="gelu_pytorch_tanh",
        tie_word_embeddings=True)))
    config = model.config
    w = Writer(path, "gemma3", config)
    w.out.add_key_length(config.head_dim)
    w.out.add_value_length(config.head_dim)
    w.out.add_sliding_window(config.sliding_window)
    if scaled:
        w.out.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.out.add_rope_scaling_factor(8.0)
        w.out.add_uint32("gemma3.attention.sliding_window_pattern", every)
        w.out.add_final_logit_softcapping(config.final_logit_softcapping)
    w.weights(
        model,
        SPLIT | {"self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
                 "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
                 "post_feedforward_layernorm": "post_ffw_norm"},
        lambda name, weight: weight + 1 if name.endswith("norm.weight") else weight)
    w.close()
    return model


def qwen2(path, _):
    # Biases on queries, keys and values, a tied output.
    model = randomised(Qwen2ForCausalLM, Qwen2Config(**common(
        intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-6,
        rope_theta=1000000.0, use_sliding_window=False, tie_word_embeddings=True)))
    w = Writer(path, "qwen2", model.config)
    w.weights(model, SPLIT | {"post_attention_layernorm": "ffn_norm"})
    w.close()
    return model


def qwen3(path, _):
    # Norms of heads, heads wider than width / heads.
    model = randomised(Qwen3ForCausalLM, Qwen3Config(**common(
        intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=12,
        rms_norm_eps=1e-6, rope_theta=1000000.0, use_sliding_window=False, tie_word_embeddings=False)))
    w = Writer(path, "qwen3", model.config)
    w.out.add_key_length(model.config.head_dim)
    w.out.add_value_length(model.config.head_dim)
    w.weights(model, SPLIT | {"self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
                              "post_attention_layernorm": "ffn_norm"})
    w.close()
    return model


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "tests/golden/llm")
    out.mkdir(parents=True, exist_ok=True)
    tokens = [int(n) for n in np.random.default_rng(3).integers(3, VOCABULARY, TOKENS)]
    for name, make, variant in [
        ("phi3", phi3, False), ("phi3-long", phi3, True), ("llama", llama, False), ("llama-scaled", llama, True),
        ("gemma3", gemma3, False), ("gemma3-scaled", gemma3, True), ("qwen2", qwen2, False), ("qwen3", qwen3, False),
    ]:
        model = make(out / (name + ".gguf"), variant)
        # The short one is for the factors of short texts, which only phi3-long has.
        reads = {"logits": tokens} | ({"short_logits": tokens[:SHORT]} if name == "phi3-long" else {})
        found = {}
        for key, read in reads.items():
            for suffix, cache in ("", DynamicCache), ("_of_16_bits", RoundedCache):
                with torch.no_grad():
                    logits = model(torch.tensor([read]), past_key_values=cache(config=model.config)).logits[0]
                assert torch.isfinite(logits).all()
                found[key + suffix] = [[float("%.7g" % x) for x in row] for row in logits.tolist()]
        made_by = "transformers %s, torch %s" % (transformers.__version__, torch.__version__.split("+")[0])
        text = json.dumps({"made_by": made_by, "tokens": tokens} | found, separators=(",", ":"))
        (out / (name + ".json")).write_text(text + "\n")
        exact, rounded = np.array(found["logits"]), np.array(found["logits_of_16_bits"])
        print("%-14s largest logit %.2f, off by 16 bits %.4f" % (name, abs(exact).max(), abs(exact - rounded).max()))


if __name__ == "__main__":
    main()
