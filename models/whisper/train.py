"""Tunes a Whisper for encoder windows that are cut to the speech.

The student sees only the cut window of a telephone line's sound; it learns

- from the teacher, who heard the clean sound with the whole window (teach.py): the same hidden states of the
  decoder, the same next token; and, with a small weight, the known text;
- for clips under a second the known words, in any of their accepted spellings: the loss is minus the logarithm
  of the sum of their probabilities, so the model keeps the spelling that it prefers;
- for sound in which nobody speaks the end token at once.

Six in a hundred steps have a wide window, 512 to 1500 positions.

A step's batch and its sound depend on the seed and the step's number alone, and an epoch's batches on the
shards that were there when it began, which the checkpoint lists: a run that was killed goes on from the
checkpoint as if nothing had happened.
"""

import argparse
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import ggml
import model as whisper
import speak
import telephone

SILENT = 0.045
WIDE = 0.06
LONGEST_LOSS = 1.5


class Speech:
    """The clips of a list of shards, and their batches for an epoch."""

    def __init__(self, folder, lessons_folder, names):
        self.clips = []
        for name in names:
            lessons, place, taught = np.load(lessons_folder / f"{name}.npz"), 0, 0
            for (clip, entry), number, loss in zip(speak.load(folder / name), lessons["numbers"], lessons["losses"]):
                hidden = None
                if number >= 0:
                    length = lessons["lengths"][taught]
                    hidden = lessons["hidden"][place:place + length]
                    place, taught = place + length, taught + 1
                    if loss > LONGEST_LOSS:  # misspoken, or the teacher never heard it
                        continue
                self.clips.append((clip, entry["written"], int(number), hidden))

    def batches(self, rng, most):
        """Return lists of clips of similar length with about ``most`` positions of speech and a second each."""
        order = list(range(len(self.clips)))
        rng.shuffle(order)
        out = []
        for start in range(0, len(order), 1000):
            pool = sorted(order[start:start + 1000], key=lambda n: len(self.clips[n][0]))
            batch, longest = [], 0
            for n in pool:
                longest = max(longest, max(len(self.clips[n][0]), telephone.SHORTEST) / telephone.POSITION + 40)
                if batch and longest * (len(batch) + 1) > most:
                    out.append(batch)
                    batch, longest = [], max(len(self.clips[n][0]), telephone.SHORTEST) / telephone.POSITION + 40
                batch.append(n)
            out.append(batch)
        rng.shuffle(out)
        return out


def margin(rng):
    """Draw a margin in positions of 20 ms, 8 to 130."""
    return int(rng.integers(24, 49) if rng.random() < 0.5 else rng.integers(8, 131))


def window(rng, sounds):
    """Draw the window for sounds; now and then a wide one, for second looks with the whole window."""
    longest = max(map(len, sounds))
    if rng.random() < WIDE:
        return max(int(rng.choice([1500, 1500, 1024, 768, 512])), telephone.positions(longest, 8))
    return telephone.positions(longest, margin(rng))


def lines(batch, speech, line, rng):
    """Return (sounds, rows): a row is (number of the sound, spelling, hidden states or None)."""
    sounds, rows = [], []
    for n in batch:
        clip, written, number, hidden = speech.clips[n]
        if hidden is None:
            rows += [(len(sounds), text, None) for text in written[:4]]
        else:
            rows.append((len(sounds), written[number], hidden))
        sounds.append(telephone.prepared(line.speech(clip, rng)))
    for _ in range(rng.binomial(len(batch), SILENT / (1 - SILENT))):
        length = int(np.median([len(s) for s in sounds]) * rng.uniform(0.5, 1.1))
        rows.append((len(sounds), "", None))
        sounds.append(telephone.prepared(line.nothing(length, rng)))
    return sounds, rows


