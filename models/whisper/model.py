"""Whisper as a PyTorch module, with the names of the GGML file, for any length of the encoder's window."""

import numpy as np
import tiktoken
import torch
import torch.nn.functional as F
from torch import nn

RATE = 16000
HOP = 160
PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


class Attention(nn.Module):
    """Attention of several heads, written out: on a CPU this trains faster than the fused kernels."""

    def __init__(self, state, heads):
        super().__init__()
        self.heads = heads
        self.query, self.value, self.out = (nn.Linear(state, state) for _ in range(3))
        self.key = nn.Linear(state, state, bias=False)

    def forward(self, x, source=None, mask=None, pick=None):
        source = x if source is None else source
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for part in (self.query(x), self.key(source), self.value(source)))
        if pick is not None:
            k, v = k[pick], v[pick]
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if mask is not None:
            scores = scores + mask[:x.shape[1], :x.shape[1]]
        return self.out((scores.float().softmax(-1).to(v.dtype) @ v).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A layer of the encoder or the decoder."""

    def __init__(self, state, heads, cross):
        super().__init__()
        self.attn, self.attn_ln = Attention(state, heads), nn.LayerNorm(state)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(state, heads), nn.LayerNorm(state)
        self.mlp = nn.Sequential(nn.Linear(state, 4 * state), nn.GELU(), nn.Linear(4 * state, state))
        self.mlp_ln = nn.LayerNorm(state)

    def forward(self, x, sound=None, mask=None, pick=None):
        x = x + self.attn(self.attn_ln(x), mask=mask)
        if sound is not None:
            x = x + self.cross_attn(self.cross_attn_ln(x), sound, pick=pick)
        return x + self.mlp(self.mlp_ln(x))


class Encoder(nn.Module):
    """The encoder; it sees as many positions as it is given frames for (two a position)."""

    def __init__(self, s):
        super().__init__()
        state = s["n_audio_state"]
        self.conv1 = nn.Conv1d(s["n_mels"], state, 3, padding=1)
        self.conv2 = nn.Conv1d(state, state, 3, stride=2, padding=1)
        self.positional_embedding = nn.Parameter(torch.zeros(s["n_audio_ctx"], state), requires_grad=False)
        self.blocks = nn.ModuleList(Block(state, s["n_audio_head"], False) for _ in range(s["n_audio_layer"]))
        self.ln_post = nn.LayerNorm(state)

    def forward(self, mel):
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positional_embedding[:x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    """The decoder; it gives hidden states, whose products with the token embedding are the logits.

    ``pick`` tells for each row of tokens which row of the encoder's output it belongs to.
    """

    def __init__(self, s):
        super().__init__()
        state = s["n_text_state"]
        self.token_embedding = nn.Embedding(s["n_vocab"], state)
        self.token_embedding.weight.requires_grad = False
        self.positional_embedding = nn.Parameter(torch.zeros(s["n_text_ctx"], state), requires_grad=False)
        self.blocks = nn.ModuleList(Block(state, s["n_text_head"], True) for _ in range(s["n_text_layer"]))
        self.ln = nn.LayerNorm(state)
        mask = torch.full((s["n_text_ctx"], s["n_text_ctx"]), float("-inf")).triu(1)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, tokens, sound, pick=None):
        x = self.token_embedding(tokens) + self.positional_embedding[:tokens.shape[1]]
        for block in self.blocks:
            x = block(x, sound, self.mask, pick)
        return self.ln(x)


class Model(nn.Module):
    """Encoder and decoder, made from what ggml.py read."""

    def __init__(self, weights):
        super().__init__()
        self.encoder, self.decoder = Encoder(weights.sizes), Decoder(weights.sizes)
        own = self.state_dict()
        self.load_state_dict({n: torch.from_numpy(np.array(v).reshape(own[n].shape))
                              for n, v in weights.tensors.items()})

    def logits(self, hidden):
        """Turn hidden states into logits."""
        return hidden.float() @ self.decoder.token_embedding.weight.T


class Tokens:
    """The vocabulary of a model: texts to tokens and back, and the prompt for English without times."""

    def __init__(self, weights):
        count = weights.sizes["n_vocab"]
        if count not in (51864, 51865, 51866):
            raise SystemExit(f"a vocabulary of {count} tokens is none of Whisper's")
        english, later = count == 51864, count == 51866
        self.end = 50256 if english else 50257
        words = weights.vocabulary[:self.end]
        self.encoding = tiktoken.Encoding("whisper", pat_str=PATTERN, special_tokens={},
                                          mergeable_ranks={word: n for n, word in enumerate(words)})
        start = self.end + 1
        self.prompt = [start, 50362] if english else [start, start + 1, 50359 + later, 50363 + later]

    def encode(self, text):
        """Return the tokens of a text as Whisper writes it, with the blank before it and the end token."""
        return (self.encoding.encode_ordinary(" " + text) if text else []) + [self.end]

    def decode(self, tokens):
        """Return the text of tokens; special ones are left out."""
        return self.encoding.decode([t for t in tokens if t < self.end]).strip()


class Frontend:
    """Whisper's log-mel features, as whisper.cpp computes them for sound with zeros behind it."""

    def __init__(self, weights):
        self.filters = torch.from_numpy(weights.filters)
        self.window = torch.hann_window(400)

    def __call__(self, sounds, positions):
        """Return (clips, mels, 2 * positions) for a list of float arrays at 16 kHz."""
        length = 2 * positions * HOP
        batch = torch.zeros(len(sounds), length + 400)
        for row, sound in enumerate(sounds):
            sound = torch.from_numpy(sound[:length + 400])
            batch[row, :len(sound)] = sound
        spectrum = torch.stft(batch, 400, HOP, window=self.window, return_complex=True)[..., :2 * positions]
        mel = (self.filters @ spectrum.abs() ** 2).clamp(min=1e-10).log10()
        mel = torch.maximum(mel, mel.amax((1, 2), keepdim=True) - 8)
        return (mel + 4) / 4


@torch.no_grad()
def greedy(model, tokens, mel, most=100):
    """Transcribe a batch of features greedily, without times; return a list of texts."""
    sound = model.encoder(mel)
    rows = torch.tensor([tokens.prompt] * len(mel))
    first, done = rows.shape[1], torch.zeros(len(mel), dtype=torch.bool)
    for _ in range(most):
        scores = model.logits(model.decoder(rows, sound)[:, -1])
        scores[:, tokens.end + 1:] = float("-inf")
        best = scores.argmax(-1)
        best[done] = tokens.end
        rows = torch.cat([rows, best[:, None]], 1)
        done |= best == tokens.end
        if done.all():
            break
    return [tokens.decode(row[first:].tolist()) for row in rows]
