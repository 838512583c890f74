"""Counts the answers with the right facts.

Two sets: generated dialogues about businesses that were never seen, half of
them with words that training never uses, and sentences written by hand.
"""

import argparse
import collections
import json
import pathlib
import random
import time

import torch

import gguf_model
from dialogues import Dialogue, Turn, normal
from promises import promise
from tokenizer import Tokenizer

# Answers in which nothing has to be read or copied do not count as facts.
NO_FACT = {"late", "call_back", "human", "thanks", "bye", "yes", "no",
           "how_are_you", "wait", "off_topic", "nonsense", "unfinished",
           "today", "cancel", "move", "give time", "never_told"}
# Kinds with fewer cases are listed, but not judged by their share.
ENOUGH = 30


def contains(text, words):
    """Whether the words stand in the text, as whole words."""
    return f" {normal(words)} " in f" {normal(text)} "


def answer(model, tokenizer, turns):
    """The model's answer after the given turns."""
    ids, _ = tokenizer.encode(turns, answer_next=True)
    return tokenizer.decode(model.generate(ids, tokenizer.end))


class Listener:
    """Answers at several places of one dialogue without reading it anew."""

    def __init__(self, model, tokenizer):
        self.model, self.tokenizer = model, tokenizer
        self.cache, self.read = {}, 0

    @torch.no_grad()
    def answer(self, turns):
        """The answer after the given turns; they must only grow."""
        ids, _ = self.tokenizer.encode(turns, answer_next=True)
        fresh = torch.tensor([ids[self.read:-1]])
        self.model.hidden(fresh, self.cache, self.read)
        self.read = len(ids) - 1
        return self.tokenizer.decode(self.model.generate(
            ids[-1:], self.tokenizer.end, cache=self.cache, start=self.read))


def trade(dialogue):
    """`dentist`, `other`, `made up` or `unseen`."""
    kind = dialogue.shop.kind
    return kind if kind in ("dentist", "made up", "unseen") else "other"


def score_dialogues(model, tokenizer, count=200, seed=1234, show=0):
    """Share of answers with all facts, in dialogues with unseen facts.

    The history of each answer is the generated one, not the model's own.
    """
    rng = random.Random(seed)
    right, total = collections.Counter(), collections.Counter()
    wrong, promises = [], []
    for index in range(count):
        words = "new words" if index % 2 else "new combinations"
        dialogue = Dialogue(rng, unseen=bool(index % 2))
        listener = Listener(model, tokenizer)
        for place, turn in enumerate(dialogue.turns):
            if turn.role != "assistant" or not turn.learn or not turn.facts:
                continue
            text = listener.answer(dialogue.turns[:place])
            good = all(contains(text, fact) for fact in turn.fact_texts())
            if promise(text):
                promises.append(text)
            names = [turn.topic, "all answers", f"trade {trade(dialogue)}"]
            if turn.topic not in NO_FACT:
                names += ["facts", words]
            for name in names:
                total[name] += 1
                right[name] += good
            if not good:
                wrong.append((dialogue.turns[place - 1].text, text,
                              turn.text))
    for question, text, wanted in wrong[:show]:
        print(f"  caller: {question}\n    got:  {text}\n    want: {wanted}")
    return {"dialogues": count, "answers": total["facts"],
            "share": right["facts"] / total["facts"], "promises": promises,
            "categories": {name: [right[name], total[name]]
                           for name in total}}


def handwritten_cases(path):
    """The hand-written callers' sentences with their fact sheets."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    sheets = {row["sheet"]: row for row in rows if "text" in row}
    for row in rows:
        if "user" not in row:
            continue
        sheet = sheets[row["sheet"]]
        greeting = f"Hello, this is {sheet['name']}. How can I help you?"
        turns = [Turn("system", sheet["text"]), Turn("assistant", greeting)]
        turns += [Turn(*pair) for pair in row.get("history", [])]
        yield row, turns + [Turn("user", row["user"])]


def fulfils(row, text):
    """Whether an answer has what a hand-written case asks for."""
    for wanted in row.get("must", []):
        choices = [wanted] if isinstance(wanted, str) else wanted
        if not any(contains(text, choice) for choice in choices):
            return False
    return bool(text) and not any(
        contains(text, word) for word in row.get("must_not", []))


def score_handwritten(model, tokenizer, path, show=False):
    """Share of right answers to the hand-written sentences."""
    right, total = collections.Counter(), collections.Counter()
    promises = []
    for row, turns in handwritten_cases(path):
        text = answer(model, tokenizer, turns)
        good = fulfils(row, text)
        if promise(text):
            promises.append(text)
        total[row["category"]] += 1
        right[row["category"]] += good
        if show and not good:
            print(f"  {row['category']}, {row['sheet']}: {row['user']}\n"
                  f"    got:  {text}\n    must: {row.get('must')}")
    return {"sentences": sum(total.values()),
            "share": sum(right.values()) / sum(total.values()),
            "promises": promises,
            "categories": {name: [right[name], total[name]]
                           for name in total}}


def report(title, result, cases):
    """Print the table of one set."""
    print(f"{title}: {result['share']:.1%} of {cases}")
    for name, (good, count) in sorted(result["categories"].items()):
        print(f"  {name:18} {good:4} of {count:4} ({good / count:.1%})")


def main():
    """Evaluate a GGUF file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    here = pathlib.Path(__file__).parent
    parser.add_argument("--gguf", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, default="work")
    parser.add_argument("--handwritten", type=pathlib.Path,
                        default=here / "handwritten.jsonl")
    parser.add_argument("--check", action="store_true",
                        help="compare the ids with those of the "
                        "SentencePiece model in the work folder")
    parser.add_argument("--dialogues", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--show", type=int, default=0,
                        help="print this many wrong answers, and the "
                        "wrong hand-written ones")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer(args.gguf)
    trained = args.work / "tokenizer.model"
    if trained.exists() and args.check:
        count = gguf_model.check_tokenizer(args.gguf, Tokenizer(trained))
        print(f"GGUF vocabulary gives the same ids in {count} prompts")
    model = gguf_model.load(args.gguf)
    start = time.time()
    hand = score_handwritten(model, tokenizer, args.handwritten,
                             args.show > 0)
    unseen = score_dialogues(model, tokenizer, args.dialogues, args.seed,
                             args.show)
    report("hand-written sentences", hand, hand["sentences"])
    report("unseen facts", unseen, unseen["answers"])
    low = {name: f"{good / count:.0%}" for name, (good, count)
           in sorted(unseen["categories"].items())
           if count >= ENOUGH and good < 0.9 * count}
    print(f"kinds of {ENOUGH} or more cases below 90 %: {low or 'none'}")
    promises = hand["promises"] + unseen["promises"]
    print(f"promises of what does not exist: {len(promises)}")
    for text in promises[:args.show]:
        print(f"  {text}")
    print(f"{time.time() - start:.0f} seconds")
    if args.out:
        args.out.write_text(json.dumps(
            {"unseen_facts": unseen, "handwritten": hand}, indent=2) + "\n")


if __name__ == "__main__":
    main()
