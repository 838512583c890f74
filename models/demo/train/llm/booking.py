"""Appointments: day, time, name and number, moving and cancelling."""

import phrases
from lexicon import clock, digits, spoken
from questions import gaps
from words import DAYS, FIRST, UNITS


class Booking:
    """The part of a dialogue that makes appointments."""

    def some_time(self):
        """A time as callers say it."""
        rng = self.rng
        time = clock(rng, UNITS[1:13] + ["noon"])
        hour = rng.choice(UNITS[1:13])
        return rng.choice([time] * 8 + [
            f"{hour} o'clock", f"{hour} in the morning", f"half past {hour}",
            f"{hour} in the afternoon", f"quarter to {hour}"])

    def next_step(self):
        """Ask for what is missing for an appointment."""
        shop, day, time = self.shop, self.day, self.time
        told = "hours" in shop.told
        if day:
            self.needed.add("hours")
        if day and told and not shop.hours[day]:
            self.day, self.asking = None, "day"
            return (f"I am sorry, we are [closed on {day}]. "
                    "Which other [day] works for you?")
        if not day:
            self.asking = "day"
            if time:
                return f"Okay, [{time}]. Which [day] would you like?"
            return "Of course. [Which day] works for you?"
        if not time:
            self.asking = "time"
            hours = ""
            if told:
                hours = "We are open from [{} to {}]. ".format(
                    *shop.hours[day])
            return f"[{day}] is fine. {hours}What [time] would you like?"
        if not self.name:
            self.asking = "name"
            return f"Okay, [{day}] at [{time}]. What is your [name], please?"
        thanks = (f"Thank you, [{self.name}]. I have you down for "
                  f"[{day}] at [{time}]")
        if self.number:
            text = f"{thanks}, and your number is [{self.number}]."
        else:
            text = f"{thanks}. What is your phone [number]?"
        self.asking = None if self.number else "number"
        self.finish()
        return text

    def finish(self):
        """Forget the appointment that has been made."""
        self.day = self.time = self.name = self.number = None

    def do_book(self):
        """Ask for an appointment, perhaps with day and time."""
        rng = self.rng
        slot, day, time = "", rng.choice(DAYS), self.some_time()
        self.finish()
        self.cancelling = False
        if rng.random() < 0.6:
            slot = rng.choice(phrases.SLOT)
            self.day = day if "{day}" in slot else None
            self.time = time if "{time}" in slot else None
        name = rng.choice(list(self.shop.prices))
        templates = [t.replace("{slot}", slot) for t in phrases.BOOK]
        values = {"day": day, "time": time, **gaps(name)}
        facts = (day, time)
        if rng.random() < 0.08:
            self.name = self.shop.lexicon.person()
            facts += (self.name,)
            values["name"] = self.name
            lead = rng.choice(["My name is {name} and ", "This is {name}, ",
                               "I am {name}, "])
            templates = [lead + t[0].lower() + t[1:] if t[:2] != "I " else
                         lead + t for t in templates]
        self.say(templates, self.next_step(), facts, **values)

    def give_day(self):
        """Answer the question for the day."""
        rng = self.rng
        self.day = rng.choice(DAYS)
        facts, templates, time = (self.day,), phrases.DAY, ""
        if not self.time and rng.random() < 0.3:
            self.time = time = self.some_time()
            facts, templates = (self.day, time), phrases.DAY_TIME
        self.say(templates, self.next_step(), facts, day=facts[0], time=time)

    def give_time(self):
        """Answer the question for the time."""
        self.time = self.some_time()
        facts = (self.time,)
        self.say(phrases.TIME, self.next_step(), facts, time=facts[0])

    def give_name(self):
        """Answer the question for the name, or correct the slot first."""
        rng = self.rng
        chance = rng.random()
        if self.day and chance < 0.06:
            self.day = day = rng.choice(DAYS)
            self.say(phrases.CORRECT, self.next_step(), (day,), day=day)
            return
        if self.time and self.day and chance < 0.1:
            self.time = time = self.some_time()
            self.say(phrases.CORRECT_TIME, self.next_step(), (time,),
                     time=time)
            return
        self.name = name = self.shop.lexicon.person()
        if rng.random() < 0.1:
            self.name = name = self.shop.lexicon.word(FIRST)
        facts, templates, number = (name,), phrases.NAME, ""
        if self.cancelling:
            self.asking, self.cancelling = None, False
            reply = f"Thank you, [{name}]. Your appointment is [cancelled]."
            self.finish()
        else:
            if rng.random() < 0.2:
                self.number = number = digits(rng)
                templates, facts = phrases.NAME_NUMBER, (name, number)
            reply = self.next_step()
        heard = spoken(rng, number) if number else ""
        self.say(templates, reply, facts, name=name, number=heard)

    def give_number(self):
        """Answer the question for the telephone number."""
        number = digits(self.rng)
        self.asking = None
        reply = f"Thank you, I have [{number}]. Is there anything else?"
        self.say(phrases.NUMBER, reply, (number,),
                 number=spoken(self.rng, number))

    do_number = give_number

    def do_cancel(self):
        """Cancel an appointment."""
        self.finish()
        self.asking, self.cancelling = "name", True
        self.say(phrases.CANCEL, "No problem. What is the [name] on the "
                 "appointment?", day=self.rng.choice(DAYS))

    def do_move(self):
        """Move an appointment to another day."""
        self.finish()
        self.asking, self.cancelling = "day", False
        self.say(phrases.MOVE,
                 "Of course. [Which day] works for you instead?")
