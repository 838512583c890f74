#!/usr/bin/env python3
"""Measures turn-taking with real calls, and prints tables: scripts/turn_taking.py [ROUNDS]

What is done before a turn is over against doing it then (A B C A B C, a server each); callers who
cut in, alone and beside two other calls; one call of forty turns; the server's memory over many
calls.
Needs target/release/offhook and an idle machine; takes about ten minutes a round.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

from figures import OFFHOOK, ROOT, percentile, report_of, resident_megabytes

CALLERS = sorted((ROOT / "models" / "demo" / "callers").glob("*.wav"))


class Server:
    """A server of its own, with some lines of the configuration replaced."""

    def __init__(self, folder, replacements=()):
        text = (ROOT / "config.toml").read_text().replace('"models/', f'"{ROOT}/models/')
        for old, new in replacements:
            assert old in text, f"config.toml does not say {old}"
            text = text.replace(old, new)
        config = pathlib.Path(folder) / "config.toml"
        config.write_text(text)
        command = [OFFHOOK, "serve", "--config", config, "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().split()[-1]

    def call(self, *arguments):
        """Start a caller."""
        command = [OFFHOOK, "call", "--json", "--url", f"ws://{self.address}/twilio",
                   "--record", "/dev/null", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


MODES = {
    "as shipped": [],
    "nothing read ahead": [('read_ahead = "newest"', 'read_ahead = "off"')],
    "only stable words read": [('read_ahead = "newest"', 'read_ahead = "stable"')],
    "no answer prepared": [("max_tries = 2", "max_tries = 0")],
    "neither": [('read_ahead = "newest"', 'read_ahead = "off"'), ("max_tries = 2", "max_tries = 0")],
    "end of a turn by rules alone": [("model_weight = 0.7", "model_weight = 0.0")],
}


def preparing(rounds):
    """Print the waiting time with and without what is done before a turn is over, in turn."""
    waited = {name: [] for name in MODES}
    tokens, states = {name: [] for name in MODES}, []
    for _ in range(rounds):
        for name, replacements in MODES.items():
            with tempfile.TemporaryDirectory() as folder, Server(folder, replacements) as server:
                turns = report_of(server.call())["turns"]
                waited[name] += [turn["v2v_ms"] for turn in turns]
                tokens[name] += [turn["tokens"] for turn in turns if turn["tokens"]["prompt"]]
                if name == "as shipped":
                    states += [turn["speculation"] for turn in turns]
    print("| | median v2v | p95 | longest | tokens left at the end: median | most | read ahead | in vain |\n"
          "|---|---|---|---|---|---|---|---|")
    for name, values in waited.items():
        left = [t["prompt"] - t["reused"] for t in tokens[name]]
        ahead, vain = (sum(t[key] for t in tokens[name]) for key in ("read_ahead", "read_in_vain"))
        share = f"{vain} ({100 * vain / ahead:.0f} %)" if ahead else "0"
        print(f"| {name} | {statistics.median(values):.0f} ms | {percentile(values, 0.95):.0f} ms | "
              f"{max(values):.0f} ms | {statistics.median(left):.0f} | {max(left)} | {ahead} | {share} |")
    print(f"\nof {len(states)} turns {states.count('used')} used an answer prepared ahead, "
          f"{states.count('wasted')} wasted one, {states.count('off')} did not try\n")


def cutting_in(rounds):
    """Print how soon the agent is silent when the caller cuts in."""
    print("| callers who cut in | turns cut | silent after: median | longest | hiccups |\n|---|---|---|---|---|")
    for name, more in (("alone", []), ("beside two calls", ["--beside", "2"])):
        cuts, hiccups = [], 0
        with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
            for _ in range(rounds):
                report = json.loads(server.call("--interrupt-after", "700", *more).communicate()[0])
                cuts += [turn["silent_after_ms"] for turn in report["turns"] if turn["silent_after_ms"]]
                hiccups += sum(turn["hiccups"] for turn in report["turns"])
        print(f"| {name} | {len(cuts)} | {statistics.median(cuts):.0f} ms | {max(cuts):.0f} ms | {hiccups} |")
    print()


def first_token(turn):
    """Return what the first token took, whether somebody waited for it or not."""
    return (turn["stages"]["llm_first_token_ms"] or 0) + (turn["hidden"]["llm_ms"] or 0)


def forty_turns():
    """Print what a turn waits for at the beginning and at the end of a long call."""
    lines = [str(path) for path in CALLERS] * 5
    with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
        turns = report_of(server.call(*lines))["turns"]
    values = [turn["v2v_ms"] for turn in turns]
    slope = statistics.linear_regression(range(len(values)), values).slope
    print(f"forty turns: median v2v of the first ten {statistics.median(values[:10]):.0f} ms, of the last ten "
          f"{statistics.median(values[-10:]):.0f} ms; slope {slope:+.2f} ms a turn")
    early, late = (statistics.median(map(first_token, some)) for some in (turns[2:10], turns[-8:]))
    prompts = [turn["tokens"]["prompt"] for turn in turns if turn["tokens"]["prompt"]]
    trims = sum(after < before for before, after in zip(prompts, prompts[1:]))
    print(f"first token: turns 3 to 10 {early:.1f} ms, turns 33 to 40 {late:.1f} ms ({100 * (late / early - 1):+.0f} %); "
          f"prompts of {min(prompts)} to {max(prompts)} tokens, cut {trims} times\n")


def memory(rounds):
    """Print the server's memory over calls, three at once."""
    with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
        figures = [("ready", resident_megabytes(server.process.pid))]
        report_of(server.call())
        figures.append(("after 1 call", resident_megabytes(server.process.pid)))
        for calls in range(1, 3 * rounds + 1):
            for call in [server.call() for _ in range(3)]:
                report_of(call)
            figures.append((f"after {1 + 3 * calls} calls", resident_megabytes(server.process.pid)))
    print("memory: " + ", ".join(f"{name} {value:.0f} MB" for name, value in figures))


def main():
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    preparing(rounds + 1)
    cutting_in(rounds)
    forty_turns()
    memory(rounds)


if __name__ == "__main__":
    main()
