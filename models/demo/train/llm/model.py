"""A small transformer with the Phi-3 architecture.

The layers are those that a `phi3` GGUF describes: RMS norm, fused query, key
and value projection, rotary positions (two halves), fused gate and up
projection, SwiGLU, no biases.
"""

from dataclasses import asdict, dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass
class Config:
    """Sizes of the network."""

    vocab: int = 2000
    width: int = 256
    layers: int = 5
    heads: int = 4
    hidden: int = 640
    context: int = 2048
    rope_base: float = 10000.0
    eps: float = 1e-5

    @property
    def head_width(self):
        """Width of one attention head."""
        return self.width // self.heads

    def to_dict(self):
        """The sizes as a plain dictionary, to be stored in a checkpoint."""
        return asdict(self)


class RmsNorm(nn.Module):
    """Root mean square norm with a learned gain."""

    def __init__(self, width, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        """Normalise the last dimension."""
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)


def rotate(x, cos, sin):
    """Apply rotary positions to (batch, heads, time, head_width)."""
    first, second = x.chunk(2, -1)
    return torch.cat(
        [first * cos - second * sin, second * cos + first * sin], -1)


def attend(query, key, value):
    """Causal attention; on a CPU faster than the fused kernel.

    The queries are the last ones of the keys' positions.
    """
    shape, scale = query.shape, query.shape[-1] ** -0.5
    query, key, value = (x.flatten(0, 1) for x in (query, key, value))
    times, places = query.shape[1], key.shape[1]
    mask = query.new_full((1, times, places), float("-inf"))
    mask = mask.triu(1 + places - times)
    scores = torch.baddbmm(mask, query * scale, key.transpose(1, 2))
    return torch.bmm(scores.softmax(-1), value).view(shape)


class Block(nn.Module):
    """One transformer layer."""

    def __init__(self, config):
        super().__init__()
        width, hidden = config.width, config.hidden
        self.heads = config.heads
        self.attn_norm = RmsNorm(width, config.eps)
        self.ffn_norm = RmsNorm(width, config.eps)
        self.attn_qkv = nn.Linear(width, 3 * width, bias=False)
        self.attn_output = nn.Linear(width, width, bias=False)
        self.ffn_up = nn.Linear(width, 2 * hidden, bias=False)
        self.ffn_down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin, cache=None):
        """Run the layer; `cache` holds earlier keys and values."""
        batch, time, width = x.shape
        qkv = self.attn_qkv(self.attn_norm(x))
        qkv = qkv.view(batch, time, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        past = cache.get(self) if cache is not None else None
        if past is not None:
            key = torch.cat([past[0], key], 2)
            value = torch.cat([past[1], value], 2)
        if cache is not None:
            cache[self] = (key, value)
        mixed = attend(query, key, value)
        mixed = mixed.transpose(1, 2).reshape(batch, time, width)
        x = x + self.attn_output(mixed)
        gate, up = self.ffn_up(self.ffn_norm(x)).chunk(2, -1)
        return x + self.ffn_down(F.silu(gate) * up)


class Phi3(nn.Module):
    """The whole network, without the tokenizer."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocab, config.width)
        self.blocks = nn.ModuleList(
            Block(config) for _ in range(config.layers))
        self.output_norm = RmsNorm(config.width, config.eps)
        self.output = nn.Linear(config.width, config.vocab, bias=False)
        half = torch.arange(0, config.head_width, 2) / config.head_width
        angle = (torch.arange(config.context)[:, None]
                 / config.rope_base ** half)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        self._init_weights()

    def _init_weights(self):
        """Small normal weights; residual outputs smaller still."""
        scale = (2 * self.config.layers) ** -0.5
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                nn.init.normal_(weight, std=0.02)
                if name.endswith(("attn_output.weight", "ffn_down.weight")):
                    weight.data.mul_(scale)
        nn.init.normal_(self.token_embd.weight)

    def hidden(self, ids, cache=None, start=0):
        """Hidden states after the last norm, (batch, time, width)."""
        x = self.token_embd(ids)
        stop = start + ids.shape[1]
        kind = torch.get_autocast_dtype("cpu") \
            if torch.is_autocast_enabled("cpu") else x.dtype
        x = x.to(kind)
        cos, sin = self.cos[start:stop].to(kind), self.sin[start:stop].to(kind)
        for block in self.blocks:
            x = block(x, cos, sin, cache)
        return self.output_norm(x)

    def logits(self, hidden):
        """Scores of the next token for hidden states."""
        return self.output(hidden)

    def forward(self, ids):
        """Scores of the next token at each position."""
        return self.logits(self.hidden(ids))

    @torch.no_grad()
    def generate(self, ids, stop, limit=160, cache=None, start=0,
                 choose=None):
        """Greedy continuation of a list of ids up to the token `stop`.

        `cache` may hold the keys and values of `start` earlier ids; `choose`
        may choose another token than the likeliest.
        """
        cache, out = dict(cache or {}), []
        step = torch.tensor([ids])
        while len(out) < limit:
            hidden = self.hidden(step, cache, start)
            start += step.shape[1]
            logits = self.logits(hidden[:, -1])[0]
            token = choose(logits, out) if choose else int(logits.argmax())
            if token == stop:
                break
            out.append(token)
            step = torch.tensor([[token]])
        return out


def load(path):
    """Read a checkpoint written by train.py."""
    data = torch.load(path, map_location="cpu")
    model = Phi3(Config(**data["config"]))
    model.load_state_dict(data["model"])
    return model
