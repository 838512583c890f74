#!/usr/bin/env python3
"""Many calls for a long time, with everything switched on: scripts/soak.py [MINUTES] [CALLS]

One server with traces, a log of everything in JSON and reports; four callers at once (CALLS), each over another
line, with calls one after the other for 30 minutes (MINUTES). Ends with 1 if a turn was not answered, a gateway's
protocol was broken, a call left no trace, or memory, files or threads grew. Needs
target/release/offhook.
"""

import itertools
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from figures import OFFHOOK, ROOT, percentile, resident_megabytes

LINES = ("twilio", "asterisk", "vonage", "offhook", "telnyx", "plivo", "jambonz", "asterisk-text")
SETTLED = 0.25  # of the time, until caches and pools have their size
GROWTH = 1.05  # of the memory afterwards, from the first half to the second


def config(folder):
    """Write the shipped configuration with all that is off by default."""
    text = (ROOT / "config.toml").read_text()
    for key, value in (("level", '"debug"'), ("json", "true"), ("traces", f'"{folder / "traces"}"')):
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert count == 1, f"{key} stands there {count} times"
    text = re.sub(r'"(models/[^"]+)"', lambda path: f'"{ROOT / path[1]}"', text)
    path = folder / "config.toml"
    path.write_text(text)
    return path


def sizes(pid):
    """Resident megabytes, open files and threads of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    threads = int(re.search(r"Threads:\s+(\d+)", status)[1])
    return resident_megabytes(pid), len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())), threads


def caller(number, address, folder, until, results):
    """Call again and again."""
    for gateway in itertools.islice(itertools.cycle(LINES), number, None):
        if time.monotonic() > until:
            return
        path = "asterisk" if gateway.startswith("asterisk") else gateway
        command = [OFFHOOK, "call", "--json", "--gateway", gateway, "--url", f"ws://{address}/{path}",
                   "--record", folder / f"{number}.wav"]
        call = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            results.append(json.loads(call.stdout))
        except json.JSONDecodeError:
            results.append({"gateway": gateway, "turns": [], "glitches": 0, "violations": [],
                            "errors": [call.stderr.strip()]})


def verdict(results, memory, folder, log_lines):
    """Print what happened; returns what was wrong."""
    turns = [turn for result in results for turn in result["turns"]]
    waits = [turn["v2v_ms"] for turn in turns if turn["v2v_ms"] is not None]
    traces = len(list((folder / "traces").glob("*")))
    settled = memory[int(len(memory) * SETTLED):]
    half = len(settled) // 2
    before, after = ([statistics.median(column) for column in zip(*part)]
                     for part in (settled[:half], settled[half:]))
    glitches = sum(result["glitches"] for result in results)
    unanswered = len(turns) - len(waits)
    print(f"{len(results)} calls over {len({r['gateway'] for r in results})} lines, {len(turns)} turns, "
          f"{unanswered} unanswered, {glitches} glitches")
    if waits:
        print(f"end of speech to answer: median {statistics.median(waits):.0f} ms, "
              f"p95 {percentile(waits, .95):.0f} ms, longest {max(waits):.0f} ms")
    print(f"traces: {traces}; log lines: {log_lines}")
    for name, first, second in zip(("resident MB", "open files", "threads"), before, after):
        print(f"{name}: {first:.0f} in the first half after settling, {second:.0f} in the second")
    errors = [error for result in results for error in result["errors"] + result["violations"]]
    for error in errors[:20]:
        print(f"error: {error}")
    wrong = []
    if unanswered or not waits or any(not result["turns"] for result in results):
        wrong.append("somebody was not answered")
    if errors:
        wrong.append(f"{len(errors)} errors")
    if traces != len(results):
        wrong.append("not one trace for each call")
    if after[0] > before[0] * GROWTH or after[1] > before[1] + 4 or after[2] > before[2] + 4:
        wrong.append("something grew")
    return wrong


def main():
    """Run and judge."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "traces").mkdir()
        with open(folder / "log", "w", encoding="utf-8") as log:
            server = subprocess.Popen(
                [OFFHOOK, "serve", "--open", "--reports", "--port", "0", "--config", config(folder)],
                stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
        results, memory = [], []
        try:
            address = server.stdout.readline().split()[-1]
            # Somebody reads the reports, or the server would count them as lost.
            threading.Thread(target=server.stdout.read, daemon=True).start()
            until = time.monotonic() + 60 * minutes
            callers = [threading.Thread(target=caller, args=(n, address, folder, until, results))
                       for n in range(calls)]
            for thread in callers:
                thread.start()
            while any(thread.is_alive() for thread in callers):
                time.sleep(5)
                memory.append(sizes(server.pid))
                if len(memory) % 12 == 0:
                    left = max(0, (until - time.monotonic()) / 60)
                    print(f"{len(results)} calls, {memory[-1][0]:.0f} MB, {left:.0f} minutes left",
                          file=sys.stderr, flush=True)
        finally:
            server.terminate()
            code = server.wait()
        lines = sum(1 for _ in open(folder / "log", encoding="utf-8"))
        wrong = verdict(results, memory, folder, lines)
        if code:
            wrong.append(f"the server ended with {code}")
    sys.exit("; ".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
