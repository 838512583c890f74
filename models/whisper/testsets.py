"""Writes the judgement's synthetic sets as WAV files with ref.tsv: the held-out voices, the sixty words, and
sound in which nobody speaks. All go through the line with a fixed seed."""

import argparse
import wave
from pathlib import Path

import numpy as np

import speak
import telephone
import texts


def write(folder, clips):
    """Write [(sound, seconds of speech, voice, words)] as a set."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["file\tseconds\tsource\twords"]
    for number, (sound, seconds, voice, words) in enumerate(clips):
        with wave.open(str(folder / f"{number:03d}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(telephone.RATE)
            file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
        lines.append(f"{number:03d}.wav\t{seconds:.2f}\t{voice}\t{words}")
    (folder / "ref.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    """Write the sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path, help="folder of shards (held0 and words)")
    parser.add_argument("out", type=Path)
    parser.add_argument("--noise", help="folder of recorded noise")
    options = parser.parse_args()
    line, rng = telephone.Line(options.noise), np.random.default_rng(0)
    for name in ("held0", "words"):
        clips = []
        for clip, entry in speak.load(options.speech / name):
            letters = [letter for letter, said in texts.LETTERS.items() if said == entry["said"]]
            words = letters[0] if letters and name == "held0" else entry["said"]
            clips.append((line.speech(clip, rng), len(clip) / speak.RATE - 2 * speak.EDGE, entry["voice"], words))
        write(options.out / name.rstrip("0"), clips)
    write(options.out / "nothing", [(line.nothing(int(rng.uniform(0.3, 5) * telephone.RATE), rng), 0.0, "-", "")
                                    for _ in range(60)])


if __name__ == "__main__":
    main()
