#!/usr/bin/env python3
"""Measures what the README promises, and prints it as a table: scripts/figures.py [ROUNDS]

One server; in turn one call alone and two calls at once (A B A B), each the shipped conversation as a
caller of its own process hears it. Needs target/release/offhook and an idle machine.
"""

import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OFFHOOK = ROOT / "target" / "release" / "offhook"


def start_call(address, folder, name):
    """Start a caller; its report is one JSON object."""
    command = [OFFHOOK, "call", "--json", "--url", f"ws://{address}/twilio", "--record", folder / f"{name}.wav"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def report_of(call):
    """Return the caller's report."""
    report = json.loads(call.communicate()[0])
    if call.returncode:
        sys.exit("a turn got no answer")
    return report


def percentile(values, share):
    """Return the value below which this share lies, in a straight line between the two nearest, as src/stats.rs does."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place % 1)


def resident_megabytes(pid):
    """Return the resident memory of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main():
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    server = subprocess.Popen(
        [OFFHOOK, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    try:
        address = server.stdout.readline().split()[-1]
        memory = {"ready": resident_megabytes(server.pid)}
        alone, beside = [], []
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for _ in range(rounds):
                alone.append(report_of(start_call(address, folder, "a")))
                memory["after one call"] = resident_megabytes(server.pid)
                pair = [start_call(address, folder, name) for name in "bc"]
                beside += [report_of(call) for call in pair]
                memory["after two at once"] = resident_megabytes(server.pid)
    finally:
        server.terminate()
        server.wait()
    show(alone, beside, memory)


def show(alone, beside, memory):
    """Print the tables."""
    waits = {name: [t["v2v_ms"] for r in reports for t in r["turns"]] for name, reports in
             (("one call", alone), ("two calls at once", beside))}
    print("| | median v2v | p95 | longest | glitches | left to play when a frame came: median, 1 %, least |")
    print("|---|---|---|---|---|---|")
    for (name, values), reports in zip(waits.items(), (alone, beside)):
        glitches = sum(r["glitches"] for r in reports)
        slack = [r["frame_slack_ms"] for r in reports]
        left = [statistics.median(s["median"] for s in slack), min(s["p01"] for s in slack),
                min(s["least"] for s in slack)]
        print(f"| {name} | {statistics.median(values):.0f} ms | {percentile(values, .95):.0f} ms "
              f"| {max(values):.0f} ms | {glitches} | {left[0]:.0f}, {left[1]:.0f}, {left[2]:.0f} ms |")
    medians = [statistics.median(v) for v in waits.values()]
    print(f"\na second call moves the first's median by {100 * (medians[1] / medians[0] - 1):+.1f} %")
    turns = [t for r in alone for t in r["turns"]]
    off = sorted(abs(t["v2v_ms"] - sum(t["stages"].values())) for t in turns)
    print(f"the server's sum against the stopwatch: median {statistics.median(off):.0f} ms, "
          f"p95 {percentile(off, .95):.0f} ms over {len(turns)} turns\n")
    print("| stage | median |\n|---|---|")
    for stage in turns[0]["stages"]:
        print(f"| `{stage}` | {statistics.median(t['stages'][stage] for t in turns):.0f} ms |")
    print("\nresident memory: " + ", ".join(f"{v:.0f} MB {k}" for k, v in memory.items()))


if __name__ == "__main__":
    main()
