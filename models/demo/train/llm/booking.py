"""What callers want to have done, and the data that they give for it.

The desk has no book and no telephone list: it says so, and tells what it
knows.  Names and numbers are read back and not kept.
"""

import wishes
from noise import surface
from questions import costs, gaps
from words import DAYS, FIRST

CANNOT_BOOK = "I [cannot make bookings] on this line yet"
NOT_SAVED = "but I cannot save numbers yet"
ASK_NAME = ["What is your name, please?", "Of course. What is your name?",
            "May I have your name?", "Okay, Tuesday at ten. What is your "
            "name, please?", "Who am I speaking with?"]
ASK_NUMBER = ["What is your number?", "What is your phone number?",
              "Thank you. What is your phone number?",
              "Could you tell me your number?", "And your phone number?"]
ASK_DAY = ["Which day would you like?", "Of course. Which day works for you?",
           "What day is good for you?"]
ASK_TIME = ["At what time?", "What time would you like?", "And which time?"]


class Booking:
    """The part of a dialogue that wants something done."""

    def ask(self, questions, what):
        """The desk asks, as a script or a tool may make it do."""
        self.asking = what
        self.spoken(self.rng.choice(questions))

    def how_to_book(self):
        """The way to book, if the prompt tells one."""
        self.needed.add("booking")
        if "booking" in self.shop.told:
            return (f"{CANNOT_BOOK}. To book, please "
                    f"[{self.shop.values['booking']}].")
        return None

    def do_book(self):
        """Ask for an appointment, perhaps with day and time."""
        rng, shop = self.rng, self.shop
        slot, day = "", None
        if rng.random() < 0.65:
            slot = rng.choice(wishes.SLOT)
            day = rng.choice(DAYS) if "{day}" in slot else None
        name = rng.choice(list(shop.prices))
        templates = [t.replace("{slot}", slot) for t in wishes.BOOK]
        values = {"day": day, "time": self.ears.time(),
                  "date": self.ears.date(), **gaps(name)}
        reply = self.how_to_book()
        self.needed.add("hours")
        if reply:
            pass
        elif "hours" not in shop.told:
            reply = CANNOT_BOOK + ", but I can [answer questions]."
        elif day:
            joint = ", but" if shop.hours[day] else ", and"
            reply = f"{CANNOT_BOOK}{joint} o{self.span(day)[1:]}"
        else:
            reply = (f"{CANNOT_BOOK}, but I can tell you our hours. Which "
                     "[day] do you have in mind?")
            self.asking = "day"
        facts = (day,) if day else ()
        if rng.random() < 0.1:
            person = shop.lexicon.person()
            values["name"] = person
            lead = rng.choice(["My name is {name} and ", "This is {name}, ",
                               "I am {name}, "])
            templates = [lead + (t if t[:2] == "I " else
                                 t[0].lower() + t[1:]) for t in templates]
            facts += (person,)
        self.say(templates, reply, facts, **values)

    def do_order(self):
        """Order something."""
        shop = self.shop
        name = self.some_service()
        self.needed.add("prices")
        reply = "I [cannot take orders] on this line yet"
        if "prices" in shop.told and name in shop.prices:
            reply += f", but {costs(name, shop.prices[name])}."
        else:
            reply += ", but I can answer questions."
        self.say(wishes.ORDER, reply, (name,), **gaps(name))

    # Data ---------------------------------------------------------------

    def give_day(self):
        """A day, where the desk has asked for one."""
        rng, shop = self.rng, self.shop
        self.asking = None
        if rng.random() < 0.12:
            self.say(wishes.DATE, "I do not have a calendar. Which [day] of "
                     "the week is that?", date=self.ears.date())
            self.asking = "day"
            return
        if rng.random() < 0.1:
            self.say(wishes.VAGUE, "Which [day] do you have in mind?")
            self.asking = "day"
            return
        day = rng.choice(DAYS)
        self.needed.add("hours")
        templates = wishes.DAY if rng.random() < 0.7 else wishes.DAY_TIME
        reply = self.span(day) if "hours" in shop.told else \
            self.unknown("hours")
        self.say(templates, reply, (day,), day=day, time=self.ears.time())

    def give_time(self):
        """A time of day."""
        self.asking = None
        self.needed.add("hours")
        reply = "I [cannot see free times] on this line"
        if "hours" in self.shop.told:
            reply += ", but I can tell you our hours"
        self.say(wishes.TIME, reply + ".", time=self.ears.time())

    def some_name(self):
        """A person's name, or only the first."""
        if self.rng.random() < 0.2:
            return self.shop.lexicon.word(FIRST)
        return self.shop.lexicon.person()

    def give_name(self):
        """The caller's name, perhaps spelled."""
        rng = self.rng
        self.asking = None
        name = self.some_name()
        facts, templates, values = (name,), wishes.NAME, {"name": name}
        reply = f"Thank you, [{name}]. How can I help you?"
        chance = rng.random()
        if chance < 0.15:
            heard, number = self.ears.number()
            templates, values["number"] = wishes.NAME_NUMBER, heard
            facts += (heard,)
            reply = f"Thank you, [{name}]. I heard [{number}], {NOT_SAVED}."
        elif chance < 0.35:
            spelled = self.spelled(name.split()[-1])
            values["letters"] = spelled
            if chance < 0.24:
                templates, facts = wishes.LETTERS, (spelled,)
                reply = f"Thank you, I heard [{spelled}]."
            else:
                templates, facts = wishes.SPELLED, (name, spelled)
                reply = f"Thank you, [{name}], [{spelled}]."
            values["last"] = name.split()[-1]
        self.say(templates, reply, facts, **values)
        if templates is not wishes.LETTERS:
            self.caller = surface(self.turns[-2].text, name) or self.caller

    do_name = give_name

    def spelled(self, word):
        """A word letter by letter."""
        glue = self.rng.choice(["-", "-", " ", ", "])
        if self.rng.random() < 0.8:
            word = word.upper()
        return glue.join(word)

    def give_number(self):
        """The caller's telephone number."""
        heard, number = self.ears.number()
        self.asking = None
        reply = f"Thank you, I heard [{number}], {NOT_SAVED}."
        self.say(wishes.NUMBER, reply, (heard,), number=heard)

    do_number = give_number

    def do_ask(self):
        """The desk asks for data, and the caller gives or begins it."""
        questions, what = self.rng.choice([
            (ASK_NAME, "name"), (ASK_NUMBER, "number"), (ASK_NUMBER,
                                                         "number"),
            (ASK_DAY, "day"), (ASK_TIME, "time")])
        self.ask(questions, what)
        if self.rng.random() < 0.25:
            self.begin(what)
        else:
            getattr(self, f"give_{what}")()

    def begin(self, what):
        """The beginning of an answer."""
        rng = self.rng
        heard, _ = self.ears.number()
        cut = heard.replace("-", " ").split()
        cut = " ".join(cut[:rng.randint(1, max(1, len(cut) // 2))])[:12]
        text = rng.choice({
            "number": [cut, cut, f"It's {cut}", f"My number is {cut}",
                       f"My number is {cut}", "My number is", "It's",
                       f"Yes, {cut}", f"Sure, it's {cut}", "The number is"],
            "name": ["My name is", "It's", "My name", "I'm", "The name is",
                     "My last name is", "Sure, it's"],
            "day": ["On", "Tuesday at", "Let me see", "How about", "Maybe on",
                    "I think", "Next", "Could it be"],
            "time": ["At", "Half past", "Around", "Maybe at", "Let's say",
                     "Not before", "I can be there at"]}[what])
        self.unfinished(text)
        self.asking = what

    # Changes ------------------------------------------------------------

    def change(self, templates):
        """An appointment is to be cancelled or moved."""
        reply = "I [cannot change appointments] on this line yet"
        self.needed.add("booking")
        if "booking" in self.shop.told:
            reply += f". Please [{self.shop.values['booking']}]"
        self.say(templates, reply + ".", day=self.rng.choice(DAYS),
                 date=self.ears.date(), time=self.ears.time())

    def do_cancel(self):
        """Cancel an appointment."""
        self.change(wishes.CANCEL)

    def do_move(self):
        """Move an appointment to another day."""
        self.change(wishes.MOVE)
