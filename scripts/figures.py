#!/usr/bin/env python3
"""Measures the figures of README.md and docs/benchmarks.md, and prints them as Markdown.

    scripts/figures.py                     one call alone and two at once
    scripts/figures.py calls turns stt     everything that needs no recordings of yours
    scripts/figures.py words --references DIR
    scripts/figures.py calls --write       replaces the tables in both documents

Needs target/release/offhook and an idle machine. Variants take turns (A B A B), and the medians count. A table lies
between two comments in the documents, `<!-- figures: NAME -->` and `<!-- end -->`: nobody writes there by hand.
"""

import argparse
import datetime
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OFFHOOK = ROOT / "target" / "release" / "offhook"
DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "benchmarks.md"]
CALLERS = sorted((ROOT / "models" / "demo" / "callers").glob("*.wav"))
STOCK = ROOT / "target" / "real-models" / "tiny.en.bin"


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
        told = self.process.stdout.readline().split()
        if not told:
            sys.exit(f"the server does not start: {OFFHOOK} serve --config config.toml tells why")
        self.address = told[-1]

    def call(self, *arguments):
        """Starts a caller; its report is one JSON object."""
        command = [OFFHOOK, "call", "--json", "--url", f"ws://{self.address}/twilio",
                   "--record", "/dev/null", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def resident_megabytes(self):
        """Returns the server's resident memory."""
        return resident_megabytes(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def resident_megabytes(pid):
    """Returns the resident memory of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def report_of(call):
    """Returns the caller's report."""
    report = json.loads(call.communicate()[0])
    if call.returncode:
        sys.exit("a turn got no answer")
    return report


def percentile(values, share):
    """Returns a percentile: a straight line between the two nearest values, as `offhook_core::stats` does."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place % 1)


def table(head, rows):
    """Returns a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def waits_of(reports):
    """Returns median, p95 and longest time to the first sound of an answer, as cells."""
    values = [turn["v2v_ms"] for report in reports for turn in report["turns"]]
    return [f"{figure:.0f} ms" for figure in (statistics.median(values), percentile(values, .95), max(values))]


def machine():
    """Returns what the figures were measured on, and when."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", cpuinfo)[1]
    cores = cpuinfo.count("processor\t")
    best = next((f for f in ("avx512_vnni", "avx512f", "avx_vnni", "avx2") if f in cpuinfo), "no vector extension known")
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout.strip()
    return (f"{cores} cores ({name}, {best.replace('_', ' ').upper()}), the models that ship, "
            f"{datetime.date.today()}, commit {revision}.")


def calls(options):
    """One call alone and two at once, each the shipped conversation."""
    alone, beside, memory = [], [], {}
    with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
        memory["ready"] = server.resident_megabytes()
        for _ in range(options.rounds):
            alone.append(report_of(server.call()))
            memory.setdefault("after one call", server.resident_megabytes())
            beside += [report_of(call) for call in [server.call() for _ in range(2)]]
            memory.setdefault("after two at once", server.resident_megabytes())
    kinds = {"one call": alone, "two calls at once": beside}
    short = table(["end of speech to first sound", "median", "p95", "longest", "underruns"],
                  [[name, *waits_of(reports), sum(r["glitches"] for r in reports)] for name, reports in kinds.items()])
    turns = [turn for report in alone for turn in report["turns"]]
    off = [abs(turn["v2v_ms"] - sum(turn["stages"].values())) for turn in turns]
    short += (f"\n\nThe server's own sum of its stages agrees with the caller's stopwatch to {statistics.median(off):.0f} ms in\n"
              f"the median and {percentile(off, .95):.0f} ms at p95, over {len(turns)} turns.\nResident memory: "
              + ", ".join(f"{megabytes:.0f} MB {when}" for when, megabytes in memory.items()) + ".")
    stages = table(["stage, one call", "median", "longest"],
                   [[f"`{stage}`"] + [f"{of(turn['stages'][stage] for turn in turns):.0f} ms" for of in (statistics.median, max)]
                    for stage in turns[0]["stages"]])
    slack = table(["audio left in the caller's buffer when a frame came", "median", "1 %", "least"],
                  [[name, f"{statistics.median(r['frame_slack_ms']['median'] for r in reports):.0f} ms",
                    *(f"{min(r['frame_slack_ms'][key] for r in reports):.0f} ms" for key in ("p01", "least"))]
                   for name, reports in kinds.items()])
    return {"calls": f"{machine()}\n\n{short}", "stages": f"{stages}\n\n{slack}"}


MODES = {
    "as shipped": [],
    "no prefill while the caller speaks": [('read_ahead = "newest"', 'read_ahead = "off"')],
    "prefill of stable words only": [('read_ahead = "newest"', 'read_ahead = "stable"')],
    "no draft of the answer": [("max_tries = 2", "max_tries = 0")],
    "neither": [('read_ahead = "newest"', 'read_ahead = "off"'), ("max_tries = 2", "max_tries = 0")],
    "end of turn by rules alone": [("model_weight = 0.7", "model_weight = 0.0")],
}


def turns(options):
    """What is done before a turn is over; callers who cut in; a call of forty turns; memory over many calls."""
    return {"before-the-end": prepared(options), "cutting-in": cutting_in(options), "long-calls": long_calls(options)}


def prepared(options):
    """Prefill and drafts, against doing it all when the turn is over."""
    reports = {name: [] for name in MODES}
    for _ in range(options.rounds):
        for name, replacements in MODES.items():
            with tempfile.TemporaryDirectory() as folder, Server(folder, replacements) as server:
                reports[name].append(report_of(server.call()))
    rows = []
    for name, of in reports.items():
        tokens = [t["tokens"] for report in of for t in report["turns"] if t["tokens"]["prompt"]]
        left = [t["prompt"] - t["reused"] for t in tokens]
        ahead, wasted = (sum(t[key] for t in tokens) for key in ("read_ahead", "read_in_vain"))
        share = f"{wasted} ({100 * wasted / ahead:.0f} %)" if ahead else "0"
        rows.append([name, *waits_of(of), f"{statistics.median(left):.0f}", max(left), ahead, share])
    states = [turn["speculation"] for report in reports["as shipped"] for turn in report["turns"]]
    return table(["", "median", "p95", "longest", "prompt tokens left at the end of a turn: median", "most",
                  "prefilled", "wasted"], rows) + (
        f"\n\nOf {len(states)} turns {states.count('used')} used a draft, and {states.count('wasted')} wasted one.")


def cutting_in(options):
    """How soon the agent is silent when the caller cuts in."""
    rows = []
    for name, more in (("alone", []), ("beside two calls", ["--beside", "2"])):
        cuts, resumed = [], 0
        with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
            for _ in range(options.rounds):
                report = json.loads(server.call("--interrupt-after", "700", *more).communicate()[0])
                cuts += [turn["silent_after_ms"] for turn in report["turns"] if turn["silent_after_ms"]]
                resumed += sum(turn["hiccups"] for turn in report["turns"])
        rows.append([name, len(cuts), f"{statistics.median(cuts):.0f} ms", f"{max(cuts):.0f} ms", resumed])
    return table(["callers who cut in (`--interrupt-after 700`)", "turns cut", "silent after: median", "longest",
                  "false interruptions"], rows)


def long_calls(options):
    """Forty turns in one call, and the server's memory over many calls, three at once."""
    with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
        memory = [("ready", server.resident_megabytes())]
        done = report_of(server.call(*[str(path) for path in CALLERS] * 5))["turns"]
        memory.append(("after a call of forty turns", server.resident_megabytes()))
        for further in range(options.rounds):
            for call in [server.call() for _ in range(3)]:
                report_of(call)
            memory.append((f"after {3 * (further + 1)} more", server.resident_megabytes()))
    values = [turn["v2v_ms"] for turn in done]
    slope = statistics.linear_regression(range(len(values)), values).slope
    early, late = (statistics.median(map(first_token, some)) for some in (done[2:10], done[-8:]))
    prompts = [turn["tokens"]["prompt"] for turn in done if turn["tokens"]["prompt"]]
    return (f"Forty turns in one call: a median of {statistics.median(values[:10]):.0f} ms in the first ten and of "
            f"{statistics.median(values[-10:]):.0f} ms in the last ten ({slope:+.2f} ms a turn).\nThe first token took "
            f"{early:.1f} ms in turns 3 to 10 and {late:.1f} ms in turns 33 to 40, with prompts of {min(prompts)} to "
            f"{max(prompts)} tokens,\ncompacted {sum(after < before for before, after in zip(prompts, prompts[1:]))} times. "
            f"Resident memory: " + ", ".join(f"{megabytes:.0f} MB {when}" for when, megabytes in memory) + ".")


def first_token(turn):
    """Returns what the first token took, whether somebody waited for it or not."""
    return (turn["stages"]["llm_first_token_ms"] or 0) + (turn["hidden"]["llm_ms"] or 0)


def bench(*arguments):
    """Returns the rows that `offhook bench` prints as JSON."""
    command = [OFFHOOK, "bench", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def stt(options):
    """What a transcript costs in time: the cut window against the whole one, alternating."""
    rows = []
    for threads in ("1", "2"):
        for row in bench("stt", "--rounds", str(options.rounds), "--threads", threads):
            rows.append([threads, f"{row['speech_ms'] / 1000:.0f} s", f"{row['full_ms']:.0f} ms", f"{row['cut_ms']:.0f} ms",
                         f"{row['ratio']:.1f}", f"{row['partial_ms']:.0f} ms"])
    return {"stt": table(["threads", "speech", "whole window", "cut window", "whole / cut", "partial (one thread)"], rows)}


WAYS = [
    ("offhook as it ships, whole recordings", None, "with second looks"),
    ("the same, cut by voice and word by word as in calls", None, "streaming, as in calls"),
    ("the same weights, whole window", None, "whole window"),
    ("published tiny.en, whole window", STOCK, "whole window"),
    ("published tiny.en, 512 positions", STOCK, "512 positions"),
]


def words(options):
    """Words wrong by class of length, for the windows and weights that matter."""
    if not options.references:
        sys.exit("words: --references DIR names the recordings (see `offhook bench stt --help`)")
    measured = {None: bench("stt", "--references", options.references, "--margin", "480")}
    if STOCK.exists():
        measured[STOCK] = bench("stt", "--references", options.references, "--margin", "480", "--model", str(STOCK))
    rows, clips = [], None
    for name, weights, way in WAYS:
        for row in (row for row in measured.get(weights, ()) if row.get("way") == way):
            shares = [100 * part["wrong"] / part["words"] for part in row["classes"] + [row["all"]]]
            rows.append([name, *(f"{share:.1f} %" for share in shares), row["all"]["empty"], row["all"]["doubled"]])
            clips = row
    counts = ", ".join(f"{part['clips']} with {part['words']} words" for part in clips["classes"])
    return {"words": table(["words wrong", "under 1 s", "1 to 2 s", "2 to 4 s", "4 s and more", "all", "empty", "doubled"], rows)
            + f"\n\n{clips['all']['clips']} recordings of people over the telephone, {clips['all']['words']} words; by class: {counts}."}


def write(blocks):
    """Replaces the blocks in the documents."""
    texts = {document: document.read_text() for document in DOCUMENTS}
    for name, block in blocks.items():
        replaced = 0
        for document, text in texts.items():
            texts[document], count = re.subn(
                rf"(<!-- figures: {re.escape(name)} -->\n)(?:(?!<!--).)*(<!-- end -->)",
                lambda found: f"{found[1]}\n{block}\n\n{found[2]}", text, flags=re.S)
            replaced += count
        if not replaced:
            sys.exit(f"no document has a place for the figures {name!r}")
    for document, text in texts.items():
        document.write_text(text)


def main():
    """Measures and prints."""
    parts = {"calls": calls, "turns": turns, "stt": stt, "words": words}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(parts)}; calls if none is given")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each measurement (default: 2)")
    parser.add_argument("--references", help="recordings whose words are known, for `words`")
    parser.add_argument("--write", action="store_true", help="put the tables into README.md and docs/benchmarks.md")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are: {', '.join(parts)}")
    for part in options.parts or ["calls"]:
        blocks = parts[part](options)
        for name, block in blocks.items():
            print(f"<!-- figures: {name} -->\n\n{block}\n\n<!-- end -->\n", flush=True)
        if options.write:
            write(blocks)


if __name__ == "__main__":
    main()
