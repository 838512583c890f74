"""The recordings that the recogniser is judged on, all as 8 kHz telephone signals."""

import re
from pathlib import Path

import numpy as np
import soundfile
import torch

import synthesise
import telephone
from lexicon import DIGITS

LEAD, TAIL = 0.3, 0.5
LONGEST = 12.0


def window(samples, noise_db=None, seed=0):
    """Return one telephone signal: silence, speech (float, 8 kHz), silence; maybe with noise."""
    lead, tail = np.zeros(int(LEAD * 8000)), np.zeros(int(TAIL * 8000))
    signal = np.concatenate([lead, samples, tail])
    signal = np.concatenate([signal, np.zeros(-len(signal) % 160)])
    if noise_db is not None:
        noise = np.random.default_rng(seed).normal(size=len(signal))
        signal = signal + noise * samples.std() * 10 ** (-noise_db / 20)
    return telephone.mu_law(torch.from_numpy(signal.astype(np.float32)).clamp(-1, 1)).numpy()


def synthetic(corpus, prefix, noise_db=None):
    """Return [(signal, transcript, name)] of a synthesised set."""
    return [(window(samples / 32768.0, noise_db, number), text, f"{prefix}{number:03d}")
            for number, (samples, text, _) in enumerate(synthesise.load(corpus, prefix))]


def read(path):
    """Read a sound file as mono at 8 kHz with a peak of 0.7."""
    samples, rate = soundfile.read(path, dtype="float64")
    samples = samples.mean(1) if samples.ndim > 1 else samples
    samples = synthesise.resample(samples, 8000 / rate)
    return samples / (np.abs(samples).max() + 1e-9) * 0.7


def real_speech(folder):
    """Return {kind: [(signal, transcript, name)]} of the recordings that a MANIFEST.md lists."""
    sets = {}
    for line in (folder / "MANIFEST.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 3 and cells[0].startswith("speech/") and cells[3] and (folder / cells[0]).exists():
            kind = cells[0].split("/")[1].removesuffix(".wav")
            samples = read(folder / cells[0])
            if len(samples) <= LONGEST * 8000:
                sets.setdefault(kind, []).append((window(samples), cells[3], Path(cells[0]).stem))
    for path in sorted(folder.glob("speech/fsdd/*.wav")):
        digit = re.match(r"\d", path.stem)
        if digit:
            sets.setdefault("fsdd", []).append((window(read(path)), DIGITS[int(digit.group())], path.stem))
    return sets


def made_noise():
    """Return [(signal, "", name)]: white and pink noise, hum, a dialling tone and silence."""
    rng, clips = np.random.default_rng(7), []
    for seconds in (1.5, 3.0, 6.0):
        length = int(seconds * 8000)
        time = np.arange(length) / 8000
        pink = np.fft.irfft(np.fft.rfft(rng.normal(size=length))
                            / np.sqrt(np.maximum(1, np.arange(length // 2 + 1))), n=length)
        hum = sum(np.sin(2 * np.pi * 50 * n * time) / n for n in range(1, 8))
        tone = np.sin(2 * np.pi * 350 * time) + np.sin(2 * np.pi * 440 * time)
        kinds = {"white": rng.normal(size=length), "pink": pink, "hum": hum, "tone": tone}
        for name, clip in kinds.items():
            clip = clip / np.sqrt(np.mean(clip ** 2))
            for level in (-60, -45, -30, -15):
                signal = torch.from_numpy((clip * 10 ** (level / 20)).astype(np.float32))
                signal = telephone.mu_law(signal.clamp(-1, 1)).numpy()
                clips.append((signal, "", f"{name}{level}dB-{seconds}s"))
        clips.append((np.zeros(length, np.float32), "", f"silence-{seconds}s"))
    return clips


def recorded_noise(folder):
    """Return [(signal, "", name)]: three-second pieces of recorded noise at three levels."""
    clips = []
    for path in sorted(folder.glob("noise/*.wav")):
        samples = read(path)
        for start in range(0, min(len(samples), 60 * 8000), 24000):
            piece = samples[start:start + 24000]
            piece = np.concatenate([piece, np.zeros(-len(piece) % 160)])
            for level in (1.0, 0.2, 0.04):
                signal = telephone.mu_law(torch.from_numpy((piece * level).astype(np.float32))).numpy()
                clips.append((signal, "", f"{path.stem}-{start // 8000}s-{level}"))
    return clips
