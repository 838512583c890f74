#!/usr/bin/env python3
"""Drives offhook's interface for programs with OpenAI's own Python package: speech, its transcription, a chat as a
whole and streamed, the models, and what a client sees when something is wrong.

usage: scripts/try_openai.py        (the program is target/release/offhook, or $OFFHOOK)

The package is installed from PyPI into target/openai-venv, once. Ends with 1 if something is wrong."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
OFFHOOK = os.environ.get("OFFHOOK", str(ROOT / "target/release/offhook"))
VENV = ROOT / "target/openai-venv"
SAID = "What time do you open on Monday? How much is a cleaning?"


def with_package(script, package="openai"):
    """Runs a script again with the package."""
    python, installed = VENV / "bin/python", VENV / f"installed-{package}"
    if not installed.exists():
        venv.create(VENV, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True)
        installed.touch()
    if pathlib.Path(sys.executable) != python:
        os.execv(python, [python, script])


@contextlib.contextmanager
def server():
    """The address of a server of its own."""
    process = subprocess.Popen([OFFHOOK, "serve", "--open", "--port", "0"], cwd=ROOT, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        address = next((line.split()[-1] for line in process.stdout if line.startswith("listening on ")), None)
        if address is None:
            sys.exit("the server did not start")
        yield address
    finally:
        process.terminate()
        process.wait()


def check(what, holds):
    print(f"  {'ok   ' if holds else 'WRONG'}  {what}", flush=True)
    return bool(holds)


def words(text):
    return re.sub(r"[^a-z ]", "", text.lower()).split()


def understood(text):
    """All words but one: the built-in voice says "do you" so that it may be "will you"."""
    heard, said = words(text), words(SAID)
    return len(heard) == len(said) and sum(a != b for a, b in zip(heard, said)) <= 1


def trials(openai, client):
    yield "the models", {"default", "whisper-1", "tts-1"} <= {model.id for model in client.models.list()}
    speech = {}
    for form in ("mp3", "opus", "wav", "flac"):
        asked = client.audio.speech.create(model="tts-1", voice="alloy", input=SAID, response_format=form)
        speech[form] = asked.read()
        heard = client.audio.transcriptions.create(model="whisper-1", file=(f"a.{form}", speech[form]))
        yield f"speech as {form} is understood", understood(heard.text)
    with client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="default", input=SAID, response_format="pcm") as response:
        parts = [part for part in response.iter_bytes(4096)]
    yield "speech comes in parts, at 24 kHz", len(parts) > 1 and 2 < len(b"".join(parts)) / 48000 < 8
    long = client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", speech["wav"]), response_format="verbose_json",
        timestamp_granularities=["word", "segment"])
    yield "words and segments have times", len(long.words) >= 10 and long.segments and long.language == "english"
    streamed = list(client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", speech["wav"]), stream=True))
    deltas = "".join(event.delta for event in streamed if event.type == "transcript.text.delta")
    yield "a transcription is streamed", deltas == streamed[-1].text and understood(deltas)

    messages = [{"role": "system", "content": "You are the front desk. Prices: cleaning ninety dollars."},
                {"role": "user", "content": "How much is a cleaning?"}]
    whole = client.chat.completions.create(model="default", messages=messages, temperature=0)
    text = whole.choices[0].message.content
    yield f"a chat: {text!r}", "ninety" in text and whole.usage.total_tokens > whole.usage.completion_tokens
    chunks = list(client.chat.completions.create(
        model="default", messages=messages, temperature=0, stream=True, stream_options={"include_usage": True}))
    told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    usage = chunks[-1].usage
    same = usage.total_tokens == whole.usage.total_tokens
    yield "the same is streamed, and its prompt is not computed again", told == text and same

    def refused(error, ask):
        try:
            ask()
        except error as told:
            return told.body["message"] and told.status_code
        return False
    yield "an unknown model", refused(openai.NotFoundError, lambda: client.chat.completions.create(
        model="gpt-4o", messages=messages)) == 404
    yield "an unknown voice", refused(openai.BadRequestError, lambda: client.audio.speech.create(
        model="tts-1", voice="nobody", input="Hello.")) == 400
    schema = {"type": "object", "properties": {"price": {"type": "integer"}, "open": {"type": "boolean"}},
              "required": ["price", "open"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    held = client.chat.completions.create(model="default", messages=messages, response_format=form)
    said = json.loads(held.choices[0].message.content)
    yield f"an answer that is held to a schema: {said}", type(said["price"]) is int and type(said["open"]) is bool
    tool = {"type": "function", "function": {"name": "book", "description": "Books.", "parameters": schema}}
    called = client.chat.completions.create(
        model="default", messages=messages, tools=[tool], tool_choice="required", parallel_tool_calls=False)
    [call] = called.choices[0].message.tool_calls
    given = json.loads(call.function.arguments)
    yield f"a call of a tool: {given}", called.choices[0].finish_reason == "tool_calls" and set(given) == {
        "price", "open"} and call.function.name == "book"
    result = {"role": "tool", "tool_call_id": call.id, "content": "Booked for nine."}
    chunks = list(client.chat.completions.create(
        model="default", messages=[*messages, called.choices[0].message, result], tools=[tool], stream=True,
        tool_choice={"type": "function", "function": {"name": "book"}}))
    deltas = [delta for chunk in chunks for delta in chunk.choices[0].delta.tool_calls or []]
    yield "a call is streamed", json.loads("".join(delta.function.arguments for delta in deltas)) and chunks[
        -1].choices[0].finish_reason == "tool_calls"
    free = client.chat.completions.create(model="default", messages=messages, tools=[tool], max_tokens=80)
    yield "tools that need not be called", free.choices[0].finish_reason in ("stop", "tool_calls", "length")
    hostile = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "string", "pattern": "(?=a)b"}}}
    yield "a schema that no answer can be held to", refused(
        openai.BadRequestError, lambda: client.chat.completions.create(
            model="default", messages=messages, response_format=hostile)) == 400
    yield "a file that is no audio", refused(openai.BadRequestError, lambda: client.audio.transcriptions.create(
        model="whisper-1", file=("a.mp3", b"<html>"))) == 400


def main():
    with_package(__file__)
    import openai
    with server() as address:
        client = openai.OpenAI(base_url=f"http://{address}/v1", api_key="any", max_retries=0)
        print(f"openai {openai.__version__} at http://{address}/v1")
        results = [check(what, holds) for what, holds in trials(openai, client)]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
