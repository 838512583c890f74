"""Lets the teacher, the weights as they were published, hear the clean speech with its whole window of 30 s,
and stores what it made of it: the hidden states of its decoder for the known text.

Of the spellings of a text the one counts that the teacher finds likeliest. Clips under a second are left
out: there the teacher is wrong too often, and the known words are trained instead.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch

import ggml
import model as whisper
import speak
import telephone

SHORT = 1.0


def is_short(clip):
    """Tell whether a clip's speech is shorter than a second."""
    return len(clip) / telephone.RATE - 2 * speak.EDGE < SHORT


@torch.no_grad()
def lesson(model, tokens, frontend, clip, written, window=1500):
    """Return (number of the spelling, its loss a token, hidden states from the prompt's last token on)."""
    sound = np.pad(clip.astype(np.float32) / 32768, (telephone.LEAD, 0))
    with torch.autocast("cpu", torch.bfloat16):
        heard = model.encoder(frontend([sound], window))
        best = None
        for number, text in enumerate(written):
            wanted = tokens.encode(text)
            rows = torch.tensor([tokens.prompt + wanted[:-1]])
            hidden = model.decoder(rows, heard)[0, len(tokens.prompt) - 1:].float()
            loss = torch.nn.functional.cross_entropy(model.logits(hidden), torch.tensor(wanted), reduction="sum")
            if best is None or loss < best[1]:
                best = number, loss, hidden
    number, loss, hidden = best
    return number, loss.item() / len(hidden), hidden.half().numpy()


def teach(path, target, model, tokens, frontend, window=1500):
    """Write what the teacher made of a shard."""
    numbers, losses, hidden = [], [], []
    for clip, entry in speak.load(path):
        if is_short(clip):
            numbers.append(-1)
            losses.append(0.0)
            continue
        number, loss, states = lesson(model, tokens, frontend, clip, entry["written"], window)
        numbers.append(number)
        losses.append(loss)
        hidden.append(states)
    part = target.with_suffix(".part.npz")
    np.savez(part, numbers=np.array(numbers), losses=np.array(losses, np.float32),
             lengths=np.array([len(h) for h in hidden]), hidden=np.concatenate(hidden))
    os.replace(part, target)
    return numbers, losses


def main():
    """Teach all shards of a folder; go on as new ones come, if told to wait for a number of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", help="the published weights (GGML, or CTranslate2's with --assets)")
    parser.add_argument("speech", type=Path, help="folder of shards")
    parser.add_argument("taught", type=Path, help="folder for what the teacher made of them")
    parser.add_argument("--assets", help="openai-whisper's folder whisper/assets, for CTranslate2's format")
    parser.add_argument("--shards", type=int, help="wait until so many training shards are there")
    parser.add_argument("--window", type=int, default=1500, help="the teacher's positions, 20 ms each; 768 (15 s, the "
                        "longest clips fit) take a third of the time, and are as right on people (see README.md)")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.taught.mkdir(parents=True, exist_ok=True)
    weights = ggml.load(options.teacher, options.assets)
    model, tokens, frontend = whisper.Model(weights).eval(), whisper.Tokens(weights), whisper.Frontend(weights)
    started = time.time()
    while True:
        paths = sorted(p.with_suffix("") for p in options.speech.glob("train*.json"))
        left = [p for p in paths if not (options.taught / f"{p.name}.npz").exists()]
        for path in left[:1]:
            numbers, losses = teach(path, options.taught / f"{path.name}.npz", model, tokens, frontend,
                                    options.window)
            heard = [loss for number, loss in zip(numbers, losses) if number >= 0]
            print(f"{path.name}: {len(heard)} of {len(numbers)} clips, loss {np.median(heard):.2f} in the "
                  f"middle, {sum(x > 1.5 for x in heard)} above 1.5, {time.time() - started:.0f} s", flush=True)
        if not left:
            if options.shards is None or len(paths) >= options.shards:
                return
            time.sleep(5)


if __name__ == "__main__":
    main()
