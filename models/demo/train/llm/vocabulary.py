"""The vocabulary inside a GGUF, applied by the rules of llama.cpp.

Each text gets one space in front, and then neighbouring pieces are joined in
the order of their scores.  Letters without a piece are written as bytes.
"""

import functools

import gguf

SPACE = "\u2581"


def join(symbols, scores):
    """Join neighbours until no longer piece is known."""
    symbols = list(symbols)
    while True:
        best = max(
            ((scores[a + b], -place)
             for place, (a, b) in enumerate(zip(symbols, symbols[1:]))
             if a + b in scores), default=None)
        if best is None:
            return symbols
        place = -best[1]
        symbols[place:place + 2] = [symbols[place] + symbols[place + 1]]


class GgufPieces:
    """Has the methods of a SentencePieceProcessor that are needed here."""

    def __init__(self, path):
        reader = gguf.GGUFReader(str(path))
        self.pieces = reader.get_field("tokenizer.ggml.tokens").contents()
        values = reader.get_field("tokenizer.ggml.scores").contents()
        self.start = reader.get_field(
            "tokenizer.ggml.bos_token_id").contents()
        self.scores = dict(zip(self.pieces, values))
        self.ids = {piece: i for i, piece in enumerate(self.pieces)}
        self.split = functools.lru_cache(100000)(self._split)

    def _split(self, text):
        """Ids of one text, as a tuple."""
        out = []
        for symbol in join((" " + text).replace(" ", SPACE), self.scores):
            if symbol in self.ids:
                out.append(self.ids[symbol])
            else:
                out += [self.ids[f"<0x{b:02X}>"] for b in symbol.encode()]
        return tuple(out)

    def encode(self, text):
        """Ids of one text."""
        return list(self.split(text)) if text else []

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
