"""Gives a vocabulary the pieces of tool calls, and its network their weights.

Two kinds of pieces are added.  First those of the tools' JSON and of the text
around it, which the vocabulary would otherwise spell in single bytes.  And
then twins of the pieces that begin words: a name stands behind a space where a
caller says it, and behind a quote in a call, where its piece has no space.
Twins begin with the embeddings of their piece, so that a name can be repeated
in a call from the start.

All old pieces keep their numbers and scores, and the new ones are joined last.
"""

import argparse
import json
import pathlib
import string

import torch

import gguf_model
import tools
from export_gguf import export
from model import Config, Phi3
from tokenizer import Tokenizer
from vocabulary import SPACE, join, words_of

# The JSON that signs and words of tools make up, small pieces first.
GLUE = """
": "," {" :{" ":" ":{" "} "}, "}} "}}, ["," "] ": {}
""".split()
WORDS = """
type function name description parameters object properties string required
additionalProperties enum false arguments tool_call tool_response tools args
json message number time day service person guests to take_message book
transfer hang_up
""".split()
LONG = [
    '{"type":"function","function":{"name":"', '","description":"',
    '","parameters":{"type":"object","properties":{"',
    '","parameters":{"type":"object","properties":{',
    '":{"type":"string","description":"', '":{"type":"string"},"',
    '"},"', '"}},"required":["', '"}},"required":["',
    '"],"additionalProperties":false}}}', '"]}}}', '":{"enum":["',
    '"]}},"required":["', '},"additionalProperties":false}}}',
    "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>",
    "<tools>", "</tools>", '\n{"name":', '"arguments":', '"}}\n</tool_call>',
    "{}}\n</tool_call>", '{"', '",', '"}', SPACE + '"', SPACE + '{"',
    '","parameters":{"type":"object","properties":{},'
    '"additionalProperties":false}}}', SPACE + "caller", SPACE + "written"]


def targets():
    """Texts that are to be one piece each, in the order of their making."""
    yield from GLUE
    yield from WORDS
    yield from LONG
    header = tools.instructions(["{}"]).split("{}")
    for part in header:
        for word in words_of(part):
            # Marks stay pieces of their own, wherever they stand.
            for text in split_marks(word):
                yield text


def split_marks(word):
    """A word of the header, split before and after its marks."""
    parts, rest = [], word
    while rest:
        start = min((rest.find(mark) for mark in MARKS if mark in rest),
                    default=-1)
        if start < 0:
            return parts + [rest]
        mark = next(m for m in MARKS if rest.startswith(m, start))
        parts += [rest[:start]] if start else []
        rest = rest[start + len(mark):]
    return parts


MARKS = ["<tool_call>", "</tool_call>", "<tools>", "</tools>"]


class Wider:
    """A vocabulary that grows."""

    def __init__(self, old):
        self.scores = {
            piece: old.get_score(i) for i, piece in enumerate(old.pieces)
            if not (old.is_control(i) or old.is_byte(i) or old.is_unknown(i))}
        self.all = set(old.pieces)
        self.lowest = min(self.scores.values())
        self.added, self.twins = [], {}

    def add(self, text):
        """Make a text one piece, with all that it is joined from."""
        while True:
            parts = join(text, self.scores)
            if len(parts) == 1:
                return
            new = parts[0] + parts[1]
            if new in self.all:
                raise ValueError(f"{new!r} is a marker")
            self.lowest -= 1
            self.scores[new] = self.lowest
            self.all.add(new)
            self.added.append(new)

    def add_twins(self, old):
        """Twins of the pieces that begin words."""
        for piece in old.pieces:
            text = piece[1:]
            if piece[0] != SPACE or not text.isalpha():
                continue
            parts = len(join(text, self.scores))
            if parts < 2 or parts > (3 if text[0].isupper() else 2):
                continue
            self.add(text)
        for piece in self.added:
            if SPACE + piece in old.ids:
                self.twins[piece] = SPACE + piece


class Pieces:
    """An old vocabulary with more pieces, as the export reads one."""

    def __init__(self, old, wider):
        self.old, self.added = old, wider.added
        self.scores = wider.scores
        self.pieces = old.pieces + wider.added

    def __getattr__(self, name):
        return getattr(self.old, name)

    def id_to_piece(self, token):
        """Piece of an id."""
        return self.pieces[token]

    def get_score(self, token):
        """Score of an id."""
        if token < len(self.old.pieces):
            return self.old.get_score(token)
        return self.scores[self.pieces[token]]

    def _of_old(self, test, token):
        return token < len(self.old.pieces) and test(token)

    def is_unknown(self, token):
        """Whether this is the unknown piece."""
        return self._of_old(self.old.is_unknown, token)

    def is_control(self, token):
        """Whether an id marks something and has no text."""
        return self._of_old(self.old.is_control, token)

    def is_byte(self, token):
        """Whether an id stands for a single byte."""
        return self._of_old(self.old.is_byte, token)


@torch.no_grad()
def network(old, pieces, wider, context):
    """The old network with embeddings for the new pieces."""
    sizes = old.config.to_dict()
    sizes.update(vocab=len(pieces.pieces), context=context)
    new = Phi3(Config(**sizes))
    new.load_state_dict({
        name: value for name, value in old.state_dict().items()
        if name not in ("token_embd.weight", "output.weight")}, strict=False)
    ids = pieces.old.ids
    pairs = [(ids[SPACE + p], i) for p, i in ids.items()
             if SPACE + p in ids and p.isalpha()]
    spaced, plain = (torch.tensor(side) for side in zip(*pairs))
    generator = torch.Generator().manual_seed(1)
    for name in ("token_embd", "output"):
        before = getattr(old, name).weight
        after = getattr(new, name).weight
        after[:len(before)] = before
        # What the lack of a space does to an embedding.
        shift = before[plain].mean(0) - before[spaced].mean(0)
        for at, piece in enumerate(wider.added, len(before)):
            if piece in wider.twins:
                after[at] = before[ids[wider.twins[piece]]] + shift
                continue
            parts = [ids[part] for part in join(piece, pieces.old.scores)
                     if part in ids]
            mean = before[parts].mean(0) if parts else before.mean(0)
            noise = torch.randn(len(mean), generator=generator)
            after[at] = 0.5 * mean + 0.5 * before.mean(0) \
                + 0.7 * before.std(0) * noise
    return new


def main():
    """Widen."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gguf", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--context", type=int, default=2048)
    args = parser.parse_args()
    tokenizer = Tokenizer(args.gguf)
    old = tokenizer.model
    wider = Wider(old)
    wider.add_twins(old)
    for text in targets():
        wider.add(text)
    pieces = Pieces(old, wider)
    model = network(gguf_model.load(args.gguf), pieces, wider, args.context)
    tokenizer.model, tokenizer.size = pieces, len(pieces.pieces)
    export(model, tokenizer, args.out)
    print(f"{len(old.pieces)} pieces and {len(wider.added)} more, of them "
          f"{len(wider.twins)} twins")


if __name__ == "__main__":
    main()
