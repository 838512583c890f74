#!/usr/bin/env python3
"""Serves the pages with their Content-Security-Policy, and answers `/api/v1` from recorded files.

usage: mock_server.py PORT     (0 takes a free one; the first line printed is "listening on ADDRESS")
PUT /mock/NAME chooses what the server has, until the next one: full, empty, norecords, refusing, hostile,
token (wants one), login (wants a password: PUT /mock/over ends its session), down (fails), conflict (the file of the
agent changes meanwhile). PUT /mock/tell adds an event to those of the open calls; PUT /mock/break ends their streams.
Must not know the pages.
"""
import array
import copy
import json
import os
import struct
import sys
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = Path(os.environ.get("OFFHOOK_STATIC", HERE.parent / "static"))
RECORDED = HERE / "recorded"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self' blob:; "
    "img-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8"}
TOKEN = "s3cret-of-the-administrator"
PASSWORD = "correct horse battery"
AGENTS = {
    "agents": [
        {"name": "billing", "description": "Invoices and payments.", "numbers": ["15550144"],
         "voice": "piper:joe.onnx", "model": None, "tools": []},
        {"name": "reception", "description": "Everything else.", "numbers": [],
         "voice": "flite:slt", "model": None, "tools": ["hand_over"]},
    ],
    "first": "reception",
    "voices": ["flite:slt", "piper:joe.onnx"],
}
HOSTILE = (
    "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>\u202e&lt;b&gt;"
)


def recorded(name):
    return json.loads((RECORDED / name).read_text())


