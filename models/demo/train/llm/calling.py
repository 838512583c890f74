"""Counts the right calls of tools, and what is promised without one.

Two sets: generated dialogues at desks whose tools, businesses and callers
were never seen, half of them with words that training never uses, and
dialogues written by hand.  The history of each answer is the right one.
"""

import json
import random

import tools
from dialogues import Dialogue, Turn, normal
from promises import promise
from scores import Score

GOOD = (tools.result(tools.CONNECTED), tools.result(tools.DONE))


def same_call(one, other):
    """Whether two calls do the same; words are compared without marks."""
    (name, arguments), (wanted, values) = one, other
    return name == wanted and arguments.keys() == values.keys() and all(
        normal(str(arguments[key])) == normal(str(value))
        for key, value in values.items())


def same_calls(one, other):
    """Whether an answer calls what it is to call, and nothing else."""
    return len(one) == len(other) and all(map(same_call, one, other))


def done_so_far(kinds, turns, text):
    """What tools do with this answer, or have done before: see promises."""
    done = {kinds.get(name) for name, _ in tools.calls(text)[1]}
    for call, brought in zip(turns, turns[1:]):
        is_result = brought.text.startswith("<tool_response>")
        if is_result and "It failed" not in brought.text:
            done |= {kinds.get(name) for name, _ in tools.calls(call.text)[1]}
    return {{"message": "note", "book": "note"}.get(kind, kind)
            for kind in done}


def broken_promise(kinds, turns, text):
    """What an answer promises that no tool does, or None."""
    words = tools.calls(text)[0]
    return promise(words, set(kinds.values()),
                   done_so_far(kinds, turns, text))


def score_calls(model, tokenizer, listener, contains, dialogues):
    """Right calls and answers in generated dialogues."""
    score = Score()
    for dialogue, words in dialogues:
        kinds = {tool.name: tool.kind for tool in dialogue.kit.all}
        if len(tokenizer.encode(dialogue.turns)[0]) > model.config.context:
            continue
        ear = listener(model, tokenizer)
        for place, turn in enumerate(dialogue.turns):
            if turn.role != "assistant" or not turn.learn:
                continue
            before = dialogue.turns[:place]
            text = ear.answer(before)
            wanted, got = tools.calls(turn.text)[1], tools.calls(text)[1]
            names = [turn.topic]
            if wanted:
                good = same_calls(got, wanted)
                names += ["calls", f"calls, {words}"]
            else:
                score.add(["no call where none belongs"], not got)
                good = not got and all(
                    contains(text, fact) for fact in turn.fact_texts())
                names += ["answers without a call"]
            score.add(names, good)
            if broken_promise(kinds, before, text):
                score.promises.append(text)
            if not good:
                score.wrong.append((before[-1].text, text, turn.text))
    return score


def handwritten_calls(path, sheets):
    """The dialogues written by hand, as turns."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    sets = {row["set"]: row for row in rows if "tools" in row}
    for row in rows:
        if "category" not in row:
            continue
        sheet, chosen = sheets[row["sheet"]], sets[row["set"]]
        about = tools.instructions(
            [tools.signature(**tool) for tool in chosen["tools"]])
        greeting = f"Hello, this is {sheet['name']}. How can I help you?"
        turns = [Turn("system", f"{sheet['text']}\n\n{about}"),
                 Turn("assistant", greeting)]
        for role, text, *called in row.get("history", []):
            for call in called:
                call = tools.written(call["name"],
                                     json.dumps(call["arguments"]))
                text = f"{text}\n{call}".strip()
            if role == "tool":
                role, text = "user", tools.result(text)
            turns.append(Turn(role, text))
        if row["user"]:
            turns.append(Turn("user", row["user"]))
        yield row, chosen["kinds"], turns


def score_handwritten_calls(path, sheets, answer, fulfils):
    """Right answers to the dialogues written by hand."""
    score = Score()
    for row, kinds, turns in handwritten_calls(path, sheets):
        text = answer(turns)
        words, got = tools.calls(text)
        wanted = [(row["call"]["name"], row["call"]["arguments"])] \
            if "call" in row else []
        good = same_calls(got, wanted) and (
            not (row.get("must") or row.get("must_not")) or
            fulfils(row, words))
        score.add([row["category"], "all", "calls" if wanted else
                   "answers without a call"], good)
        if broken_promise(kinds, turns, text):
            score.promises.append(text)
        if not good:
            wanted = row.get("call") or f"must: {row.get('must')}"
            score.wrong.append((turns[-1].text, text, str(wanted)))
    return score


def cases(count, seed, share=0.75):
    """Moments of unseen dialogues, for tests of the runtime itself.

    In `share` of them a tool is to be called.
    """
    rng = random.Random(seed)
    for index in range(count):
        calls = rng.random() < share
        while True:
            dialogue = Dialogue(rng, unseen=bool(index % 2), tools=True)
            places = [
                place for place, turn in enumerate(dialogue.turns)
                if turn.role == "assistant" and turn.learn
                and bool(tools.calls(turn.text)[1]) == calls]
            if places and not dialogue.kit.sorted:
                break
        place = rng.choice(places)
        system, about = dialogue.turns[0].text.split("\n\n# Tools\n\n")
        yield {"system": system,
               "about": "# Tools\n\n" + about if index < 3 else None,
               "tools": tools_of(about),
               "messages": [message(turn)
                            for turn in dialogue.turns[1:place]],
               "answer": dialogue.turns[place].text,
               "call": called(dialogue.turns[place].text)}


def tools_of(about):
    """The tools of the text of a prompt."""
    listed = about.split("<tools>\n")[1].split("\n</tools>")[0]
    return [json.loads(line)["function"] for line in listed.split("\n")]


def message(turn):
    """Role and text as the runtime keeps them."""
    text = turn.text
    if text.startswith("<tool_response>"):
        text = text.removeprefix("<tool_response>\n")
        return ["tool", text.removesuffix("\n</tool_response>")]
    return [turn.role, text]


def called(text):
    """The call of an answer."""
    found = tools.calls(text)[1]
    return {"name": found[0][0], "arguments": found[0][1]} if found else None