def losses(student, embedding, tokens, mel, rows, weights, rng):
    """Return (loss, its parts)."""
    heard = student.encoder(mel)
    texts = [tokens.encode(text) for _, text, _ in rows]
    first, longest = len(tokens.prompt) - 1, max(map(len, texts))
    table = torch.full((len(rows), first + longest), tokens.end)
    wanted = torch.full((len(rows), longest), -100)
    for n, text in enumerate(texts):
        table[n, :first + len(text)] = torch.tensor(tokens.prompt + text[:-1])
        wanted[n, :len(text)] = torch.tensor(text)
    pick = torch.tensor([row[0] for row in rows])
    hidden = student.decoder(table, heard, pick)[:, first:].float()
    used = wanted >= 0
    logits = hidden[used] @ embedding.T
    likely = torch.zeros(wanted.shape).masked_scatter(used, -F.cross_entropy(logits.float(), wanted[used],
                                                                           reduction="none"))
    taught = torch.tensor([row[2] is not None for row in rows])
    parts, loss = {}, torch.zeros(())
    if (~taught).any():
        sums = torch.full((len(mel), int(torch.bincount(pick).max())), float("-inf"))
        place = (torch.tril(pick[:, None] == pick[None]).sum(1) - 1)[~taught]
        sums = sums.index_put((pick[~taught], place), likely.sum(1)[~taught])[torch.unique(pick[~taught])]
        parts["known"] = -sums.logsumexp(1).mean()
        loss = loss + weights["known"] * parts["known"]
    if taught.any():
        mine = hidden[used & taught[:, None]]
        theirs = torch.from_numpy(np.concatenate([row[2] for row in rows if row[2] is not None])).float()
        parts["states"] = F.mse_loss(mine, theirs)
        some = torch.from_numpy(rng.permutation(len(mine))[:128])
        ours = (used & taught[:, None])[used].nonzero()[:, 0][some]
        parts["next"] = F.kl_div(logits[ours].float().log_softmax(-1), (theirs[some] @ embedding.T).float().log_softmax(-1),
                                 log_target=True, reduction="batchmean")
        parts["text"] = -likely[taught].sum() / used[taught].sum()
        loss = loss + weights["states"] * parts["states"] + parts["next"] + weights["text"] * parts["text"]
    return loss, {name: part.item() for name, part in parts.items()}


def rate(step, options):
    """Return the learning rate: a short rise, a plateau, and a straight fall over the last steps."""
    rise = min(1.0, (step + 1) / 50)
    fall = min(1.0, (options.steps - step) / max(1, options.fall))
    return options.rate * rise * max(fall, 0.02)


