"""Writes the recogniser as a whisper.cpp GGML file, and reads such a file back.

In the file every vocabulary row that was never trained is the same "junk" row, so that reading
can tell which tokens are in use.
"""

import argparse
import struct
from pathlib import Path

import numpy as np
import torch

from model import VOCABULARY, Vocabulary, Whisper, byte_tokens, mel_filters

MAGIC = 0x67676D6C
OUTER = {
    "encoder.positional_embedding": "encoder_positions",
    "encoder.conv1.weight": "conv1.weight",
    "encoder.conv1.bias": "conv1.bias",
    "encoder.conv2.weight": "conv2.weight",
    "encoder.conv2.bias": "conv2.bias",
    "encoder.ln_post.weight": "encoder_ln.weight",
    "encoder.ln_post.bias": "encoder_ln.bias",
    "decoder.positional_embedding": "positions",
    "decoder.token_embedding.weight": "embedding.weight",
    "decoder.ln.weight": "decoder_ln.weight",
    "decoder.ln.bias": "decoder_ln.bias",
}
HALF = {"encoder.conv1.weight", "encoder.conv2.weight", "decoder.token_embedding.weight"}


def names(state):
    """Return {name in the file: name in the model} for all tensors but the phone head."""
    table = dict(OUTER)
    for name in state:
        side, dot, rest = name.partition(".")
        if dot and side in ("encoder", "decoder"):
            table[f"{side}.blocks.{rest}"] = name
    return table


def write(path, model, vocabulary):
    """Write a GGML file; large matrices are stored as 16-bit floats."""
    state = model.state_dict()
    width = state["conv1.weight"].shape[0]
    temporary = Path(path).with_suffix(".tmp")
    with open(temporary, "wb") as out:
        def integers(*values):
            out.write(struct.pack(f"<{len(values)}i", *values))

        heads = width // 64
        integers(MAGIC, VOCABULARY, 1500, width, heads, len(model.encoder), 448, width, heads,
                 len(model.decoder), 80, 1)
        filters = mel_filters()
        integers(*filters.shape)
        out.write(filters.tobytes())
        tokens = byte_tokens()
        integers(len(tokens))
        for token in tokens:
            integers(len(token))
            out.write(token)
        for name, source in names(state).items():
            tensor = state[source].detach().float()
            if name.endswith(("conv1.bias", "conv2.bias")):
                tensor = tensor[:, None]
            if source == "embedding.weight":
                full = tensor[vocabulary.junk].repeat(VOCABULARY, 1)
                full[torch.tensor(vocabulary.used)] = tensor[:vocabulary.junk]
                tensor = full
            matrix = ".blocks." in name and name.endswith("weight") and tensor.ndim == 2
            half = name in HALF or matrix
            encoded = name.encode()
            integers(tensor.ndim, len(encoded), int(half))
            integers(*reversed(tensor.shape))
            out.write(encoded)
            out.write(tensor.numpy().astype(np.float16 if half else np.float32).tobytes())
    temporary.replace(path)


def read(path):
    """Return (tensors by model name, list of the tokens in use, junk row) of a GGML file."""
    data = Path(path).read_bytes()
    position = 0

    def integers(count):
        nonlocal position
        values = struct.unpack_from(f"<{count}i", data, position)
        position += 4 * count
        return values

    header = integers(12)
    if header[0] != MAGIC or header[1] != VOCABULARY:
        raise ValueError(f"{path} is not an English Whisper model in GGML format")
    rows, columns = integers(2)
    position += 4 * rows * columns
    for _ in range(integers(1)[0]):
        size = integers(1)[0]
        position += size
    tensors = {}
    while position < len(data):
        dimensions, length, half = integers(3)
        shape = tuple(reversed(integers(dimensions)))
        name = data[position:position + length].decode()
        position += length
        kind = np.dtype(np.float16 if half else np.float32)
        count = int(np.prod(shape))
        array = np.frombuffer(data, kind, count, position).reshape(shape)
        position += count * kind.itemsize
        if name.endswith(("conv1.bias", "conv2.bias")):
            array = array[:, 0]
        target = OUTER.get(name, name.replace(".blocks.", "."))
        tensors[target] = torch.from_numpy(array.astype(np.float32))
    table = tensors.pop("embedding.weight")
    rows, inverse, counts = np.unique(table.numpy(), axis=0, return_inverse=True, return_counts=True)
    common = int(counts.argmax())
    used = np.flatnonzero(inverse.reshape(-1) != common).tolist()
    tensors["embedding.weight"] = torch.cat([table[used], torch.from_numpy(rows[common])[None]])
    return tensors, used, len(used)


def load(path):
    """Return (model, vocabulary) of a GGML file; the phone head is new."""
    tensors, used, _ = read(path)
    vocabulary = Vocabulary(used)
    model = new_model(vocabulary, tensors)
    model.load_state_dict(tensors, strict=False)
    return model, vocabulary


def new_model(vocabulary, tensors):
    """Return a model of the shape of the tensors."""
    def layers(side):
        return 1 + max(int(name.split(".")[1]) for name in tensors if name.startswith(f"{side}."))

    width = tensors["conv1.weight"].shape[0]
    return Whisper(vocabulary.junk, width, layers("encoder"), layers("decoder"))


def with_more_words(tensors, used, vocabulary, seed):
    """Return a model for a larger vocabulary that starts from given weights.

    Rows of new tokens begin near the mean of the trained rows.
    """
    tensors = dict(tensors)
    old = tensors.pop("embedding.weight")
    model = new_model(vocabulary, tensors)
    model.load_state_dict(tensors, strict=False)
    generator = torch.Generator().manual_seed(seed)
    table = old[:-1].mean(0) + torch.randn(vocabulary.junk + 1, old.shape[1], generator=generator) \
        * old[:-1].std() * 0.5
    for row, token in enumerate(used):
        if token in vocabulary.row:
            table[vocabulary.row[token]] = old[row]
    table[vocabulary.junk] = old[-1]
    model.embedding.weight.data.copy_(table)
    return model


def continued(path, vocabulary, seed=1):
    """Return a model that starts from the weights in a GGML file."""
    tensors, used, _ = read(path)
    return with_more_words(tensors, used, vocabulary, seed)


def grown(checkpoint, vocabulary, seed=1):
    """Return a model that starts from a checkpoint."""
    return with_more_words(checkpoint["model"], checkpoint["used"], vocabulary, seed)


def main():
    """Export a checkpoint of train.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    checkpoint = torch.load(options.checkpoint, weights_only=True)
    vocabulary = Vocabulary(checkpoint["used"])
    model = new_model(vocabulary, checkpoint["model"])
    model.load_state_dict(checkpoint["model"])
    write(options.output, model, vocabulary)
    print(f"wrote {options.output}: {options.output.stat().st_size / 1e6:.1f} MB, "
          f"{vocabulary.junk} tokens in use")


if __name__ == "__main__":
    main()
