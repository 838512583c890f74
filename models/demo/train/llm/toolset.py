"""The tools of one desk: which, how they are called, and what they need."""

import json
import random

import tools
from lexicon import reserved
from words import FIRST

# How often a tool has the name of the documentation.
DOCUMENTED = 0.8
# These names, and the parts of others.
USUAL = {"book": "book", "message": "take_message", "transfer": "transfer",
         "hang_up": "hang_up"}
PARTS = {
    "book": ("book make add create set plan note enter arrange reserve "
             "request register schedule".split(),
             "appointment booking visit slot date reservation meeting table "
             "time".split()),
    "message": ("take leave write note save store keep record send "
                "pass_on".split(),
                "message note memo text words info".split()),
    "transfer": ("transfer connect forward pass put hand switch redirect "
                 "route".split(),
                 "call caller line to through over".split()),
    "hang_up": ("hang end stop finish close terminate drop leave".split(),
                "up call line conversation talk".split())}
ABOUT = {
    "book": [
        "Write down an appointment that the caller wants.",
        "Book an appointment.", "Make a reservation for the caller.",
        "Write down when the caller wants to come.", "Book a visit, once the "
        "caller has said everything that is needed.",
        "Note the appointment that the caller wishes.",
        "Reserve a time for the caller.", "Take down a booking.",
        "Writes an appointment into the book."],
    "message": [
        "Write down a message for the practice, once the caller has told it.",
        "Take a message.", "Write down what the caller wants to tell.",
        "Take a message for the team, with the name of the caller.",
        "Note a message that the caller leaves.", "Keep a message for later.",
        "Pass on a message to the office.", "Write down a message."],
    "transfer": [
        "Connect the caller with somebody else.",
        "Transfer the call to somebody of the team.",
        "Put the caller through.", "Connect the caller with a person who can "
        "help.", "Forward the call.", "Give the call to somebody else."],
    "hang_up": [
        "End the call, once everything is said.", "Hang up after the goodbye.",
        "End the call.", "Hang up when the caller says goodbye.",
        "Ends the call when nothing is left to say."]}
PARAMETERS = {
    "day": [("day", ["the day", "the day, such as Tuesday", "which day",
                     "the day of the week", "the day of the visit"])] * 4 + [
        ("date", ["the day", "the day of the appointment"]),
        ("weekday", ["the day of the week"])],
    "time": [("time", ["the time", "the time of day", "at what time", "the "
                       "time, such as 10:30", "the time of the visit"])] * 4
    + [("hour", ["the time of day"])],
    "name": [("name", ["the caller's name", "the name of the caller", "the "
                       "name", "who is calling", "the full name"])] * 4 + [
        ("caller", ["the name of the caller"]), ("customer", ["the name"])],
    "service": [("service", ["what is to be done", "the service", "what the "
                             "caller wants", "the treatment"])] * 3 + [
        ("what", ["what the caller wants"]), ("treatment", ["what for"])],
    "number": [("number", ["the caller's telephone number", "the phone "
                           "number", "the number to call back"])] * 3 + [
        ("phone", ["the phone number of the caller"]),
        ("phone_number", ["the number of the caller"])],
    "message": [("message", ["what the caller wants to tell", "the message",
                             "what is to be told", "the text"])] * 4 + [
        ("text", ["the message"]), ("content", ["what the caller says"])]}
# Other things that a desk may need: parameter, what it is, and its values.
COUNTS = "2 3 4 5 6 8 10 two three four five six seven eight ten".split()
EXTRA = [
    ("guests", "the number of guests", COUNTS),
    ("people", "the number of people", COUNTS),
    ("seats", "the number of seats", COUNTS),
    ("pet", "the name of the pet", FIRST),
    ("dog", "the name of the dog", FIRST),
    ("plate", "the license plate", None),
    ("city", "the name of the city", None),
    ("company", "the name of the company", None),
    ("color", "the color", "red blue black white green dark brown".split()),
    ("size", "the size", "small medium large".split() + COUNTS),
    ("doctor", "the name of the doctor", None),
    ("insurance", "the name of the insurance", None)]
