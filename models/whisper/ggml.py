"""Reads and writes Whisper models in whisper.cpp's GGML format, and reads CTranslate2's.

Read are 32- and 16-bit floats and whisper.cpp's quantised types; written are f16 and the quantised types
that the package gguf can make, as whisper.cpp's own quantize does it: matrices only, while positions and
convolutions stay as they are.
"""

import argparse
import base64
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

MAGIC = 0x67676D6C
FIELDS = ("n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer", "n_text_ctx",
          "n_text_state", "n_text_head", "n_text_layer", "n_mels")
# what the file calls its kind of weights, and how a tensor says its type
KINDS = {"f16": (1, None), "q8_0": (2007, GGMLQuantizationType.Q8_0), "q5_1": (2009, GGMLQuantizationType.Q5_1),
         "q5_0": (2008, GGMLQuantizationType.Q5_0)}
CT2_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


@dataclass
class Whisper:
    """A model: its sizes, mel filters (n_mels, 201), vocabulary (bytes in order) and tensors (32-bit)."""

    sizes: dict
    filters: np.ndarray
    vocabulary: list
    tensors: dict


def read(path):
    """Read a GGML file."""
    data, place = Path(path).read_bytes(), 0

    def integers(count):
        nonlocal place
        values = struct.unpack_from(f"<{count}i", data, place)
        place += 4 * count
        return values

    magic, *sizes, _ = integers(12)
    if magic != MAGIC:
        raise SystemExit(f"{path}: not a Whisper model in GGML format")
    rows, columns = integers(2)
    filters = np.frombuffer(data, np.float32, rows * columns, place).reshape(rows, columns).copy()
    place += filters.nbytes
    vocabulary = []
    for _ in range(integers(1)[0]):
        length, = integers(1)
        vocabulary.append(data[place:place + length])
        place += length
    tensors = {}
    while place < len(data):
        rank, length, kind = integers(3)
        shape = tuple(reversed(integers(rank)))
        name = data[place:place + length].decode()
        place += length
        count = int(np.prod(shape))
        if kind in (0, 1):
            values = np.frombuffer(data, np.float32 if kind == 0 else np.float16, count, place)
            place += values.nbytes
            values = values.astype(np.float32)
        else:
            size = len(quantize(np.zeros((1, shape[-1]), np.float32), GGMLQuantizationType(kind))[0]) * count // shape[-1]
            raw = np.frombuffer(data, np.uint8, size, place).reshape(shape[0], -1)
            values = dequantize(raw, GGMLQuantizationType(kind))
            place += size
        tensors[name] = values.reshape(shape)
    return Whisper(dict(zip(FIELDS, sizes)), filters, vocabulary, tensors)


def write(path, model, kind="f16"):
    """Write a GGML file; ``kind`` is a key of KINDS. Return its size."""
    file_type, block = KINDS[kind]
    part = f"{path}.part"
    with open(part, "wb") as file:
        def integers(*values):
            file.write(struct.pack(f"<{len(values)}i", *values))

        integers(MAGIC, *(model.sizes[name] for name in FIELDS), file_type)
        integers(*model.filters.shape)
        file.write(model.filters.astype(np.float32).tobytes())
        integers(len(model.vocabulary))
        for token in model.vocabulary:
            integers(len(token))
            file.write(token)
        for name, values in model.tensors.items():
            values = np.ascontiguousarray(values, np.float32)
            wide = values.ndim < 2 or "positional" in name or name.endswith("bias")
            if wide:
                stored, number = values.tobytes(), 0
            elif block and values.ndim == 2 and values.shape[1] % 32 == 0:
                # whisper.cpp quantises files of 16-bit floats, so these go that way, too
                stored = quantize(values.astype(np.float16).astype(np.float32), block).tobytes()
                number = int(block)
            else:
                stored, number = values.astype(np.float16).tobytes(), 1
            integers(values.ndim, len(name.encode()), number)
            integers(*reversed(values.shape))
            file.write(name.encode())
            file.write(stored)
        size = file.tell()
    os.replace(part, path)
    return size


