"""Trains the front desk model on dialogues that are generated on the way.

The schedule follows the tokens seen, or the minutes if a limit is given:
short warm-up, constant rate, linear decay to zero.  The prompts start with
little more than the facts that are asked for and grow to all facts.
"""

import argparse
import pathlib
import random
import signal
import time

import torch
from torch.nn import functional as F

import copying
import warm
from dialogues import Dialogue
from evaluate import score_dialogues
from export_gguf import export
from model import Config, Phi3, load
from optim import Optimiser
from precision import FASTEST
from tokenizer import Tokenizer


def arguments():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=pathlib.Path, default="work")
    parser.add_argument("--name", default="model", help="checkpoint name")
    parser.add_argument("--vocabulary", type=pathlib.Path,
                        help="SentencePiece model or GGUF; default: "
                        "tokenizer.model in the work folder")
    parser.add_argument("--init", type=pathlib.Path,
                        help="GGUF or checkpoint to start from; of a "
                        "checkpoint the vocabulary must be the same")
    parser.add_argument("--resume", action="store_true",
                        help="go on with a run that was killed")
    parser.add_argument("--save", type=float, default=5,
                        help="minutes between checkpoints")
    parser.add_argument("--tokens", type=float, default=12e6)
    parser.add_argument("--minutes", type=float, default=1e9,
                        help="end (with the schedule) after this time")
    parser.add_argument("--batch", type=int, default=6144,
                        help="tokens in one step")
    parser.add_argument("--muon", type=float, default=0.02)
    parser.add_argument("--adam", type=float, default=2e-3)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--decay", type=float, default=0.6,
                        help="share of the run in which the rate falls")
    parser.add_argument("--grow", type=float, default=0.2,
                        help="share of the run in which prompts grow")
    parser.add_argument("--plain-start", action="store_true",
                        help="without the prepared copying heads")
    parser.add_argument("--focus", nargs="*", type=focused, default=(),
                        metavar="INTENT[=TIMES]",
                        help="intents that callers have so many times as "
                        "often; three times if nothing is said")
    parser.add_argument("--tools", type=float, default=0.58,
                        help="share of the desks that have tools")
    parser.add_argument("--compile", action="store_true",
                        help="compile the layers (needs a C++ compiler)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", type=int, default=300,
                        help="steps between evaluations")
    parser.add_argument("--gguf", type=pathlib.Path,
                        help="export here at every evaluation")
    return parser.parse_args()


def focused(text):
    """An intent and how many times as often callers have it."""
    name, _, times = text.partition("=")
    return name, float(times or 3)


def batches(tokenizer, rng, size, richness, focus, tools, context):
    """A pool of dialogues, packed by length into batches."""
    pool = []
    for _ in range(160):
        full = richness()
        turns = Dialogue(rng, richness=full, focus=focus,
                         parts=tokenizer.parts,
                         tools=rng.random() < tools).turns
        pool.append(tokenizer.encode_oddly(turns, rng))
    pool = [item for item in pool if len(item[0]) <= context]
    pool.sort(key=lambda item: len(item[0]))
    out, batch = [], []
    for item in pool:
        if batch and (len(batch) + 1) * len(item[0]) > size * 1.1:
            out.append(batch)
            batch = []
        batch.append(item)
    rng.shuffle(out)
    return out


def tensors(batch):
    """Ids and weights of a batch, padded at the end."""
    length = max(len(ids) for ids, _ in batch)
    ids = torch.zeros(len(batch), length, dtype=torch.long)
    weights = torch.zeros(len(batch), length)
    for row, (tokens, weight) in enumerate(batch):
        ids[row, :len(tokens)] = torch.tensor(tokens)
        weights[row, :len(tokens)] = torch.tensor(weight)
    return ids, weights


def losses(model, hidden_states, batch):
    """Weighted loss, and plain means over answer and fact tokens."""
    ids, weights = tensors(batch)
    target, weight = ids[:, 1:], weights[:, 1:]
    chosen = weight > 0
    with torch.autocast("cpu", dtype=torch.bfloat16,
                        enabled=FASTEST == torch.bfloat16):
        hidden = hidden_states(ids[:, :-1].contiguous())
        logits = model.logits(hidden[chosen])
    weight = weight[chosen]
    loss = F.cross_entropy(logits.float(), target[chosen], reduction="none")
    plain = loss.detach()
    return ((loss * weight).sum() / weight.sum(),
            plain[weight == 1].mean().item(), plain[weight > 1].mean().item())


