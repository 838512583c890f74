#!/usr/bin/env python3
"""Gives the documents and events in golden/ to the official client, and records requests that it sends.

    python3 -m venv venv && venv/bin/pip install openai
    venv/bin/python crates/openai/tests/check_with_openai.py            # checks
    venv/bin/python crates/openai/tests/check_with_openai.py --record   # also writes golden/sent_*.json

Each document is checked twice: strictly against the client's own models, and by letting the client read it as
the answer to a request. No socket is opened. It ends with 1 if something was wrong.
"""

import base64
import email
import json
import sys
from email.policy import HTTP
from pathlib import Path

import openai
from openai import OpenAI
from openai.types import Model
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
)
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.shared import ErrorObject
from pydantic import BaseModel, TypeAdapter

try:  # the client's own HTTP library, which has had two names
    import httpx2 as httpx
except ImportError:
    import httpx

GOLDEN = Path(__file__).parent / "golden"
JSON, EVENTS = "application/json", "text/event-stream; charset=utf-8"
checked = 0


def golden(name):
    return (GOLDEN / name).read_text()


def check(true, what):
    global checked
    checked += 1
    if not true:
        print(f"wrong: {what}")
        sys.exit(1)


def strict(model, data, beyond=()):
    """The document as the client's own type, without conversions and without fields unknown to it."""
    read = TypeAdapter(model).validate_python(data, strict=True)
    unknown = set(extra(read)) - set(beyond)
    check(not unknown, f"{model.__name__} does not know {unknown}")
    return read


def extra(read):
    """The names of all fields, at any depth, that the client's types do not know."""
    if isinstance(read, BaseModel):
        yield from read.model_extra or {}
        read = list(dict(read).values())
    if isinstance(read, list):
        for part in read:
            yield from extra(part)


def client(status, media, body, headers=None):
    """A client that gets this answer, and a list of the requests that it sends."""
    requests = []

    def answer(request):
        request.read()
        requests.append(request)
        told = {"content-type": media, **(headers or {})}
        return httpx.Response(status, content=body.encode(), headers=told)

    made = httpx.Client(transport=httpx.MockTransport(answer))
    return OpenAI(api_key="key", base_url="http://offhook/v1", http_client=made, max_retries=0), requests


CHAT = dict(
    model="front-desk",
    messages=[
        {"role": "developer", "content": "You answer the phone."},
        {"role": "user", "content": "When are you open?"},
        {"role": "assistant", "content": "Until six."},
        {"role": "user", "content": [{"type": "text", "text": text} for text in ["And on", "Sunday?"]]},
    ],
    max_completion_tokens=64,
    temperature=0.7,
    top_p=0.9,
    seed=7,
    stop="\n\n",
    n=1,
    tools=[],
    user="caller",
    metadata={"call": "1"},
    store=False,
)


def events(name):
    return [event.removeprefix("data: ") for event in golden(name).strip().split("\n\n")]


def chat():
    whole = strict(ChatCompletion, json.loads(golden("chat.json")))
    api, _ = client(200, JSON, golden("chat.json"))
    answer = api.chat.completions.create(**CHAT)
    check(answer.choices[0].message.content == 'We are open\nuntil "six".', "the answer")
    check(answer == whole and answer.usage.prompt_tokens_details.cached_tokens == 8, "the usage")
    for name in ["chat.sse", "chat_usage.sse"]:
        read = events(name)
        check(read.pop() == "[DONE]", "the end of the stream")
        for event in read:
            strict(ChatCompletionChunk, json.loads(event))
        api, requests = client(200, EVENTS, golden(name))
        options = {"include_usage": name == "chat_usage.sse"}
        chunks = list(api.chat.completions.create(stream=True, stream_options=options, **CHAT))
        text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        check(text == 'We are open\n\nuntil "six". data: [DONE]', "the text of the stream")
        ends = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
        check(ends[-1] == "length" and not any(ends[:-1]), "the end")
        usage = chunks[-1].usage
        check((usage.total_tokens == 17) if options["include_usage"] else usage is None, "the usage")
        # The helper on top of it puts the pieces together, and is stricter about their order.
        api, _ = client(200, EVENTS, golden(name))
        with api.chat.completions.stream(**CHAT) as stream:
            for event in stream:
                if event.type == "content.delta":
                    check('We are open\n\nuntil "six". data: [DONE]'.startswith(event.snapshot), "a piece")
            try:
                stream.get_final_completion()
            except openai.LengthFinishReasonError:
                pass
    api, _ = client(200, EVENTS, golden("chat_broken.sse"))
    pieces = []
    try:
        for chunk in api.chat.completions.create(stream=True, **CHAT):
            pieces.append(chunk)
        check(False, "a broken stream went unnoticed")
    except openai.APIError as error:
        check(len(pieces) == 2 and error.type == "server_error", "a broken stream")
    return json.loads(requests[0].content)