def read_ct2(path, assets):
    """Read CTranslate2's model.bin; ``assets`` is the folder whisper/assets of the package openai-whisper."""
    with open(path, "rb") as file:
        def get(form):
            return struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))

        def text():
            return file.read(get("H")[0])[:-1].decode()

        version, = get("I")
        name = text()
        if version < 4 or name != "WhisperSpec":
            raise SystemExit(f"{path}: not a Whisper model of CTranslate2 (found {name!r}, version {version})")
        get("I")
        found = {}
        for _ in range(get("I")[0]):
            key = text()
            shape = get("%dI" % get("B")[0])
            kind, size = get("B")[0], get("I")[0]
            if CT2_TYPES.get(kind) not in (np.float16, np.float32):
                if size > 16:
                    raise SystemExit(f"{path}: tensor {key} is quantised; 16- or 32-bit floats are needed")
                file.read(size)
                continue
            found[key] = np.frombuffer(file.read(size), CT2_TYPES[kind]).reshape(shape).astype(np.float32)
    state = found["decoder/embeddings/weight"].shape[1]
    n_vocab, heads = len(found["decoder/embeddings/weight"]), state // 64
    mels = found["encoder/conv1/weight"].shape[1]
    layers = {side: len({k.split("/")[1] for k in found if k.startswith(side + "/layer_")} - {"layer_norm"})
              for side in ("encoder", "decoder")}
    sizes = dict(zip(FIELDS, (n_vocab, 1500, state, heads, layers["encoder"], 448, state, heads,
                              layers["decoder"], mels)))
    names = "gpt2" if n_vocab == 51864 else "multilingual"
    lines = (Path(assets) / f"{names}.tiktoken").read_bytes().splitlines()
    vocabulary = [base64.b64decode(line.split()[0]) for line in lines if line.strip()]
    filters = np.load(Path(assets) / "mel_filters.npz")[f"mel_{mels}"].astype(np.float32)
    return Whisper(sizes, filters, vocabulary, renamed(found, layers, state))


def renamed(found, layers, state):
    """Give CTranslate2's tensors the names that OpenAI gave them; it joins query, key and value."""
    out = {}

    def put(name, key, bias=True):
        out[name + ".weight"] = found[key + "/weight"]
        if bias:
            out[name + ".bias"] = found[key + "/bias"]

    def norm(name, key):
        out[name + ".weight"], out[name + ".bias"] = found[key + "/gamma"], found[key + "/beta"]

    out["encoder.positional_embedding"] = found["encoder/position_encodings/encodings"]
    for conv in ("conv1", "conv2"):
        out[f"encoder.{conv}.weight"] = found[f"encoder/{conv}/weight"]
        out[f"encoder.{conv}.bias"] = found[f"encoder/{conv}/bias"].reshape(-1, 1)
    norm("encoder.ln_post", "encoder/layer_norm")
    out["decoder.positional_embedding"] = found["decoder/position_encodings/encodings"]
    out["decoder.token_embedding.weight"] = found["decoder/embeddings/weight"]
    norm("decoder.ln", "decoder/layer_norm")
    for side in ("encoder", "decoder"):
        for layer in range(layers[side]):
            name, key = f"{side}.blocks.{layer}.", f"{side}/layer_{layer}/"
            norm(name + "attn_ln", key + "self_attention/layer_norm")
            weight, bias = (found[key + "self_attention/linear_0/" + x] for x in ("weight", "bias"))
            for n, part in enumerate(("query", "key", "value")):
                out[f"{name}attn.{part}.weight"] = weight[n * state:(n + 1) * state]
                if part != "key":
                    out[f"{name}attn.{part}.bias"] = bias[n * state:(n + 1) * state]
            put(name + "attn.out", key + "self_attention/linear_1")
            if side == "decoder":
                norm(name + "cross_attn_ln", key + "attention/layer_norm")
                put(name + "cross_attn.query", key + "attention/linear_0")
                weight, bias = (found[key + "attention/linear_1/" + x] for x in ("weight", "bias"))
                out[name + "cross_attn.key.weight"] = weight[:state]
                out[name + "cross_attn.value.weight"] = weight[state:]
                out[name + "cross_attn.value.bias"] = bias[state:]
                put(name + "cross_attn.out", key + "attention/linear_2")
            norm(name + "mlp_ln", key + "ffn/layer_norm")
            put(name + "mlp.0", key + "ffn/linear_0")
            put(name + "mlp.2", key + "ffn/linear_1")
    return out


def load(path, assets=None):
    """Read a model of either format; CTranslate2's needs ``assets``."""
    with open(path, "rb") as file:
        if struct.unpack("<I", file.read(4))[0] == MAGIC:
            return read(path)
    if assets is None:
        raise SystemExit(f"{path}: a CTranslate2 model needs --assets, openai-whisper's folder whisper/assets")
    return read_ct2(path, assets)


def main():
    """Convert a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a GGML file, or CTranslate2's model.bin")
    parser.add_argument("target", help="the GGML file to write")
    parser.add_argument("--kind", choices=KINDS, default="f16")
    parser.add_argument("--assets", help="openai-whisper's folder whisper/assets, for CTranslate2's format")
    options = parser.parse_args()
    print(options.target, write(options.target, load(options.source, options.assets), options.kind), "bytes")


if __name__ == "__main__":
    main()
