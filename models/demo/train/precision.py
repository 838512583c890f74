"""Which floating-point type this processor multiplies matrices in fastest."""

import pathlib

import torch

# Without these, 16 bits are emulated: three times as slow as 32.
INSTRUCTIONS = {"avx512_bf16", "amx_bf16"}


def fastest():
    """bfloat16 where the processor multiplies in it, else float32."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    flags = cpuinfo.read_text().split() if cpuinfo.exists() else ()
    return torch.bfloat16 if INSTRUCTIONS.intersection(flags) \
        else torch.float32


FASTEST = fastest()
