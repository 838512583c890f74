"""Questions whose answers stand in the system prompt."""

import phrases
from words import DAYS, OFF_LIST

UNKNOWN = ("I am sorry, I [do not have that information]. "
           "Someone can call you back.")
NOT_OFFERED = "I am sorry, we [do not offer] that here."
AMBIGUOUS = ("How about", "What about", "And on", "Can I come")
FACT_INTENTS = {"hours": 25, "price": 16, "address": 8, "parking": 8,
                "offer": 9, "person": 7, "phone": 5, "insurance": 5,
                "payment": 5, "new": 4, "hours_all": 3, "weekend": 2,
                "is_this": 5, "pain": 5}


def with_article(name):
    """`a cleaning`, `an x-ray`; some nouns go without."""
    if name.split()[-1] in ("whitening", "grooming", "taping", "towing",
                            "coloring", "styling"):
        return name
    return ("an " if name[0] in "aeiox" else "a ") + name


def gaps(name):
    """The forms of a service's name for the callers' sentences."""
    many = name if name.endswith(("s", "ing")) else name + "s"
    return {"x": name, "ax": with_article(name), "xs": many}


class Questions:
    """The part of a dialogue that asks for facts."""

    def fact(self, intent):
        """Templates, answer, gap values and untouchable words."""
        shop = self.shop
        if hasattr(self, f"fact_{intent}"):
            return getattr(self, f"fact_{intent}")()
        self.needed.add(intent)
        value = shop.values[intent]
        replies = {
            "address": f"We are at [{value}].",
            "parking": f"You can park [{value}].",
            "person": f"That would be [{value}].",
            "phone": f"Our number is [{value}].",
            "insurance": f"[Yes], we take [{value}] insurance.",
            "payment": f"You can pay with [{value}].",
            "new": f"[Yes], we take new {shop.data['people']}."}
        reply = replies[intent]
        if intent == "parking" and value == "none":
            reply = "I am sorry, we have [no parking]."
        if intent == "insurance" and value == "yes":
            reply = "[Yes, we take] insurance."
        if intent == "insurance" and value == "no":
            reply = "I am sorry, we [do not take] insurance."
        if intent == "new" and value == "no":
            reply = (f"I am sorry, we are [not taking] new "
                     f"{shop.data['people']}.")
        if intent not in shop.told:
            reply = UNKNOWN
        return getattr(phrases, intent.upper()), reply, {}, ()

    def span(self, day):
        """The sentence about one day."""
        hours = self.shop.hours[day]
        if hours:
            return f"On {day} we are open from [{hours[0]} to {hours[1]}]."
        return f"On {day} we are [closed]."

    def fact_hours(self):
        """Hours of one day."""
        self.needed.add("hours")
        day = self.rng.choice(DAYS)
        templates = phrases.HOURS
        if self.asking or self.day or self.time:
            templates = [t for t in templates if not t.startswith(AMBIGUOUS)]
        reply = self.span(day) if "hours" in self.shop.told else UNKNOWN
        said = self.rng.choice(["{}"] * 12 + [
            "this {}", "{} morning", "{} afternoon", "next {}"]).format(day)
        return templates, reply, {"day": said}, (day,)

    def fact_hours_all(self):
        """Hours without a day: Monday's, and the question which day."""
        self.needed.add("hours")
        reply = self.span("Monday") + " Which other [day] do you need?"
        if "hours" not in self.shop.told:
            reply = UNKNOWN
        return phrases.HOURS_ALL, reply, {}, ()

    def fact_weekend(self):
        """Saturday and Sunday."""
        self.needed.add("hours")
        reply = f"{self.span('Saturday')} {self.span('Sunday')}"
        if "hours" not in self.shop.told:
            reply = UNKNOWN
        return phrases.WEEKEND, reply, {}, ()

    def some_service(self):
        """A service the caller asks for: mostly one that is priced."""
        shop, rng = self.shop, self.rng
        chance = rng.random()
        if chance < 0.76:
            return rng.choice(list(shop.prices))
        if chance < 0.84 and shop.listed:
            return rng.choice(shop.listed)
        if chance < 0.88:
            return rng.choice(OFF_LIST)
        return shop.service(others=chance > 0.96)

    def fact_price(self, offer=False):
        """The price of a service, or that it is not offered."""
        shop = self.shop
        self.needed.add("prices")
        name = self.some_service()
        if "prices" not in shop.told:
            reply = UNKNOWN
        elif name in shop.prices:
            reply = f"The {name} is [{shop.prices[name]}]."
            if offer:
                reply = f"[Yes], the {name} is [{shop.prices[name]}]."
        elif name in shop.listed:
            reply = f"Yes, we [do offer] {name}." if offer else UNKNOWN
        else:
            reply = NOT_OFFERED
        templates = phrases.OFFER if offer else phrases.PRICE
        return templates, reply, gaps(name), (name,)

    def fact_offer(self):
        """Whether a service is offered."""
        return self.fact_price(offer=True)

    def fact_is_this(self):
        """Whether this is the right place."""
        reply = f"[Yes], this is [{self.shop.name}]. How can I help you?"
        reply = reply.replace("[Yes], this", "This")
        return phrases.IS_THIS, reply, {}, ()

    def fact_pain(self):
        """An emergency."""
        self.needed.add("emergency")
        templates = phrases.PAIN[self.shop.kind] + phrases.PAIN_ALL
        advice = "Would you like to [come in] today?"
        if "emergency" in self.shop.told:
            value = self.shop.values["emergency"]
            advice = f"In an emergency, please [{value}]."
        return templates, f"I am sorry to hear that. {advice}", {}, ()
