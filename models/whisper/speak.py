"""Speaks the training's texts and stores the clean sound at 16 kHz in shards.

A shard is a pair of files: NAME.npy with all samples (int16) one after another, and NAME.json with a list
of {"said", "written", "voice", "samples"}. Some single words of the Piper voice are spoken as lists and
cut at the pauses. The texts and voices of a
shard depend on its number alone; the neural voices draw noise of their own.
"""

import argparse
import json
import os
import random
import re
import time
from pathlib import Path

import numpy as np

import texts
import voices

RATE = voices.RATE
BOUNDS = (1.0, 2.0, 4.0, 14.0)
SHARES = (0.46, 0.22, 0.19, 0.13)
EDGE = 0.06
FRAME = 160


def loudness(sound):
    """Return the level of each 10 ms relative to the loudest."""
    frames = len(sound) // FRAME
    level = np.sqrt((sound[:frames * FRAME].reshape(frames, FRAME) ** 2).mean(1))
    return level / (level.max() + 1e-9)


def trim(sound, edge=EDGE):
    """Cut silence at both ends; ``edge`` seconds stay."""
    loud = np.flatnonzero(loudness(sound) > 0.02)
    if not len(loud):
        return sound[:0]
    first = max(0, int(loud[0] * FRAME - edge * RATE))
    return sound[first:int((loud[-1] + 1) * FRAME + edge * RATE)]


def pieces(sound, pause=0.13):
    """Cut a list of words at its pauses."""
    loud = np.flatnonzero(loudness(sound) > 0.02)
    if not len(loud):
        return []
    gaps = np.flatnonzero(np.diff(loud) > pause * RATE / FRAME)
    starts = [loud[0], *loud[gaps + 1]]
    ends = [*loud[gaps], loud[-1]]
    edge = int(EDGE * RATE)
    return [sound[max(0, s * FRAME - edge):(e + 1) * FRAME + edge] for s, e in zip(starts, ends)]


def length_class(sound):
    """Return the class of a trimmed recording, or None if it is too short or too long."""
    seconds = len(sound) / RATE - 2 * EDGE
    if seconds < 0.12 or seconds > BOUNDS[-1]:
        return None
    return next(n for n, bound in enumerate(BOUNDS) if seconds < bound)


def jobs_of(rng, source, names, count, held):
    """Draw about ``count`` utterances as [(text to speak, voice, [utterances in it])]."""
    jobs, drawn = [], 0
    while drawn < count:
        kind = rng.choices(range(4), SHARES)[0]
        voice = voices.choose(rng, names, held, kind)
        if kind == 0 and voice["engine"] == "piper" and rng.random() < 0.3:
            utterances = []
            while len(utterances) < 7:
                said, written = source.draw(rng, 0, held)
                if " " not in said:
                    utterances.append((said, written))
            jobs.append((" ".join(texts.sentence(said) for said, _ in utterances), voice, utterances))
        else:
            utterances = [source.draw(rng, kind, held)]
            said = utterances[0][0]
            jobs.append((texts.sentence(said) if re.search(r"[a-z]", said[-1:]) else said, voice, utterances))
        drawn += len(utterances)
    return jobs


def recordings(engines, jobs):
    """Yield (recording, said, written, voice) of all jobs that went well."""
    for (_, voice, utterances), sound in zip(jobs, engines.speak([(t, v) for t, v, _ in jobs])):
        if sound is None or np.abs(sound).max() < 1e-3:
            continue
        parts = [trim(sound)] if len(utterances) == 1 else pieces(sound)
        if len(parts) != len(utterances):
            continue
        for part, (said, written) in zip(parts, utterances):
            if length_class(part) is not None:
                yield part / np.abs(part).max() * 0.8, said, written, voices.label(voice)


def write(path, clips):
    """Write a shard; the index comes last, so that a shard without one is unfinished."""
    np.save(path.with_suffix(".npy"), np.concatenate([(c[0] * 32767).astype(np.int16) for c in clips]))
    index = [{"said": s, "written": w, "voice": v, "samples": len(a)} for a, s, w, v in clips]
    part = path.with_suffix(".part")
    part.write_text(json.dumps(index))
    os.replace(part, path.with_suffix(".json"))


def load(path):
    """Return [(samples, entry)] of a shard."""
    samples, place, clips = np.load(path.with_suffix(".npy")), 0, []
    for entry in json.loads(path.with_suffix(".json").read_text()):
        clips.append((samples[place:place + entry["samples"]], entry))
        place += entry["samples"]
    return clips


def words_jobs(rng, names):
    """The sixty words, each by a Kokoro voice, flite's rms and an espeak-ng variant never trained."""
    jobs = []
    for text in texts.all_words():
        for engine in ("kokoro", "flite", "espeak"):
            voice = voices.choose(rng, names, True)
            while voice["engine"] != engine or (engine == "kokoro" and voice["names"][0][0] not in "ab"):
                voice = voices.choose(rng, names, True)
            jobs.append((texts.sentence(text), voice, [texts.word(text)]))
    return jobs


def main():
    """Write shards for the training, the held-out set and the sixty words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path, help="folder with the voices' files (see fetch.py)")
    parser.add_argument("out", type=Path, help="folder for the shards")
    parser.add_argument("--shards", type=int, default=25, help="training shards (default 25)")
    parser.add_argument("--first", type=int, default=0, help="number of the first training shard")
    parser.add_argument("--size", type=int, default=200, help="utterances in a shard (default 200)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--fortunes", default="/usr/share/games/fortunes", help="folder of sentences")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    engines, source = voices.Voices(options.voices, options.threads), texts.Texts(options.fortunes)
    names = sorted(engines.styles)
    tasks = [("words", 0), ("held0", 300)]
    tasks += [(f"train{n:03d}", options.size) for n in range(options.first, options.first + options.shards)]
    started = time.time()
    for name, size in tasks:
        path = options.out / name
        if path.with_suffix(".json").exists():
            continue
        rng = random.Random(name)
        if name == "words":
            jobs = words_jobs(rng, names)
        else:
            jobs = jobs_of(rng, source, names, size, name.startswith("held"))
        clips = list(recordings(engines, jobs))
        write(path, clips)
        classes = [sum(length_class(c[0]) == k for c in clips) for k in range(4)]
        print(f"{name}: {len(clips)} clips, classes {classes}, {sum(len(c[0]) for c in clips) / RATE / 60:.1f} "
              f"minutes, {time.time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
