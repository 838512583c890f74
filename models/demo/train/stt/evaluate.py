"""Judges the exported recogniser with PyTorch and, where pywhispercpp is installed, whisper.cpp."""

import argparse
import json
from pathlib import Path

import numpy as np
import soundfile
import torch

import export_ggml
import synthesise
import telephone
import testsets
from grammar import plain
from judge import word_errors
from model import greedy

AUDIO_CTX_MARGIN = 16
LIMITS = {"grammar": 0.08, "handwritten": 0.15}


def pytorch_listener(path):
    """Return a function that transcribes a list of 8 kHz signals with PyTorch."""
    model, vocabulary = export_ggml.load(path)
    model.eval()

    def listen(signals):
        heard = []
        for signal in signals:
            window = np.concatenate([signal, np.zeros(AUDIO_CTX_MARGIN * 160, np.float32)])
            mel = telephone.log_mel(torch.from_numpy(window)[None])
            heard += greedy(model, vocabulary, mel)
        return heard

    return listen


def whisper_cpp_listener(path, threads):
    """Return the same for whisper.cpp, or None where the binding is not installed."""
    try:
        from pywhispercpp.model import Model
    except ImportError:
        print("pywhispercpp is not installed: whisper.cpp is not judged")
        return None
    model = Model(str(path), redirect_whispercpp_logs_to=None, context_params={"flash_attn": False},
                  n_threads=threads, language="en", no_timestamps=True, single_segment=True,
                  no_context=True, suppress_blank=False, temperature=0.0, temperature_inc=0.0,
                  greedy={"best_of": 1}, print_progress=False, print_timestamps=False)

    def listen(signals):
        heard = []
        for signal in signals:
            wide = synthesise.resample(signal.astype(np.float64), 2.0).astype(np.float32)
            context = min(1500, -(-len(wide) // 320) + AUDIO_CTX_MARGIN)
            segments = model.transcribe(wide, audio_ctx=context)
            heard.append(" ".join(segment.text.strip() for segment in segments))
        return heard

    return listen


def judge(clips, heard):
    """Return the figures of one set: word errors, or for noise the share that was not silent."""
    if all(not text for _, text, _ in clips):
        spoken = [(name, text) for (_, _, name), text in zip(clips, heard) if plain(text)]
        return {"clips": len(clips), "not_silent": len(spoken), "examples": spoken[:8]}
    wrong = [word_errors(text, got) for (_, text, _), got in zip(clips, heard)]
    total = sum(len(plain(text)) for _, text, _ in clips)
    examples = [[text, got] for (_, text, _), got, errors in zip(clips, heard, wrong) if errors][:12]
    return {"clips": len(clips), "words": total, "wer": round(sum(wrong) / total, 4),
            "clips_without_error": round(sum(e == 0 for e in wrong) / len(clips), 3),
            "examples": examples}


def write_sounds(folder, sets):
    """Write all sets as 16-bit WAV files at 8 kHz with references.tsv (name, transcript)."""
    for name, clips in sets.items():
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        rows = []
        for signal, text, clip in clips:
            soundfile.write(target / f"{clip}.wav", signal, 8000, subtype="PCM_16")
            rows.append(f"{clip}.wav\t{text}\n")
        (target / "references.tsv").write_text("".join(rows))
    print(f"sounds are in {folder}")


def collect(options):
    """Return {name of the set: clips}."""
    sets = {
        "grammar": testsets.synthetic(options.corpus, "test"),
        "handwritten": testsets.synthetic(options.corpus, "handwritten"),
        "mixture": testsets.synthetic(options.corpus, "mixture"),
        "grammar-noise-20dB": testsets.synthetic(options.corpus, "test", 20.0),
        "trained-voices": testsets.synthetic(options.corpus, "val"),
        "handwritten-trained-voices": testsets.synthetic(options.corpus, "handval"),
        "other-espeak-variants": testsets.synthetic(options.corpus, "variants"),
        "noise-made": testsets.made_noise(),
    }
    if options.data and options.data.exists():
        sets["noise-recorded"] = testsets.recorded_noise(options.data)
        for kind, clips in testsets.real_speech(options.data).items():
            sets[f"real-{kind}"] = clips
    else:
        print("no --data folder: real speech and recorded noise are not judged")
    if options.only:
        sets = {name: clips for name, clips in sets.items() if name in options.only}
    return sets


def main():
    """Judge a model and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("work/corpus"))
    parser.add_argument("--data", type=Path, help="folder with MANIFEST.md, speech/ and noise/")
    parser.add_argument("--results", type=Path, help="JSON file to write")
    parser.add_argument("--wavs", type=Path, help="write the sounds and references to this folder, and judge nothing")
    parser.add_argument("--only", nargs="*", help="names of the sets to judge")
    parser.add_argument("--pytorch-only", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="print the examples")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    sets = collect(options)
    if options.wavs:
        write_sounds(options.wavs, sets)
        return
    listeners = {"pytorch": pytorch_listener(options.model)}
    cpp = None if options.pytorch_only else whisper_cpp_listener(options.model, options.threads)
    if cpp:
        listeners["whisper.cpp"] = cpp
    results = {"model": options.model.name, "bytes": options.model.stat().st_size, "limits": LIMITS,
               "audio_ctx_margin": AUDIO_CTX_MARGIN, "sets": {}}
    print(f"{'set':28}{'clips':>6}" + "".join(f"{name:>14}" for name in listeners))
    for name, clips in sets.items():
        figures = {kind: judge(clips, listen([clip[0] for clip in clips]))
                   for kind, listen in listeners.items()}
        results["sets"][name] = figures
        cells = [f"{f['wer']:.1%}" if "wer" in f else f"{f['not_silent']} spoke" for f in figures.values()]
        print(f"{name:28}{len(clips):6}" + "".join(f"{cell:>14}" for cell in cells), flush=True)
        if options.verbose:
            for pair in list(figures.values())[-1]["examples"]:
                print("   ", pair)
    if options.results:
        options.results.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