UNSEEN_EXTRA = [
    ("model", "the model of the car", None),
    ("children", "the number of children", COUNTS),
    ("hotel", "the name of the hotel", None)]
PLACES = ("reception office manager billing sales support accounting workshop "
          "kitchen owner doctor nurse service bookings secretary team"
          ).split()
IDLE = [
    ("send_keys", "Press keys on the telephone.", {
        "type": "object", "required": ["keys"], "additionalProperties": False,
        "properties": {"keys": {"type": "string",
                                "pattern": "^[0-9*#]{1,20}$"}}}),
    ("clock", "The time of day.", tools.NOTHING)]
REASONS = [
    "this server keeps no records", "the tool took longer than 5000 ms",
    "the call goes on", "the gateway refused the transfer",
    "this gateway cannot transfer calls", "the server answered 500. It was "
    "not done.", "nobody answered", "it is busy", "there is no connection",
    "the line is gone", "the number cannot be reached"]
UNSURE = ["it is not known whether it was written down.",
          "it took longer than 5000 ms. It is not known whether it was done.",
          "the connection broke. It is not known whether it was done."]


class Tool:
    """A tool: its name, its parameters, and what it asks for."""

    def __init__(self, kind, name, about, slots=(), to=()):
        self.kind, self.name, self.about = kind, name, about
        self.slots, self.to = list(slots), list(to)

    def key(self, what):
        """The parameter for something, or None."""
        return next((slot for slot in self.slots if slot.what == what), None)

    def needs(self):
        """What must be known, in the order in which it is asked for."""
        wanted = [slot.what for slot in self.slots if slot.required]
        order = ["service", "message", "day", "time", "extra", "name",
                 "number"]
        return [what for what in order if what in wanted]

    def schema(self):
        """The JSON schema of its arguments."""
        if self.kind == "transfer":
            return tools.choice(self.to)
        if self.kind == "hang_up":
            return tools.NOTHING
        properties = {slot.name: slot.property() for slot in self.slots}
        required = [slot.name for slot in self.slots if slot.required]
        return tools.schema(
            properties, None if len(required) == len(properties) else required)

    def arguments(self, known):
        """The arguments of a call, as marked JSON."""
        parts = [f'"{slot.name}": "[{known[slot.what]}]"'
                 for slot in self.slots if slot.what in known]
        return "{" + ", ".join(parts) + "}"


class Slot:
    """A parameter: its name, what it means, and whether it is needed."""

    def __init__(self, what, name, about, required, values=None):
        self.what, self.name, self.about = what, name, about
        self.required, self.values = required, values

    def property(self):
        """Its schema."""
        kind = {"type": "string"}
        return {**kind, "description": self.about} if self.about else kind


