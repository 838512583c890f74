"""Everything around the facts: greetings, thanks, repeating, nonsense."""

import phrases
import smalltalk
from words import DAYS

ANYTHING = "Is there [anything else] I can help you with?"


class Chatter:
    """The part of a dialogue that needs no fact of the business."""

    def do_hello(self):
        """A greeting."""
        self.say(smalltalk.HELLO,
                 f"Hello, this is [{self.shop.name}]. How can I help you?")

    def do_name(self):
        """The caller gives a name without having been asked."""
        name = self.shop.lexicon.person()
        self.say(phrases.NAME[:8],
                 f"Thank you, [{name}]. How can I help you?", (name,),
                 name=name)

    def do_late(self):
        """The caller is late."""
        self.say(smalltalk.LATE, "[Thank you for] telling us. See you soon.")

    def do_human(self):
        """The caller wants a person."""
        self.say(smalltalk.HUMAN,
                 "Of course. Please [hold] while I transfer you.")

    def do_robot(self):
        """The caller asks whether this is a machine."""
        self.say(smalltalk.ROBOT,
                 f"I am the automatic [assistant] of [{self.shop.name}].")

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
        if self.last and "anything else" in self.last:
            answer = "Of course. [What] would you like to know?"
        else:
            answer = f"Great. {ANYTHING}"
        self.say(smalltalk.YES, answer, wrap=False)

    def do_no(self):
        """A bare no."""
        if self.last and "anything else" in self.last:
            answer = "Thank you for calling. [Goodbye]."
        else:
            answer = f"Okay. {ANYTHING}"
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
        self.say([" ".join(words) + rng.choice(["", ".", "?"])],
                 "I am sorry, I [did not understand]. "
                 "Could you say it again?", wrap=False)

    def do_unfinished(self):
        """A sentence that breaks off: the caller is still thinking."""
        rng = self.rng
        text = rng.choice(smalltalk.UNFINISHED)
        if rng.random() < 0.35:
            pool = rng.choice([phrases.HOURS, phrases.ADDRESS,
                               phrases.PARKING, phrases.BOOK])
            words = self.fill(pool, day=rng.choice(DAYS), slot="",
                              x="visit", ax="a visit").split()
            text = " ".join(words[:rng.randint(2, 3)]) \
                if len(words) > 5 else text
        text += rng.choice(["", "", "", "...", " um", " uh"])
        self.say([text], "Go on, I am [listening].", finished=False)

    def do_today(self):
        """Today or tomorrow: the desk has no calendar."""
        self.say(smalltalk.TODAY, "I am sorry, which [day] is that?")

    def do_two(self):
        """Two questions in one turn."""
        rng = self.rng
        first, second = rng.sample(
            ["hours", "price", "address", "parking", "person", "payment"], 2)
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
