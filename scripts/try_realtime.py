#!/usr/bin/env python3
"""Holds a voice session with OpenAI's own Python package: a recorded caller asks, is answered, and cuts in; a line is
typed; a function is called; mistakes are told. Audio goes out and is "played" at the pace of speech, as a program
with a microphone does it.

usage: scripts/try_realtime.py        (the program is target/release/offhook, or $OFFHOOK)

The package is installed from PyPI into target/openai-venv, once. Ends with 1 if something is wrong."""

import array
import asyncio
import base64
import json
import sys
import time
import wave

from try_openai import ROOT, check, server, with_package

RATE = 24_000
FRAME = RATE // 50
PATIENCE_S = 20


def recording(name):
    """A recorded caller at 24 kHz."""
    with wave.open(str(ROOT / "models/demo/callers" / name)) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    return [samples[i] + (samples[min(i + 1, len(samples) - 1)] - samples[i]) * k // 3
            for i in range(len(samples)) for k in range(3)]


class Caller:
    """The client: sends 20 ms every 20 ms, speech or silence, and plays what comes."""

    def __init__(self, connection):
        self.connection = connection
        self.speech = []
        self.events = []
        self.news = asyncio.Condition()
        self.item, self.began, self.sent_ms = None, 0.0, 0.0

    def playing_ms(self):
        """How much of the item was heard so far."""
        return int(min((time.monotonic() - self.began) * 1000, self.sent_ms)) if self.item else 0

    async def talk(self):
        due = time.monotonic()
        while True:
            frame, self.speech = self.speech[:FRAME], self.speech[FRAME:]
            audio = array.array("h", frame + [0] * (FRAME - len(frame))).tobytes()
            await self.connection.input_audio_buffer.append(audio=base64.b64encode(audio).decode())
            due += 0.02
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def listen(self):
        async for event in self.connection:
            if event.type == "response.output_audio.delta":
                if self.item != event.item_id:
                    self.item, self.began, self.sent_ms = event.item_id, time.monotonic(), 0.0
                self.sent_ms += len(base64.b64decode(event.delta)) / 2 / RATE * 1000
            if event.type == "input_audio_buffer.speech_started" and self.playing_ms() < self.sent_ms:
                heard = self.playing_ms()
                await self.connection.conversation.item.truncate(
                    item_id=self.item, content_index=0, audio_end_ms=heard)
            async with self.news:
                self.events.append((time.monotonic(), event))
                self.news.notify_all()

    async def until(self, kind, after=0):
        """The first event of a kind that came as number `after` or later."""
        def found():
            return next((known for known in self.events[after:] if known[1].type == kind), None)
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(found), PATIENCE_S)
        return found()


