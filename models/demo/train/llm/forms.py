"""How times, prices and telephone numbers are written: in words or in digits.

A system prompt keeps to one form for each; so does a recogniser, mostly.
"""

from lexicon import number
from words import DIGITS, UNITS

CLOCKS = ["colon", "short", "day", "am", "am", "spaced am", "upper am",
          "dotted am"]
UNIT_SIGNS = {"dollars": "$", "euros": "\u20ac", "pounds": "\u00a3"}


def hour_word(hour):
    """The hour of a twelve hour clock in words."""
    return UNITS[(hour - 1) % 12 + 1]


def minute_words(minute):
    """Minutes after an hour's word, with the space."""
    if not minute:
        return ""
    return f" {'oh ' if minute < 10 else ''}{number(minute)}"


def clock_text(form, hour, minute):
    """A time of day, given on a 24 hour clock."""
    twelve = (hour - 1) % 12 + 1
    half = "am" if hour < 12 else "pm"
    if form == "words":
        if (hour, minute) == (12, 0):
            return "noon"
        return hour_word(hour) + minute_words(minute)
    if form == "colon":
        return f"{twelve}:{minute:02}"
    if form == "day":
        return f"{hour}:{minute:02}"
    short = f"{twelve}:{minute:02}" if minute else str(twelve)
    half = {"am": half, "spaced am": f" {half}", "upper am":
            f" {half.upper()}", "dotted am": f" {half[0]}.m."}.get(form, "")
    return short + half


def price_text(form, cents, unit):
    """A price; `form` is `words`, `sign` or `digits`."""
    whole, rest = divmod(cents, 100)
    if form == "words":
        return f"{number(whole)} {unit}" + (f" {number(rest)}" if rest else "")
    plain = f"{whole:,}" + (f".{rest:02}" if rest else "")
    if form == "digits":
        return f"{plain} {unit}"
    return f"{UNIT_SIGNS[unit]}{plain}"


def split_number(rng, figures):
    """A row of digits as people and recognisers write it."""
    count = len(figures)
    if count == 7:
        left, right = figures[:3], figures[3:]
        return rng.choice([f"{left}-{right}"] * 4 + [
            f"{left} {right}", f"{left} {right}", figures, f"{left}.{right}"])
    if count == 10:
        area, left, right = figures[:3], figures[3:6], figures[6:]
        return rng.choice([
            f"({area}) {left}-{right}", f"{area}-{left}-{right}",
            f"{area} {left} {right}", figures, f"+1 {area} {left} {right}"])
    middle = count // 2
    return rng.choice([figures, f"{figures[:middle]} {figures[middle:]}",
                       f"{figures[:middle]}-{figures[middle:]}"])


def figures(rng, count=None):
    """The digits of a telephone number."""
    count = count or rng.choice([7, 7, 7, 7, 7, 6, 8, 9, 10, 10])
    start = "555" if rng.random() < 0.4 else ""
    rest = "".join(str(rng.randrange(10)) for _ in range(count - len(start)))
    return start + rest


def in_words(rng, row):
    """Digits as words, one by one."""
    zero = rng.choice(["zero", "zero", "oh"])
    return " ".join(zero if d == "0" else DIGITS[int(d)] for d in row)


class Forms:
    """The forms of one prompt."""

    def __init__(self, rng):
        self.rng = rng
        words = rng.random() < 0.42
        mixed = rng.random() < 0.15

        def words_here():
            return rng.random() < 0.5 if mixed else words

        self.clock = "words" if words_here() else rng.choice(CLOCKS)
        self.price = "words" if words_here() else rng.choices(
            ["sign", "digits"], [4, 1])[0]
        self.phone = "words" if words_here() else "digits"
        self.street = "words" if words_here() else "digits"
        self.unit = rng.choices(list(UNIT_SIGNS), [8, 1, 1])[0]
        self.dash = " to " if self.clock == "words" else rng.choice(
            ["-", "-", "-", " to ", " to ", " - ", "\u2013"])

    def time(self, hour, minute):
        """A time."""
        return clock_text(self.clock, hour, minute)

    def cost(self):
        """Some price."""
        rng = self.rng
        value = rng.choice([
            rng.randrange(2, 20), rng.randrange(10, 100, 5),
            rng.randrange(10, 100), rng.randrange(10, 100),
            rng.randrange(100, 1000, 10), rng.randrange(100, 1000, 5),
            rng.randrange(1000, 3000, 50)]) * 100
        if value < 10000 and rng.random() < 0.15:
            value += rng.choice([50, 50, 99, 90, 25, 95])
        if rng.random() < 0.01:
            return "free"
        text = price_text(self.price, value, self.unit)
        if rng.random() < 0.03:
            text = rng.choice(["from {}", "{} an hour", "{} per person",
                               "about {}"]).format(text)
        return text

    def number(self):
        """A telephone number."""
        row = figures(self.rng)
        if self.phone == "words":
            return in_words(self.rng, row)
        return split_number(self.rng, row)

    def house(self):
        """The number of a house."""
        rng = self.rng
        value = rng.choice([rng.randrange(1, 100), rng.randrange(1, 300),
                            rng.randrange(1, 3000)])
        if self.street == "words":
            return number(value % 300 + 1)
        return f"{value}{rng.choice([''] * 15 + ['a', 'b', 'c'])}"


class Ears:
    """How the recogniser writes what one caller says."""

    def __init__(self, rng):
        self.rng = rng
        self.words = rng.random() < 0.35
        self.hard_of_hearing = rng.random() < 0.15

    def number(self):
        """A telephone number: as heard, and as it is read back."""
        rng = self.rng
        row = figures(rng)
        if self.words:
            heard = in_words(rng, row).split()
            if rng.random() < 0.3:
                heard[2] += ","
            text = " ".join(heard)
            return text, text.replace(",", "")
        style = rng.random()
        if style < 0.15:
            text = " ".join(row)
        elif style < 0.25:
            text = f"{row[:3]}, {row[3:]}"
        else:
            text = split_number(rng, row)
        return text, text

    def time(self):
        """A time of day as callers say it."""
        rng = self.rng
        hour, minute = rng.randrange(7, 21), rng.choice([0, 0, 0, 30, 30, 15,
                                                         45, 10, 20])
        if self.words:
            word = hour_word(hour)
            return rng.choice([clock_text("words", hour, minute)] * 6 + [
                f"{word} o'clock", f"half past {word}",
                f"{word} in the morning", f"quarter to {word}"])
        form = rng.choice(CLOCKS)
        text = clock_text(form, hour, minute)
        if form in ("colon", "short") and minute and rng.random() < 0.3:
            text = text.replace(":", " ")
        return rng.choice([text] * 8 + [
            f"{(hour - 1) % 12 + 1} o'clock", f"half past {hour % 12 or 12}",
            f"{(hour - 1) % 12 + 1} in the afternoon"])

    def date(self):
        """A day of the month."""
        rng = self.rng
        day = rng.randrange(1, 31)
        end = {1: "st", 2: "nd", 3: "rd"}.get(
            day % 10 if day not in (11, 12, 13) else 0, "th")
        month = rng.choice("January March May June July October "
                           "December".split())
        return rng.choice([f"the {day}{end}", f"the {day}{end}",
                           f"{month} {day}{end}", f"{month} {day}",
                           f"the {day}{end} of {month}"])
