"""Invented businesses, their facts, and the system prompts that state them.

Every dialogue gets a new business.
"""

from lexicon import Lexicon, clock, digits, number, price, reserved
from words import (DAYS, EMERGENCIES, EXTRAS, FIRST, INSURERS, KINDS, LAST,
                   MADE_UP_SERVICE, MODIFIERS, OPENINGS, PARKING, PAYMENTS,
                   PLACES, STREETS)


class Business:
    """One business: its facts, and which of them the prompt tells."""

    def __init__(self, rng, unseen=False, richness=1.0):
        self.rng = rng
        self.lexicon = Lexicon(rng, unseen)
        self.kind = rng.choices(list(KINDS), [6, 1.5, 1, 1, 1, 1])[0]
        self.data = KINDS[self.kind]
        self.name = self._name()
        self.hours = self._hours()
        self.prices, self.listed = self._prices(richness)
        lex = self.lexicon
        self.values = {
            "address": f"{number(rng.randrange(1, 300))} {lex.street()}",
            "parking": self._parking(), "phone": digits(rng),
            "person": self._person(), "insurance": self._insurance(),
            "payment": rng.choice(PAYMENTS),
            "new": rng.choice(["yes", "yes", "no"]),
            "emergency": self._emergency()}
        self.told = {"hours", "prices", "name"} | {
            key for key in self.values
            if rng.random() < (0.4 if key == "emergency" else 0.77)}
        if rng.random() < 0.08:
            self.told -= {rng.choice(["hours", "prices"])}

    def _name(self):
        rng, lex = self.rng, self.lexicon
        noun = rng.choice(self.data["names"])
        first = rng.choice([lex.word(LAST), lex.word(PLACES),
                            lex.word(PLACES), lex.street(), lex.word(STREETS)])
        return f"{first} {noun}"

    def _person(self):
        rng, lex = self.rng, self.lexicon
        last = lex.word(LAST)
        if self.kind in ("dentist", "vet", "eye"):
            first = lex.word(FIRST) + " " if rng.random() < 0.2 else ""
            return f"Doctor {first}{last}"
        return rng.choice([lex.person(), lex.word(FIRST), lex.person()])

    def _parking(self):
        text = self.rng.choice(PARKING)
        return text.format(street=self.lexicon.street(),
                           word=self.lexicon.word(PLACES))

    def _insurance(self):
        rng = self.rng
        if rng.random() < 0.75:
            return rng.choice(["yes", "yes", "no"])
        names = [self.lexicon.word(INSURERS)
                 for _ in range(rng.choice([1, 2]))]
        return " and ".join(dict.fromkeys(names))

    def _emergency(self):
        return self.rng.choice(EMERGENCIES).format(phone=digits(self.rng, 7))

    def _hours(self):
        """Opening hours per day; None is closed."""
        rng = self.rng
        early = ["seven", "eight", "nine", "ten", "six", "eleven"]
        late = ["three", "four", "five", "six", "seven", "eight", "two"]

        def span():
            return clock(rng, early), clock(rng, late)

        base = span()
        week = {day: base for day in DAYS[:5]}
        style = rng.random()
        if style < 0.3:
            week["Friday"] = (clock(rng, early), clock(rng, late + ["noon"]))
        elif style < 0.6:
            for day in rng.sample(DAYS[:5], rng.choice([1, 2, 2])):
                week[day] = span() if rng.random() < 0.75 else None
        elif style < 0.8:
            week = {d: span() if rng.random() < 0.9 else None
                    for d in DAYS[:5]}
        week["Saturday"] = None if rng.random() < 0.35 else (
            clock(rng, ["eight", "nine", "ten", "eleven"]),
            clock(rng, ["noon", "one", "two", "three", "four"]))
        week["Sunday"] = None if rng.random() < 0.8 else (
            clock(rng, ["nine", "ten", "eleven"]),
            clock(rng, ["one", "two", "three", "noon"]))
        return week

    def service(self, others=False):
        """Any service: mostly of this kind, sometimes rare or made up."""
        rng = self.rng
        data = KINDS[rng.choice(list(KINDS))] if others else self.data
        while True:
            name = rng.choice(data["services"])
            chance = rng.random()
            if chance < 0.12:
                name = f"{rng.choice(MODIFIERS)} {name}"
            elif chance < 0.28:
                name = (f"{self.lexicon.invent().lower()} "
                        f"{rng.choice(MADE_UP_SERVICE)}")
            if not reserved(name) or self.lexicon.unseen:
                return name

    def _prices(self, richness):
        """Priced services, and services that are listed without a price."""
        rng = self.rng
        most = 2 + int(4 * richness)
        names = list({self.service(): 0 for _ in range(rng.randint(1, most))})
        unit = rng.choices(["dollars", "euros", "pounds"], [8, 1, 1])[0]
        prices = {name: f"{price(rng)} {unit}" for name in names}
        listed = []
        if rng.random() < 0.15:
            extra = {self.service(): 0 for _ in range(rng.randint(1, 2))}
            listed = [name for name in extra if name not in prices]
        return prices, listed

    def _day_groups(self):
        """Days in a row with the same hours, joined when told in ranges."""
        groups = []
        for day in DAYS:
            if groups and groups[-1][1] == self.hours[day]:
                groups[-1][0].append(day)
            else:
                groups.append(([day], self.hours[day]))
        return groups

    def _hours_text(self):
        rng = self.rng
        joined = rng.random() < 0.6
        groups = (self._day_groups() if joined
                  else [([day], self.hours[day]) for day in DAYS])
        wide = rng.choice(["to", "to", "to", "through"])
        start = rng.choice(["", "", "", "from "])
        style = rng.choice(["after", "after", "before"])
        parts = []
        for days, span in groups:
            if len(days) == 1:
                text = days[0]
            elif len(days) == 2:
                text = " and ".join(days)
            else:
                text = f"{days[0]} {wide} {days[-1]}"
            if span:
                parts.append(f"{text} {start}{span[0]} to {span[1]}")
            elif style == "before":
                parts.append(f"closed {text}")
            else:
                parts.append(f"{text} closed")
        lead = rng.choice(["Hours:", "Hours:", "Opening hours:", "Open"])
        if lead == "Open" and parts[0].endswith("closed"):
            lead = "Hours:"
        return f"{lead} {', '.join(parts)}."

    def _prices_text(self):
        rng = self.rng
        glue = rng.choice([" ", " ", " ", " is ", ": ", " costs "])
        items = [f"{name}{glue}{cost}" for name, cost in self.prices.items()]
        text = f"{rng.choice(['Prices', 'Prices', 'Price list'])}: " \
            f"{', '.join(items)}."
        if self.listed:
            names = list(self.prices) + self.listed
            rng.shuffle(names)
            text += f" Services: {', '.join(names)}."
        return text

    def _line(self, key):
        """The sentence of the prompt that states one fact."""
        rng, value = self.rng, self.values[key]
        if key == "address":
            form = rng.choice(["Address: {}.", "Address: {}.",
                               "Location: {}.", "The address is {}.",
                               "We are at {}."])
        elif key == "parking":
            form = rng.choice(["Parking: {}.", "Parking: {}.",
                               "You can park {}.", "Parking is {}."])
            if value == "none":
                form = "Parking: {}."
        elif key == "phone":
            form = rng.choice(["Phone: {}.", "Phone: {}.",
                               "Phone number: {}.", "Our number is {}."])
        elif key == "person":
            role = rng.choice(self.data["roles"])
            form = rng.choice([role + ": {}.", role + ": {}.",
                               f"The {role.lower()} is {{}}.",
                               f"{{}} is the {role.lower()}."])
        elif key == "insurance":
            form = "Insurance: {}."
            if value == "no" and rng.random() < 0.3:
                form = "We do not take insurance."
            elif value == "yes" and rng.random() < 0.3:
                form = "We take insurance."
        elif key == "payment":
            form = rng.choice(["Payment: {}.", "Payment: {}.",
                               "You can pay with {}."])
        elif key == "new":
            form = f"New {self.data['people']}: {{}}."
        else:
            form = rng.choice(["Emergencies: {}.", "In an emergency, {}."])
        return form.format(value)

    def prompt(self, needed, richness=1.0):
        """The system prompt; facts in `needed` are told if they exist."""
        rng = self.rng
        keys = [key for key in self.values if key in self.told
                and (key in needed or rng.random() < richness)]
        lines = [self._line(key) for key in keys]
        if "prices" in self.told and (
                "prices" in needed or rng.random() < richness):
            lines.append(self._prices_text())
        if "hours" in self.told and (
                "hours" in needed or rng.random() < richness):
            lines.insert(0, self._hours_text())
        if rng.random() < 0.7:
            rng.shuffle(lines)
        if rng.random() < 0.2:
            lines.insert(rng.choice([0, len(lines)]), rng.choice(EXTRAS))
        opening = rng.choice(OPENINGS).format(name=self.name)
        return " ".join([opening] + lines)
