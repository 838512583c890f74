"""Counts the answers with the right facts, and the right calls of tools.

Of each, two sets: generated dialogues about businesses that were never seen,
half of them with words that training never uses, and sentences written by
hand.  `calling.py` counts the calls.
"""

import argparse
import collections
import functools
import json
import pathlib
import random
import time

import torch

import calling
import gguf_model
from dialogues import Dialogue, Turn, normal
from grammar import Grammar, said
from promises import promise
from scores import Score, in_parts
from tokenizer import Tokenizer

# Answers in which nothing has to be read or copied do not count as facts.
NO_FACT = {"late", "call_back", "human", "thanks", "bye", "yes", "no",
           "how_are_you", "wait", "off_topic", "nonsense", "unfinished",
           "today", "cancel", "move", "give time", "never_told"}
LONGEST = 160  # tokens of an answer
# Kinds with fewer cases are listed, but not judged by their share.
ENOUGH = 30


def contains(text, words):
    """Whether the words stand in the text, as whole words."""
    text = text.replace(": ", " ")
    return f" {normal(words)} " in f" {normal(text)} "


def held(tokenizer, turns, to_words=False):
    """Chooses tokens that the tools of a prompt allow; None without tools.

    With `to_words`, arguments are words that the caller has said.
    """
    grammar = Grammar(turns[0].text, said(turns) if to_words else None)
    if not grammar.forms:
        return None

    def choose(logits, out):
        for token in logits.argsort(descending=True).tolist():
            ends = token == tokenizer.end
            text = tokenizer.model.decode(out if ends else out + [token])
            if grammar.allows(text, ends):
                return token
        return tokenizer.end

    return choose


def answer(model, tokenizer, turns, to_words=False):
    """The model's answer after the given turns; "" if they are too long."""
    ids, _ = tokenizer.encode(turns, answer_next=True)
    if len(ids) > model.config.context - LONGEST:
        return ""
    return tokenizer.decode(model.generate(
        ids, tokenizer.end, choose=held(tokenizer, turns, to_words)))


class Listener:
    """Answers at several places of one dialogue without reading it anew."""

    def __init__(self, model, tokenizer, to_words=False):
        self.model, self.tokenizer = model, tokenizer
        self.to_words = to_words
        self.cache, self.read = {}, 0

    @torch.no_grad()
    def answer(self, turns):
        """The answer after the given turns; they must only grow."""
        ids, _ = self.tokenizer.encode(turns, answer_next=True)
        fresh = torch.tensor([ids[self.read:-1]])
        self.model.hidden(fresh, self.cache, self.read)
        self.read = len(ids) - 1
        return self.tokenizer.decode(self.model.generate(
            ids[-1:], self.tokenizer.end, cache=self.cache, start=self.read,
            choose=held(self.tokenizer, turns, self.to_words)))


def trade(dialogue):
    """`dentist`, `other`, `made up` or `unseen`."""
    kind = dialogue.shop.kind
    return kind if kind in ("dentist", "made up", "unseen") else "other"


def result(score, cases, **counts):
    """The figures of a set."""
    return {**counts, "share": score.share(cases),
            "promises": score.promises,
            "categories": {name: score.of(name) for name in score.total}}


def show_wrong(score, count):
    """Print wrong answers."""
    for question, text, wanted in score.wrong[:count]:
        print(f"  caller: {question}\n    got:  {text}\n    want: {wanted}")


def unseen_dialogues(count, seed, part, jobs, **desk):
    """Every `jobs`-th dialogue with unseen facts, and how it is unseen."""
    rng = random.Random(seed)
    for index in range(count):
        dialogue = Dialogue(rng, unseen=bool(index % 2), **desk)
        if index % jobs == part:
            yield dialogue, "new words" if index % 2 else "new combinations"


def score_facts(model, tokenizer, dialogues):
    """Answers with all facts.

    The history of each answer is the generated one, not the model's own.
    """
    score = Score()
    for dialogue, words in dialogues:
        listener = Listener(model, tokenizer)
        for place, turn in enumerate(dialogue.turns):
            if turn.role != "assistant" or not turn.learn or not turn.facts:
                continue
            text = listener.answer(dialogue.turns[:place])
            good = all(contains(text, fact) for fact in turn.fact_texts())
            if promise(text):
                score.promises.append(text)
            names = [turn.topic, "all answers", f"trade {trade(dialogue)}"]
            if turn.topic not in NO_FACT:
                names += ["facts", words]
            score.add(names, good)
            if not good:
                score.wrong.append((dialogue.turns[place - 1].text, text,
                                    turn.text))
    return score


