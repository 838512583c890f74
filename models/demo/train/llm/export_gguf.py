"""Writes a checkpoint as a phi3 GGUF with Q8_0 weights."""

import argparse
import pathlib

import gguf

from model import load
from tokenizer import SPECIAL, Tokenizer

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}")
Q8_0 = gguf.GGMLQuantizationType.Q8_0


def tensors(model):
    """Names and values as llama.cpp expects them for phi3."""
    yield "token_embd.weight", model.token_embd.weight
    yield "output.weight", model.output.weight
    yield "output_norm.weight", model.output_norm.weight
    for index, block in enumerate(model.blocks):
        for name, weight in block.named_parameters():
            yield f"blk.{index}.{name}", weight


def add_tokenizer(writer, tokenizer):
    """The SentencePiece vocabulary."""
    model = tokenizer.model
    kinds = []
    for token in range(tokenizer.size):
        if model.is_unknown(token):
            kinds.append(gguf.TokenType.UNKNOWN)
        elif model.is_control(token) or model.id_to_piece(token) in SPECIAL:
            kinds.append(gguf.TokenType.CONTROL)
        elif model.is_byte(token):
            kinds.append(gguf.TokenType.BYTE)
        else:
            kinds.append(gguf.TokenType.NORMAL)
    everything = range(tokenizer.size)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(
        [model.id_to_piece(token).encode() for token in everything])
    writer.add_token_scores([model.get_score(token) for token in everything])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(tokenizer.start)
    writer.add_eos_token_id(tokenizer.end)
    writer.add_unk_token_id(model.unk_id())
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(True)
    writer.add_chat_template(TEMPLATE)


def export(model, tokenizer, path):
    """Write the file in one go."""
    config = model.config
    temporary = path.with_suffix(".tmp")
    writer = gguf.GGUFWriter(str(temporary), "phi3")
    writer.add_name("Front desk demo")
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.hidden)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.heads)
    writer.add_layer_norm_rms_eps(config.eps)
    writer.add_rope_dimension_count(config.head_width)
    writer.add_rope_freq_base(config.rope_base)
    writer.add_sliding_window(config.context)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    add_tokenizer(writer, tokenizer)
    for name, weight in tensors(model):
        array = weight.detach().float().numpy()
        if array.ndim == 2:
            writer.add_tensor(name, gguf.quants.quantize(array, Q8_0),
                              raw_dtype=Q8_0)
        else:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    temporary.replace(path)


def main():
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=pathlib.Path, default="work")
    parser.add_argument("--name", default="model", help="checkpoint name")
    parser.add_argument("--vocabulary", type=pathlib.Path,
                        help="SentencePiece model or GGUF; default: "
                        "tokenizer.model in the work folder")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    model = load(args.work / f"{args.name}.pt")
    vocabulary = args.vocabulary or args.work / "tokenizer.model"
    export(model, Tokenizer(vocabulary), args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