def hostile(value, key=""):
    """The same object with every free text replaced; words of a fixed set stay, so that all branches run."""
    if isinstance(value, dict):
        return {k: hostile(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [hostile(v, key) for v in value]
    return HOSTILE + key if isinstance(value, str) and value else value


def busy(state):
    """The recorded state with trouble in it, which the recorded hour did not have."""
    state = copy.deepcopy(state)
    state["calls"].append({"id": "01a22a86-full", "gateway": "offhook", "since_s": 3725.5, "turns": 41,
                           "v2v_ms": 1830.2, "v2v_p50_ms": 402.1, "interruptions": 1, "failures": 2,
                           "cpu_s": 20})
    state["latency_lately"]["v2v_ms"] |= {"p50": 412.5, "p95": 1240.0, "p99": 1980.4, "max": 2210.0}
    state["engines"][1] |= {"health": "open", "failed": 7, "retry_in_s": 3.4, "running": 1, "waiting": 2,
                            "note": "the step has hung"}
    state["engines"][2] |= {"health": "degraded", "failed": 4}
    state["quality"] = {"step": 2, "of": 4, "pressure": "high",
                        "because": "of 22 turns, 3 took longer than 1200 ms",
                        "measures": ["no partial transcripts while callers speak",
                                     "replies end with the sentence that reaches 25 words"]}
    state["admission"] |= {"predicted_p95_ms": 1640.0, "room": 1}
    state["advice"] = [
        {"key": "llm.threads", "change": "give a step more threads than 1, at most 2",
         "because": "in 5 of 100 turns, the first word took the model more than 620 ms, with 31 % of "
                    "the cores in use"},
        {"key": "quality.small_model",
         "change": "name a smaller model, which answers while the server is pressed",
         "because": "the server was pressed for 3 of the last 10 minutes"}]
    state["records"] |= {"lost": 2, "waiting": 12}
    state["refused"]["no_room"] = 3
    return state


def eventful(whole):
    """The recorded call with what happens when engines fail."""
    whole = copy.deepcopy(whole)
    call, turns = whole["call"], whole["turns"]
    turns[2] |= {"failed": True, "reply": "I am sorry, something went wrong. Could you say that again?"}
    turns[3] |= {"rung": 1, "model": "small", "hiccups": 1}
    turns[3]["answer_ms"] = (turns[3]["v2v_ms"] or 300) + 640
    at, spoken = turns[2]["at"], call["started_at"] + int(turns[2]["speech_end_ms"])
    whole["events"] += [
        {"at": call["started_at"] + 2900, "kind": "disclosed", "code": "heard",
         "message": "what must be disclosed at the beginning of the call"},
        {"at": spoken + 150, "kind": "engine", "code": "llm_failed",
         "message": "the language model main: the step has hung"},
        {"at": spoken + 200, "kind": "late", "code": "first_token",
         "message": "no first word within 4000 ms"},
        {"at": at + 60, "kind": "quality", "code": "no_partials",
         "message": "partial transcripts are left out"}]
    whole["events"].sort(key=lambda event: event["at"])
    call |= {"fallbacks": 1, "stand_ins": 1, "hiccups": 1, "caller": "+1 415 555 0123",
             "called": "+1 415 555 0100",
             "end_code": "cannot_answer",
             "end_reason": "cannot answer: the agent could not answer and apologised",
             "after_call": {"state": "failed", "code": "late", "reason": "it was not made in time",
                            "summary": "The caller asked about <b>Monday</b>.",
                            "fields": {"name": "Laura <i>", "guests": 2, "urgent": False, "day": None,
                                       "wishes": ["a window", {"floor": 2}]}}}
    return whole


def wav_of(whole):
    """A stereo WAV with a hum where each side speaks, where no recording lies beside this file."""
    call, turns = whole["call"], whole["turns"]
    frames = int(call["duration_ms"] * 8)
    samples = array.array("h", bytes(4 * frames))

    def hum(side, begin, end, step):
        for frame in range(max(0, int(begin * 8)), min(frames, int(end * 8))):
            if frame % 2000 < 1600:  # words
                samples[2 * frame + side] = (frame * step) % 9000 - 4500

    for turn in turns:
        spoke = turn["speech_end_ms"]
        if spoke is not None:
            hum(0, spoke - 300 * len((turn["heard"] or "").split()), spoke, 140)
        hum(1, (spoke or 0) + (turn["v2v_ms"] or 0), turn["at"] - call["started_at"], 210)
    data = samples.tobytes()
    head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVEfmt ", 16, 1, 2, 8000, 32000, 4, 16,
                       b"data", len(data))
    return head + data


def tools_of(name):
    """The agent's tools, as the server tells them."""
    if name in ("empty", "norecords"):
        return {"tools": [], "servers": []}
    bad = '<img src=x onerror="document.title=1">'
    tools = [
        {"name": "hang_up", "does": "hang_up", "description": "End the call after the goodbye.", "server": None},
        {"name": "take_message", "does": "note", "description": bad if name == "hostile" else "Write a message down.",
         "server": None},
        {"name": "now", "does": "mcp", "description": "", "server": "clock"},
    ]
    return {"tools": tools, "servers": [{"name": "clock", "trouble": None},
                                        {"name": "shop", "trouble": "exit status: 3; its last words: no licence"}]}


class Mock:
    """What the server has now. `name`: full, empty, norecords, refusing, hostile, token."""

    def __init__(self, name):
        self.name = name
        self.told = [{"type": "call", "left_out": 0, "words": "all"}]
        self.breaks = 0
        base = recorded("state.json")
        full = name in ("full", "hostile", "token", "login", "down")
        self.state = busy(base) if full else recorded("state-empty.json")
        self.agent = recorded("agent.json")
        if name == "hostile":
            for setting in self.agent["settings"]:
                setting["help"] = '<img src=x onerror="document.title=1"> ' + "x" * 200
                if setting["kind"] in ("text", "long_text"):
                    setting["value"] = "<script>document.title='hacked'</script> \u202e" + "y" * 150
        self.wholes = {}
        if name in ("full", "hostile", "token", "login"):
            for number in (1, 2, 3):
                whole = recorded(f"call-{number}.json")
                self.wholes[number] = eventful(whole) if whole["call"]["interruptions"] else whole
            first = self.wholes[1]
            for number in range(4, 64):  # for pages
                more = copy.deepcopy(first)
                more["call"] |= {"id": number, "recording": None, "caller": f"+1 415 555 {number:04d}"}
                more["call"]["started_at"] += number * 420_000
                self.wholes[number] = more
            running = self.wholes[63]["call"]
            running |= {"ended_at": None, "duration_ms": None, "end_code": None, "end_reason": None}
        if name == "hostile":
            self.state = hostile(self.state)
            for whole in self.wholes.values():
                keep = {k: whole["call"][k] for k in ("recording",)}
                state = whole["call"].get("after_call", {}).get("state")
                whole.update(hostile(whole))
                whole["call"] |= keep
                if state:
                    whole["call"]["after_call"]["state"] = state
        if name in ("norecords",):
            self.state["records"] = None
        if name == "refusing":
            self.state |= {"ready": False, "not_ready": "95 of 100 answers would begin later than 2000 ms"}

    def records(self, query):
        one = lambda key: (query.get(key) or [""])[0]
        found = []
        for number in sorted(self.wholes, reverse=True):
            whole, call = self.wholes[number], self.wholes[number]["call"]
            words = " ".join((t["heard"] or "") + " " + (t["reply"] or "") for t in whole["turns"]).lower()
            v2v = call["latency"].get("v2v_ms", {}).get("p95", 0)
            if (one("before") and number >= int(one("before"))) or one("said").lower() not in words \
                    or one("gateway") not in ("", call["gateway"]) \
                    or one("caller") not in ("", call["caller"]) \
                    or (one("since") and call["started_at"] < int(one("since"))) \
                    or (one("until") and call["started_at"] >= int(one("until"))) \
                    or (one("slow") and v2v < float(one("slow"))) \
                    or (one("bad") == "true" and call["end_code"] in (None, "hung_up", "said_goodbye")):
                continue
            found.append(call)
        return found[:int(one("limit") or 100)]


def problems_of(changes):
    """What the mock takes for wrong: a silence that is not between 100 and 5000."""
    wrong = {key: value for key, value in changes.items()
             if key == "endpoint.complete_ms" and not (isinstance(value, int) and 100 <= value <= 5000)}
    return [{"key": key, "line": 1, "message": f"{value}: allowed is a whole number from 100 to 5000"}
            for key, value in wrong.items()]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mock = Mock("full")
    sessions = {}  # the token of each
    tries = 0

    def answer(self, status, body=b"", kind="application/json", more=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def error(self, status, message):
        self.answer(status, {"error": {"message": message}})

    def log_message(self, *_):
        pass

    def do_PUT(self):
        if self.path.startswith("/api/v1/"):
            return self.api("PUT", self.path.removeprefix("/api/v1/").split("/"), {})
        name = self.path.rsplit("/", 1)[-1]
        Handler.tries = 0
        if name == "tell":
            Handler.mock.told.append(self.body())
        elif name == "break":
            Handler.mock.breaks += 1
        elif name == "over":
            Handler.sessions.clear()
        elif name == "other":  # as if another tab had logged in again
            Handler.sessions.update({cookie: csrf + "-of-another" for cookie, csrf in Handler.sessions.items()})
        else:
            Handler.mock = Mock(name)
            Handler.sessions.clear()
        self.answer(204)

    def csrf(self):
        cookies = (self.headers.get("Cookie") or "").split("; ")
        found = [one.split("=", 1)[1] for one in cookies if one.startswith("offhook=")]
        return Handler.sessions.get(found[0]) if found else None

    def login(self, method, what):
        """The login as the server has it; see src/http/login.rs."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        has = Handler.mock.name == "login"
        match method, what:
            case "GET", "session":
                why = None if has else "this server has no password for the console: set admin.password"
                self.answer(200, {"signed_in": self.csrf() is not None, "csrf": self.csrf(), "here": True,
                                  "no_login_because": why})
            case "POST", "login":
                Handler.tries += 1
                if Handler.tries > 3:
                    return self.error(429, "Too many attempts. Try again in 30 s.")
                if json.loads(body) != {"password": PASSWORD}:
                    return self.error(401, "The password is wrong.")
                name = f"session-{len(Handler.sessions)}"
                Handler.sessions[name] = f"csrf-{name}"
                cookie = f"offhook={name}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
                self.answer(200, {"csrf": Handler.sessions[name]}, more=[("Set-Cookie", cookie)])
            case "POST", "logout":
                if self.csrf() is None or self.headers.get("X-CSRF-Token") != self.csrf():
                    return self.error(403, "the token is wrong")
                Handler.sessions.clear()
                self.answer(204, more=[("Set-Cookie", "offhook=; Path=/; Max-Age=0")])
            case _:
                self.error(404, "there is nothing here")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/api/v1/"):
            return self.api("GET", url.path[len("/api/v1/"):].split("/"), urllib.parse.parse_qs(url.query))
        if url.path == "/console/session":
            return self.login("GET", "session")
        if url.path == "/console/agents.json":
            return self.answer(200, AGENTS)
        file = STATIC / ("index.html" if url.path == "/" else url.path.removeprefix("/console/"))
        if file.parent == STATIC and file.is_file():
            return self.answer(200, file.read_bytes(), TYPES.get(file.suffix, "application/octet-stream"))
        self.error(404, "there is nothing here")

    def do_POST(self):
        if self.path.startswith("/console/"):
            return self.login("POST", self.path.removeprefix("/console/"))
        self.api("POST", urllib.parse.urlsplit(self.path).path.removeprefix("/api/v1/").split("/"), {})

    def do_DELETE(self):
        self.api("DELETE", urllib.parse.urlsplit(self.path).path.removeprefix("/api/v1/").split("/"), {})

    def api(self, method, path, query):
        mock = Handler.mock
        if mock.name == "token" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            message = "an administrator's token is wanted: Authorization: Bearer TOKEN (admin.token)"
            return self.error(401, message)
        if mock.name == "login":
            if self.csrf() is None:
                return self.error(401, "this is for administrators: log in at /console/login.html")
            if method != "GET" and self.headers.get("X-CSRF-Token") != self.csrf():
                return self.error(403, "a session changes something only with its token in X-CSRF-Token")
        if mock.name == "down":
            return self.error(500, "the records cannot be read: disk I/O error")
        match method, path:
            case "GET", ["state"]:
                self.answer(200, mock.state)
            case "GET", ["agent"]:
                self.answer(200, mock.agent)
            case "POST", ["agent", "trial"]:
                mock.tried = self.body()["changes"]
                self.answer(200, {"trial": "ticket-1", "expires_s": 60})
            case "GET", ["tools"]:
                self.answer(200, tools_of(mock.name))
            case "GET", ["tried"]:
                self.answer(200, mock.tried)
            case "GET", ["calls", name, "events"]:
                self.events(urllib.parse.unquote(name))
            case "POST", ["agent", "check"]:
                self.answer(200, {"problems": problems_of(self.body()["changes"])})
            case "PUT", ["agent"]:
                self.save()
            case "GET", ["calls"]:
                self.answer(200, {"calls": mock.state["calls"]})
            case "POST", ["calls", name, "hangup"]:
                name = urllib.parse.unquote(name)
                left = [call for call in mock.state["calls"] if call["id"] != name]
                if len(left) == len(mock.state["calls"]):
                    return self.error(404, "there is no such call: it is over")
                mock.state["calls"] = left
                self.answer(202, {})
            case _, ["records", *_] if mock.name == "norecords":
                self.error(404, "no records are kept: set records.file")
            case "GET", ["records"]:
                self.answer(200, {"calls": mock.records(query)})
            case _, ["records", number, *rest] if number.isdigit() and int(number) in mock.wholes:
                self.record(method, int(number), rest)
            case _:
                self.error(404, "there is no such call")

    def events(self, name):
        """The events of an open call, until the client goes, the mock changes or breaks off, or the call ends."""
        mock, breaks, at = Handler.mock, Handler.mock.breaks, 0
        if all(call["id"] != name for call in mock.state["calls"]):
            return self.error(404, "there is no running call of this name")
        self.send_response(200)
        for header in (("Content-Type", "text/event-stream"), ("Connection", "close")):
            self.send_header(*header)
        self.end_headers()
        self.close_connection = True
        try:
            while Handler.mock is mock and mock.breaks == breaks:
                events = [f"data: {json.dumps(event)}\n\n" for event in mock.told[at:]] or [": still here\n\n"]
                at += len(mock.told[at:])
                self.wfile.write("".join(events).encode())
                if at and mock.told[at - 1]["type"] == "session.summary":
                    return
                time.sleep(0.05)
        except OSError:
            pass  # the client has gone

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def save(self):
        """Saves the agent's settings, as the server does."""
        mock, body = Handler.mock, self.body()
        if mock.name == "conflict" and mock.agent["version"] == "1":
            mock.agent["version"] = "2"
        if body["version"] != mock.agent["version"]:
            return self.error(409, "the file has changed meanwhile: load it again")
        for setting in mock.agent["settings"]:
            setting["value"] = body["changes"].get(setting["key"], setting["value"])
        mock.agent["version"] += "x"
        later = [key for key in body["changes"] if key in ("tts.voice", "tts.speed")]
        mock.agent["waits_for_restart"] = bool(later)
        self.answer(200, {"version": mock.agent["version"], "after_a_restart": later})

    def record(self, method, number, rest):
        whole = Handler.mock.wholes[number]
        match method, rest:
            case "GET", []:
                self.answer(200, {"offhook_call": 1, **whole})
            case "GET", ["transcript"]:
                words = (RECORDED / f"call-{min(number, 3)}.txt").read_bytes()
                self.answer(200, words, "text/plain; charset=utf-8")
            case "GET", ["audio"] if whole["call"]["recording"]:
                file = RECORDED / f"call-{number}.wav"
                self.answer(200, file.read_bytes() if file.is_file() else wav_of(whole), "audio/wav")
            case "DELETE", []:
                del Handler.mock.wholes[number]
                self.answer(204)
            case _:
                self.error(404, "the call has no recording: set records.recordings")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
