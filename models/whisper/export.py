"""Writes trained weights as a GGML file: a checkpoint's mean weights in the frame of the published ones.

With --share below 1, the file is a mixture of trained and published weights (Wortsman and others 2022, WiSE-FT): what
the training on synthetic voices gave, and what the published weights know of people. 0.8 costs little on synthetic
voices and helps on people (README.md).
"""

import argparse
from pathlib import Path

import torch

import ggml


def main():
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("published", help="the weights that were tuned (GGML, or CTranslate2's with --assets)")
    parser.add_argument("trained", type=Path, help="checkpoint.pt, or a mean-NNNNN.pt beside it")
    parser.add_argument("target", type=Path, help="GGML file to write")
    parser.add_argument("--kind", choices=ggml.KINDS, default="q8_0")
    parser.add_argument("--assets", help="openai-whisper's folder whisper/assets, for CTranslate2's format")
    parser.add_argument("--share", type=float, default=0.8, help="share of the trained weights (default 0.8)")
    options = parser.parse_args()
    weights = ggml.load(options.published, options.assets)
    state = torch.load(options.trained, weights_only=False)
    for name, values in state.get("mean", state).items():
        old = weights.tensors[name]
        weights.tensors[name] = options.share * values.float().numpy().reshape(old.shape) + (1 - options.share) * old
    print(options.target, ggml.write(options.target, weights, options.kind), "bytes")


if __name__ == "__main__":
    main()
