"""Turns stored speech into what a recogniser hears at the end of a telephone line.

Everything happens at 8 kHz. A batch gets silence around the speech, a level, noise, the band
limit and mu-law; ``log_mel`` then computes Whisper's features as if the signal had been brought
to 16 kHz: the bins above 4 kHz stay empty, or hold the faint mirror image that an imperfect
resampler leaves.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from model import mel_filters

RATE = 8000
FRAME = 80
LEADS = [0.1, 0.2, 0.3, 0.5, 0.8, 1.3]
WINDOW = torch.hann_window(200)
FILTERS = torch.from_numpy(mel_filters())


def warped_filters(count, seed=5):
    """Return mel filters (count, 80, 101) of speakers with other vocal tracts.

    The frequencies move by a common factor and, between a few knots, each by a little more (vocal
    tract length perturbation, Jaitly and Hinton 2013, with uneven formants). The first is unmoved.
    """
    rng = np.random.default_rng(seed)
    bins = np.arange(101)
    filters = [FILTERS[:, :101].numpy()]
    while len(filters) < count:
        knots = np.array([0, 12, 25, 40, 60, 80, 120])
        moved = knots * (1 + rng.uniform(-0.14, 0.14) + rng.uniform(-0.05, 0.05, len(knots)))
        source = np.clip(np.interp(bins, knots, moved), 0, 100)
        low = np.minimum(source.astype(int), 99)
        matrix = np.zeros((101, 101))
        matrix[bins, low] = low + 1 - source
        matrix[bins, low + 1] = source - low
        filters.append(filters[0] @ matrix)
    return torch.from_numpy(np.stack(filters).astype(np.float32))


WARPED = warped_filters(64)


def mu_law(signal):
    """Code and decode a signal with 8-bit mu-law; zero stays zero."""
    level = torch.log1p(255 * signal.abs().clamp(max=1)) / math.log(256)
    level = torch.round(level * 127) / 127
    return torch.sign(signal) * torch.expm1(level * math.log(256)) / 255


def log_mel(signal, leak=None, tract=None):
    """Return Whisper's log-mel features of an 8 kHz batch whose length is a multiple of 160.

    ``leak`` (one value a row) is the power with which a resampler mirrors the band above 4 kHz,
    ``tract`` (one number a row) chooses one of the warped filters.
    """
    spectrum = torch.stft(signal, 200, FRAME, window=WINDOW, return_complex=True)[..., :-1]
    power = spectrum.abs() ** 2 * 4
    mel = (FILTERS[:, :101] if tract is None else WARPED[tract]) @ power
    if leak is not None:
        mel = mel + FILTERS[:, 101:] @ (power[:, :100].flip(1) * leak[:, None, None])
    mel = torch.clamp(mel, min=1e-10).log10()
    mel = torch.maximum(mel, mel.amax((1, 2), keepdim=True) - 8.0)
    return (mel + 4) / 4


def shaped_noise(length, rng):
    """Return noise with a random slope and a random slow change of level."""
    spectrum = rng.normal(size=length // 2 + 1) + 1j * rng.normal(size=length // 2 + 1)
    frequency = np.linspace(0, RATE / 2, length // 2 + 1)
    noise = np.fft.irfft(spectrum / (1 + frequency / (30 + rng.random() * 6000)) ** rng.choice([0.5, 1, 2]),
                         n=length)
    points = rng.normal(size=max(2, length // 1600)) * rng.choice([0, 0, 0.5, 1.2])
    return noise * np.exp(np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(points)), points))


def hum(length, rng):
    """Return mains hum with harmonics, or the tones of a telephone exchange."""
    time = np.arange(length) / RATE
    if rng.random() < 0.6:
        base = rng.choice([50, 60, rng.uniform(40, 250)])
        slope = rng.uniform(0.3, 2)
        return sum(np.sin(2 * np.pi * base * n * time + rng.random() * 6.3) * rng.random() / n ** slope
                   for n in range(1, 12))
    single, double = 10 ** rng.uniform(1.8, 3.5, 2)
    pair = [(440, 480), (350, 440), (425, 425), (480, 620), (697, 1209), (single, single),
            (single, single), (single, double)][rng.integers(8)]
    gate = ((time + rng.random()) % rng.choice([0.5, 1.0, 9.0])) < rng.choice([0.25, 0.5, 9.0])
    return (np.sin(2 * np.pi * pair[0] * time) + np.sin(2 * np.pi * pair[1] * time)) * gate


def clicks(length, rng):
    """Return a few short knocks and breaths."""
    out = np.zeros(length)
    for _ in range(rng.integers(1, 6)):
        size = int(rng.choice([20, 80, 400, 1600]) * (0.5 + rng.random()))
        start = rng.integers(0, max(1, length - size))
        piece = shaped_noise(size + size % 2 + 2, rng)[:min(size, length - start)]
        piece = piece * np.hanning(len(piece) + 2)[1:-1]
        out[start:start + len(piece)] += piece / (np.abs(piece).max() + 1e-9)
    return out


def babble(length, others, rng):
    """Return many voices at once, some of them backwards, so that no words are left."""
    out = np.zeros(length)
    for _ in range(rng.integers(4, 9)):
        voice = others[rng.integers(len(others))][0].astype(np.float64)
        voice = voice[::-1] if rng.random() < 0.5 else voice
        out += np.roll(np.resize(voice, length), rng.integers(length)) * (0.3 + rng.random())
    return out


def without_speech(length, others, rng):
    """Return a clip (int16) in which nobody speaks to the telephone."""
    kind = rng.random()
    if kind < 0.1:
        return np.zeros(length, np.int16)
    if kind < 0.45:
        clip = shaped_noise(length, rng)
    elif kind < 0.6:
        clip = hum(length, rng)
    elif kind < 0.75:
        clip = clicks(length, rng)
    else:
        clip = babble(length, others, rng) + 0.3 * shaped_noise(length, rng)
    return (clip / (np.abs(clip).max() + 1e-9) * 0.7 * 32767).astype(np.int16)


def plain_windows(clips, lead=0.3, tail=0.5):
    """Return the windows for an evaluation: fixed silence, no noise, mu-law."""
    length = max(map(len, clips)) + int((lead + tail) * RATE)
    batch = torch.zeros(len(clips), -(-length // 160) * 160)
    start = int(lead * RATE)
    for row, clip in enumerate(clips):
        batch[row, start:start + len(clip)] = torch.from_numpy(clip.astype(np.float32) / 32768)
    return mu_law(batch)


def training_windows(clips, silent, others, rng, strength=1.0):
    """Return a noisy telephone batch for training.

    ``silent`` marks rows without speech, ``others`` are utterances to make babble from and
    ``strength`` (0 to 1) scales how hard the conditions are.
    """
    count = len(clips)
    widest = 0.05 + strength * rng.choice(LEADS)
    leads = [int(RATE * (0.05 + widest * rng.random())) for _ in clips]
    longest = max(lead + len(clip) for lead, clip in zip(leads, clips))
    length = longest + int(RATE * (0.1 + rng.random() ** 2 * (0.15 + 0.75 * strength)))
    length = min(-(-length // 160) * 160, 12 * RATE)
    batch = torch.zeros(count, length)
    for row, (lead, clip) in enumerate(zip(leads, clips)):
        clip = clip[:length - lead]
        batch[row, lead:lead + len(clip)] = torch.from_numpy(clip.astype(np.float32) / 32768)
        if not silent[row] and rng.random() < 0.12 * strength:
            extra = babble(length, others, rng) if rng.random() < 0.6 else hum(length, rng)
            scale = clip.std() / 32768 * 10 ** (-rng.uniform(10, 28) / 20) / (extra.std() + 1e-9)
            batch[row] += torch.from_numpy((extra * scale).astype(np.float32))

    generator = torch.Generator().manual_seed(int(rng.integers(2 ** 31)))

    def uniform():
        return torch.rand(count, 1, generator=generator)

    frequency = torch.linspace(0, RATE / 2, length // 2 + 1)
    spectrum = torch.fft.rfft(batch)
    points = torch.randn(count, 1, 9, generator=generator) * 3.5 * strength
    curve = F.interpolate(points, size=len(frequency), mode="linear", align_corners=True)[:, 0]
    spectrum = spectrum * 10 ** (curve / 20)
    noise = torch.fft.rfft(torch.randn(count, length, generator=generator))
    noise = noise / (1 + frequency / (100 + uniform() * 4000))
    ratio = spectrum.abs().square().sum(1, keepdim=True) / noise.abs().square().sum(1, keepdim=True)
    ratio = torch.where(ratio > 0, ratio, torch.full_like(ratio, 1e-3))
    snr = uniform() * 50 + 8 + 12 * (1 - strength)
    quiet = (uniform() < 0.9).float()
    spectrum = spectrum + noise * ratio.sqrt() * 10 ** (-snr / 20) * quiet
    high_pass = uniform() * 250
    band = torch.sigmoid((3450 + uniform() * 450 - frequency) / 40)
    band = band * torch.where(high_pass > 20, torch.sigmoid((frequency - high_pass) / 30), torch.ones(1))
    signal = torch.fft.irfft(spectrum * band, n=length)
    quieter = torch.tensor(silent).float()[:, None] * uniform() * 2
    signal = signal * 10 ** (0.15 - uniform() * (0.3 + 1.2 * strength) - quieter)
    signal = mu_law(signal.clamp(-1, 1))
    for row, (lead, clip) in enumerate(zip(leads, clips)):
        if rng.random() < 0.5:
            signal[row, lead + len(clip) + int(RATE * rng.uniform(0.05, 0.7)):] = 0
        if rng.random() < 0.15:
            signal[row, :int(lead * rng.random())] = 0
    leak = 10 ** (-3 - 6 * uniform()[:, 0]) * (uniform()[:, 0] < 0.6).float()
    return signal, leak
