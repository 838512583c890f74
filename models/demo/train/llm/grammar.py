"""Holds calls to the schemas of their tools, as the runtime does.

Of the most likely tokens, the first is taken with which a call can go on.  The
words before a call are free.  What the runtime allows beyond that (white space
elsewhere, several calls, escapes in texts) the model has never seen.
"""

import itertools
import json

import tools
from noise import strip_marks

TEXT = None  # stands for any text


def forms(name, parameters):
    """Each way in which a tool may be called: texts, and gaps for texts."""
    properties = parameters["properties"]
    needed = parameters.get("required", [])
    for chosen in itertools.product([True, False], repeat=len(properties)):
        keys = [key for key, yes in zip(properties, chosen) if yes]
        if set(needed) <= set(keys):
            for values in itertools.product(*(
                    properties[key].get("enum", [TEXT]) for key in keys)):
                yield form(name, keys, values)


def form(name, keys, values):
    """One way, with these arguments."""
    parts = [f'\n{{"name": "{name}", "arguments": {{']
    for place, (key, value) in enumerate(zip(keys, values)):
        parts[-1] += ", " * bool(place) + f'"{key}": "'
        if value is TEXT:
            parts += [TEXT, ""]
        else:
            parts[-1] += value
        parts[-1] += '"'
    parts[-1] += "}}" + tools.CLOSE
    return parts


def said(turns):
    """What the caller has said, as words without marks, with a space before
    each and behind the last."""
    return [f" {' '.join(strip_marks(turn.text).split())} "
            for turn in turns if turn.role == "user"
            and not turn.text.startswith("<tool_response>")]


def was_said(value, texts, whole):
    """Whether somebody has said these words one behind the other; the last
    may go on if they are not whole."""
    words = " " + strip_marks(value) + " " * whole
    return not value or value[0].isalnum() and any(
        words in text for text in texts)


def goes_on(parts, text, texts=None):
    """Whether a text is the beginning of this form; 2 if it is all of it.

    With `texts`, arguments are words that stand in one of them.
    """
    for part in parts:
        if part is TEXT:
            end = text.find('"')
            value = text if end < 0 else text[:end]
            if any(c in value for c in "\n\\") or \
                    texts is not None and not was_said(
                        value, texts, end >= 0):
                return 0
            if end < 0:
                return 1
            text = text[end:]
        elif text.startswith(part):
            text = text[len(part):]
        else:
            return int(part.startswith(text))
    return 2 if not text else 0


class Grammar:
    """What may follow in an answer at a desk with these tools."""

    def __init__(self, system, texts=None):
        self.forms, self.texts = [], texts
        if "<tools>\n" in system:
            listed = system.split("<tools>\n")[1].split("\n</tools>")[0]
            for line in listed.split("\n"):
                tool = json.loads(line)["function"]
                self.forms += forms(tool["name"], tool["parameters"])

    def allows(self, text, ends):
        """Whether an answer may begin so, or end so."""
        _, mark, call = text.partition(tools.OPEN)
        if not mark or not self.forms:
            return True
        found = max(goes_on(parts, call, self.texts) for parts in self.forms)
        return found == 2 if ends else found > 0