class Training:
    """The student, its optimiser, the mean of its recent weights, and the place in the data."""

    def __init__(self, options):
        self.options = options
        teacher = ggml.load(options.teacher, options.assets)
        self.student = whisper.Model(ggml.read(options.init) if options.init else teacher)
        self.tokens, self.frontend = whisper.Tokens(teacher), whisper.Frontend(teacher)
        self.embedding = torch.from_numpy(teacher.tensors["decoder.token_embedding.weight"])
        self.trained = {n: p for n, p in self.student.named_parameters() if p.requires_grad}
        self.optimiser = torch.optim.AdamW(self.trained.values(), lr=options.rate, betas=(0.9, 0.98), weight_decay=0.0)
        self.mean = {n: p.detach().clone() for n, p in self.trained.items()}
        self.step, self.epoch, self.place, self.shards = 0, 0, 0, []
        self.line = telephone.Line(options.noise)

    def resume(self, path):
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=False)
        self.student.load_state_dict(state["student"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.mean = state["mean"]
        self.step, self.epoch, self.place, self.shards = (state[n] for n in ("step", "epoch", "place", "shards"))
        self.load()

    def save(self):
        """Write the checkpoint, and beside it the mean weights of this step."""
        folder = self.options.work
        part = folder / "checkpoint.part"
        torch.save({"student": self.student.state_dict(), "optimiser": self.optimiser.state_dict(),
                    "mean": self.mean, "step": self.step, "epoch": self.epoch, "place": self.place,
                    "shards": self.shards}, part)
        os.replace(part, folder / "checkpoint.pt")
        torch.save({n: p.half() for n, p in self.mean.items()}, folder / f"mean-{self.step:05d}.pt")

    def load(self):
        """Load the epoch's shards and make its batches."""
        self.speech = Speech(self.options.speech, self.options.taught, self.shards)
        rng = random.Random(f"{self.options.seed} {self.epoch}")
        self.batches = self.speech.batches(rng, self.options.positions)

    def next_batch(self):
        """Return the next batch; a new epoch takes the shards that are there now."""
        if not self.shards or self.place >= len(self.batches):
            if self.shards:
                self.epoch += 1
            names = sorted(p.stem for p in self.options.taught.glob("train*.npz") if ".part" not in p.stem)
            if not names:
                raise SystemExit(f"{self.options.taught}: no taught shards (run speak.py and teach.py)")
            self.place, self.shards = 0, names
            self.load()
            print(f"epoch {self.epoch}: {len(names)} shards, {len(self.speech.clips)} clips, "
                  f"{len(self.batches)} batches", flush=True)
        self.place += 1
        return self.batches[self.place - 1]

    def advance(self):
        """Do one step; return the parts of its loss."""
        batch = self.next_batch()
        rng = np.random.default_rng([self.options.seed, self.step])
        sounds, rows = lines(batch, self.speech, self.line, rng)
        positions = window(rng, sounds)
        few = max(2, int(1.3 * self.options.positions / positions))  # sounds that a wide window has room for
        if len(sounds) > few:
            kept = sorted(rng.permutation(len(sounds))[:few].tolist())
            rows = [(kept.index(n), text, hidden) for n, text, hidden in rows if n in kept]
            sounds = [sounds[n] for n in kept]
        mel = self.frontend(sounds, positions)
        self.optimiser.param_groups[0]["lr"] = rate(self.step, self.options)
        weights = {name: getattr(self.options, name) for name in ("known", "states", "text")}
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bf16):
            loss, parts = losses(self.student, self.embedding, self.tokens, mel, rows, weights, rng)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained.values(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(self.options.keep, self.step / (self.step + 10))
        with torch.no_grad():
            for name, value in self.trained.items():
                self.mean[name].lerp_(value, 1 - keep)
        parts["clips"] = len(sounds)
        return parts


def main():
    """Train, or go on with a training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", help="the published weights (GGML, or CTranslate2's with --assets)")
    parser.add_argument("speech", type=Path, help="folder of shards")
    parser.add_argument("taught", type=Path, help="folder of what the teacher made of them")
    parser.add_argument("work", type=Path, help="folder for checkpoints; a checkpoint there is gone on from")
    parser.add_argument("--init", help="GGML file (16-bit or quantised) to start from instead of the teacher")
    parser.add_argument("--assets", help="openai-whisper's folder whisper/assets, for CTranslate2's format")
    parser.add_argument("--noise", help="folder of recorded noise, WAV; *rir* is a room's echo")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--fall", type=int, default=600, help="steps at the end over which the rate falls")
    parser.add_argument("--rate", type=float, default=3e-5)
    parser.add_argument("--positions", type=int, default=1800, help="encoder positions in a batch, about")
    parser.add_argument("--known", type=float, default=0.5, help="weight of the known words under a second")
    parser.add_argument("--states", type=float, default=0.05, help="weight of the hidden states' squared error")
    parser.add_argument("--text", type=float, default=0.2, help="weight of the known text of longer clips")
    parser.add_argument("--keep", type=float, default=0.99, help="how slowly the mean of the weights follows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5, help="between checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bf16", action="store_true", help="compute in 16 bits (processors with AVX512-BF16, AMX)")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    training = Training(options)
    if (options.work / "checkpoint.pt").exists():
        training.resume(options.work / "checkpoint.pt")
        print(f"goes on after step {training.step}", flush=True)
    started = saved = time.time()
    history = []
    while training.step < options.steps:
        history.append(training.advance())
        if training.step % 25 == 0 or training.step == options.steps:
            means = {n: np.mean([p[n] for p in history if n in p]) for n in ("known", "states", "next", "text", "clips")
                     if any(n in p for p in history)}
            print(f"step {training.step}, {time.time() - started:.0f} s: "
                  + ", ".join(f"{n} {v:.3f}" for n, v in means.items()), flush=True)
            history = []
        if time.time() - saved > 60 * options.minutes:
            training.save()
            saved = time.time()
    training.save()


if __name__ == "__main__":
    main()
