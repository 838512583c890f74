"""Questions whose answers stand in the system prompt."""

import extras
import phrases
import trades
from facts import listing
from words import DAYS, FIRST, INSURERS, LAST

NOT_OFFERED = "I am sorry, that is [not on my list]."
AMBIGUOUS = ("How about", "What about", "And on", "Can I come")
FACT_INTENTS = {"hours": 25, "price": 17, "prices": 5, "services": 3,
                "address": 7, "parking": 6, "offer": 8, "person": 7,
                "works_here": 4, "phone": 5, "insurance": 5, "insurer": 5,
                "payment": 4, "new": 5, "hours_all": 3, "weekend": 2,
                "is_this": 4, "pain": 3, "having": 9, "label": 6,
                "never_told": 2}
MASS = ("whitening", "grooming", "taping", "towing", "coloring", "styling",
        "bread", "surgery", "neutering", "cola", "salad", "coleslaw",
        "lemonade", "rice", "thai", "chips", "payroll", "rewiring", "waxing",
        "bookkeeping", "retouching", "soup", "tea", "coffee")


def many(name):
    """Whether the thing is called by a plural."""
    last = name.split()[-1]
    return last.endswith("s") and not last.endswith(("ss", "us", "is", "as"))


def with_article(name):
    """`a cleaning`, `an x-ray`; some nouns go without."""
    if name.split()[-1] in MASS or many(name):
        return name
    return ("an " if name[0] in "aeiox" else "a ") + name


def gaps(name):
    """The forms of a service's name for the callers' sentences."""
    more = name if name.endswith(("s", "ing")) else name + "s"
    return {"x": name, "ax": with_article(name), "xs": more}


def costs(name, price):
    """`the cleaning is [ninety dollars]`"""
    return f"the {name} {'are' if many(name) else 'is'} [{price}]"


def sentence(text):
    """With a capital letter."""
    return text[0].upper() + text[1:]