class Toolset:
    """The tools of a desk; each may be missing."""

    def __init__(self, rng: random.Random, shop, unseen=False,
                 documented=DOCUMENTED):
        self.rng, self.shop, self.unseen = rng, shop, unseen
        self.documented = documented
        self.names = set(USUAL.values())
        self.book = self.message = self.transfer = self.hang_up = None
        kinds = ["book", "message", "transfer", "hang_up"]
        usual = rng.random() < 0.35
        chances = [0.62, 0.6, 0.58, 0.7]
        chosen = [k for k, chance in zip(kinds, chances)
                  if usual or rng.random() < chance]
        chosen = chosen or [rng.choice(kinds)]
        for kind in chosen:
            setattr(self, kind, getattr(self, f"_{kind}")())
        self.all = [getattr(self, kind) for kind in chosen]
        rng.shuffle(self.all)
        self.sorted = rng.random() < 0.06
        # What a tool brings that does not write things down.
        self.done = tools.DONE if rng.random() < 0.85 else rng.choice(
            ["Done.", "OK", "Booked.", '{"ok":true}', "It is done.", "Saved."])

    def text(self):
        """What the system prompt says of them."""
        signatures = [tools.signature(tool.name, tool.about, tool.schema())
                      for tool in self.all]
        if self.rng.random() < 0.08:
            signatures.insert(self.rng.randint(0, len(signatures)),
                              tools.signature(*self.rng.choice(IDLE)))
        if self.sorted:
            signatures = [json.dumps(json.loads(text), sort_keys=True,
                                     separators=(",", ":"))
                          for text in signatures]
        return tools.instructions(signatures)

    def _named(self, kind, slots=(), to=()):
        about = self.rng.choice(ABOUT[kind])
        return Tool(kind, self._name(kind), about, slots, to)

    def _name(self, kind):
        """A name; in training, no reserved one."""
        rng = self.rng
        if rng.random() < self.documented:
            return USUAL[kind]
        chance = rng.random()
        verbs, nouns = PARTS[kind]
        while True:
            name = rng.choice(verbs)
            if rng.random() < 0.8:
                name += rng.choice(["_", "_", "_", "-", ""]) \
                    + rng.choice(nouns)
            if chance > 0.85:
                # Only its description says what it is for.
                name = self.shop.lexicon.invent().lower()
            if reserved(name) == self.unseen and name not in self.names:
                self.names.add(name)
                return name

    def _slot(self, what, required, told):
        name, about = self.rng.choice(PARAMETERS[what])
        return Slot(what, name, self.rng.choice(about) if told else "",
                    required)

    def _book(self):
        rng = self.rng
        told = rng.random() < 0.85
        slots = [self._slot("day", True, told), self._slot("time", True, told)]
        if rng.random() < 0.88:
            slots.append(self._slot("name", True, told))
        if rng.random() < 0.28:
            slots.append(self._slot("service", rng.random() < 0.5, told))
        if rng.random() < 0.14:
            slots.append(self._slot("number", rng.random() < 0.6, told))
        if rng.random() < 0.18:
            slots.append(self._extra())
        self._mix(slots)
        return self._named("book", slots)

    def _extra(self):
        unseen = self.unseen and self.rng.random() < 0.5
        name, about, values = self.rng.choice(UNSEEN_EXTRA if unseen
                                              else EXTRA)
        return Slot("extra", name, about, True, values)

    def _mix(self, slots):
        if self.rng.random() < 0.7:
            self.rng.shuffle(slots)
        # The configuration's short form has no arguments that may be missing.
        if self.rng.random() < 0.4:
            for slot in slots:
                slot.required = True

    def _message(self):
        rng = self.rng
        told = rng.random() < 0.85
        slots = [self._slot("message", True, told)]
        if rng.random() < 0.9:
            slots.append(self._slot("name", True, told))
        if rng.random() < 0.35:
            slots.append(self._slot("number", rng.random() < 0.6, told))
        self._mix(slots)
        return self._named("message", slots)

    def _transfer(self):
        rng, shop = self.rng, self.shop
        count = rng.choices([1, 2, 3, 4], [4, 4, 2, 1])[0]
        names = []
        while len(names) < count:
            chance = rng.random()
            if chance < 0.6:
                name = rng.choice(PLACES)
            elif chance < 0.75:
                name = rng.choice(shop.data["roles"]).lower()
            elif chance < 0.85:
                name = rng.choice(shop.staff)
            elif chance < 0.95:
                name = shop.lexicon.word(FIRST)
            else:
                name = shop.lexicon.invent().lower()
            if name.lower() not in [other.lower() for other in names]:
                names.append(name)
        if rng.random() < 0.5:
            # The configuration sorts them.
            names.sort()
        return self._named("transfer", to=names)

    def _hang_up(self):
        return self._named("hang_up")
