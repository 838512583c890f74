"""Averages the weights of files whose trainings began from the same weights.

Each run forgets a little of what it was not asked about, and each something
else: their average is better than any of them ("model soups", Wortsman et
al. 2022).
"""

import argparse
import pathlib

import torch

import gguf_model
from export_gguf import export
from tokenizer import Tokenizer


def shared(text):
    """A file and its weight in the average."""
    path, _, weight = text.partition("=")
    return pathlib.Path(path), float(weight or 1)


@torch.no_grad()
def average(files):
    """The weighted mean of all networks."""
    total = sum(weight for _, weight in files)
    mean = None
    for path, weight in files:
        model = gguf_model.load(path)
        if mean is None:
            mean = model
            for value in mean.parameters():
                value.mul_(weight / total)
            continue
        if model.config != mean.config:
            raise SystemExit(f"{path} is a network of another shape")
        for value, other in zip(mean.parameters(), model.parameters()):
            value.add_(other, alpha=weight / total)
    return mean


def main():
    """Average and write."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=shared,
                        metavar="FILE.gguf[=WEIGHT]")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    first, _ = args.files[0]
    export(average(args.files), Tokenizer(first), args.out)


if __name__ == "__main__":
    main()