class Questions:
    """The part of a dialogue that asks for facts."""

    def unknown(self, about=""):
        """What is not in the prompt, and what is."""
        shop, known = self.shop, []
        for key, name in (("hours", "hours"), ("prices", "prices"),
                          ("address", "address")):
            if key in shop.told and key != about and len(known) < 2:
                known.append(name)
                self.needed.add(key)
        text = "I am sorry, I [do not know that]"
        if not known:
            return text + "."
        return f"{text}, but I can tell you our {listing(known)}."

    def fact(self, intent):
        """Templates, answer, gap values and untouchable words."""
        shop = self.shop
        if hasattr(self, f"fact_{intent}"):
            return getattr(self, f"fact_{intent}")()
        self.needed.add(intent)
        value, people = shop.values[intent], shop.data["people"]
        replies = {
            "address": f"We are at [{value}].",
            "parking": f"You can park [{value}].",
            "phone": f"Our number is [{value}].",
            "payment": f"You can pay with [{value}].",
            "new": f"[Yes, we take new {people}]."}
        reply = replies[intent]
        if intent == "parking" and value == "none":
            reply = "I am sorry, we have [no parking]."
        if intent == "new" and value == "no":
            reply = f"[No, we are not taking new {people}]."
        if intent not in shop.told:
            reply = self.unknown(intent)
        return getattr(phrases, intent.upper()), reply, {}, ()

    # People -------------------------------------------------------------

    def fact_person(self):
        """Who works there."""
        self.needed.add("person")
        shop = self.shop
        reply = f"That would be [{shop.people}]."
        templates = phrases.PERSON
        if len(shop.staff) > 1:
            templates = templates + phrases.PEOPLE + phrases.PEOPLE
        if "person" not in shop.told:
            reply = self.unknown()
        return templates, reply, {}, ()

    def fact_works_here(self):
        """Whether somebody works there."""
        self.needed.add("person")
        shop, rng = self.shop, self.rng
        if rng.random() < 0.6:
            name = rng.choice(shop.staff)
            reply = (f"[Yes, {name}] works here, but I [do not know] who is "
                     "in today.")
        else:
            while True:
                name = shop.person(shop.title)
                if name not in shop.staff:
                    break
            reply = (f"I do [not] have [{name}] on my list, only "
                     f"[{shop.people}].")
        said = name
        if name.startswith("Doctor ") and rng.random() < 0.7:
            said = "Dr. " + name[7:]
        elif name.startswith("Dr. ") and rng.random() < 0.3:
            said = "Doctor " + name[4:]
        if name not in shop.staff:
            reply = reply.replace(f"[{name}]", f"[{said}]")
        if "person" not in shop.told:
            reply = self.unknown()
        return phrases.WORKS_HERE, reply, {"name": said}, (said,)

    # Insurance ----------------------------------------------------------

    def fact_insurance(self):
        """Whether insurance is taken, or which."""
        self.needed.add("insurance")
        shop = self.shop
        value = shop.values["insurance"]
        reply = {"yes": "[Yes, we take insurance].",
                 "no": "[No, we do not take insurance]."}.get(
                     value, f"[Yes, we take {value}].")
        if "insurance" not in shop.told:
            reply = self.unknown()
        return phrases.INSURANCE, reply, {}, ()

    def fact_insurer(self):
        """Whether one company's insurance is taken."""
        self.needed.add("insurance")
        shop, rng = self.shop, self.rng
        value = shop.values["insurance"]
        if shop.insurers and rng.random() < 0.5:
            name = rng.choice(shop.insurers)
            reply = f"[Yes, we take {name}]."
        else:
            while True:
                name = shop.lexicon.word(INSURERS)
                if name not in shop.insurers:
                    break
            reply = {"yes": f"[We take insurance], but I do [not know about "
                            f"{name}].",
                     "no": "[No, we do not take insurance]."}.get(
                         value, f"[No, we do not take {name}], only "
                         f"[{value}].")
        if "insurance" not in shop.told:
            reply = self.unknown()
        return phrases.INSURER, reply, {"x": name}, (name,)

    # Hours --------------------------------------------------------------

    def span(self, day):
        """The sentence about one day."""
        hours = self.shop.hours[day]
        if hours:
            spans = " and ".join(" to ".join(span) for span in hours)
            return f"On {day} we are open from [{spans}]."
        return f"On {day} we are [closed]."

    def fact_hours(self):
        """Hours of one day."""
        self.needed.add("hours")
        day = self.rng.choice(DAYS)
        templates = phrases.HOURS
        if self.asking:
            templates = [t for t in templates if not t.startswith(AMBIGUOUS)]
        reply = self.span(day) if "hours" in self.shop.told \
            else self.unknown("hours")
        said = self.rng.choice(["{}"] * 12 + [
            "this {}", "{} morning", "{} afternoon", "next {}", "{} night",
            "{}s", "a {}"]).format(day)
        values = {"day": said, "time": self.ears.time()}
        return templates, reply, values, (day,)

    def fact_hours_all(self):
        """The hours of all days, in the order of the prompt."""
        self.needed.add("hours")
        reply = self.writer.hours[1]
        if "hours" not in self.shop.told:
            reply = self.unknown("hours")
        return phrases.HOURS_ALL, reply, {}, ()

    def fact_weekend(self):
        """Saturday and Sunday."""
        self.needed.add("hours")
        reply = f"{self.span('Saturday')} {self.span('Sunday')}"
        if "hours" not in self.shop.told:
            reply = self.unknown("hours")
        return phrases.WEEKEND, reply, {}, ()

    # Prices -------------------------------------------------------------

    def some_service(self):
        """A service the caller asks for: mostly one that is priced."""
        shop, rng = self.shop, self.rng
        chance = rng.random()
        if chance < 0.77:
            return rng.choice(list(shop.prices))
        if chance < 0.84 and shop.listed:
            return rng.choice(shop.listed)
        if chance < 0.89:
            return rng.choice(trades.OFF_LIST)
        return shop.service(others=chance > 0.96)

    def fact_price(self, offer=False):
        """The price of a service, or that it is not offered."""
        shop, name = self.shop, self.some_service()
        self.needed.add("prices")
        said = self.called(name)
        if shop.sized and self.rng.random() < 0.3:
            said = self.rng.choice(list(shop.sized))
        if "prices" not in shop.told:
            reply = NOT_OFFERED if offer else self.unknown("prices")
        elif said in shop.sized:
            reply = sentence(listing(costs(n, shop.prices[n])
                                     for n in shop.sized[said])) + "."
        elif name in shop.prices:
            reply = costs(name, shop.prices[name]) + "."
            reply = f"[Yes], {reply}" if offer else sentence(reply)
        elif name in shop.listed:
            reply = f"Yes, we [do offer] {name}." if offer else \
                self.unknown("prices")
        else:
            reply = NOT_OFFERED
        templates = phrases.OFFER if offer else phrases.PRICE
        if not offer and self.rng.random() < 0.05:
            templates = phrases.HOW_MANY
        return templates, reply, gaps(said), (said,)

    def called(self, name):
        """A service as the caller calls it: sometimes with a word less."""
        prices, rng = self.shop.prices, self.rng
        if name not in prices or rng.random() < 0.9:
            return name
        if rng.random() < 0.4:
            return f"{rng.choice(['regular', 'normal', 'simple'])} {name}"
        last = name.split(" ", 1)[-1]
        if len(last) > 3 and sum(last in other for other in prices) == 1:
            return last
        return name

    def fact_offer(self):
        """Whether a service is offered."""
        return self.fact_price(offer=True)

    def fact_prices(self):
        """Two prices at once."""
        shop = self.shop
        self.needed.add("prices")
        names = list(shop.prices)
        if len(names) < 2 or "prices" not in shop.told:
            return self.fact_price()
        names = self.rng.sample(names, 3 if len(names) > 3 and
                                self.rng.random() < 0.1 else 2)
        reply = sentence(listing(costs(n, shop.prices[n]) for n in names))
        values = {"list": listing(map(with_article, names)),
                  "plain": listing(names),
                  "the": listing(f"the {name}" for name in names)}
        return phrases.PRICES, reply + ".", values, tuple(names)

    def fact_services(self):
        """Everything that is offered."""
        shop = self.shop
        self.needed.add("prices")
        names = self.writer.all_services()
        # As the prompt has it.  An "and" would have to be said before the last
        # item is reached, and networks of this size said it too early.
        reply = f"We have {', '.join(f'[{name}]' for name in names)}."
        if "prices" not in shop.told:
            reply = self.unknown("prices")
        return phrases.SERVICES, reply, {}, ()

    # Everything else ----------------------------------------------------

    def fact_having(self):
        """A yes or no fact."""
        shop, rng = self.shop, self.rng
        if shop.having and rng.random() < 0.85:
            thing = rng.choice(list(shop.having))
            yes = shop.having[thing]
            self.needed.add(thing)
        else:
            thing, yes = shop.some_having(), None
            while thing in shop.having:
                thing = shop.some_having()
        templates, *replies = extras.SPECIAL.get(
            thing, (extras.HAVE, extras.YES_HAVE, extras.NO_HAVE))
        if yes is None:
            reply = self.unknown() if thing in extras.SPECIAL \
                else NOT_OFFERED
        else:
            reply = replies[0 if yes else 1].replace("{x}", thing)
        return templates, reply, {"x": thing}, (thing,)

    def fact_label(self):
        """A fact with a name."""
        shop, rng = self.shop, self.rng
        if shop.labels and rng.random() < 0.85:
            name = rng.choice(list(shop.labels))
            value, questions = shop.labels[name]
            self.needed.add(name)
            reply = f"The {name} is [{value}]."
        else:
            name, _, questions = shop.some_label()
            while name in shop.labels:
                name, _, questions = shop.some_label()
            reply = self.unknown()
        templates = extras.WHAT
        if questions and rng.random() < 0.4:
            templates = questions
        return templates, reply, {"x": name}, (name,)

    def fact_never_told(self):
        """What no prompt tells."""
        return extras.NEVER_TOLD, self.unknown(), {}, ()

    def fact_is_this(self):
        """Whether this is the right place."""
        reply = f"This is [{self.shop.name}]. How can I help you?"
        return phrases.IS_THIS, reply, {}, ()

    def fact_pain(self):
        """An emergency."""
        self.needed.add("emergency")
        templates = phrases.PAIN.get(self.shop.kind, []) + phrases.PAIN_ALL
        advice = "I [cannot help with that] on this line."
        if "emergency" in self.shop.told:
            value = self.shop.values["emergency"]
            advice = f"In an emergency, please [{value}]."
        return templates, f"I am sorry to hear that. {advice}", {}, ()

    def some_person(self):
        """A first or last name of somebody, alone."""
        return self.shop.lexicon.word(self.rng.choice([FIRST, LAST]))
