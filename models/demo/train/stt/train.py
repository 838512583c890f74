"""Trains the recogniser, either from the start with a curriculum or on from a GGML file.

From the start: utterances under 1.2 seconds first, clean, with a strong CTC loss on phones, then
everything under growing difficulty. Without this order nothing aligns. ``--init`` and ``--resume``
begin with longer ones. The schedule follows the clock, so a run fits in the time it is given.
Several processes of one thread, whose gradients are averaged, are faster than one of many threads.
"""

import argparse
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import export_ggml
import grammar
import phones
import synthesise
import telephone
import voices
from judge import word_errors
from muon import Muon
from model import END, NO_TIMES, START, VOCABULARY, Vocabulary, Whisper, greedy, tokens_of

SILENT_SHARE = 0.12
WRONG_SHARE = 0.10  # of the decoder's inputs, so that it listens instead of guessing
# Stages: share of the time, longest clip in seconds, strength of the telephone, weight of the phones.
CURRICULUM = [(0.10, 1.2, 0.0, 1.0), (0.15, 1.8, 0.2, 1.0), (0.20, 2.8, 0.4, 1.0), (0.25, 9.0, 0.5, 0.7),
              (0.30, 9.0, 0.8, 0.5)]
FROM_FILE = [(0.10, 1.5, 0.2, 1.0), (0.30, 2.8, 0.4, 1.0), (0.30, 9.0, 0.5, 0.7), (0.30, 9.0, 0.8, 0.5)]
CONTINUED = [(0.8, 9.0, 0.6, 0.6), (0.2, 9.0, 0.4, 0.5)]


def batches(utterances, longest, seconds, rng):
    """Return index lists of similar length with about ``seconds`` of sound each, in random order.

    Of the more mechanical voices only a part is used in each round (``voices.SHARES``).
    """
    order = [i for i, u in enumerate(utterances) if len(u[0]) <= longest * synthesise.RATE
             and rng.random() < voices.share(u[2])]
    order.sort(key=lambda i: len(utterances[i][0]) * rng.uniform(0.9, 1.1))
    result, batch = [], []
    for index in order:
        batch.append(index)
        window = len(utterances[index][0]) / synthesise.RATE + 1.0
        if len(batch) * window >= seconds:
            result.append(batch)
            batch = []
    if batch:
        result.append(batch)
    rng.shuffle(result)
    return result


def stretched(clip, factor):
    """Return a clip a little slower and lower, or faster and higher."""
    places = np.arange(int(len(clip) * factor)) / factor
    return np.interp(places, np.arange(len(clip)), clip).astype(np.int16)


def prepare(indices, utterances, vocabulary, lexicon, strength, rng):
    """Return (features, decoder input, decoder target, phone lists) of one batch."""
    chosen = [utterances[i] for i in indices]
    clips, texts = [u[0] for u in chosen], [u[1] for u in chosen]
    clips = [stretched(clip, 1 + 0.2 * strength * rng.uniform(-1, 1)) for clip in clips]
    longest = max(map(len, clips))
    for _ in range(rng.binomial(len(clips), SILENT_SHARE * strength)):
        clips.append(telephone.without_speech(int(longest * rng.uniform(0.3, 1.0)), utterances, rng))
        texts.append("")
    silent = [not text for text in texts]
    windows, leak = telephone.training_windows(clips, silent, utterances, rng, strength)
    tract = rng.integers(len(telephone.WARPED), size=len(clips)) * (rng.random(len(clips)) < strength)
    mel = telephone.log_mel(windows, leak, torch.from_numpy(tract))
    for row in np.flatnonzero(rng.random(len(clips)) < 0.6 * strength):
        first = rng.integers(0, 70)
        mel[row, first:first + rng.integers(1, 10)] = 0
    rows = [vocabulary.rows(text) for text in texts]
    size = max(map(len, rows))
    end = vocabulary.row[END]
    source = torch.full((len(rows), size + 2), end)
    target = torch.full((len(rows), size + 2), -100)
    source[:, 0], source[:, 1] = vocabulary.row[START], vocabulary.row[NO_TIMES]
    for number, row in enumerate(rows):
        shown = [rng.integers(vocabulary.junk) if rng.random() < WRONG_SHARE else token for token in row]
        source[number, 2:2 + len(row)] = torch.tensor(shown, dtype=torch.long)
        target[number, 1:1 + len(row)] = torch.tensor(row, dtype=torch.long)
        target[number, 1 + len(row)] = end
    return mel, source, target, [lexicon.phones(text) for text in texts]


