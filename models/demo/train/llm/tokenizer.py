"""The SentencePiece vocabulary and the turning of dialogues into ids."""

import argparse
import pathlib
import random
import string

import sentencepiece

from dialogues import Dialogue
from vocabulary import SPACE, GgufPieces

CHAT = ["<|endoftext|>", "<|assistant|>", "<|system|>", "<|user|>", "<|end|>"]
# Control tokens that no training text has: room for what the desk may do.
RESERVED = ["<|end_of_call|>", "<|tool_call|>", "<|tool_result|>"] + [
    f"<|spare_{number}|>" for number in range(1, 6)]
SPECIAL = CHAT + RESERVED
SIGNS = "$\u20ac\u00a3\u2013.,:;?!'\"()/&@#*+%-"
ODD_WORDS = 0.05
FACT_WEIGHT, CALLER_WEIGHT = 3.0, 0.15


def train(path, size, dialogues, seed):
    """Train the vocabulary on generated dialogues."""
    rng = random.Random(seed)
    lines = [line for _ in range(dialogues) for turn in Dialogue(rng).turns
             for line in turn.text.split("\n")]
    prefix = str(path.with_suffix(""))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=prefix, vocab_size=size,
        model_type="bpe", byte_fallback=True, character_coverage=1.0,
        user_defined_symbols=SPECIAL, split_digits=True,
        required_chars=string.ascii_letters + string.digits + SIGNS,
        normalization_rule_name="identity", add_dummy_prefix=True,
        remove_extra_whitespaces=False, minloglevel=2)


def is_mark(piece):
    """Whether a piece ends a sentence and does nothing else."""
    return not piece.strip("\u2581.?!")


class Tokenizer:
    """Encodes dialogues in the chat format of the exported model.

    Reads a SentencePiece model, or the vocabulary of an exported GGUF.
    """

    def __init__(self, path):
        if str(path).endswith(".gguf"):
            self.model = GgufPieces(path)
        else:
            self.model = sentencepiece.SentencePieceProcessor(
                model_file=str(path))
        self.size = self.model.vocab_size()
        self.ids = {name: self.model.piece_to_id(name) for name in CHAT}
        self.end = self.ids["<|end|>"]
        self.start = self.model.bos_id()
        self.parts = self._parts()

    def _parts(self):
        """Pieces that begin words, and pieces within them."""
        pieces = [self.model.id_to_piece(i) for i in range(self.size)]
        begin = [piece[1:] for piece in pieces
                 if piece[0] == SPACE and piece[1:].isalpha()]
        return ([piece for piece in begin if len(piece) > 1],
                [piece for piece in pieces
                 if len(piece) > 1 and piece.isalpha()])

    def text_weights(self, turn, pieces):
        """Loss weights of the pieces of one turn."""
        if not turn.learn:
            return [0.0] * len(pieces)
        if turn.role == "user":
            weights = [CALLER_WEIGHT] * len(pieces)
            # A mark behind an unfinished sentence is the recogniser's, and
            # would be taken for the end of the turn.
            place = len(pieces)
            while not turn.finished and place and is_mark(pieces[place - 1]):
                place -= 1
                weights[place] = 0.0
            return weights
        weights, place = [], -1
        for piece in pieces:
            stop = place + len(piece)
            fact = any(place < b and stop > a for a, b in turn.facts)
            weights.append(FACT_WEIGHT if fact else 1.0)
            place = stop
        return weights

    def encode(self, turns, answer_next=False, odd=None):
        """Ids of a dialogue and the loss weight of each id."""
        ids, weights = [self.start], [0.0]
        for turn in turns:
            tokens = self.model.encode(turn.text, odd) if odd \
                else self.model.encode(turn.text)
            pieces = [self.model.id_to_piece(token) for token in tokens]
            ids += [self.ids[f"<|{turn.role}|>"]] + tokens + [self.end]
            weights += [0.0] + self.text_weights(turn, pieces)
            closing = 1.0 if turn.role == "assistant" else CALLER_WEIGHT
            known = turn.learn and turn.finished
            weights.append(closing if known else 0.0)
        if answer_next:
            ids.append(self.ids["<|assistant|>"])
            weights.append(0.0)
        return ids, weights

    def encode_oddly(self, turns, rng):
        """As `encode`, with some words of the facts in unusual pieces.

        Callers have names that no training text has.  Their pieces are
        learned from known names that are split otherwise ("BPE dropout"), in
        the same way throughout a dialogue, so that repeating is still copying.
        """
        if not isinstance(self.model, GgufPieces):
            return self.encode(turns)
        facts = [fact for turn in turns for fact in turn.fact_texts()]
        odd = self.model.split_some(facts, ODD_WORDS, rng)
        return self.encode(turns, odd=odd)

    def decode(self, ids):
        """Text of generated ids."""
        return self.model.decode(ids).strip()


def main():
    """Train the vocabulary."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--size", type=int, default=3000)
    parser.add_argument("--dialogues", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    train(args.out, args.size, args.dialogues, args.seed)
    tokenizer = Tokenizer(args.out)
    print(f"{tokenizer.size} pieces, special {tokenizer.ids}")


if __name__ == "__main__":
    main()
