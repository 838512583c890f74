"""A start for the weights that makes copying easy to learn.

A small transformer needs long before it finds out how to look something up in
its prompt and copy it.  The circuit for it is known: heads of the first layer
look one or two tokens back, and heads of later layers look for a token that
follows the same words as the current ones.  Here some heads start near that
circuit; everything stays free to change in training.
"""

import torch

CONSTANT = 0          # dimension that is equal in all embeddings
CONSTANT_VALUE = 4.7
SHARP = 1.4           # how sharply the first layer looks back
MATCH = 1.6           # how strongly later layers match tokens
LOOK_BACK = 1.5       # size of what the first layer adds to the residual
COPY = 1.0            # size of what a copying head adds
OUTPUT = 0.05         # size of the output embedding


def orthonormal(rows, columns, generator):
    """Random matrix with orthonormal rows that ignores the constant."""
    wide = torch.randn(columns, rows, generator=generator)
    wide[CONSTANT] = 0
    return torch.linalg.qr(wide)[0].T.contiguous()


def look_back(block, head, distance, value, output, base):
    """Make a head attend `distance` tokens back."""
    width = block.attn_output.weight.shape[0]
    size = width // block.heads
    half, rows = size // 2, slice(head * size, (head + 1) * size)
    angle = distance / base ** (torch.arange(half) / half)
    sharp = (torch.arange(half) < half // 2).float() * SHARP
    query, key, values = block.attn_qkv.weight.data.chunk(3)
    query[rows].mul_(0.3)
    key[rows].mul_(0.3)
    query[rows, CONSTANT] = torch.cat([sharp, torch.zeros(half)])
    key[rows, CONSTANT] = torch.cat(
        [sharp * angle.cos(), sharp * angle.sin()])
    values[rows] = value
    block.attn_output.weight.data[:, rows] = output * LOOK_BACK


def match(block, head, read_query, read_key, turn, generator):
    """Make a head attend where `read_key` equals `read_query`, and copy."""
    width = block.attn_output.weight.shape[0]
    size = width // block.heads
    half, rows = size // 2, slice(head * size, (head + 1) * size)
    slow = (torch.arange(half) >= half // 2).float().repeat(2)[:, None]
    query, key, values = block.attn_qkv.weight.data.chunk(3)
    query[rows].mul_(0.3).add_(read_query * slow * MATCH)
    key[rows].mul_(0.3).add_(read_key * slow * MATCH)
    copy = orthonormal(size, width, generator)
    values[rows] = copy
    block.attn_output.weight.data[:, rows] = turn @ copy.T * COPY


@torch.no_grad()
def prepare(model, seed=0):
    """Start some heads of the model near the copying circuit."""
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    width, size = config.width, config.head_width
    model.token_embd.weight[:, CONSTANT] = CONSTANT_VALUE
    # The output embedding is the input embedding, turned: a copied token is
    # then easy to tell from the current one.
    turn = torch.linalg.qr(torch.randn(width, width, generator=generator))[0]
    embedding = model.token_embd.weight.clone()
    embedding[:, CONSTANT] = 0
    model.output.weight.copy_(embedding @ turn.T * OUTPUT)
    value = orthonormal(size, width, generator)
    outputs = [orthonormal(size, width, generator).T for _ in range(2)]
    for head, output in enumerate(outputs):
        look_back(model.blocks[0], head, head + 1, value, output,
                  config.rope_base)
    for block in model.blocks[1:-1]:
        match(block, 0, value, outputs[0].T, turn, generator)
        match(block, 1, outputs[0].T, outputs[1].T, turn,
              generator)
