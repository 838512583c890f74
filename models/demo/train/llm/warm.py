"""Starts a network from the weights of another one.

The vocabulary may be another: pieces that both have keep their embeddings,
and new ones get embeddings of the same kind.  The network may be deeper: new
layers begin as layers that change nothing.
"""

import torch

import gguf_model
from copying import CONSTANT
from model import Config, Phi3, load
from vocabulary import GgufPieces


def read(path, pieces=None):
    """Weights and pieces of a GGUF or of a checkpoint."""
    if str(path).endswith(".gguf"):
        return gguf_model.load(path), GgufPieces(path).pieces
    return load(path), pieces


def all_pieces(tokenizer):
    """The pieces of a tokenizer in the order of their ids."""
    return [tokenizer.model.id_to_piece(i) for i in range(tokenizer.size)]


@torch.no_grad()
def turned(source, wanted):
    """The matrix that turns input embeddings into output embeddings."""
    gram = source.T @ source
    ridge = 0.03 * gram.diagonal().mean() * torch.eye(len(gram))
    return torch.linalg.solve(gram + ridge, source.T @ wanted)


@torch.no_grad()
def embeddings(old, old_pieces, new, new_pieces):
    """Carry the embeddings over, piece by piece."""
    source, output = old.token_embd.weight, old.output.weight
    turn = turned(source, output)
    fresh = torch.randn(len(new_pieces), source.shape[1])
    fresh = fresh * source.std(0) + source.mean(0)
    fresh[:, CONSTANT] = source[:, CONSTANT].mean()
    new.token_embd.weight.copy_(fresh)
    new.output.weight.copy_(fresh @ turn)
    places = {piece: i for i, piece in enumerate(old_pieces)}
    kept = [(i, places[piece]) for i, piece in enumerate(new_pieces)
            if piece in places]
    here, there = (torch.tensor(side) for side in zip(*kept))
    new.token_embd.weight[here] = source[there]
    new.output.weight[here] = output[there]
    return len(kept)


@torch.no_grad()
def layers(old, new):
    """Carry the layers over; those in excess go before the last one."""
    count, more = len(old.blocks), len(new.blocks) - len(old.blocks)
    for index in range(count):
        place = index if index < count - 1 else index + more
        new.blocks[place].load_state_dict(old.blocks[index].state_dict())
    for index in range(count - 1, count - 1 + more):
        new.blocks[index].attn_output.weight.zero_()
        new.blocks[index].ffn_down.weight.zero_()


def start(path, tokenizer, depth=0):
    """The network of `path` for this vocabulary, with `depth` layers."""
    wanted = all_pieces(tokenizer)
    old, pieces = read(path, wanted)
    sizes = old.config.to_dict()
    sizes.update(vocab=len(wanted), layers=max(depth, old.config.layers))
    new = Phi3(Config(**sizes))
    kept = embeddings(old, pieces, new, wanted)
    layers(old, new)
    new.output_norm.load_state_dict(old.output_norm.state_dict())
    print(f"{path}: {kept} of {len(wanted)} pieces kept", flush=True)
    return new
