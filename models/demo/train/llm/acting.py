"""Turns in which the desk uses its tools.

A tool is called once everything that it needs is known; the desk asks for
what is missing, one thing at a time.  What the tool brings is told.
"""

import asking
import making
import smalltalk
import tools
import wishes
from noise import surface
from questions import gaps
from toolset import REASONS, UNSURE
from words import DAYS, FIRST, LAST

QUESTIONS = {"service": "What [service] would you like?",
             "message": "What is your [message]?",
             "day": "Which [day] would you like?", "time": "At what [time]?",
             "name": "What is your [name], please?",
             "number": "What is your [phone number]?"}
ANYTHING = "Is there anything else?"
OFFER = "but I can [take a message]"
FAILED = "I am sorry, that [did not work]"
UNKNOWN = "I am sorry, I do [not know whether that worked]"
ASIDES = ["price", "price", "address", "parking", "payment", "insurance",
          "phone", "person", "hours", "hours", "having"]


class Acting:
    """The part of a dialogue that tools carry out."""

    kit = caller = number = None
    offer, booked, over = None, None, False
    messages = 0

    # Turns --------------------------------------------------------------

    def utter(self, templates, keep, wrap=True, **values):
        """What the caller says; the parts of `keep` as they are heard."""
        for _ in range(60):
            text = self.heard(templates, tuple(keep.values()), wrap, values)
            found = {what: surface(text, value)
                     for what, value in keep.items()}
            if text and all(found.values()):
                break
        else:
            raise ValueError(f"{keep} is not in {text!r}")
        self.said(text)
        return found

    def made(self, make, templates, share=0.55):
        """Some sentences of a list, or one that is put together."""
        if self.rng.random() < share:
            return [make(self.rng)]
        return templates

    def call(self, tool, known, words=""):
        """The desk calls a tool, behind some words."""
        arguments = tool.arguments(known)
        text = tools.written(f"[{tool.name}]", arguments)
        self.put(f"{words}\n{text}" if words else text)

    def bring(self, text):
        """A tool has brought something."""
        self.heard_result(tools.result(text))

    def outcome(self, good, unsure=()):
        """What a tool brings, and whether it worked: yes, no or None."""
        chance = self.rng.random()
        if chance < 0.82:
            self.bring(good)
            return True
        if unsure and chance < 0.88:
            self.bring(f"It failed: {self.rng.choice(unsure)}")
            return None
        self.bring(f"It failed: {self.rng.choice(REASONS)}")
        return False

    def told(self, worked, text):
        """The desk tells what a tool has brought."""
        if worked:
            self.topic = "tells"
            self.answer(text)
            return
        self.topic = "tells failure"
        reply = FAILED if worked is False else UNKNOWN
        if self.takes_messages() and "message" not in text:
            self.offer = "message"
            reply = f"{reply}, {OFFER}."
        else:
            reply = f"{reply}. {ANYTHING}"
        self.answer(reply)

    # Asking for what is missing -----------------------------------------

    def question(self, tool, what):
        """The question for something."""
        if what == "extra":
            return f"What is [{tool.key('extra').about}]?"
        return QUESTIONS[what]

    def value_of(self, tool, what):
        """Something that a caller says for it."""
        rng, shop = self.rng, self.shop
        if what == "day":
            return self.some_day()
        if what == "time":
            return self.ears.time()
        if what == "name":
            return self.some_name()
        if what == "number":
            return self.ears.number()[0]
        if what == "service":
            return rng.choice(list(shop.prices))
        values = tool.key("extra").values
        if values in (FIRST, None):
            return shop.lexicon.word(values or LAST)
        if values[0].isdigit():
            values = [v for v in values if v.isdigit() != self.ears.words]
        return rng.choice(values)

    def some_day(self):
        """A day as callers say it."""
        rng, chance = self.rng, self.rng.random()
        if chance < 0.76:
            return rng.choice(DAYS)
        if chance < 0.86:
            return f"{rng.choice(['next', 'this'])} {rng.choice(DAYS)}"
        if chance < 0.94:
            return self.ears.date()
        return rng.choice(["tomorrow", "today", "the day after tomorrow"])

    def closed(self, day):
        """The weekday in it, if the prompt says that it is closed then."""
        self.needed.add("hours")
        name = day.split()[-1].capitalize()
        known = "hours" in self.shop.told and name in DAYS
        return name if known and not self.shop.hours[name] else None

    def without_on(self, templates, day):
        """`on tomorrow` is not said."""
        if day.split()[0] in DAYS or day.startswith("the ") \
                and "tomorrow" not in day or day[0].isupper():
            return templates
        return [t.replace("on {day}", "{day}").replace("On {day}", "{day}")
                for t in templates]

    def give(self, tool, what, known):
        """The caller says what the desk has asked for."""
        if what == "message":
            known[what] = self.message(self.made(
                making.message, asking.MESSAGES + asking.PASS_ON, 0.7))
            return
        keep = {what: self.value_of(tool, what)}
        chance = self.rng.random()
        if what == "day":
            templates = [t for t in wishes.DAY if "ext {day}" not in t]
            if chance < 0.25 and "time" not in known and tool.key("time"):
                templates = wishes.DAY_TIME
                keep["time"] = self.ears.time()
            else:
                templates = self.made(making.day, templates)
            templates = self.without_on(templates, keep["day"])
        elif what == "name":
            templates = self.made(making.name, wishes.NAME)
            if chance < 0.1 and tool.key("number") and "number" not in known:
                templates = wishes.NAME_NUMBER
                keep["number"] = self.ears.number()[0]
        else:
            make, templates = {
                "time": (making.time, wishes.TIME),
                "number": (making.number, wishes.NUMBER)}.get(
                    what, (making.given, asking.VALUE))
            templates = asking.WHAT if what == "service" else \
                self.made(make, templates)
        more = gaps(keep["service"]) if what == "service" else {}
        known.update(self.utter(templates, keep, v=keep[what], **keep, **more))
        self.remember(known)

    def remember(self, known):
        """Who the caller is need not be asked twice."""
        self.caller = known.get("name", self.caller)
        self.number = known.get("number", self.number)

    def aside(self, tool, what):
        """Something else before the answer. True if that ends it all."""
        rng, chance = self.rng, self.rng.random()
        question, topic = self.question(tool, what), self.topic
        if chance < 0.1:
            intent = rng.choice(ASIDES)
            if what == "service" and intent in ("price", "having") or \
                    what == "day" and intent == "hours":
                intent = "address"
            self.asking = what
            templates, reply, values, facts = self.fact(intent)
            self.asking = None
            self.topic = "goes on"
            self.say(templates, f"{reply} {question}", facts, **values)
        elif chance < 0.14 and what in asking.BEGINNINGS:
            self.topic = "unfinished"
            self.unfinished(rng.choice(asking.BEGINNINGS[what]))
        elif chance < 0.16:
            self.topic = "nonsense"
            self.do_nonsense()
        elif chance < 0.19:
            self.topic = "drops it"
            self.say(asking.NEVER_MIND, "Okay. Is there [anything else] I can "
                     "help you with?", wrap=False)
            return True
        self.topic = topic
        return False

    def slip(self, tool, what, known):
        """The caller corrects something before it is written down."""
        old = [w for w in ("day", "time") if w in known and w != what]
        if not old or self.rng.random() > 0.08:
            return
        which = self.rng.choice(old)
        value = self.other(tool, which, known[which])
        if which == "day" and self.closed(value):
            return
        heard = self.utter(asking.SLIPS[which], {which: value}, v=value,
                           old=known[which])
        known.update(heard)
        self.topic = "corrects"
        self.answer(f"Okay, [{heard[which]}]. {self.question(tool, what)}")

    def other(self, tool, what, old):
        """Another day or time."""
        while True:
            value = self.value_of(tool, what)
            if value.lower() != old.lower():
                return value

    def pursue(self, tool, known):
        """Asks until everything is known. False if it comes to nothing."""
        kind = self.topic = tool.kind
        for what in (("name", self.caller), ("number", self.number)):
            if what[1] and tool.key(what[0]):
                known.setdefault(*what)
        for _ in range(12):
            closed = known.get("day") and self.closed(known["day"])
            if closed:
                del known["day"]
                question = f"On {closed} we are [closed]. {QUESTIONS['day']}"
                missing = "day"
                self.topic = "closed"
            else:
                missing = next((w for w in tool.needs() if w not in known),
                               None)
                if missing is None:
                    return True
                question = self.question(tool, missing)
                self.topic = f"{kind} asks"
            if missing == "message":
                question = f"Of course. {question}"
            self.answer(question)
            self.slip(tool, missing, known)
            if self.aside(tool, missing):
                return False
            self.give(tool, missing, known)
        return False

    # Appointments -------------------------------------------------------

    def do_book(self):
        """An appointment is wanted."""
        tool = self.kit and self.kit.book
        if not tool:
            super().do_book()
            return
        rng = self.rng
        slots = rng.choice(asking.SLOTS)
        keep = {what: self.value_of(tool, what) for what in ("day", "time")
                if "{" + what + "}" in slots}
        if "day" in keep:
            slots = self.without_on([slots], keep["day"])[0]
        wanted = rng.choice(list(self.shop.prices))
        template = rng.choice(self.made(making.book, asking.BOOK))
        template = template.replace("{slot}", slots)
        if "{ax}" in template:
            keep["service"] = wanted
        if rng.random() < 0.14:
            keep["name"] = self.some_name()
            lead = rng.choice(asking.LEADS)
            first = template if template[:2] in ("I ", "I'") else \
                template[0].lower() + template[1:]
            template = lead + first
        values = {**keep, **gaps(wanted)}
        known = self.utter([template], keep, **values)
        if not tool.key("service"):
            known.pop("service", None)
        self.remember(known)
        self.write_down(tool, known)

    def write_down(self, tool, known):
        """Everything is asked for, written down and told."""
        if not self.pursue(tool, known):
            return
        worked = self.book_it(tool, known)
        for _ in range(2):
            if worked is False and self.rng.random() < 0.3:
                self.utter(asking.TRY_AGAIN, {}, wrap=False)
                self.offer = None
                worked = self.book_it(tool, known, "book again")
            if worked and self.rng.random() < 0.3:
                worked = self.change_mind(*self.booked)

    def book_it(self, tool, known, topic="book"):
        """One call of the tool, and what is told of it."""
        self.topic = topic
        self.call(tool, known)
        worked = self.outcome(self.kit.done, UNSURE)
        done = "written down" if self.kit.done == tools.DONE else "done"
        values = ", ".join(f"[{known[slot.what]}]" for slot in tool.slots
                           if slot.what in known)
        self.told(worked, f"That is [{done}]: {values}. {ANYTHING}")
        self.booked = (tool, dict(known)) if worked else self.booked
        return worked

    def change_mind(self, tool, known):
        """Another day or time, once it is written down."""
        which = self.rng.choice(["day", "day", "time"])
        value = self.other(tool, which, known[which])
        heard = self.utter(self.made(making.change, asking.CHANGES),
                           {which: value}, v=value, old=known[which])
        known = {**known, **heard}
        return self.pursue(tool, known) and \
            self.book_it(tool, known, "book changes")

    def do_move(self):
        """An appointment is to be moved: one of this call can be."""
        if not self.booked:
            super().do_move()
            return
        self.change_mind(*self.booked)

    # Messages -----------------------------------------------------------

    def takes_messages(self):
        """Whether the desk can write a message down: one, since the next
        would take its place."""
        return bool(self.kit and self.kit.message and not self.messages)

    def message(self, templates):
        """A caller's words that are a message as they are."""
        rng = self.rng
        name = rng.choice(list(self.shop.prices))
        values = {"name": self.some_person(), "day": rng.choice(DAYS),
                  "time": self.ears.time(), "old": self.ears.time(),
                  "street": self.shop.lexicon.street(), **gaps(name)}
        while True:
            text = self.heard(templates, (), rng.random() < 0.3, values)
            if text and "[" not in text and '"' not in text:
                break
        self.said(text)
        return text

    def take_message(self, make, templates, otherwise):
        """A message, said at once."""
        if not self.takes_messages():
            otherwise()
            return
        tool = self.kit.message
        said = self.message(self.made(make, templates))
        self.leave_message(tool, {"message": said})

    def leave_message(self, tool, known):
        """Everything is asked for, written down and told."""
        self.messages += 1
        if not self.pursue(tool, known):
            return
        self.topic = "message"
        self.call(tool, known)
        worked = self.outcome(tools.DONE, UNSURE)
        self.told(worked, f"Your message is [written down]. {ANYTHING}")

    def do_late(self):
        """The caller is late, or wants something passed on."""
        if self.kit and self.rng.random() < 0.5:
            self.do_leave()
            return
        self.take_message(making.late_or_passed_on,
                          smalltalk.LATE + asking.PASS_ON * 2, super().do_late)

    def do_leave(self):
        """The caller wants to leave a message, and has not said it."""
        if not self.takes_messages():
            super().do_late()
            return
        self.utter(self.made(making.leave, asking.LEAVE), {},
                   name=self.some_person())
        self.leave_message(self.kit.message, {})

    def do_call_back(self):
        """The caller wants to be called."""
        self.take_message(making.call_back, smalltalk.CALL_BACK,
                          super().do_call_back)

    def do_cancel(self):
        """An appointment is to be cancelled."""
        booking = "booking" in self.shop.told
        self.needed.add("booking")
        if not self.takes_messages() or booking:
            super().do_cancel()
            return
        self.say(wishes.CANCEL, "I [cannot change appointments] on this line "
                 f"yet, {OFFER}.", day=self.rng.choice(DAYS),
                 date=self.ears.date(), time=self.ears.time())
        self.offer = "message"

    def accept(self):
        """The caller wants what the desk has offered, or not."""
        offer, self.offer = self.offer, None
        if self.rng.random() < 0.25:
            self.topic = "no"
            self.say(smalltalk.NO, "Okay. Is there [anything else] I can help "
                     "you with?", wrap=False)
            return
        self.utter(asking.YES, {}, wrap=False)
        if offer == "message":
            self.leave_message(self.kit.message, {})
        else:
            self.connect(offer)

    # Transfers ----------------------------------------------------------

    def who(self, name):
        """Somebody, as callers call them."""
        rng = self.rng
        if name[0].isupper():
            return name
        return rng.choice([f"the {name}", f"the {name}", f"the {name}", name,
                           f"your {name}", f"someone from {name}"])

    def do_human(self):
        """The caller wants a person."""
        rng = self.rng
        tool = self.kit and self.kit.transfer
        if not tool:
            self.cannot_transfer()
            return
        chance = rng.random()
        self.topic = "transfer asks"
        if chance < 0.55:
            name = rng.choice(tool.to)
            self.speak(self.who(name), {"to": name})
            self.connect(name)
            return
        if chance < 0.85:
            if rng.random() < 0.35:
                self.utter(asking.ANYBODY, {})
            else:
                self.speak(making.anybody(rng), {})
            if len(tool.to) == 1:
                self.connect(tool.to[0])
                return
        else:
            other = self.somebody_else(tool)
            self.speak(other, {"to": other})
        self.offer_transfer(tool)

    def speak(self, who, keep):
        """The caller wants to talk to somebody."""
        name = self.rng.choice(list(self.shop.prices))
        templates = self.made(making.speak, asking.SPEAK)
        self.utter(templates, keep, who=who, **gaps(name))

    def somebody_else(self, tool):
        """Somebody whom the tool does not reach."""
        listed = " ".join(tool.to).lower().split()
        while True:
            name = self.rng.choice(self.shop.staff + [self.some_person()] * 2)
            if not set(name.lower().split()) & set(listed):
                return name

    def offer_transfer(self, tool):
        """Whom the caller can be connected with."""
        *others, last = tool.to
        if not others:
            self.answer(f"I can connect you with [{last}]. Would you like "
                        "that?")
            self.offer = last
            return
        names = ", ".join(f"[{name}]" for name in others)
        self.answer(f"I can connect you with {names} or [{last}]. Who would "
                    "you like to speak to?")
        if self.rng.random() < 0.8:
            name = self.rng.choice(tool.to)
            self.utter(asking.CHOOSE, {"to": name}, who=self.who(name))
            self.connect(name)

    def connect(self, name):
        """The desk transfers the call."""
        tool = self.kit.transfer
        self.topic = "transfer"
        text = f"One moment, I connect you with [{name}]."
        if self.rng.random() < 0.04:
            # The caller cuts in, and nothing is transferred.
            words = text.replace("[", "").replace("]", "").split()
            self.spoken(" ".join(words[:self.rng.randint(2, len(words) - 1)]))
            return
        arguments = '{"to": "[' + name + ']"}'
        call = tools.written(f"[{tool.name}]", arguments)
        self.put(f"{text}\n{call}")
        worked = self.outcome(tools.CONNECTED)
        self.told(worked, "You are being [connected].")

    def cannot_transfer(self):
        """There is nobody to transfer to, but perhaps a message to take."""
        if not self.takes_messages():
            super().do_human()
            return
        name = self.rng.choice(self.shop.staff + [self.some_person()])
        self.say(smalltalk.HUMAN, "I am the automated assistant and I "
                 f"[cannot transfer] calls, {OFFER}.", name=name)
        self.offer = "message"

    # The end ------------------------------------------------------------

    def goodbye(self, make, templates):
        """The end of the call."""
        tool = self.kit and self.kit.hang_up
        if self.kit:
            templates = self.made(make, templates)
        if not tool:
            self.say(templates, "Thank you for calling. [Goodbye].",
                     wrap=False)
            return
        self.utter(templates, {}, wrap=False)
        self.topic = "hang up"
        self.call(tool, {}, "Thank you for calling. [Goodbye].")
        self.over = True

    def do_bye(self):
        """The caller says goodbye."""
        self.goodbye(making.bye, smalltalk.BYE)

    def do_no(self):
        """A bare no."""
        if self.last and "anything else" in self.last:
            self.goodbye(making.no_more, smalltalk.NO)
        else:
            super().do_no()

    def do_ask(self):
        """The desk asks for data without a reason."""
        if not self.kit:
            super().do_ask()
        else:
            self.do_book()
