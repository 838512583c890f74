"""Judges weights through whisper.cpp (the package pywhispercpp) as offhook asks it, on folders of recordings
with their words, and writes the window's rule.

A set is a folder of WAV files with ref.tsv (file, seconds, source, words). With --cut, the window is cut to
the speech and a margin; without, it is whole. Results are kept in a JSON file, one entry a way.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

from pywhispercpp.model import Model

import score
import telephone

MARGINS = (160, 320, 480, 640, 960, 1280)
TOKENS_PER_SECOND, SPARE_TOKENS = 12, 16


class Listener:
    """whisper.cpp with one model, asked as offhook asks it."""

    def __init__(self, weights, threads=1):
        self.model = Model(str(weights), redirect_whispercpp_logs_to=None, n_threads=threads, language="en",
                           context_params={"flash_attn": False},
                           no_timestamps=True, single_segment=True, no_context=True, suppress_blank=False,
                           temperature=0.0, temperature_inc=0.0, greedy={"best_of": 1}, no_speech_thold=2.0,
                           print_progress=False, print_timestamps=False, print_realtime=False)

    def __call__(self, sound, margin=None, least=0):
        """Return the text of a sound (float, 16 kHz); ``margin`` in milliseconds, None is the whole window."""
        sound = telephone.prepared(sound)
        context = 0
        if margin is not None:
            needed = max(math.ceil((len(sound) / telephone.RATE + margin / 1000) * 50), least)
            context = -(-needed // telephone.STEP) * telephone.STEP
            context = 0 if context >= 1500 else context
        most = int(SPARE_TOKENS + TOKENS_PER_SECOND * len(sound) / telephone.RATE)
        segments = self.model.transcribe(sound, audio_ctx=context, max_tokens=most)
        return " ".join(segment.text.strip() for segment in segments).strip()


def judge(listener, folder, margin=None, least=0):
    """Return ({class: figures}, [(file, said, heard)], milliseconds a clip) of a set."""
    clips, texts = [], []
    spent = 0.0
    for name, seconds, words in score.references(Path(folder) / "ref.tsv"):
        sound = telephone.read(Path(folder) / name)
        started = time.perf_counter()
        heard = listener(sound, margin, least)
        spent += time.perf_counter() - started
        clips.append((seconds, words, heard))
        texts.append((name, words, heard))
    return score.score(clips), texts, round(1000 * spent / max(1, len(clips)))


def invented(texts):
    """Count the texts of clips in which nobody said a word."""
    return sum(1 for _, said, heard in texts if not score.spoken_words(said) and score.spoken_words(heard))


def main():
    """Judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("sets", type=Path, nargs="+", help="folders with ref.tsv")
    parser.add_argument("--cut", type=int, nargs="*", metavar="MS", help="margins to judge (none named: the curve)")
    parser.add_argument("--least", type=int, default=0, help="smallest window, in positions of 20 ms")
    parser.add_argument("--whole", action="store_true", help="judge the whole window, too")
    parser.add_argument("--results", type=Path, help="JSON file to add the figures to")
    parser.add_argument("--name", help="what the results call these weights (default: the file's name)")
    parser.add_argument("--texts", action="store_true", help="show what was misheard")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    listener = Listener(options.weights, options.threads)
    margins = [] if options.cut is None else list(options.cut or MARGINS)
    if options.whole or options.cut is None:
        margins.insert(0, None)
    for folder in options.sets:
        for margin in margins:
            figures, texts, milliseconds = judge(listener, folder, margin, options.least)
            window = "whole" if margin is None else f"{margin} ms" + (f", at least {options.least}" if options.least else "")
            print(f"{options.name or options.weights.name}, {folder.name}, {window}: {milliseconds} ms a clip, "
                  f"{invented(texts)} invented\n{score.table(figures)}", flush=True)
            if options.texts:
                for name, said, heard in texts:
                    if score.spoken_words(said) != score.spoken_words(heard):
                        print(f"  {name}: {said!r} -> {heard!r}")
            if options.results:
                kept = json.loads(options.results.read_text()) if options.results.exists() else {}
                entry = kept.setdefault(options.name or options.weights.name, {}).setdefault(folder.name, {})
                entry[window] = {"invented": invented(texts), **figures}
                part = options.results.with_suffix(".part")
                part.write_text(json.dumps(kept, indent=1) + "\n")
                os.replace(part, options.results)


if __name__ == "__main__":
    main()
