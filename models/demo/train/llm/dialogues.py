"""Generated telephone dialogues between a caller and a front desk.

A dialogue is a list of turns.  In the answers the words that carry a fact are
remembered, so that training can weigh them and the evaluation can look for
them.  Run this file to read a few examples.
"""

import argparse
import json
import pathlib
import random
import re
from dataclasses import dataclass, field

import phrases
from acting import Acting
from booking import Booking
from chatter import Chatter
from facts import Business
from forms import Ears
from noise import recognised, strip_marks
from prompts import Prompt
from questions import FACT_INTENTS, Questions
from toolset import Toolset
from words import DAYS

GREETINGS = ["Hello, this is {}. How can I help you?"] * 4 + [
    "Thank you for calling {}. How can I help you?",
    "Good morning, {}, how can I help you?", "{}, how can I help you?",
    "Hi, you have reached {}. What can I do for you?"]
OTHER_INTENTS = {"hello": 1.5, "book": 11, "order": 4, "ask": 9, "name": 6,
                 "number": 5, "cancel": 2, "move": 2, "late": 1.5,
                 "call_back": 1, "human": 2.5, "robot": 1, "help": 1.2,
                 "repeat": 4, "keys": 4, "thanks": 2, "bye": 2, "yes": 1,
                 "no": 1, "how_are_you": 0.7, "wait": 0.7, "off_topic": 1.5,
                 "nonsense": 2, "unfinished": 4, "today": 1, "two": 5}
# How many times as often callers have an intent at a desk with tools, those
# for facts included.
WITH_TOOLS = {"book": 2.2, "late": 7, "call_back": 4, "human": 11, "ask": 0,
              "number": 0.3, "bye": 2, "keys": 0.4, "move": 1.5, "cancel": 1.5}
FACTS_WITH_TOOLS = 0.32


@dataclass
class Turn:
    """One turn; `facts` are character ranges of the text."""

    role: str
    text: str
    facts: list = field(default_factory=list)
    learn: bool = True
    finished: bool = True
    topic: str = ""

    def fact_texts(self):
        """The words that carry the facts."""
        return [self.text[a:b] for a, b in self.facts]


def marked(text):
    """Split an answer with [facts] into its text and the fact ranges."""
    plain, ranges = "", []
    for part in re.split(r"(\[[^]]*\])", text):
        if part.startswith("["):
            part = part[1:-1]
            ranges.append((len(plain), len(plain) + len(part)))
        plain += part
    return plain, ranges


def normal(text):
    """Lower case without punctuation, to compare sentences."""
    return " ".join(strip_marks(text.lower()).split())


def handwritten_texts():
    """The callers' sentences that must never be trained on."""
    here, texts = pathlib.Path(__file__).parent, set()
    for name in ("handwritten.jsonl", "handwritten_tools.jsonl"):
        for line in (here / name).read_text().splitlines():
            row = json.loads(line)
            if row.get("user"):
                texts.add(normal(row["user"]))
    return texts


