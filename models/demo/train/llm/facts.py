"""Invented businesses and their facts.  Every dialogue gets a new one."""

import extras
import trades
from forms import Forms
from lexicon import Lexicon, reserved
from words import (DAYS, EMERGENCIES, FIRST, INSURERS, LAST, PARKING, PAYMENTS,
                   PLACES, STREETS, WAYS_TO_BOOK)

USUAL = ["dentist", "vet", "physio", "hair", "eye", "garage"]


class Business:
    """One business: its facts, and which of them the prompt tells."""

    def __init__(self, rng, unseen=False, richness=1.0, parts=None):
        self.rng = rng
        self.lexicon = Lexicon(rng, unseen, parts=parts)
        self.forms = Forms(rng)
        self.kind, self.data = self._trade(unseen)
        self.name = self._name()
        self.hours = self._hours()
        self.prices, self.listed = self._prices(richness)
        self.people = self._people()
        self.values = {
            "address": self._address(), "parking": self._parking(),
            "phone": self.forms.number(), "person": self.people,
            "insurance": self._insurance(),
            "payment": rng.choice(PAYMENTS),
            "new": rng.choice(["yes", "no"]),
            "emergency": self._filled(rng.choice(EMERGENCIES)),
            "booking": self._filled(rng.choice(WAYS_TO_BOOK))}
        rare = {"emergency": 0.35, "booking": 0.22, "insurance": 0.65,
                "new": 0.65}
        self.told = {"hours", "prices", "name"} | {
            key for key in self.values if rng.random() < rare.get(key, 0.75)}
        if rng.random() < 0.1:
            self.told -= {rng.choice(["hours", "prices"])}
        self.having = self._having()
        self.labels = self._labels()

    def _trade(self, unseen):
        """A trade of the lists, or one that does not exist."""
        rng, chance = self.rng, self.rng.random()
        lists = trades.TRADES
        if unseen and chance < 0.4:
            lists = trades.UNSEEN_TRADES
            return "unseen", lists[rng.choice(list(lists))]
        if chance < 0.25:
            return "dentist", lists["dentist"]
        if chance < 0.8:
            kind = rng.choice(list(lists) + USUAL)
            return kind, lists[kind]
        place = rng.choice(trades.MADE_UP_PLACE)
        if rng.random() < 0.5:
            place = f"{self.lexicon.invent().lower()} {place}"
        return "made up", {
            "names": [place.title()], "place": [place],
            "roles": [rng.choice(trades.MADE_UP_ROLE)],
            "people": rng.choice(["customers", "guests", "clients",
                                  "patients", "members", "students"]),
            "services": [self.made_up_service() for _ in range(8)]}

    def made_up_service(self):
        """Something with a price that exists nowhere."""
        rng = self.rng
        word = self.lexicon.invent().lower()
        chance = rng.random()
        if chance < 0.55:
            return f"{word} {rng.choice(trades.MADE_UP_NOUN)}"
        if chance < 0.75:
            return word
        if chance < 0.85:
            return f"{word} {self.lexicon.invent().lower()}"
        kind = rng.choice(list(trades.TRADES))
        return f"{word} {rng.choice(trades.TRADES[kind]['services'])}"

    def _filled(self, text):
        """A text with its gaps filled."""
        rng, lex, forms = self.rng, self.lexicon, self.forms
        made = {
            "phone": forms.number, "cost": forms.cost, "street": lex.street,
            "word": lambda: lex.word(PLACES), "person": lex.person,
            "time": lambda: forms.time(rng.randrange(7, 21),
                                       rng.choice([0, 0, 30, 15])),
            "count": lambda: rng.choice(
                ["two", "three", "five", "ten", "twenty", "thirty"]
                if forms.street == "words" else
                ["2", "3", "5", "10", "14", "18", "20", "30", "45", "90"]),
            "percent": lambda: str(rng.randrange(5, 60, 5)),
            "date": lambda: f"{rng.choice(DAYS)}",
            "site": lambda: self._site("www.{}.com", "{} dot com"),
            "mail": lambda: self._site("info@{}.com", "info at {} dot com")}
        for gap, make in made.items():
            while "{" + gap + "}" in text:
                text = text.replace("{" + gap + "}", make(), 1)
        return text

    def _site(self, signs, words):
        """An address in the net, with signs or in words."""
        word = self.lexicon.invent().lower()
        return self.rng.choice([signs, words]).format(word)

    def _name(self):
        rng, lex = self.rng, self.lexicon
        noun = rng.choice(self.data["names"])
        first = rng.choice([lex.word(LAST), lex.word(PLACES),
                            lex.word(PLACES), lex.street(), lex.word(STREETS)])
        chance = rng.random()
        if chance < 0.06:
            return f"{lex.word(FIRST)}'s {noun}"
        if chance < 0.12:
            return f"{first} and {lex.word(LAST)} {noun}"
        return f"{first} {noun}"

    def _title(self):
        """How this business calls its people: `Doctor`, `Dr.` or nothing."""
        if self.data["roles"][-1] in ("doctor", "veterinarian",
                                      "dermatologist", "eye doctor"):
            return self.rng.choice(["Doctor", "Dr."])
        return self.rng.choice(["", "", "", "", "Ms.", "Mr."])

    def person(self, title):
        """One person."""
        rng, lex = self.rng, self.lexicon
        last = lex.word(LAST)
        if title:
            first = lex.word(FIRST) + " " if rng.random() < 0.15 else ""
            return f"{title} {first}{last}"
        return rng.choice([lex.person(), lex.word(FIRST), lex.person()])

    def _people(self):
        """Those who work there, joined: `Dr. Lee and Dr. Taylor`."""
        title = self._title()
        self.title = title
        count = self.rng.choices([1, 2, 3], [5, 4, 1])[0]
        self.staff = list(dict.fromkeys(
            self.person(title) for _ in range(count)))
        return listing(self.staff)

    def _address(self):
        rng = self.rng
        text = f"{self.forms.house()} {self.lexicon.street()}"
        if rng.random() < 0.1:
            text += rng.choice([", Suite 4", ", second floor", ", Suite 12",
                                ", unit B", f", {self.lexicon.word(PLACES)}"])
        return text

    def _parking(self):
        return self.rng.choice(PARKING).format(
            street=self.lexicon.street(), word=self.lexicon.word(PLACES))

    def _insurance(self):
        rng = self.rng
        self.insurers = []
        if rng.random() < 0.62:
            return rng.choice(["yes", "no"])
        self.insurers = list(dict.fromkeys(
            self.lexicon.word(INSURERS)
            for _ in range(rng.choice([1, 2, 2, 3]))))
        return listing(self.insurers)

    def _hours(self):
        """Opening hours per day, mostly one span; None is closed."""
        rng, forms = self.rng, self.forms

        def span(early=(6, 7, 8, 8, 9, 9, 10, 11), late=(14, 15, 16, 17, 17,
                                                       18, 18, 19, 20, 22)):
            half = [0, 0, 0, 0, 30, 30, 15, 45]
            whole = (forms.time(rng.choice(early), rng.choice(half)),
                     forms.time(rng.choice(late), rng.choice(half)))
            if not pause or late[0] < 14:
                return [whole]
            return [(whole[0], noon[0]), (noon[1], whole[1])]

        pause = rng.random() < 0.06
        noon = forms.time(12, 0), forms.time(13, rng.choice([0, 0, 30]))
        base, style = span(), rng.random()
        week = {day: base for day in DAYS[:5]}
        if style < 0.3:
            week["Friday"] = span(late=(12, 13, 14, 15, 16))
        elif style < 0.6:
            for day in rng.sample(DAYS[:5], rng.choice([1, 2, 2])):
                week[day] = span() if rng.random() < 0.75 else None
        elif style < 0.75:
            week = {d: span() if rng.random() < 0.9 else None
                    for d in DAYS[:5]}
        if rng.random() < 0.05:
            return {day: base for day in DAYS}
        week["Saturday"] = None if rng.random() < 0.3 else span(
            (8, 9, 10, 11), (12, 13, 14, 15, 16, 21))
        week["Sunday"] = None if rng.random() < 0.75 else span(
            (9, 10, 11), (12, 13, 14, 15, 20))
        return week

    def service(self, others=False):
        """Any service: mostly of this kind, sometimes rare or made up."""
        rng = self.rng
        data = self.data
        if others:
            data = trades.TRADES[rng.choice(list(trades.TRADES))]
        while True:
            name = rng.choice(data["services"])
            chance = rng.random()
            if chance < 0.2:
                name = f"{rng.choice(trades.MODIFIERS)} {name}"
            elif chance < 0.27:
                name = f"{rng.choice(trades.SIZES)} {name}"
            elif chance < 0.42:
                name = self.made_up_service()
            if not reserved(name) or self.lexicon.unseen:
                return name

    def _prices(self, richness):
        """Priced services, and services that are listed without a price."""
        rng, forms = self.rng, self.forms
        most = 2 + int(rng.choice([4, 4, 7]) * richness)
        names = list({self.service(): 0 for _ in range(rng.randint(1, most))})
        self.sized = {}
        if rng.random() < 0.2:
            base = rng.choice(names)
            pairs = [("small", "large"), ("short", "long"), ("mens", "ladies"),
                     ("adult", "child"), ("single", "double"),
                     ("medium", "large"), ("basic", "full")]
            names.remove(base)
            names = [name for name in names if not name.endswith(base)]
            self.sized[base] = [f"{size} {base}" for size in
                                rng.choice(pairs)]
            names += self.sized[base]
        prices = {name: forms.cost() for name in names}
        listed = []
        if rng.random() < 0.15:
            extra = {self.service(): 0 for _ in range(rng.randint(1, 2))}
            listed = [name for name in extra if name not in prices]
        return prices, listed

    def _having(self):
        """Yes and no facts."""
        out = {}
        for _ in range(self.rng.choice([0, 1, 1, 2, 2, 3])):
            out[self.some_having()] = self.rng.random() < 0.5
        return out

    def some_having(self):
        """Something that a business has or has not."""
        rng = self.rng
        chance = rng.random()
        if chance < 0.35:
            return rng.choice(list(extras.SPECIAL))
        if chance < 0.8:
            return rng.choice(extras.HAVING)
        return (f"{self.lexicon.invent().lower()} "
                f"{rng.choice(extras.MADE_UP_HAVING)}")

    def some_label(self):
        """Name, value and questions of some other fact."""
        name, values, questions = self.rng.choice(extras.LABELS)
        name = name.replace("{made}", self.lexicon.invent().lower())
        return name, self._filled(self.rng.choice(values)), questions

    def _labels(self):
        """Facts with a name."""
        out = {}
        for _ in range(self.rng.choice([0, 0, 1, 1, 2, 3])):
            name, value, questions = self.some_label()
            out[name] = value, questions
        return out


def listing(items):
    """`A`, `A and B`, `A, B and C`."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
