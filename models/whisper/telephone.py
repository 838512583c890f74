"""Turns clean speech into what a recogniser hears at the end of a telephone line, and makes sound in which
nobody speaks.

Everything is drawn from one numpy generator, so a step of the training is repeatable by its number alone.
"""

from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE = 16000
LEAD = 1600
SHORTEST = 16000
POSITION = 320
STEP = 8


def read(path):
    """Read a WAV file, 16-bit, mu-law or A-law, as floats at 16 kHz; of several channels the first."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return sound[:, 0].copy() if rate == RATE else soxr.resample(sound[:, 0], rate, RATE).astype(np.float32)


class Line:
    """A telephone line with the noises of a folder: recorded noise, and ``*rir*`` for a room's echo."""

    def __init__(self, folder=None):
        paths = sorted(Path(folder).glob("*.wav")) if folder else []
        self.noises = [read(path) for path in paths if "rir" not in path.name]
        self.rooms = []
        for path in paths:
            if "rir" in path.name:
                echo = read(path)
                start = int(np.abs(echo).argmax())
                self.rooms.append(echo[start:start + RATE // 2] / np.abs(echo).max())

    def speech(self, clip, rng, edge=0.06):
        """Return a clean recording (int16, ``edge`` seconds of silence at its ends) as the line gives it."""
        sound = clip.astype(np.float32) / 32768
        if rng.random() < 0.35:
            sound = soxr.resample(sound, RATE * rng.uniform(0.92, 1.09), RATE).astype(np.float32)
        sound = edges(sound, rng, int(edge * RATE))
        if self.rooms and rng.random() < 0.15:
            sound = self.echo(sound, rng)
        if rng.random() < 0.5:
            sound = coloured(sound, rng)
        if rng.random() < 0.55:
            sound = add(sound, self.noise(len(sound), rng), rng.uniform(4, 35))
        peak = np.abs(sound).max() + 1e-9
        if rng.random() < 0.08:
            sound = np.clip(sound / peak * rng.uniform(1.2, 4), -1, 1) * rng.uniform(0.5, 1)
        else:
            sound = sound / peak * 10 ** (-rng.uniform(0, 28) / 20)
        return self.coded(sound, rng)

    def nothing(self, length, rng):
        """Return sound without a word: silence, noise, tones, knocks, breath, coughs."""
        draw = rng.random()
        if draw < 0.12:
            sound = np.zeros(length, np.float32)
        elif draw < 0.5:
            sound = self.noise(length, rng)
        elif draw < 0.7:
            sound = tones(length, rng)
        else:
            sound = bursts(length, rng) + 10 ** (-rng.uniform(15, 40) / 20) * self.noise(length, rng)
        peak = np.abs(sound).max()
        if peak > 0:
            sound = sound / peak * 10 ** (-rng.uniform(0, 45) / 20)
        return self.coded(sound.astype(np.float32), rng)

    def echo(self, sound, rng):
        """Let a room answer."""
        room = self.rooms[rng.integers(len(self.rooms))] * rng.uniform(0.2, 1.0)
        room[0] = 1.0
        size = len(sound) + len(room)
        return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(room, size), size)[:len(sound)].astype(np.float32)

    def noise(self, length, rng):
        """Return recorded noise, shaped noise or hum, of about unit level."""
        draw = rng.random()
        if self.noises and draw < 0.5:
            source = self.noises[rng.integers(len(self.noises))]
            start = rng.integers(len(source))
            sound = np.resize(np.roll(source, -start)[:length], length)
        elif draw < 0.9:
            sound = shaped(length, rng)
        else:
            sound = tones(length, rng, only_hum=True)
        return (sound / (sound.std() + 1e-9)).astype(np.float32)

    def coded(self, sound, rng):
        """Pass a codec: mu-law or A-law at 8 kHz, or a wide band; sometimes packets are lost."""
        draw = rng.random()
        if draw < 0.78:
            narrow = soxr.resample(sound, RATE, 8000, quality="MQ" if rng.random() < 0.5 else "HQ")
            if rng.random() < 0.4:
                narrow = band(narrow, 8000, rng.uniform(60, 320), rng.uniform(3200, 3900))
            narrow = (mu_law if draw < 0.5 else a_law)(narrow) if draw < 0.72 else narrow
            if rng.random() < 0.06:
                narrow = lost(narrow, 160, rng)
            wide = soxr.resample(narrow, 8000, RATE).astype(np.float32)
            return np.resize(wide, len(sound)) if len(wide) > len(sound) else wide
        if rng.random() < 0.06:
            sound = lost(sound, 320, rng)
        return np.round(sound * 32767).astype(np.float32) / 32768


def edges(sound, rng, edge):
    """Cut or lengthen the silence at both ends, as detectors of speech do."""
    if rng.random() < 0.5:
        before, after = rng.integers(-edge, edge // 2), rng.integers(-edge, edge // 2)
    else:
        before, after = rng.integers(-edge, RATE // 3), rng.integers(-edge, RATE // 3)
    if rng.random() < 0.07:  # a detector that came late
        before = -edge - rng.integers(0, RATE // 40)
    sound = sound[-before:] if before < 0 else np.pad(sound, (before, 0))
    return sound[:after] if after < 0 else np.pad(sound, (0, after))


def shaped(length, rng):
    """Return noise with a random slope (white to brown) and a slow change of its level."""
    size = length + length % 2
    frequency = np.linspace(0, RATE / 2, size // 2 + 1)
    spectrum = rng.normal(size=len(frequency)) + 1j * rng.normal(size=len(frequency))
    spectrum /= (1 + frequency / rng.uniform(30, 6000)) ** rng.choice([0.5, 1, 2])
    points = rng.normal(size=max(2, length // 3200)) * rng.choice([0, 0, 0.5, 1.0])
    level = np.exp(np.interp(np.linspace(0, 1, size), np.linspace(0, 1, len(points)), points))
    return (np.fft.irfft(spectrum, size) * level)[:length].astype(np.float32)


def tones(length, rng, only_hum=False):
    """Return mains hum, the tones of an exchange, or notes."""
    time = np.arange(length) / RATE
    draw = 0.0 if only_hum else rng.random()
    if draw < 0.3:
        base, slope = rng.choice([50, 60, rng.uniform(40, 200)]), rng.uniform(0.3, 2)
        return sum(np.sin(2 * np.pi * base * n * time + rng.random() * 6.3) * rng.random() / n ** slope
                   for n in range(1, 12)).astype(np.float32)
    if draw < 0.65:
        pairs = [(440, 480), (350, 440), (425, 425), (480, 620), (697, 1209), (770, 1336), (852, 1477), (1400, 1400)]
        low, high = pairs[rng.integers(len(pairs))]
        gate = ((time + rng.random()) % rng.choice([0.5, 1.0, 9.0])) < rng.choice([0.25, 0.5, 9.0])
        return ((np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time)) * gate).astype(np.float32)
    sound, place = np.zeros(length), 0
    while place < length:
        size = min(length - place, int(RATE * rng.uniform(0.1, 0.6)))
        for note in rng.integers(45, 80, rng.integers(1, 4)):
            wave_ = sum(np.sin(2 * np.pi * 440 * 2 ** ((note - 69) / 12) * k * time[:size]) / k ** 1.5 for k in (1, 2, 3))
            sound[place:place + size] += wave_ * np.exp(-time[:size] * rng.uniform(0, 8))
        place += size
    return sound.astype(np.float32)


def bursts(length, rng):
    """Return knocks, breaths and cough-like bursts."""
    sound = np.zeros(length, np.float32)
    for _ in range(rng.integers(1, 5)):
        size = min(length, int(rng.choice([60, 400, 2400, 5000, 8000]) * rng.uniform(0.5, 1.5)) + 4)
        start = rng.integers(0, length - size + 1)
        piece = shaped(size, rng)
        attack = rng.uniform(0.02, 0.5)
        shape = np.minimum(np.linspace(0, 1 / attack, size), np.linspace(1 / (1 - attack), 0, size))
        piece = coloured(piece / (piece.std() + 1e-9), rng, 12) * shape
        sound[start:start + size] += piece * rng.uniform(0.2, 1)
    return sound


def coloured(sound, rng, strength=4.0):
    """Colour the spectrum as microphones do, by a few decibels."""
    spectrum = np.fft.rfft(sound)
    points = rng.normal(size=9) * strength
    curve = np.interp(np.linspace(0, 8, len(spectrum)), np.arange(9), points)
    return np.fft.irfft(spectrum * 10 ** (curve / 20), len(sound)).astype(np.float32)


def add(sound, noise, ratio):
    """Add noise ``ratio`` decibels below the speech."""
    return sound + noise * np.sqrt((sound ** 2).mean() + 1e-12) * 10 ** (-ratio / 20)


def band(sound, rate, low, high):
    """Cut a band out of the spectrum."""
    spectrum = np.fft.rfft(sound)
    frequency = np.linspace(0, rate / 2, len(spectrum))
    spectrum /= (1 + np.exp((low - frequency) / 30)) * (1 + np.exp((frequency - high) / 40))
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


def mu_law(sound):
    """Code and decode with 8-bit mu-law."""
    level = np.round(np.log1p(255 * np.minimum(np.abs(sound), 1)) / np.log(256) * 127) / 127
    return (np.sign(sound) * np.expm1(level * np.log(256)) / 255).astype(np.float32)


def a_law(sound):
    """Code and decode with 8-bit A-law; it has no zero."""
    size, scale = np.minimum(np.abs(sound), 1), 1 + np.log(87.6)
    level = np.where(size < 1 / 87.6, 87.6 * size, 1 + np.log(np.maximum(87.6 * size, 1))) / scale
    level = (np.floor(level * 128).clip(0, 127) + 0.5) / 128
    size = np.where(level < 1 / scale, level * scale / 87.6, np.exp(level * scale - 1) / 87.6)
    return (np.where(sound < 0, -size, size)).astype(np.float32)


def lost(sound, frame, rng):
    """Lose a few packets of 20 ms."""
    sound = sound.copy()
    for _ in range(rng.integers(1, 4)):
        start = rng.integers(0, max(1, len(sound) - frame))
        sound[start:start + frame] = 0
    return sound


def prepared(sound):
    """Put the lead-in before a sound and lengthen it to a second, as offhook does."""
    return np.pad(sound, (LEAD, max(0, SHORTEST - LEAD - len(sound))))


def positions(samples, margin):
    """Return the encoder's positions for prepared sound and a margin of so many positions."""
    wanted = -(-samples // POSITION) + margin
    return min(1500, -(-wanted // STEP) * STEP)
