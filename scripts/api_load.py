#!/usr/bin/env python3
"""How much longer callers wait while programs use the interface under /v1: calls alone and beside a load of
transcriptions, speech and chats take turns (A B A B …) on one server.

usage: scripts/api_load.py [ROUNDS]        (3 by default: four minutes; the program is target/release/offhook, or $OFFHOOK)
"""

import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OFFHOOK = os.environ.get("OFFHOOK", str(ROOT / "target/release/offhook"))
WORKERS = 3


def ask(address, path, body, media_type="application/json"):
    connection = http.client.HTTPConnection(address, timeout=120)
    try:
        connection.request("POST", path, body, {"Content-Type": media_type})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def form(recording):
    head = ('--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--x\r\n'
            'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n')
    return head.encode() + recording + b"\r\n--x--\r\n"


def work(address, stop, served):
    """Uses all of the interface, one request after the other, until it is told to stop."""
    recording = form((ROOT / "models/demo/callers/5.wav").read_bytes())
    speech = json.dumps({"model": "tts-1", "voice": "default", "input": "We are open on Monday. " * 8})
    chat = json.dumps({"model": "default", "max_tokens": 60, "messages": [
        {"role": "system", "content": "You are the front desk. Prices: cleaning ninety dollars."},
        {"role": "user", "content": "How much is a cleaning?"}]})
    requests = [("/v1/audio/transcriptions", recording, "multipart/form-data; boundary=x"),
                ("/v1/audio/speech", speech, "application/json"),
                ("/v1/chat/completions", chat, "application/json")]
    while not stop.is_set():
        for request in requests:
            served.append(ask(address, *request))


def call(address):
    """The waits of one call, in milliseconds, at the caller."""
    told = subprocess.run([OFFHOOK, "call", "--url", f"ws://{address}/offhook", "--json"], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return [turn["v2v_ms"] for turn in json.loads(told)["turns"] if turn.get("v2v_ms") is not None]


def p95(waits):
    return statistics.quantiles(waits, n=20, method="inclusive")[-1]


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    folder = tempfile.TemporaryDirectory()
    config = pathlib.Path(folder.name) / "config.toml"
    shipped = (ROOT / "config.toml").read_text().replace('"models/', f'"{ROOT}/models/')
    config.write_text(shipped.replace("requests_per_minute = 120", "requests_per_minute = 100000"))
    server = subprocess.Popen([OFFHOOK, "serve", "--open", "--port", "0", "--config", config], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    alone, beside, served, lasted = [], [], [], 0.0
    try:
        address = next(line.split()[-1] for line in server.stdout if line.startswith("listening on "))
        for _ in range(rounds):
            alone += call(address)
            stop = threading.Event()
            workers = [threading.Thread(target=work, args=(address, stop, served)) for _ in range(WORKERS)]
            began = time.monotonic()
            for worker in workers:
                worker.start()
            beside += call(address)
            stop.set()
            for worker in workers:
                worker.join()
            lasted += time.monotonic() - began
    finally:
        server.terminate()
        server.wait()
    for name, waits in (("alone", alone), ("beside", beside)):
        print(f"{name:<7} median {statistics.median(waits):4.0f} ms   p95 {p95(waits):4.0f} ms   turns {len(waits)}")
    good = sum(status == 200 for status in served)
    print(f"p95 beside / alone: {p95(beside) / p95(alone):.2f}   requests: {len(served)} ({good} with 200), "
          f"{len(served) / lasted:.1f} a second, {WORKERS} at once")


if __name__ == "__main__":
    main()
