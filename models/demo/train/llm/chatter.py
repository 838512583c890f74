"""Everything around the facts: greetings, thanks, repeating, nonsense."""

import phrases
import smalltalk
import wishes
from facts import listing
from words import DAYS


class Chatter:
    """The part of a dialogue that needs no fact of the business."""

    def do_hello(self):
        """A greeting."""
        self.say(smalltalk.HELLO,
                 f"Hello, this is [{self.shop.name}]. How can I help you?")

    def do_late(self):
        """The caller is late, or wants something passed on."""
        name = self.some_person()
        self.say(smalltalk.LATE + smalltalk.MESSAGE,
                 "I am sorry, I [cannot pass on messages] on this line.",
                 name=name)

    def do_call_back(self):
        """The caller wants to be called."""
        name = self.some_person()
        self.say(smalltalk.CALL_BACK, "I am sorry, I [cannot arrange calls] "
                 "on this line, but I can answer questions.", name=name)

    def do_human(self):
        """The caller wants a person."""
        name = self.rng.choice(self.shop.staff + [self.some_person()])
        self.say(smalltalk.HUMAN,
                 "I am the automated assistant and I [cannot transfer] calls, "
                 "but I can answer questions.", name=name)

    def do_robot(self):
        """The caller asks whether this is a machine."""
        self.say(smalltalk.ROBOT,
                 f"I am the automated [assistant] of [{self.shop.name}].")

    def do_help(self):
        """What the desk can do."""
        known = [key for key in ("hours", "prices", "address")
                 if key in self.shop.told]
        self.needed.update(known)
        text = f" about our [{listing(known)}]" if known else ""
        self.say(smalltalk.HELP, f"I can answer questions{text}. What would "
                 "you like to know?")

    def do_keys(self):
        """Keys: the product writes them as words."""
        rng = self.rng
        count = rng.choice([1, 1, 2, 3, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11])
        keys = rng.choices("0123456789", k=count)
        if rng.random() < 0.1:
            keys[-1] = rng.choice("#*")
        heard = " ".join(keys)
        back = heard.replace("#", "pound").replace("*", "star")
        self.say([f"I pressed {heard}."],
                 f"Thank you, I got [{back}]. How can I help you?",
                 (heard,), wrap=False, noise=False)

    def do_repeat(self):
        """The caller wants the last answer again."""
        self.say(smalltalk.REPEAT, self.last or "How can I help you?")

    def do_thanks(self):
        """Thanks."""
        self.say(smalltalk.THANKS,
                 "You are [welcome]. Is there anything else?", wrap=False)

    def do_bye(self):
        """The end of the call."""
        self.say(smalltalk.BYE, "Thank you for calling. [Goodbye].",
                 wrap=False)

    def do_yes(self):
        """A bare yes."""
        self.say(smalltalk.YES, "Of course. [What] would you like to know?",
                 wrap=False)

    def do_no(self):
        """A bare no."""
        if self.last and "anything else" in self.last:
            answer = "Thank you for calling. [Goodbye]."
        else:
            answer = "Okay. Is there [anything else] I can help you with?"
        self.say(smalltalk.NO, answer, wrap=False)

    def do_how_are_you(self):
        """Small talk."""
        self.say(smalltalk.HOW_ARE_YOU,
                 "I am [fine], thank you. How can I help you?")

    def do_wait(self):
        """The caller needs a moment."""
        self.say(smalltalk.WAIT, "Of course, [take your time].", wrap=False)

    def do_off_topic(self):
        """Something a front desk does not know."""
        self.say(smalltalk.OFF_TOPIC, "I am sorry, I can [only help] with our "
                 "services. What would you like to know?")

    def do_nonsense(self):
        """Words without a meaning."""
        rng = self.rng
        words = rng.choices(smalltalk.NOISE_WORDS, k=rng.randint(2, 8))
        text = " ".join(words)
        if rng.random() < 0.5:
            text = text[0].upper() + text[1:]
        if rng.random() < 0.3:
            text = rng.choice(smalltalk.HEARD_IN_SILENCE)
        self.say([text + rng.choice(["", ".", "."])],
                 "I am sorry, I [did not understand]. "
                 "Could you say it again?", wrap=False)

    def do_unfinished(self):
        """A sentence that breaks off: the caller is still thinking."""
        rng = self.rng
        text = rng.choice(smalltalk.UNFINISHED)
        if rng.random() < 0.35:
            pool = rng.choice([phrases.HOURS, phrases.ADDRESS,
                               phrases.PARKING, wishes.BOOK])
            words = self.fill(pool, day=rng.choice(DAYS), slot="", time="ten",
                              x="visit", ax="a visit").split()
            text = " ".join(words[:rng.randint(2, 3)]) \
                if len(words) > 5 else text
        self.unfinished(text)

    def unfinished(self, text):
        """Add a sentence that breaks off."""
        text += self.rng.choice(["", "", "", "...", ".", " um", " uh"])
        self.say([text], "Go on, I am [listening].", finished=False)

    def do_today(self):
        """Today or tomorrow: the desk has no calendar."""
        self.say(smalltalk.TODAY, "I do not have a calendar. "
                 "Which [day] of the week is that?", date=self.ears.date())

    def do_two(self):
        """Two questions in one turn."""
        rng = self.rng
        first, second = rng.sample(
            ["hours", "price", "address", "parking", "person", "payment",
             "having", "phone", "insurance"], 2)
        one, answer, values, facts = self.fact(first)
        other, reply, more, extra = self.fact(second)
        joint = rng.choice([" And ", " And ", " and "])
        left = self.fill(one, **values)
        right = self.fill(other, **more)
        if joint == " and ":
            left = left.rstrip(".?")
            right = right[0].lower() + right[1:]
            if right.startswith("and "):
                right = right[4:]
        self.say([(left + joint + right).replace("And And", "And")],
                 f"{answer} {reply}", facts + extra)
