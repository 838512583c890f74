"""Talks to the exported model in writing: one caller's sentence per line."""

import argparse
import pathlib
import sys

import torch

import gguf_model
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
GREETING = "Hello, this is Green Street Dental Clinic. How can I help you?"


def main():
    """Answer the lines of the standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=pathlib.Path,
                        default="../../phi3-frontdesk.gguf")
    parser.add_argument("--sheet", default=SHEET, help="the system prompt")
    parser.add_argument("--greeting", default=GREETING)
    args = parser.parse_args()
    torch.set_num_threads(1)
    listener = Listener(gguf_model.load(args.gguf),
                        Tokenizer(args.gguf))
    turns = [Turn("system", args.sheet), Turn("assistant", args.greeting)]
    for line in sys.stdin:
        turns.append(Turn("user", line.strip()))
        text = listener.answer(turns)
        turns.append(Turn("assistant", text))
        print(f"caller: {line.strip()}\ndesk:   {text}", flush=True)


if __name__ == "__main__":
    main()
