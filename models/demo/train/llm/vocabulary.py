"""The vocabulary inside a GGUF, applied by the rules of llama.cpp.

Each text gets one space in front, and then neighbouring pieces are joined in
the order of their scores.  Letters without a piece are written as bytes.
"""

import functools
import re

import gguf

SPACE = "\u2581"
DROPPED = 0.3  # share of the joins that are left out in unusual words
WORDS = re.compile(f"{SPACE}*[^{SPACE}]+|{SPACE}+$")


def join(symbols, scores, dropped=lambda: False):
    """Join neighbours until no longer piece is known, or all are dropped."""
    symbols = list(symbols)
    while True:
        best = max(
            ((scores[a + b], -place)
             for place, (a, b) in enumerate(zip(symbols, symbols[1:]))
             if a + b in scores and not dropped()), default=None)
        if best is None:
            return symbols
        place = -best[1]
        symbols[place:place + 2] = [symbols[place] + symbols[place + 1]]


def words_of(text):
    """Its words, each with the spaces before it."""
    return WORDS.findall((" " + text).replace(" ", SPACE))


class GgufPieces:
    """Has the methods of a SentencePieceProcessor that are needed here."""

    def __init__(self, path):
        reader = gguf.GGUFReader(str(path))
        self.pieces = reader.get_field("tokenizer.ggml.tokens").contents()
        values = reader.get_field("tokenizer.ggml.scores").contents()
        self.start = reader.get_field(
            "tokenizer.ggml.bos_token_id").contents()
        self.unknown = reader.get_field(
            "tokenizer.ggml.unknown_token_id").contents()
        self.kinds = reader.get_field("tokenizer.ggml.token_type").contents()
        self.scores = dict(zip(self.pieces, values))
        self.ids = {piece: i for i, piece in enumerate(self.pieces)}
        # No piece reaches into the next word, so that words can be split
        # apart and remembered: a hundred times as fast for whole dialogues.
        assert not any(SPACE in piece.lstrip(SPACE) for piece in self.pieces)
        self.split = functools.lru_cache(100000)(self._split)

    def _split(self, word, dropped=lambda: False):
        """Ids of one word with the space before it, as a tuple."""
        out = []
        for symbol in join(word, self.scores, dropped):
            if symbol in self.ids:
                out.append(self.ids[symbol])
            else:
                out += [self.ids[f"<0x{b:02X}>"] for b in symbol.encode()]
        return tuple(out)

    def encode(self, text, odd=None):
        """Ids of one text; `odd` has words that are split otherwise."""
        odd = odd or {}
        return [token for word in words_of(text) if text
                for token in odd.get(word) or self.split(word)]

    def split_some(self, texts, share, rng):
        """Another way to split, for a share of the words of some texts."""
        words = {word for text in texts for word in words_of(text)}
        return {word: self._split(word, lambda: rng.random() < DROPPED)
                for word in sorted(words) if rng.random() < share}

    def decode(self, ids):
        """Text of ids."""
        data = b""
        for token in ids:
            piece = self.pieces[token]
            if piece.startswith("<0x"):
                data += bytes([int(piece[3:5], 16)])
            else:
                data += piece.replace(SPACE, " ").encode()
        return data.decode(errors="replace").removeprefix(" ")

    def vocab_size(self):
        """Number of pieces."""
        return len(self.pieces)

    def bos_id(self):
        """Id of the first token of a prompt."""
        return self.start

    def piece_to_id(self, piece):
        """Id of a piece."""
        return self.ids[piece]

    def id_to_piece(self, token):
        """Piece of an id."""
        return self.pieces[token]

    def get_score(self, token):
        """Score of an id: higher joins first."""
        return self.scores[self.pieces[token]]

    def unk_id(self):
        """Id of the unknown piece."""
        return self.unknown

    def is_unknown(self, token):
        """Whether this is the unknown piece."""
        return self.kinds[token] == gguf.TokenType.UNKNOWN

    def is_control(self, token):
        """Whether an id marks something and has no text."""
        return self.kinds[token] == gguf.TokenType.CONTROL

    def is_byte(self, token):
        """Whether an id stands for a single byte."""
        return self.kinds[token] == gguf.TokenType.BYTE
