"""Talks to the exported model in writing: one caller's sentence per line.

With `--tools`, the desk has four tools, and all of them work.
"""

import argparse
import pathlib
import sys

import torch

import gguf_model
import tools
from dialogues import Turn
from evaluate import Listener
from tokenizer import Tokenizer

SHEET = (
    "You are the front desk of Green Street Dental Clinic. Hours: Monday to "
    "Thursday eight thirty to five, Friday eight to two, Saturday ten to one, "
    "Sunday closed. Address: forty two Green Street. Parking: behind the "
    "building. Prices: cleaning ninety dollars, checkup sixty dollars, "
    "filling one hundred eighty dollars, whitening three hundred dollars. "
    "Dentist: Doctor Taylor. Phone: five five five zero one four two. "
    "Insurance: yes. Payment: card and cash. New patients: yes.")
TOOLS = [
    tools.signature(
        "take_message", "Write down a message for the practice, once the "
        "caller has told it.", tools.described(
            name="the caller's name",
            message="what the caller wants to tell")),
    tools.signature(
        "book", "Write down an appointment that the caller wants.",
        tools.described(day="the day", time="the time of day",
                        name="the caller's name")),
    tools.signature("transfer", "Connect the caller with somebody else.",
                    tools.choice(["doctor", "reception"])),
    tools.signature("hang_up", "End the call, once everything is said.",
                    tools.NOTHING)]
GREETING = "Hello, this is Green Street Dental Clinic. How can I help you?"


def main():
    """Answer the lines of the standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=pathlib.Path,
                        default="../../phi3-frontdesk.gguf")
    parser.add_argument("--sheet", default=SHEET, help="the system prompt")
    parser.add_argument("--greeting", default=GREETING)
    parser.add_argument("--tools", action="store_true")
    args = parser.parse_args()
    if args.tools:
        args.sheet += "\n\n" + tools.instructions(TOOLS)
    torch.set_num_threads(1)
    listener = Listener(gguf_model.load(args.gguf),
                        Tokenizer(args.gguf))
    turns = [Turn("system", args.sheet), Turn("assistant", args.greeting)]
    for line in sys.stdin:
        turns.append(Turn("user", line.strip()))
        text = listener.answer(turns)
        turns.append(Turn("assistant", text))
        print(f"caller: {line.strip()}\ndesk:   {text}", flush=True)
        for name, arguments in tools.calls(text)[1]:
            if arguments:
                done = tools.CONNECTED if "to" in arguments else tools.DONE
                turns.append(Turn("user", tools.result(done)))
                text = listener.answer(turns)
                turns.append(Turn("assistant", text))
                print(f"{name}: {done}\ndesk:   {text}", flush=True)


if __name__ == "__main__":
    main()
