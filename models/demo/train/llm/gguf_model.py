"""Reads the exported GGUF back, to test the file itself.

The weights are dequantised into the PyTorch model.  The vocabulary is compared
with the SentencePiece model that training used.
"""

import random
import re

import gguf
import torch

from dialogues import Dialogue
from export_gguf import tensors
from model import Config, Phi3
from tokenizer import SPECIAL
from vocabulary import GgufPieces


def load(path):
    """The network with the dequantised weights of the file."""
    reader = gguf.GGUFReader(str(path))

    def field(name):
        return reader.get_field(name).contents()

    config = Config(
        vocab=len(field("tokenizer.ggml.tokens")),
        width=field("phi3.embedding_length"),
        layers=field("phi3.block_count"),
        heads=field("phi3.attention.head_count"),
        hidden=field("phi3.feed_forward_length"),
        context=field("phi3.context_length"),
        rope_base=field("phi3.rope.freq_base"))
    model = Phi3(config)
    stored = {tensor.name: tensor for tensor in reader.tensors}
    with torch.no_grad():
        for name, weight in tensors(model):
            tensor = stored.pop(name)
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            weight.copy_(torch.from_numpy(values.copy()))
    if stored:
        raise ValueError(f"tensors that are not read: {sorted(stored)}")
    return model


def rendered_ids(prompt, pieces):
    """Ids of a rendered prompt: special tokens first, then the texts."""
    out = [pieces.bos_id()]
    pattern = "(" + "|".join(map(re.escape, SPECIAL)) + ")"
    for part in re.split(pattern, prompt):
        if part in SPECIAL:
            out.append(pieces.piece_to_id(part))
        else:
            out += pieces.encode(part)
    return out


def check_tokenizer(path, tokenizer, count=40, seed=5):
    """Compare the ids of rendered dialogues with those of training."""
    pieces = GgufPieces(path)
    rng = random.Random(seed)
    for index in range(count):
        turns = Dialogue(rng, unseen=bool(index % 2)).turns
        turns[-1].text += " Zo\u00eb \u20ac"
        prompt = "".join(f"<|{t.role}|>{t.text}<|end|>" for t in turns)
        prompt += "<|assistant|>"
        wanted, _ = tokenizer.encode(turns, answer_next=True)
        if rendered_ids(prompt, pieces) != wanted:
            raise ValueError(f"other ids for {prompt!r}")
    return count
