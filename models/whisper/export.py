"""Writes trained weights as a GGML file: a checkpoint's mean weights in the frame of the published ones."""

import argparse
from pathlib import Path

import torch

import ggml


def main():
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("published", help="the weights that were tuned (GGML, or CTranslate2's with --assets)")
    parser.add_argument("trained", type=Path, help="checkpoint.pt, or a mean-NNNNN.pt beside it")
    parser.add_argument("target", type=Path, help="GGML file to write")
    parser.add_argument("--kind", choices=ggml.KINDS, default="q8_0")
    parser.add_argument("--assets", help="openai-whisper's folder whisper/assets, for CTranslate2's format")
    options = parser.parse_args()
    weights = ggml.load(options.published, options.assets)
    state = torch.load(options.trained, weights_only=False)
    for name, values in state.get("mean", state).items():
        weights.tensors[name] = values.float().numpy().reshape(weights.tensors[name].shape)
    print(options.target, ggml.write(options.target, weights, options.kind), "bytes")


if __name__ == "__main__":
    main()
