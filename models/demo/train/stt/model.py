"""A small Whisper-architecture recogniser and its vocabulary.

The exported file has all 51,864 rows of Whisper's English vocabulary. Training only needs the
tokens that occur; all others share one row, the "junk" row, whose logit is trained to stay low.
"""

import base64
import importlib.util
import math
from pathlib import Path

import numpy as np
import tiktoken
import torch
import torch.nn.functional as F
from torch import nn

import phones

VOCABULARY = 51864
END, START, NO_TIMES = 50256, 50257, 50362
PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def assets():
    """Return the folder with Whisper's mel filters and GPT-2 tokens (package openai-whisper)."""
    return Path(importlib.util.find_spec("whisper").origin).parent / "assets"


def byte_tokens():
    """Return the byte strings of the text tokens, in order."""
    lines = (assets() / "gpt2.tiktoken").read_bytes().splitlines()
    return [base64.b64decode(line.split()[0]) for line in lines if line.strip()]


def mel_filters():
    """Return Whisper's 80 mel filters as an array of 80 by 201."""
    return np.load(assets() / "mel_filters.npz")["mel_80"].astype(np.float32)


class Vocabulary:
    """Maps texts to the rows of the small output layer and back."""

    def __init__(self, used):
        self.used = sorted(set(used) | {END, START, NO_TIMES})
        self.row = {token: row for row, token in enumerate(self.used)}
        self.junk = len(self.used)
        self.encoding = gpt2()

    def rows(self, text):
        """Return the rows of a transcript, without the special tokens."""
        return [self.row[token] for token in self.encoding.encode(" " + text)] if text else []

    def text(self, rows):
        """Return the text of rows up to the end token."""
        tokens = []
        for row in rows:
            if row == self.row[END]:
                break
            if row < self.junk and self.used[row] < END:
                tokens.append(self.used[row])
        return self.encoding.decode(tokens).strip()


def gpt2():
    """Return the GPT-2 encoding."""
    ranks = {token: rank for rank, token in enumerate(byte_tokens())}
    return tiktoken.Encoding("gpt2", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})


def tokens_of(texts):
    """Return the set of tokens of many transcripts."""
    encoding = gpt2()
    return {token for text in set(texts) for token in encoding.encode(" " + text)}


class Attention(nn.Module):
    """Multi-head attention with Whisper's parameter names (64 values a head).

    Written out, because on a CPU this is twice as fast to train as PyTorch's flash attention.
    """

    def __init__(self, width):
        super().__init__()
        self.heads = width // 64
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def split(self, x):
        """Bring the heads to the front."""
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x, memory=None, causal=False):
        """Attend to ``memory``, or to ``x`` itself."""
        source = x if memory is None else memory
        query, key = self.split(self.query(x)), self.split(self.key(source))
        scores = (query @ key.transpose(-1, -2)).float() * 0.125
        if causal:
            size = scores.shape[-1]
            scores = scores + torch.full((size, size), -1e9).triu(1)
        value = self.split(self.value(source))
        mixed = scores.softmax(-1).to(value.dtype) @ value
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """One transformer layer of the encoder, or with ``cross`` of the decoder."""

    def __init__(self, width, cross):
        super().__init__()
        self.attn = Attention(width)
        self.attn_ln = nn.LayerNorm(width)
        self.cross_attn = Attention(width) if cross else None
        if cross:
            self.cross_attn_ln = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x, memory=None, causal=False):
        """Apply the layer."""
        x = x + self.attn(self.attn_ln(x), causal=causal)
        if self.cross_attn is not None:
            x = x + self.cross_attn(self.cross_attn_ln(x), memory)
        return x + self.mlp(self.mlp_ln(x))


def sinusoids(length, channels):
    """Return Whisper's fixed positions."""
    step = math.log(10000) / (channels // 2 - 1)
    angles = torch.arange(length)[:, None] * torch.exp(-step * torch.arange(channels // 2))[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Whisper(nn.Module):
    """The recogniser; ``rows`` counts the tokens in use, one more row is the junk row."""

    def __init__(self, rows, width=192, encoder_layers=4, decoder_layers=2):
        super().__init__()
        self.conv1 = nn.Conv1d(80, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("encoder_positions", sinusoids(1500, width))
        self.encoder = nn.ModuleList(Block(width, False) for _ in range(encoder_layers))
        self.encoder_ln = nn.LayerNorm(width)
        self.embedding = nn.Embedding(rows + 1, width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.positions = nn.Parameter(torch.randn(448, width) * 0.01)
        self.decoder = nn.ModuleList(Block(width, True) for _ in range(decoder_layers))
        self.decoder_ln = nn.LayerNorm(width)
        self.phone_head = nn.Linear(width, phones.BLANK + 1)  # for training only

    def encode(self, mel):
        """Return the encoder's output for a log-mel batch."""
        x = F.gelu(self.conv1(mel))
        x = F.gelu(self.conv2(x)).transpose(1, 2)
        x = x + self.encoder_positions[:x.shape[1]]
        for block in self.encoder:
            x = block(x)
        return self.encoder_ln(x)

    def decode(self, rows, memory):
        """Return logits over the rows in use and the junk row."""
        x = self.embedding(rows) + self.positions[:rows.shape[1]]
        for block in self.decoder:
            x = block(x, memory, causal=True)
        return self.decoder_ln(x) @ self.embedding.weight.T


@torch.no_grad()
def greedy(model, vocabulary, mel, longest=60):
    """Transcribe a log-mel batch by always taking the likeliest token."""
    memory = model.encode(mel)
    start = [vocabulary.row[START], vocabulary.row[NO_TIMES]]
    rows = torch.tensor([start] * len(mel))
    done = torch.zeros(len(mel), dtype=torch.bool)
    for _ in range(longest):
        following = model.decode(rows, memory)[:, -1].argmax(-1)
        rows = torch.cat([rows, following[:, None]], 1)
        done |= following == vocabulary.row[END]
        if done.all():
            break
    return [vocabulary.text(row) for row in rows[:, 2:].tolist()]
