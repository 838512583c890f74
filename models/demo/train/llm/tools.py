"""Tools, in the text in which the runtime tells a model of them.

The same form as in `crates/core/src/dialogue/tools.rs`: `instructions` stands
behind the system prompt, `written` is a call at the end of an answer, and
`result` is what a tool has brought, as words of the user.
"""

import json

OPEN, CLOSE = "<tool_call>", "\n</tool_call>"
DONE = "It is written down."
CONNECTED = "The caller is being transferred."


def signature(name, description, parameters):
    """One tool as the prompt has it, in one line of JSON."""
    tool = {"type": "function", "function": {
        "name": name, "description": description, "parameters": parameters}}
    return json.dumps(tool, separators=(",", ":"), ensure_ascii=False)


def instructions(signatures):
    """What the system prompt says of the tools."""
    lines = "\n".join(signatures)
    return (
        "# Tools\n\nYou may call one or more functions to assist with the "
        "user query.\n\nYou are provided with function signatures within "
        f"<tools></tools> XML tags:\n<tools>\n{lines}\n</tools>\n\nFor each "
        "function call, return a json object with function name and "
        "arguments within <tool_call></tool_call> XML tags:\n"
        f"{OPEN}\n{{\"name\": <function-name>, \"arguments\": "
        f"<args-json-object>}}{CLOSE}")


def written(name, arguments):
    """A call, as a model writes it; `arguments` is JSON."""
    return (f"{OPEN}\n{{\"name\": \"{name}\", \"arguments\": {arguments}}}"
            f"{CLOSE}")


def result(text):
    """What a tool has brought, as a model reads it."""
    return f"<tool_response>\n{text}\n</tool_response>"


def calls(text):
    """The words of an answer, and its calls as (name, arguments).

    A call that is no JSON is (None, {}).
    """
    words, *rest = text.split(OPEN)
    found = []
    for part in rest:
        try:
            call = json.loads(part.split("</tool_call>")[0])
            found.append((call["name"], dict(call["arguments"])))
        except (ValueError, KeyError, TypeError):
            found.append((None, {}))
    return words.strip(), found


def schema(properties, required=None):
    """The schema of arguments, as the short form of the configuration makes.

    With `required`, it is one that is written out and has arguments that may
    be missing.
    """
    if required is None:
        return {"type": "object", "properties": properties,
                "required": list(properties), "additionalProperties": False}
    return {"type": "object", "properties": properties, "required": required}


def described(**parameters):
    """The schema of arguments that are texts, each with what it means."""
    return schema({name: {"type": "string", "description": about}
                   for name, about in parameters.items()})


def choice(names):
    """The schema of a transfer: one of these names."""
    return {"type": "object", "properties": {"to": {"enum": list(names)}},
            "required": ["to"], "additionalProperties": False}


NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}
