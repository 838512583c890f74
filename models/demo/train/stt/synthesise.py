"""Speaks sentences of the grammar with free synthetic voices and stores them at 8 kHz.

Every shard is a pair of files: NAME.npy with all samples (int16) one after another, and
NAME.json with a list of [transcript, voice, number of samples].
"""

import argparse
import json
import multiprocessing
import random
import re
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

import grammar
import voices

RATE = 8000
SHARD = 500
LONGEST_SECONDS = 9.0


def resample(samples, ratio):
    """Resample by a factor with a Fourier transform; ``ratio`` is new length / old length."""
    length = max(1, round(len(samples) * ratio))
    spectrum = np.fft.rfft(np.concatenate([samples, np.zeros(64)]))
    padded = len(samples) + 64
    new_length = max(length, round(padded * ratio))
    bins = new_length // 2 + 1
    if bins <= len(spectrum):
        spectrum = spectrum[:bins]
    else:
        spectrum = np.concatenate([spectrum, np.zeros(bins - len(spectrum))])
    return np.fft.irfft(spectrum, n=new_length)[:length] * ratio


def trim(samples):
    """Cut silence at both ends."""
    loud = np.flatnonzero(np.abs(samples) > 0.006 * np.abs(samples).max())
    return samples[loud[0]:loud[-1] + 1]


def phrases_of(text, rng, pauses=0.6):
    """Split an utterance at its pause marks, or join it over them."""
    parts = [part.strip() for part in text.split("//")]
    result = [parts[0]]
    for part in parts[1:]:
        if rng.random() < pauses:
            result.append(part)
        else:
            result[-1] += " " + part
    return [part for part in result if re.search(r"\w", part)]


def join(pieces, rng):
    """Join the phrases of one utterance with silences of 0.15 to 0.9 seconds."""
    out = []
    for number, piece in enumerate(pieces):
        if number:
            out.append(np.zeros(int(RATE * rng.uniform(0.15, 0.9))))
        out.append(piece / np.abs(piece).max() * rng.uniform(0.6, 1.0))
    joined = np.concatenate(out)
    return (joined / np.abs(joined).max() * 0.7 * 32767).astype(np.int16)


def speak(jobs, folder):
    """Synthesise [(phrases, voice)] and return one array for each, or None if it failed."""
    requests = []
    for number, (phrases, voice) in enumerate(jobs):
        for part, phrase in enumerate(phrases):
            requests.append((phrase, voice, folder / f"{number}_{part}.wav"))
    voices.synthesise(requests, folder)
    results = []
    for number, (phrases, voice) in enumerate(jobs):
        try:
            pieces = []
            for part in range(len(phrases)):
                path = folder / f"{number}_{part}.wav"
                samples, rate = soundfile.read(path, dtype="float64")
                path.unlink()
                pieces.append(trim(resample(samples, RATE / rate / voice["tract"])))
            results.append(pieces)
        except (OSError, RuntimeError, IndexError, ValueError):
            results.append(None)
    return results


def make_shard(task):
    """Write one shard; ``task`` is (path without suffix, seed, texts or a count, kind of voices)."""
    path, seed, wanted, kind = task
    if path.with_suffix(".json").exists():
        return 0, 0.0
    rng = random.Random(seed)
    banned = grammar.forbidden()
    long_banned = [f" {text} " for text in banned if len(text.split()) > 3]
    if isinstance(wanted, int):
        source = grammar.sample if kind in ("train", "mixture") else grammar.sample_grammar
        texts = []
        while len(texts) < wanted:
            text = source(rng)
            bare = " ".join(grammar.plain(grammar.clean(text)))
            if bare and bare not in banned and not any(b in f" {bare} " for b in long_banned):
                texts.append(text)
    else:
        texts = wanted
    jobs = [(phrases_of(text, rng), voices.choose(kind, text, rng)) for text in texts]
    index, audio = [], []
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        for text, (_, voice), pieces in zip(texts, jobs, speak(jobs, Path(folder))):
            if pieces is None:
                continue
            samples = join(pieces, rng)
            if len(samples) <= LONGEST_SECONDS * RATE:
                index.append([grammar.clean(text), voice["name"], len(samples)])
                audio.append(samples)
    np.save(path.with_suffix(".npy"), np.concatenate(audio))
    path.with_suffix(".json").write_text(json.dumps(index))
    return len(index), sum(map(len, audio)) / RATE


def load(folder, prefix):
    """Return [(samples, transcript, voice)] of all shards whose names begin with ``prefix``."""
    utterances = []
    for path in sorted(Path(folder).glob(f"{prefix}*.json")):
        samples, position = np.load(path.with_suffix(".npy")), 0
        for text, voice, length in json.loads(path.read_text()):
            utterances.append((samples[position:position + length], text, voice))
            position += length
    return utterances


def main():
    """Write the training corpus, the validation sets and the test sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("work/corpus"))
    parser.add_argument("--count", type=int, default=45000, help="training utterances")
    parser.add_argument("--first", type=int, default=0, help="number of the first training shard")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    written = Path(__file__).with_name("handwritten.txt").read_text().splitlines()
    written = [line for line in written if line.strip()]
    tasks = [
        (options.out / "val", 11, 300, "val"),
        (options.out / "variants", 12, 300, "variants"),
        (options.out / "test", 13, 300, "test"),
        (options.out / "handwritten", 14, written, "test"),
        (options.out / "handval", 15, written, "val"),
        (options.out / "mixture", 16, 300, "mixture"),
    ]
    shards = range(options.first, options.first + -(-options.count // SHARD))
    tasks += [(options.out / f"train{n:04d}", 1000 + n, SHARD, "train") for n in shards]
    started, count, seconds = time.time(), 0, 0.0
    with multiprocessing.Pool(options.processes) as pool:
        for done, (utterances, length) in enumerate(pool.imap_unordered(make_shard, tasks), 1):
            count, seconds = count + utterances, seconds + length
            print(f"{done}/{len(tasks)} shards, {count} utterances, {seconds / 3600:.2f} h, "
                  f"{time.time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