class Dialogue(Acting, Questions, Booking, Chatter):
    """Builds one dialogue about one business, at a desk with or without
    tools."""

    excluded = handwritten_texts()

    def __init__(self, rng, unseen=False, richness=1.0, length=None,
                 focus=None, parts=None, tools=False, **kit):
        self.rng, self.focus = rng, focus or {}
        self.shop = Business(rng, unseen, richness, parts)
        self.writer, self.ears = Prompt(rng, self.shop), Ears(rng)
        self.kit = Toolset(rng, self.shop, unseen, **kit) if tools else None
        self.turns, self.needed = [], set()
        self.asking = self.last = None
        self.topic = ""
        if rng.random() < 0.6:
            self.greet()
        length = length or rng.randint(*((4, 9) if tools else (7, 15)))
        if tools and rng.random() < 0.04:
            length += 8
        for _ in range(length):
            if not self.over:
                self.exchange()
        if tools and not self.over and rng.random() < 0.4:
            self.topic = "bye"
            self.do_bye()
        prompt = self.writer.write(self.needed, richness)
        if self.kit:
            prompt = f"{prompt}\n\n{self.kit.text()}"
        self.turns.insert(0, Turn("system", prompt, learn=False))

    def greet(self):
        """The greeting that the product speaks first."""
        self.spoken(self.rng.choice(GREETINGS).format(self.shop.name))

    def spoken(self, text):
        """Something that the desk says and the model does not write."""
        self.turns.append(Turn("assistant", text, learn=False))
        self.last = text

    # How callers speak -------------------------------------------------

    def fill(self, templates, **values):
        """One of the sentences with its gaps filled."""
        shop = self.shop
        people = shop.data["people"]
        return self.rng.choice(templates).format(
            biz=shop.name, place=self.rng.choice(shop.data["place"]),
            role=self.rng.choice(shop.data["roles"]).lower(),
            people=people, one=people[:-1], **values)

    def wrap(self, text):
        """Put words before or after a sentence, as people do."""
        rng = self.rng
        if rng.random() < 0.22:
            opener = rng.choice(phrases.OPENERS)
            first = text.split()[0]
            if opener[-1] not in ".?" and first in (
                    "What", "When", "Where", "How", "Is", "Are", "Do", "Can",
                    "Could", "Who", "Which", "My", "The", "On", "At"):
                text = text[0].lower() + text[1:]
            text = f"{opener} {text}"
        if rng.random() < 0.06:
            text = f"{rng.choice(phrases.STORIES)} {text}"
        if rng.random() < 0.07 and text[-1] in ".?":
            text = f"{text[:-1]} {rng.choice(phrases.CLOSERS)}"
        return text[0].upper() + text[1:]

    def say(self, templates, answer, facts=(), wrap=True, finished=True,
            noise=True, **values):
        """Add what the caller says and what the desk answers."""
        text = self.heard(templates, facts, wrap, values, noise)
        for fact in facts:
            if fact not in text and fact.lower() in text:
                if fact not in DAYS:
                    answer = answer.replace(f"[{fact}]", f"[{fact.lower()}]")
        self.said(text, finished)
        self.answer(answer)

    def heard(self, templates, facts, wrap, values, noise=True):
        """One of the sentences as it is recognised."""
        for _ in range(20):
            text = self.fill(templates, **values)
            text = self.wrap(text) if wrap else text
            if noise:
                text = recognised(self.rng, text, facts, self.ears)
            if text and normal(text) not in self.excluded:
                break
        return text

    def said(self, text, finished=True):
        """The caller says this."""
        self.turns.append(Turn("user", text, finished=finished))

    def heard_result(self, text):
        """A tool has brought this, which models read as the user's words."""
        self.turns.append(Turn("user", text, learn=False))

    def put(self, answer):
        """Add an answer as it is, a call perhaps."""
        text, ranges = marked(answer)
        self.last = None
        self.turns.append(Turn("assistant", text, ranges, topic=self.topic))

    def answer(self, answer):
        """Add the desk's answer; sometimes the caller cuts it short."""
        answer = re.sub(r"\.(\]?)\.", r".\1", answer)
        text, ranges = marked(answer)
        self.last = answer
        if self.rng.random() < 0.05 and len(text.split()) > 3:
            words = text.split()
            text = " ".join(words[:self.rng.randrange(1, len(words))])
            self.turns.append(Turn("assistant", text, learn=False))
            self.last = None
        else:
            self.turns.append(
                Turn("assistant", text, ranges, topic=self.topic))

    def exchange(self):
        """One question or remark and its answer."""
        rng = self.rng
        if self.offer and rng.random() < 0.7:
            self.accept()
            return
        self.offer = None
        if self.asking and rng.random() < 0.8:
            what, self.asking = self.asking, None
            self.topic = f"give {what}"
            getattr(self, f"give_{what}")()
            return
        self.asking = None
        intents = {**FACT_INTENTS, **OTHER_INTENTS}
        weights = [weight * self.focus.get(name, 1)
                   for name, weight in intents.items()]
        if self.kit:
            weights = [weight * (FACTS_WITH_TOOLS if name in FACT_INTENTS
                                 else WITH_TOOLS.get(name, 0.5))
                       for name, weight in zip(intents, weights)]
        intent = rng.choices(list(intents), weights)[0]
        self.topic = intent
        if intent in FACT_INTENTS:
            templates, reply, values, facts = self.fact(intent)
            if intent in phrases.INDIRECT and rng.random() < 0.25:
                end = rng.choice(["?", ".", " please.", ""])
                templates = [f"{rng.choice(phrases.LEADS)} {text}{end}"
                             for text in phrases.INDIRECT[intent]]
            self.say(templates, reply, facts, **values)
        else:
            getattr(self, f"do_{intent}")()


def main():
    """Print example dialogues."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unseen", action="store_true",
                        help="use the words that training never sees")
    parser.add_argument("--tools", action="store_true",
                        help="at desks with tools")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    for _ in range(args.count):
        for turn in Dialogue(rng, args.unseen, tools=args.tools).turns:
            mark = "" if turn.learn else " (not learnt)"
            print(f"{turn.role}{mark}: {turn.text}  {turn.fact_texts()}")
        print()


if __name__ == "__main__":
    main()