def losses(model, vocabulary, mel, source, target, sequences):
    """Return the cross-entropy of the decoder and the CTC loss of the encoder."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        memory = model.encode(mel)
        logits = model.decode(source, memory)
    logits = logits.float()
    others = math.log(VOCABULARY - vocabulary.junk)
    logits = torch.cat([logits[..., :vocabulary.junk], logits[..., vocabulary.junk:] + others], -1)
    entropy = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=-100,
                              label_smoothing=0.02)
    return entropy, phone_loss(model, memory, sequences)


def phone_loss(model, memory, sequences):
    """Return the CTC loss of the encoder's output against the phones of the transcripts."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        frames = model.phone_head(memory)
    sizes = torch.tensor([len(sequence) for sequence in sequences])
    flat = torch.tensor([phone for sequence in sequences for phone in sequence], dtype=torch.long)
    return F.ctc_loss(frames.float().log_softmax(-1).transpose(0, 1), flat,
                      torch.full((len(sequences),), frames.shape[1]), sizes, blank=phones.BLANK,
                      zero_infinity=True)


def validate(model, vocabulary, utterances):
    """Return the word error rate of greedy decoding on clean telephone windows."""
    model.eval()
    wrong = total = 0
    for start in range(0, len(utterances), 30):
        part = utterances[start:start + 30]
        mel = telephone.log_mel(telephone.plain_windows([u[0] for u in part]))
        for (_, text, _), heard in zip(part, greedy(model, vocabulary, mel)):
            wrong += word_errors(text, heard)
            total += len(grammar.plain(text))
    model.train()
    return wrong / total


def stage_at(stages, progress):
    """Return the stage for a share of the time that has passed."""
    passed = 0.0
    for stage in stages:
        passed += stage[0]
        if progress < passed:
            return stage
    return stages[-1]


def save(model, vocabulary, folder):
    """Write the checkpoint and the GGML file next to it."""
    temporary = folder / "checkpoint.tmp"
    torch.save({"model": model.state_dict(), "used": vocabulary.used}, temporary)
    os.replace(temporary, folder / "checkpoint.pt")
    export_ggml.write(folder / "model.bin", model, vocabulary)


def start_model(options, utterances):
    """Return (model, vocabulary, stages): from a checkpoint, from a GGML file or new."""
    wider = random.Random(0)
    texts = [u[1] for u in utterances] + [grammar.clean(grammar.sample(wider)) for _ in range(60000)]
    wanted = tokens_of(texts)
    if options.resume:
        checkpoint = torch.load(options.resume, weights_only=True)
        vocabulary = Vocabulary(wanted | set(checkpoint["used"]))
        return export_ggml.grown(checkpoint, vocabulary, options.seed), vocabulary, CONTINUED
    vocabulary = Vocabulary(wanted)
    if options.init:
        return export_ggml.continued(options.init, vocabulary, options.seed), vocabulary, FROM_FILE
    return Whisper(vocabulary.junk), vocabulary, CURRICULUM


class Progress:
    """Running means of the losses, printed now and then."""

    def __init__(self, processes):
        self.started = time.time()
        self.processes = processes
        self.step, self.hours = 0, 0.0
        self.means = None

    def add(self, entropy, heard, mel):
        """Count one step."""
        self.step += 1
        self.hours += self.processes * mel.shape[0] * mel.shape[2] / 360000
        values = np.array([entropy.item(), heard.item()])
        self.means = values if self.means is None else 0.96 * self.means + 0.04 * values

    def show(self, share):
        """Print one line."""
        print(f"step {self.step}, {share:.0%}, decoder {self.means[0]:.3f}, phones {self.means[1]:.3f}, "
              f"{self.hours:.1f} h heard, {time.time() - self.started:.0f} s", flush=True)


def check(model, vocabulary, sets, folder):
    """Save the model and print its word error rates."""
    save(model, vocabulary, folder)
    rates = {name: validate(model, vocabulary, part) for name, part in sets.items()}
    print("word error " + ", ".join(f"{name} {rate:.1%}" for name, rate in rates.items()), flush=True)


def averaged(model, share):
    """Average the gradients, and the share of the time that has passed, over the processes.

    The share goes with them so that all processes change the stage and stop at the same step.
    """
    gradients = [p.grad for p in model.parameters()]
    flat = torch.cat([g.flatten() for g in gradients] + [torch.tensor([share])])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    place = 0
    for gradient in gradients:
        gradient.copy_(flat[place:place + gradient.numel()].view_as(gradient))
        place += gradient.numel()
    return flat[-1].item()


