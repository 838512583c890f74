"""The system prompts that state the facts of a business."""

import functools

import extras
from words import DAYS, EXTRAS, OPENINGS

SHORT_DAYS = {
    "three": [day[:3] for day in DAYS],
    "long": ["Mon", "Tues", "Wed", "Thurs", "Fri", "Sat", "Sun"]}


class Prompt:
    """Writes the prompt of one business."""

    def __init__(self, rng, shop):
        self.rng, self.shop = rng, shop
        self.glue = rng.choice([" "] * 7 + ["\n", "\n", "\n- "])

    # Hours --------------------------------------------------------------

    def groups(self):
        """Days in a row with the same hours."""
        hours, groups = self.shop.hours, []
        for day in DAYS:
            if groups and groups[-1][1] == hours[day]:
                groups[-1][0].append(day)
            else:
                groups.append(([day], hours[day]))
        return groups

    @functools.cached_property
    def hours(self):
        """The opening hours: as the prompt has them, and as they are said."""
        rng, forms = self.rng, self.shop.forms
        joined = rng.random() < 0.7
        groups = (self.groups() if joined else
                  [([day], self.shop.hours[day]) for day in DAYS])
        names = dict(zip(DAYS, DAYS))
        wide = rng.choice([" to ", " to ", " to ", " through "])
        if forms.clock != "words" and rng.random() < 0.45:
            form = SHORT_DAYS[rng.choice(["three", "three", "long"])]
            names = dict(zip(DAYS, form))
            wide = rng.choice(["-", "-", "-", " - ", " to ", "\u2013"])
        elif rng.random() < 0.05:
            wide = "-"
        pair = rng.choice([" and ", " and ", ", ", wide])
        start = rng.choice(["", "", "", "from "]) \
            if forms.dash == " to " else ""
        colon = ":" if forms.clock != "words" and rng.random() < 0.1 else ""
        before = rng.random() < 0.4
        weekdays = rng.choice(["Monday to Friday"] * 5 + ["weekdays"])
        daily = rng.choice(["Monday to Sunday", "daily", "every day"])
        if rng.random() < 0.25:
            groups.sort(key=lambda group: group[1] is None)
        parts, said = [], []
        for days, span in groups:
            text, name = names[days[0]], days[0]
            if len(days) == 2:
                text += pair + names[days[1]]
                name += f" and {days[1]}"
            elif len(days) > 2:
                text += wide + names[days[-1]]
                name += f" to {days[-1]}"
            text = {"Monday to Friday": weekdays,
                    "Monday to Sunday": daily}.get(text, text)
            if span:
                spans = " and ".join(forms.dash.join(pair) for pair in span)
                said.append(f"{name} from [" + " and ".join(
                    " to ".join(pair) for pair in span) + "]")
                parts.append(f"{text}{colon} {start}{spans}")
            else:
                said.append(f"[closed] on {name}")
                parts.append(f"closed {text}" if before
                             else f"{text}{colon} closed")
        lead = rng.choice(["Hours:", "Hours:", "Opening hours:", "Open"])
        if lead == "Open" and "closed" in parts[0]:
            lead = "Hours:"
        glue = rng.choice([", "] * 5 + ["; "])
        begin = "We are" if said[0].startswith("[closed]") else "Our hours are"
        return f"{lead} {glue.join(parts)}.", \
            f"{begin} {', '.join(said)}."

    # Prices -------------------------------------------------------------

    def prices(self):
        """The sentence about the prices."""
        rng, shop = self.rng, self.shop
        glue = rng.choice([" ", " ", " ", " is ", ": ", " costs ", " - "])
        items = [f"{name}{glue}{cost}" for name, cost in shop.prices.items()]
        lead = rng.choice(["Prices", "Prices", "Price list", "Menu",
                           "Our prices"])
        text = f"{lead}: {', '.join(items)}."
        if "\n" in self.glue and rng.random() < 0.5:
            text = f"{lead}:" + "".join(f"\n- {item}" for item in items)
        if rng.random() < 0.06:
            text = f"{', '.join(items)}."
            text = text[0].upper() + text[1:]
        if shop.listed:
            text += f" Services: {', '.join(self.all_services())}."
        return text

    def all_services(self):
        """Everything that is offered, in the order of the prompt."""
        shop = self.shop
        if shop.listed and not hasattr(shop, "order"):
            shop.order = list(shop.prices) + shop.listed
            self.rng.shuffle(shop.order)
        return shop.order if shop.listed else list(shop.prices)

    # Other facts --------------------------------------------------------

    def people(self):
        """The label of those who work there."""
        shop, rng = self.shop, self.rng
        role = rng.choice(shop.data["roles"])
        many = len(shop.staff) > 1
        label = role + "s" if many else role
        verb = "are" if many else "is"
        return rng.choice([
            label.capitalize() + ": {}.", label.capitalize() + ": {}.",
            f"The {label} {verb} {{}}.", f"Our {label} {verb} {{}}.",
            f"{{}} {verb} the {label}."])

    def line(self, key):
        """The sentence that states one fact."""
        rng, value = self.rng, self.shop.values[key]
        forms = {
            "address": ["Address: {}.", "Address: {}.", "Location: {}.",
                        "The address is {}.", "We are at {}."],
            "parking": ["Parking: {}.", "Parking: {}.", "You can park {}.",
                        "Parking is {}."],
            "phone": ["Phone: {}.", "Phone: {}.", "Phone number: {}.",
                      "Our number is {}.", "Tel: {}."],
            "insurance": ["Insurance: {}."] * 3,
            "payment": ["Payment: {}.", "Payment: {}.",
                        "You can pay with {}."],
            "new": [f"New {self.shop.data['people']}: {{}}."] * 3,
            "emergency": ["Emergencies: {}.", "In an emergency, {}."],
            "booking": ["Booking: {}.", "Bookings: {}.", "Appointments: {}.",
                        "To book, {}.", "Reservations: {}."]}
        if key == "person":
            form = self.people()
        else:
            form = rng.choice(forms[key])
        if key == "parking" and value == "none":
            form = rng.choice(["Parking: {}.", "Parking: no.",
                               "There is no parking."])
        people = self.shop.data["people"]
        if key == "new" and rng.random() < 0.25:
            form = f"We take new {people}." if value == "yes" else \
                rng.choice([f"We do not take new {people}.",
                            f"We are not taking new {people}."])
        if key == "insurance" and rng.random() < 0.3:
            form = {"yes": "We take insurance.",
                    "no": "We do not take insurance."}.get(
                        value, "We take {}.")
        return form.format(value)

    def having(self, thing, yes):
        """A yes or no fact."""
        rng = self.rng
        label = thing
        if label.startswith(("a ", "an ")):
            label = label.split(" ", 1)[1]
        label = label[0].upper() + label[1:]
        plain = f"{label}: {'yes' if yes else 'no'}."
        if rng.random() < 0.75:
            return plain
        if thing in extras.SPECIAL:
            text = extras.SPECIAL[thing][1 if yes else 2]
            text = text.strip("[].").split(", ", 1)[1]
            return f"{text[0].upper()}{text[1:]}."
        if yes:
            return f"We have {thing}."
        return rng.choice([f"We do not have {thing}.",
                           f"No {label.lower()}."])

    def label(self, name, value):
        """A fact with a name."""
        form = self.rng.choice(["{}: {}."] * 4 + ["The {} is {}."])
        text = form.format(name, value)
        return text[0].upper() + text[1:]

    def write(self, needed, richness=1.0):
        """The prompt; facts in `needed` are told if they exist."""
        rng, shop = self.rng, self.shop

        def wanted(key):
            return key in needed or rng.random() < richness

        lines = [self.line(key) for key in shop.values
                 if key in shop.told and wanted(key)]
        lines += [self.having(thing, yes) for thing, yes in
                  shop.having.items() if wanted(thing)]
        lines += [self.label(name, value) for name, (value, _) in
                  shop.labels.items() if wanted(name)]
        if "prices" in shop.told and wanted("prices"):
            lines.append(self.prices())
        if "hours" in shop.told and wanted("hours"):
            lines.insert(0, self.hours[0])
        if rng.random() < 0.75:
            rng.shuffle(lines)
        if rng.random() < 0.2:
            lines.insert(rng.choice([0, len(lines)]), rng.choice(EXTRAS))
        opening = rng.choice(OPENINGS).format(
            name=shop.name, place=rng.choice(shop.data["place"]))
        return self.glue.join([opening] + lines).replace("..", ".")