def factor(progress, step, decay):
    """Rate schedule between 0 and 1."""
    return min(1.0, (step + 1) / 20) * min(1.0, (1 - progress) / decay)


def batch_share(progress):
    """Small batches first: many cheap steps while everything is wrong."""
    return 0.33 if progress < 0.12 else 0.67 if progress < 0.6 else 1.0


def save(path, model, optimiser, rng, **counts):
    """Write everything that is needed to go on, in one go."""
    temporary = path.with_suffix(".tmp")
    torch.save({"model": model.state_dict(),
                "config": model.config.to_dict(),
                "optimiser": optimiser.state(),
                "random": rng.getstate(), "torch": torch.get_rng_state(),
                "counts": counts}, temporary)
    temporary.replace(path)


def resume(path, optimiser, rng):
    """Set optimiser and random numbers; returns the counts."""
    data = torch.load(path, map_location="cpu", weights_only=False)
    optimiser.restore(data["optimiser"])
    rng.setstate(data["random"])
    torch.set_rng_state(data["torch"])
    return data["counts"]


def network(args, tokenizer, path):
    """The network to train: resumed, warm or new."""
    if args.resume and path.exists():
        return load(path)
    if args.init:
        return warm.start(args.init, tokenizer, args.layers)
    model = Phi3(Config(vocab=tokenizer.size, layers=args.layers))
    if not args.plain_start:
        copying.prepare(model, args.seed)
    return model


def main():
    """Train."""
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    tokenizer = Tokenizer(args.vocabulary or args.work / "tokenizer.model")
    path = args.work / f"{args.name}.pt"
    model = network(args, tokenizer, path)
    count = sum(p.numel() for p in model.parameters())
    print(f"{count / 1e6:.2f} million parameters", flush=True)
    optimiser = Optimiser(model, args.muon, args.adam)
    counts = {"tokens": 0, "steps": 0, "seconds": 0.0}
    if args.resume and path.exists():
        counts = resume(path, optimiser, rng)
        print(f"goes on from {counts}", flush=True)
    hidden = torch.compile(model.hidden, dynamic=True) if args.compile \
        else model.hidden
    seen, step = counts["tokens"], counts["steps"]
    start = saved = time.time()
    means, progress = None, 0.0
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))

    def seconds():
        return counts["seconds"] + time.time() - start

    def keep():
        save(path, model, optimiser, rng, tokens=seen, steps=step,
             seconds=seconds())

    def richness():
        cap = min(1.0, 0.1 + progress / max(args.grow, 1e-9))
        return cap if rng.random() < 0.6 else cap * rng.random()

    while progress < 1:
        size = args.batch * (1.0 if args.init else batch_share(progress))
        for batch in batches(tokenizer, rng, size, richness,
                             dict(args.focus), args.tools,
                             model.config.context):
            progress = max(seen / args.tokens, seconds() / 60 / args.minutes)
            if progress >= 1:
                break
            loss, *parts = losses(model, hidden, batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step(factor(progress, step, args.decay))
            model.zero_grad()
            seen += sum(len(ids) for ids, _ in batch)
            step += 1
            means = parts if means is None else [
                0.96 * a + 0.04 * b for a, b in zip(means, parts)]
            if step % 20 == 0:
                print(f"step {step} tokens {seen / 1e6:.2f}M answers "
                      f"{means[0]:.3f} facts {means[1]:.3f} "
                      f"{seconds():.0f}s", flush=True)
            if step % args.check == 0:
                share = score_dialogues(model, tokenizer, count=8, seed=99)
                print(f"== right facts {share['share']:.3f}", flush=True)
                if args.gguf:
                    export(model, tokenizer, args.gguf)
            if stopped or time.time() - saved > args.save * 60:
                keep()
                saved = time.time()
            if stopped:
                return
    keep()
    print(f"done: {seen} tokens, {seconds():.0f}s", flush=True)


if __name__ == "__main__":
    main()