class Optimiser:
    """Muon for the matrices of the layers, AdamW for everything else, with one schedule."""

    def __init__(self, model, muon, adam):
        named = dict(model.named_parameters())
        matrices = {name: p for name, p in named.items()
                    if name.startswith(("encoder.", "decoder.")) and p.ndim == 2}
        self.muon = Muon([(p, 1) for p in matrices.values()])
        self.adam = torch.optim.AdamW([p for name, p in named.items() if name not in matrices],
                                      weight_decay=0.02, betas=(0.9, 0.98))
        self.rates = muon, adam

    def step(self, factor):
        """Update once with the rates times ``factor``."""
        self.muon.rate = self.rates[0] * factor
        for group in self.adam.param_groups:
            group["lr"] = self.rates[1] * factor
        self.muon.step()
        self.adam.step()


def pace(step, share):
    """Return the factor of the rates: a short rise, a plateau, and a fall over the last 60 %."""
    return min(1.0, step / 100) * min(1.0, (1 - share) / 0.6)


def steps(model, utterances, vocabulary, lexicon, stages, options, seed):
    """Train; yield the loss of the decoder, of the phones, the features and the share that passed."""
    rng, shuffler = np.random.default_rng(seed), random.Random(seed)
    optimiser = Optimiser(model, options.muon, options.adam)
    started, share, step = time.time(), 0.0, 0
    while share < 1:
        longest = stage_at(stages, share)[1]
        for batch in batches(utterances, longest, options.batch_seconds, shuffler):
            _, limit, strength, weight = stage_at(stages, share)
            if share >= 1 or limit != longest:
                break
            step += 1
            mel, source, target, sequences = prepare(batch, utterances, vocabulary, lexicon, strength, rng)
            entropy, heard = losses(model, vocabulary, mel, source, target, sequences)
            model.zero_grad(set_to_none=False)
            (entropy + weight * heard).backward()
            share = averaged(model, (time.time() - started) / (options.minutes * 60))
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step(pace(step, share))
            yield entropy, heard, mel, share


def train(rank, options):
    """Run the whole training as one of several processes; the first one reports and saves."""
    torch.distributed.init_process_group("gloo", rank=rank, world_size=options.processes,
                                         init_method=f"file://{options.work.resolve()}/rendezvous")
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    utterances = synthesise.load(options.work / "corpus", "train")
    sets = {name: synthesise.load(options.work / "corpus", name)[:150]
            for name in ("val", "variants", "handval")}
    if rank == 0:
        phones.Lexicon(options.work / "phones.json").learn([u[1] for u in utterances])
    torch.distributed.barrier()
    lexicon = phones.Lexicon(options.work / "phones.json")
    model, vocabulary, stages = start_model(options, utterances)
    progress = Progress(options.processes)
    if rank == 0:
        hours = sum(len(u[0]) for u in utterances) / synthesise.RATE / 3600
        size = sum(p.numel() for p in model.parameters()) / 1e6
        print(f"{len(utterances)} utterances, {hours:.1f} h, {vocabulary.junk} tokens, {size:.2f} M parameters",
              flush=True)
    checked, share = time.time(), 0.0
    seed = options.seed * 100 + rank
    for entropy, heard, mel, share in steps(model, utterances, vocabulary, lexicon, stages, options, seed):
        progress.add(entropy, heard, mel)
        if rank == 0 and progress.step % 50 == 0:
            progress.show(share)
        if rank == 0 and time.time() - checked > options.check_minutes * 60:
            checked = time.time()
            check(model, vocabulary, sets, options.work)
    if rank == 0:
        check(model, vocabulary, sets, options.work)
        progress.show(share)


def main():
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("work"))
    parser.add_argument("--init", type=Path, help="GGML file to start from, instead of the curriculum")
    parser.add_argument("--resume", type=Path, help="checkpoint to go on from")
    parser.add_argument("--minutes", type=float, default=150.0)
    parser.add_argument("--muon", type=float, default=0.012, help="highest rate of the matrices")
    parser.add_argument("--adam", type=float, default=1e-3, help="highest rate of the rest")
    parser.add_argument("--batch-seconds", type=float, default=45.0)
    parser.add_argument("--check-minutes", type=float, default=6.0)
    parser.add_argument("--processes", type=int, default=2, help="of one thread each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    (options.work / "rendezvous").unlink(missing_ok=True)
    torch.multiprocessing.spawn(train, (options,), options.processes)


if __name__ == "__main__":
    main()
