"""Writes a day of calls at several businesses, for the cache of answers.

The shares are fixed: the businesses are called by Zipf's law, what callers ask
has the weights of the training, and its words have the errors of a speech
recogniser.  The first line of a business is its prompt; each call is a line
with its turns, as [caller, answer, the words that carry the facts].
"""

import argparse
import json
import pathlib
import random

import dialogues
from facts import Business
from prompts import Prompt


class Call(dialogues.Dialogue):
    """A call at a business that is there already."""

    def __init__(self, rng, shop, writer, length):
        dialogues.Business = lambda *_, **__: shop
        dialogues.Prompt = lambda *_: writer
        super().__init__(rng, length=length)

    def rows(self):
        """The caller's turns with their answers."""
        said = [turn for turn in self.turns[1:] if turn.role != "system"]
        for caller, desk in zip(said, said[1:]):
            if caller.role == "user" and desk.role == "assistant" \
                    and desk.learn:
                yield [caller.text, desk.text, desk.fact_texts()]


def main():
    """Write the day."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--businesses", type=int, default=6)
    parser.add_argument("--calls", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    shops = []
    for index in range(args.businesses):
        # Every other one has names that no training has seen.
        shop = Business(rng, unseen=bool(index % 2))
        shops.append((shop, Prompt(rng, shop)))
    weights = [1 / (rank + 1) for rank in range(len(shops))]
    with args.out.open("w") as out:
        for index, (_, writer) in enumerate(shops):
            prompt = writer.write(set(), richness=1.0)
            row = {"business": index, "prompt": prompt}
            out.write(json.dumps(row) + "\n")
        for _ in range(args.calls):
            index = rng.choices(range(len(shops)), weights)[0]
            shop, writer = shops[index]
            call = Call(rng, shop, writer, length=rng.randint(2, 6))
            row = {"business": index, "call": list(call.rows())}
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