async def trials(openai, client):
    async with client.realtime.connect(model="default") as connection:
        caller = Caller(connection)
        listening = asyncio.create_task(caller.listen())
        _, created = await caller.until("session.created")
        yield "a session is created", created.session.type == "realtime"
        form = {"type": "audio/pcm", "rate": RATE}
        await connection.session.update(session={
            "type": "realtime", "audio": {"input": {"format": form}, "output": {"format": form, "voice": "marin"}}})
        await caller.until("session.updated")
        talking = asyncio.create_task(caller.talk())

        caller.speech = recording("3.wav")
        _, heard = await caller.until("conversation.item.input_audio_transcription.completed")
        yield f"the caller is heard: {heard.transcript!r}", "cleaning" in heard.transcript.lower()
        stopped = [at for at, event in caller.events if event.type == "input_audio_buffer.speech_stopped"][-1]
        first, _ = await caller.until("response.output_audio.delta")
        yield f"and answered {1000 * (first - stopped):.0f} ms after the pause was told", first - stopped < 2
        _, done = await caller.until("response.done")
        words = done.response.output[0].content[0].transcript
        yield f"to the end: {words!r}", done.response.status == "completed" and "ninety" in words
        yield "with the tokens that it took", done.response.usage.output_tokens > 0

        seen = len(caller.events)
        caller.speech = recording("4.wav")
        await caller.until("response.output_audio.delta", seen)
        await asyncio.sleep(0.6)
        cut, seen_cut = time.monotonic(), len(caller.events)
        caller.speech = recording("2.wav")
        started, _ = await caller.until("input_audio_buffer.speech_started", seen_cut)
        yield f"a caller who cuts in: silence is asked for after {1000 * (started - cut):.0f} ms", started - cut < 1
        _, truncated = await caller.until("conversation.item.truncated", seen_cut)
        _, cancelled = await caller.until("response.done", seen_cut)
        yield "the answer is cancelled", (cancelled.response.status == "cancelled"
                                          and cancelled.response.status_details.reason == "turn_detected")
        kept = cancelled.response.output[0].content[0].transcript
        yield f"after {truncated.audio_end_ms} ms it keeps what was heard: {kept!r}", len(kept) < 60
        _, answer = await caller.until("response.done", caller.events.index(
            next(known for known in caller.events if known[1] is cancelled)) + 1)
        yield "and the new question is answered", answer.response.status == "completed"

        seen = len(caller.events)
        await connection.conversation.item.create(item={
            "type": "message", "role": "user",
            "content": [{"type": "input_text", "text": "How much is a filling?"}]})
        await connection.response.create()
        _, typed = await caller.until("response.done", seen)
        words = typed.response.output[0].content[0].transcript
        yield f"typed words are answered: {words!r}", "one hundred eighty" in words

        seen = len(caller.events)
        day = {"type": "string", "enum": ["Monday", "Tuesday"]}
        # The demo model's context has room for a tool beside short instructions only.
        short = "You are a front desk."
        await connection.session.update(session={"type": "realtime", "instructions": short,
                                                 "tool_choice": "required", "tools": [{
            "type": "function", "name": "book", "description": "Books an appointment.",
            "parameters": {"type": "object", "properties": {"day": day}, "required": ["day"]}}]})
        await connection.conversation.item.create(item={
            "type": "message", "role": "user",
            "content": [{"type": "input_text", "text": "I would like to come on Tuesday."}]})
        await connection.response.create()
        _, called = await caller.until("response.function_call_arguments.done", seen)
        booked = json.loads(called.arguments)
        yield f"a function is called: {called.name}({called.arguments})", (
            called.name == "book" and booked["day"] in day["enum"] and len(booked) == 1)
        _, done = await caller.until("response.done", seen)
        yield "its item is in the response", done.response.output[-1].call_id == called.call_id
        seen = len(caller.events)
        await connection.session.update(session={"type": "realtime", "tool_choice": "none"})
        await connection.conversation.item.create(item={
            "type": "function_call_output", "call_id": called.call_id, "output": '{"booked": true}'})
        await connection.response.create()
        _, done = await caller.until("response.done", seen)
        words = done.response.output[0].content[0].transcript
        # The demo model knows no results of tools: it may talk until it has to stop.
        is_answer = done.response.status in ("completed", "incomplete")
        yield f"and its result is answered: {words!r}", is_answer and words

        seen = len(caller.events)
        await connection.send({"type": "input_audio_buffer.commit", "event_id": "mine"})
        _, error = await caller.until("error", seen)
        yield f"what is not done is told: {error.error.message!r}", error.error.event_id == "mine"
        listening.cancel()
        talking.cancel()
    try:
        async with client.realtime.connect(model="gpt-realtime"):
            yield "an unknown model is refused", False
    except Exception as error:
        yield f"an unknown model is refused: {type(error).__name__}", "404" in str(error)


async def drive(openai, address):
    client = openai.AsyncOpenAI(base_url=f"http://{address}/v1", api_key="any", max_retries=0)
    right = True
    async for what, holds in trials(openai, client):
        right &= check(what, holds)
    return right


def main():
    with_package(__file__, "openai[realtime]")
    import openai
    with server() as address:
        print(f"openai {openai.__version__} at http://{address}/v1/realtime")
        right = asyncio.run(drive(openai, address))
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