def errors():
    kinds = {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        404: openai.NotFoundError,
        429: openai.RateLimitError,
        500: openai.InternalServerError,
        503: openai.InternalServerError,
    }
    for line in golden("errors.txt").splitlines():
        status, retry, body = line.split(" ", 2)
        told = strict(ErrorObject, json.loads(body)["error"])
        headers = {} if retry == "-" else {"retry-after": retry}
        api, requests = client(int(status), JSON, body, headers)
        try:
            api.chat.completions.create(**CHAT)
            check(False, f"{status} went unnoticed")
        except openai.APIStatusError as error:
            check(isinstance(error, kinds.get(int(status), openai.APIStatusError)), f"the kind of {status}")
            check((error.code, error.param, error.type) == (told.code, told.param, told.type), body)
            check(told.message in error.message, body)
            if retry != "-":
                check(api._parse_retry_after_header(error.response.headers) == float(retry), "the wait")


def models():
    for data in json.loads(golden("models.json"))["data"] + [json.loads(golden("model.json"))]:
        strict(Model, data)
    api, _ = client(200, JSON, golden("models.json"))
    check([model.id for model in api.models.list()] == ["front-desk", "whisper-tiny.en"], "the models")
    api, _ = client(200, JSON, golden("model.json"))
    check(api.models.retrieve("front-desk").owned_by == "offhook", "the model")


def speech():
    # The client has no types for these events (OpenAPI: SpeechAudioDeltaEvent, SpeechAudioDoneEvent).
    first, second, done = (json.loads(event) for event in events("speech.sse"))
    check(set(first) == {"type", "audio"} and first["type"] == "speech.audio.delta", "a piece of audio")
    check(base64.b64decode(first["audio"], validate=True) == b"\x00\xff>", "the audio")
    check(base64.b64decode(second["audio"], validate=True) == b"RIFF", "the audio")
    usage = {"input_tokens": 3, "output_tokens": 40, "total_tokens": 43}
    check(done == {"type": "speech.audio.done", "usage": usage}, "the end of the audio")
    api, requests = client(200, EVENTS, golden("speech.sse"))
    answer = api.audio.speech.create(
        model="flite",
        input="Hello.",
        voice={"id": "voice_1"},
        instructions="Friendly.",
        response_format="wav",
        speed=1.25,
        stream_format="sse",
        extra_body={"pitch": 2},
    )
    check(answer.text == golden("speech.sse"), "the events")
    return json.loads(requests[0].content)


def transcriptions():
    asked = dict(model="whisper-tiny.en", file=("a.wav", b"RIFF"), language="en", prompt="offhook")
    asked["temperature"] = 0.2
    strict(Transcription, json.loads(golden("transcription.json")))
    api, _ = client(200, JSON, golden("transcription.json"))
    answer = api.audio.transcriptions.create(**asked)
    check(answer.text.startswith("Good morning.") and answer.usage.seconds == 3662, "the text")
    for name, has in [("verbose", (True, False)), ("words", (False, True)), ("both", (True, True))]:
        # `task` is in all answers of OpenAI, and in no type of the client.
        data = json.loads(golden(f"transcription_{name}.json"))
        strict(TranscriptionVerbose, data, beyond=["task"])
        api, requests = client(200, JSON, golden(f"transcription_{name}.json"))
        answer = api.audio.transcriptions.create(
            response_format="verbose_json", timestamp_granularities=["word", "segment"], **asked
        )
        check((answer.segments is not None, answer.words is not None) == has, f"the parts of {name}")
    for format, name in [("text", "txt"), ("srt", "srt"), ("vtt", "vtt")]:
        api, _ = client(200, "text/plain; charset=utf-8", golden(f"transcription.{name}"))
        answer = api.audio.transcriptions.create(response_format=format, **asked)
        check(answer == golden(f"transcription.{name}"), f"the text of {format}")
    read = events("transcription.sse")
    check(read.pop() == "[DONE]", "the end of the stream")
    for event in read[:-1]:
        strict(TranscriptionTextDeltaEvent, json.loads(event))
    strict(TranscriptionTextDoneEvent, json.loads(read[-1]))
    api, _ = client(200, EVENTS, golden("transcription.sse"))
    stream = list(api.audio.transcriptions.create(stream=True, response_format="json", **asked))
    check("".join(event.delta for event in stream[:-1]) == stream[-1].text, "the texts of the stream")
    return form(requests[0])


def form(request):
    """The text fields of a form, in their order."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + request.content, policy=HTTP).iter_parts()
    fields = []
    for part in parts:
        if part.get_filename() is None:
            name = part.get_param("name", header="content-disposition")
            fields.append([name, part.get_payload(decode=True).decode().rstrip("\r\n")])
    return fields


def main():
    sent = {"chat": chat(), "speech": speech(), "transcription": transcriptions()}
    errors()
    models()
    for name, request in sent.items():
        path = GOLDEN / f"sent_{name}.json"
        if "--record" in sys.argv:
            path.write_text(json.dumps(request, indent=1) + "\n")
        check(json.loads(path.read_text()) == request, f"{path.name}: this client sends something else")
    print(f"openai {openai.__version__}: {checked} checks passed")


if __name__ == "__main__":
    main()
