#!/usr/bin/env python3
"""The speed of the language engine beside llama.cpp's, on the same files, in turns.

usage: scripts/llm_peers.py [--rounds N] [--threads N] [--kernels NAME] LLAMA_BIN MODEL.gguf...

LLAMA_BIN is the folder with llama-bench and llama-batched-bench. Every round runs `offhook bench llm`, llama-bench and
llama-batched-bench once each, one after the other, with a pause; the medians over the rounds are compared. Give it a
machine with nothing else to do.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time

PROMPTS = (128, 512)
CALLS = (1, 4, 8)
CONTEXTS = (64, 600)
WRITTEN = 16


def ours(args, model):
    """{figure: tokens a second} of offhook, its report, and the shares of the limits."""
    command = ["target/release/offhook", "bench", "llm", "--model", model, "--rounds", "1", "--json"]
    command += ["--tokens", str(WRITTEN), "--threads", str(args.threads), "--kernels", args.kernels]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    figures, shares = {}, {}
    for row in report["prefill"]:
        figures["prefill", row["tokens"]], shares["prefill", row["tokens"]] = row["tok_s"], row["of_limit"]
    for row in report["batch"]:
        key = "decode", row["sequences"], row["context"]
        figures[key], shares[key] = row["tok_s"], row["of_limit"]
    return figures, shares, report


def run(args, program, model, *more):
    command = [os.path.join(args.llama_bin, program), "-m", model, "-t", str(args.threads), *more]
    environment = dict(os.environ, LD_LIBRARY_PATH=args.llama_bin)
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def theirs(args, model):
    """{figure: tokens a second} of llama.cpp."""
    figures = {}
    prompts = ",".join(map(str, PROMPTS))
    for row in json.loads(run(args, "llama-bench", model, "-p", prompts, "-n", str(WRITTEN), "-r", "1", "-o", "json")):
        key = ("prefill", row["n_prompt"]) if row["n_prompt"] else ("decode alone",)
        figures[key] = row["avg_ts"]
    for context in CONTEXTS:
        size = max(CALLS) * (context + WRITTEN) + 64
        calls = ",".join(map(str, CALLS))
        out = run(args, "llama-batched-bench", model, "-c", str(size), "-b", "2048", "-ub", "512",
                  "-npp", str(context), "-ntg", str(WRITTEN), "-npl", calls)
        for line in out.splitlines():
            # | PP | TG | B | N_KV | T_PP | S_PP | T_TG | S_TG | T | S |
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 10 and re.fullmatch(r"\d+", cells[0]):
                figures["decode", int(cells[2]), context] = float(cells[7])
    return figures


def median(rounds, key):
    values = [figures[key] for figures in rounds if figures.get(key) is not None]
    return statistics.median(values) if values else None


def compare(args, model):
    ourselves, peer, shares, reports = [], [], [], []
    for number in range(args.rounds):
        print(f"{os.path.basename(model)}: round {number + 1} of {args.rounds}", file=sys.stderr)
        figures, share, report = ours(args, model)
        ourselves.append(figures)
        shares.append(share)
        reports.append(report)
        time.sleep(1)
        peer.append(theirs(args, model))
        time.sleep(1)
    of = lambda key: statistics.median(report[key] for report in reports)
    machine = [report["machine"] for report in reports if report["machine"]]
    print(f"\n{os.path.basename(model)}, {args.threads} threads, {reports[0]['kernels']}, medians of {args.rounds} rounds")
    if machine:
        memory, products = (statistics.median(row[key] for row in machine) for key in ("memory_gb_s", "int8_g_s"))
        print(f"memory {memory:.1f} GB/s, bytes multiplied {products:.0f} billion times a second")
    resident, size = of("resident_bytes") / 2**20, of("file_bytes") / 2**20
    print(f"ready in {of('ready_ms'):.0f} ms; resident {resident:.0f} MiB, {resident / size:.2f} x the file's {size:.0f}\n")
    print("| | offhook, tokens/s | llama.cpp | times | of the machine's limit |")
    print("|---|---|---|---|---|")
    rows = [(f"prefill of {tokens} tokens", ("prefill", tokens), ("prefill", tokens)) for tokens in PROMPTS]
    rows.append(("decode, 1 sequence after 64 tokens (llama-bench: after none)", ("decode", 1, 64), ("decode alone",)))
    for context in CONTEXTS:
        for calls in CALLS:
            key = "decode", calls, context
            rows.append((f"decode, {calls} sequences after {context} tokens", key, key))
    for name, key, their_key in rows:
        a, b, share = median(ourselves, key), median(peer, their_key), median(shares, key)
        if a is None:
            continue
        times = f"{a / b:.2f}" if b else "-"
        print(f"| {name} | {a:.1f} | {b or 0:.1f} | {times} | {f'{100 * share:.0f} %' if share else '-'} |")
    for context in CONTEXTS:
        alone = median(ourselves, ("decode", 1, context))
        gains = [(calls, median(ourselves, ("decode", calls, context))) for calls in CALLS[1:]]
        told = ", ".join(f"{calls} sequences {rate / alone:.2f} x one" for calls, rate in gains if rate and alone)
        print(f"\nafter {context} tokens: {told}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kernels", default="auto")
    parser.add_argument("llama_bin")
    parser.add_argument("models", nargs="+")
    args = parser.parse_args()
    for model in args.models:
        compare(args, model)


if __name__ == "__main__":
    main()