def score_dialogues(model, tokenizer, count=200, seed=1234, jobs=1, show=0):
    """Share of answers with all facts, in dialogues with unseen facts."""
    if jobs == 1:
        score = score_facts(model, tokenizer, unseen_dialogues(
            count, seed, 0, 1))
    else:
        score = in_parts(lambda *part: score_facts(
            model, tokenizer, unseen_dialogues(count, seed, *part)), jobs)
    show_wrong(score, show)
    return result(score, "facts", dialogues=count,
                  answers=score.total["facts"])


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


def set_of_tools(documented):
    """Right calls in generated dialogues, at desks whose tools have this
    share of documented names."""
    def count(model, tokenizer, args):
        score = in_parts(
            lambda *part: calling.score_calls(
                model, tokenizer,
                functools.partial(Listener, to_words=args.said), contains,
                unseen_dialogues(
                    args.dialogues, args.seed + 1, *part, tools=True,
                    documented=documented)),
            args.jobs)
        show_wrong(score, args.show)
        return result(score, "calls", dialogues=args.dialogues,
                      calls=score.total["calls"])
    return count


def set_of_handwritten_tools(model, tokenizer, args):
    """Right answers in the dialogues with tools that are written by hand."""
    rows = map(json.loads, args.handwritten.read_text().splitlines())
    score = calling.score_handwritten_calls(
        args.handwritten_tools,
        {row["sheet"]: row for row in rows if "text" in row},
        lambda turns: answer(model, tokenizer, turns, args.said), fulfils)
    show_wrong(score, args.show and len(score.wrong))
    return result(score, "all", dialogues=score.total["all"])


def set_of_facts(model, tokenizer, args):
    """Right facts in generated dialogues without tools."""
    return score_dialogues(model, tokenizer, args.dialogues, args.seed,
                           args.jobs, args.show)


def set_of_handwritten(model, tokenizer, args):
    """Right answers to the sentences that are written by hand."""
    return score_handwritten(model, tokenizer, args.handwritten,
                             args.show > 0)


# Name in the results, title, what is counted, and how.
SETS = {
    "unseen_facts": ("unseen facts", "answers", set_of_facts),
    "handwritten": ("hand-written sentences", "sentences",
                    set_of_handwritten),
    "tools": ("calls of tools", "calls", set_of_tools(1)),
    "renamed_tools": ("calls of tools with other names", "calls",
                      set_of_tools(0)),
    "handwritten_tools": ("hand-written dialogues with tools", "dialogues",
                          set_of_handwritten_tools)}


def main():
    """Evaluate a GGUF file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    here = pathlib.Path(__file__).parent
    parser.add_argument("--gguf", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, default="work")
    parser.add_argument("--handwritten", type=pathlib.Path,
                        default=here / "handwritten.jsonl")
    parser.add_argument("--handwritten-tools", type=pathlib.Path,
                        default=here / "handwritten_tools.jsonl")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS,
                        help="what is counted; default: everything")
    parser.add_argument("--write-cases", type=pathlib.Path, metavar="FILE",
                        help="write moments of unseen dialogues with tools "
                        "for the tests of the runtime, and end")
    parser.add_argument("--cases", type=int, default=40,
                        help="how many")
    parser.add_argument("--check", action="store_true",
                        help="compare the ids with those of the "
                        "SentencePiece model in the work folder")
    parser.add_argument("--said", action="store_true",
                        help="hold the arguments of calls to the words of "
                        "the caller, which the runtime does not")
    parser.add_argument("--dialogues", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--jobs", type=int, default=1,
                        help="processes that share the dialogues")
    parser.add_argument("--show", type=int, default=0,
                        help="print this many wrong answers, and the "
                        "wrong hand-written ones")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    if args.write_cases:
        rows = calling.cases(args.cases, args.seed + 2)
        args.write_cases.write_text(
            "".join(json.dumps(row) + "\n" for row in rows))
        return
    torch.set_num_threads(1)
    tokenizer = Tokenizer(args.gguf)
    trained = args.work / "tokenizer.model"
    if trained.exists() and args.check:
        count = gguf_model.check_tokenizer(args.gguf, Tokenizer(trained))
        print(f"GGUF vocabulary gives the same ids in {count} prompts")
    model = gguf_model.load(args.gguf)
    start = time.time()
    sets = {}
    for name in args.sets:
        title, cases, count = SETS[name]
        sets[name] = count(model, tokenizer, args)
        report(title, sets[name], sets[name][cases])
    low = {name: f"{good / count:.0%}" for part in sets.values()
           for name, (good, count) in sorted(part["categories"].items())
           if count >= ENOUGH and good < 0.9 * count}
    print(f"kinds of {ENOUGH} or more cases below 90 %: {low or 'none'}")
    promises = [text for part in sets.values() for text in part["promises"]]
    print(f"promises of what does not exist: {len(promises)}")
    for text in promises[:args.show]:
        print(f"  {text}")
    print(f"{time.time() - start:.0f} seconds")
    if args.out:
        args.out.write_text(json.dumps(sets, indent=2) + "\n")


if __name__ == "__main__":
    main()
