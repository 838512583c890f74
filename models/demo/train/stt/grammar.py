"""Sentences of callers at the front desk of a dental clinic.

``sample(rng)`` returns one utterance; ``//`` inside it marks a place where the speaker may
pause. ``clean(text)`` removes these marks, which gives the transcript.
"""

import argparse
import functools
import random
import re
from pathlib import Path

import lexicon as lex
import templates
import templates_short

TOPICS = {
    "HOURS": 7, "ADDRESS": 6, "PARKING": 4, "PRICES": 8, "SERVICE": 8, "BOOKING": 18,
    "CHANGING": 8, "MONEY": 7, "EMERGENCY": 7, "PERSON": 6, "TALK": 12, "GOODBYE": 5,
    "NAME": 8, "NUMBER": 9, "SHORT": 12,
}
ALL_TEMPLATES = {**vars(templates), **vars(templates_short)}
TEMPLATES = {
    topic: [line for row in ALL_TEMPLATES[topic].strip().splitlines()
            for line in (row.split("|") if topic == "SHORT" else [row])]
    for topic in TOPICS
}

OPENERS = """and|and|so|so|um,|uh,|um,//|uh,//|well,|well,//|okay,|okay,//|okay, so|hi,//|hi,|hello,//
hello,|good morning,//|good afternoon,//|hey,|hey there,|yes,|yes,//|yeah,|no,|no,//|oh,|oh, okay,//|actually,
sorry,|sorry,//|alright,|great,|great, and|but|right,|also,|please,|hi there,//|and then|so then|then|maybe
and,//um,|so,//uh,|yes, and|no, but|okay, and|okay, then|okay, but|mm-hm,|uh-huh,|mm-hm,//|one moment,//
wait,|wait,//|thank you,//|thanks,//|excuse me,|I think|I guess|I mean,|you know,|just|or|because
and also|and uh,|and um,|oh, and|hi, um,|hello, uh,|yeah, so|yeah, um,|hi, yes,//|good,|perfect,|fine,|see,
hi, good morning,//|hello, good afternoon,//|hi, how are you,//|ah,|look,|now,|only|first,|sure,|listen,"""
OPENERS = OPENERS.replace("\n", "|").split("|")

# How callers begin most of their sentences; the judgement uses only these.
USUAL_OPENERS = """um,|uh,|well,|okay,|okay, so|so|and|hi,|hello,|good morning,|yes,|yeah,|no,|oh,|actually,|sorry,
great,|alright,|and also|hi, um,|oh, okay,|excuse me,|good afternoon,|thank you,|but""".replace("\n", "|").split("|")

CLOSERS = ["please", ", please", ", thanks", ", thank you", ", right", ", okay", ", yes", ", you know",
           ", I think", "then", "too", "instead", ",// thank you so much", ",// please", "now",
           ", if possible", ", actually", "maybe", "again", "for me"]

UNFINISHED = """my number is|my name is|I would like to|I'd like to|can I come in on|can I come in at|
how much is|do you have|I want to|I need to|I need a|is there|are you|what time do you|I was wondering if|
can you|could you please|what is the|where is|I am calling about|it's about|maybe on|and then I|so if I|
my phone number is|the thing is|I have an appointment on|let me see,// it's|because I|I have to|we are|
if you could|when do you|and on|so on|the first|what if I|I'm looking for|do I need to|how do I|it is,// um|
is it possible to|would it be|can I also|yes,// but|no,// I|well,// I think|I don't think|not on|between"""
UNFINISHED = [part.strip() for part in UNFINISHED.split("|")]


def phone(rng):
    """Return 3 to 10 digits in groups, sometimes with "oh", "double" and commas."""
    count = rng.choice([3, 4, 5, 6, 7, 7, 7, 7, 10, 10])
    zero = rng.choice(["zero", "zero", "oh"])
    groups, left = [], count
    while left > 0:
        size = left if left <= 4 else rng.choice([2, 3, 3, 3, 4])
        size = min(size, left)
        group, position = [], 0
        while position < size:
            digit = rng.choice([zero] + lex.DIGITS[1:])
            if size - position >= 2 and rng.random() < 0.12:
                group += [rng.choice(["double", "double", digit]), digit]
                position += 2
            elif size - position >= 3 and rng.random() < 0.06:
                group += ["triple", digit]
                position += 3
            else:
                group.append(digit)
                position += 1
        groups.append(" ".join(group))
        left -= size
    joint = rng.choice([",// ", ", ", " ", ",// "])
    return joint.join(groups)


def two_digits(rng):
    """Return a number from ten to ninety-nine in words."""
    if rng.random() < 0.3:
        return rng.choice(lex.TEENS)
    return f"{rng.choice(lex.TENS)} {rng.choice([''] + lex.DIGITS[1:])}".strip()


def money(rng):
    """Return an amount of dollars."""
    hundred = rng.choice(["a hundred", "one hundred", "two hundred", "three hundred", "five hundred",
                          "eight hundred", "a thousand", "two thousand"])
    form = rng.choice(["{h} dollars", "{h} and {n} dollars", "{n} dollars", "{n} dollars", "{h} {n}"])
    return form.format(h=hundred, n=two_digits(rng))


def clock(rng):
    """Return a time of day in one of the usual forms."""
    hour, minutes = rng.choice(lex.HOURS), rng.choice(lex.MINUTES)
    return rng.choice([
        hour, hour, f"{hour} o'clock", f"{hour} thirty", f"{hour} {minutes}", f"half past {hour}",
        f"quarter [to|past] {hour}", f"a quarter [to|past] {hour}", f"{minutes} [to|past|after] {hour}",
        f"{hour} [a m|p m]", f"{hour} in the [morning|afternoon|evening]", f"{hour} thirty in the morning",
        f"{hour} fifteen", f"{hour} forty five", "noon", f"{hour} or {rng.choice(lex.HOURS)} thirty",
        f"{hour} or {rng.choice(lex.HOURS)}",
    ])


def when(rng):
    """Return a day or a rough time."""
    day = rng.choice(lex.DAYS)
    return rng.choice([
        day, f"next {day}", f"this {day}", f"{day} morning", f"{day} afternoon", f"{day} next week",
        "today", "tomorrow", "tomorrow morning", "tomorrow afternoon", "next week", "this week",
        "this weekend", "next month", "this afternoon", "this morning", "this evening", "tonight",
        "the day after tomorrow", "in two weeks", "later today", "the end of the week",
        f"the {rng.choice(lex.ORDINALS)}", f"{rng.choice(lex.MONTHS)} {rng.choice(lex.ORDINALS)}",
        f"the {rng.choice(lex.ORDINALS)} of {rng.choice(lex.MONTHS)}",
    ])


def spelled(rng):
    """Return a spelled name or a short run of letters."""
    if rng.random() < 0.9:
        return " ".join(rng.choice(lex.FIRST_NAMES + lex.LAST_NAMES)[:8].upper())
    return " ".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randint(3, 6)))


def with_spelling(rng):
    """Return a name and how it is written."""
    name = rng.choice(lex.FIRST_NAMES + lex.LAST_NAMES)
    return f"{name},// {' '.join(name.upper())}"


SLOTS = {
    "day": lambda rng: rng.choice(lex.DAYS),
    "when": when,
    "time": clock,
    "hour": lambda rng: rng.choice(lex.HOURS),
    "minutes": lambda rng: rng.choice(lex.MINUTES),
    "part": lambda rng: rng.choice(["morning", "afternoon", "evening"]),
    "month": lambda rng: rng.choice(lex.MONTHS),
    "ordinal": lambda rng: rng.choice(lex.ORDINALS),
    "service": lambda rng: rng.choice(lex.SERVICES),
    "plain": lambda rng: rng.choice(lex.PLAIN_SERVICES),
    "person": lambda rng: rng.choice(lex.PEOPLE),
    "body": lambda rng: rng.choice(lex.BODY),
    "first": lambda rng: rng.choice(lex.FIRST_NAMES),
    "last": lambda rng: rng.choice(lex.LAST_NAMES),
    "letter": lambda rng: rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "digit": lambda rng: rng.choice(lex.DIGITS[1:]),
    "age": two_digits,
    "twodigit": two_digits,
    "money": money,
    "phone": phone,
    "spelled": spelled,
    "with_spelling": with_spelling,
}
CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")


def expand(template, rng):
    """Fill the choices and slots of a template."""
    while True:
        choice, slot = CHOICE.search(template), SLOT.search(template)
        if choice:
            filling = rng.choice(choice.group(1).split("|"))
            template = template[:choice.start()] + filling + template[choice.end():]
        elif slot:
            filling = SLOTS[slot.group(1)](rng)
            template = template[:slot.start()] + filling + template[slot.end():]
        else:
            return tidy(template)


def tidy(text):
    """Remove the white space that empty alternatives leave."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ([,.?!])", r"\1", text)
    return text.strip()


def capitalise(text):
    """Write the first letter of every sentence and the names of days in upper case."""
    text = re.sub(r"\bsaturday\b", "Saturday", text)
    return re.sub(r"(^|[.?!](?://)? )([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)


def sentence(rng, topic=None):
    """Return one sentence in lower case with its final punctuation."""
    topic = topic or rng.choices(list(TOPICS), weights=list(TOPICS.values()))[0]
    return expand(rng.choice(TEMPLATES[topic]), rng)


def with_frame(text, rng, openers=OPENERS, closers=0.1):
    """Put an opener before a sentence, and sometimes a closer behind it."""
    if rng.random() < 0.4:
        text = f"{rng.choice(openers)} {text}"
    if rng.random() < closers:
        text = f"{text[:-1]} {rng.choice(CLOSERS)}{text[-1]}"
    return tidy(text)


def any_word(rng):
    """Return one word or entry out of all the word lists."""
    source = rng.choices([lex.COMMON, lex.DAYS + lex.MONTHS, lex.FIRST_NAMES, lex.LAST_NAMES,
                          lex.PLAIN_SERVICES + lex.PEOPLE + lex.BODY, lex.DIGITS + lex.HOURS,
                          lex.ORDINALS + lex.TENS + lex.MINUTES, words_of_templates()],
                         weights=[50, 4, 4, 4, 8, 4, 4, 30])[0]
    return rng.choice(source)


@functools.cache
def words_of_templates():
    """Return every word of the templates and openers, once."""
    text = " ".join(line for lines in TEMPLATES.values() for line in lines)
    text = SLOT.sub(" ", text + " " + " ".join(OPENERS + UNFINISHED))
    return sorted(set(re.findall(r"[A-Za-z][A-Za-z'-]*", text)))


def word_list(rng):
    """Return words without grammar, which only the ear can recognise."""
    count = rng.choice([1, 1, 2, 3, 4, 5, 6])
    return " ".join(any_word(rng) for _ in range(count)) + rng.choice([".", ".", "?"])


def with_other_words(text, rng):
    """Replace or insert a word in a sentence."""
    parts = text.split()
    for _ in range(rng.choice([1, 1, 2])):
        place = rng.randrange(len(parts))
        if rng.random() < 0.3:
            parts.insert(place, any_word(rng))
        else:
            ending = re.search(r"\W*$", parts[place]).group()
            parts[place] = any_word(rng) + ending
    return " ".join(parts)


def unfinished(rng):
    """Return a sentence that breaks off, without final punctuation."""
    if rng.random() < 0.5:
        return with_frame(rng.choice(UNFINISHED) + ".", rng)[:-1]
    parts = with_frame(sentence(rng), rng).split()
    keep = rng.randint(1, max(1, len(parts) - 1))
    return re.sub(r"[,.?!/]+$", "", " ".join(parts[:keep]))


def sample(rng):
    """Return one utterance with pause marks, as the training uses it."""
    kind = rng.random()
    if kind < 0.60:
        return sample_grammar(rng)
    if kind < 0.64:
        text = sentence(rng, "SHORT")
    elif kind < 0.74:
        text = f"{with_frame(sentence(rng), rng)}// {with_frame(sentence(rng), rng)}"
    elif kind < 0.81:
        text = unfinished(rng)
    elif kind < 0.90:
        text = with_other_words(with_frame(sentence(rng), rng), rng)
    else:
        text = word_list(rng)
    return capitalise(text)


def sample_grammar(rng):
    """Return one utterance of the grammar proper, as the judgement uses it: what callers say."""
    text = with_frame(sentence(rng), rng, USUAL_OPENERS, closers=0)
    if rng.random() < 0.1:
        text = f"{text}// {with_frame(sentence(rng), rng, USUAL_OPENERS, closers=0)}"
    return capitalise(text)


def clean(text):
    """Return the transcript of an utterance: the text without pause marks."""
    return tidy(text.replace("//", " "))


def plain(text):
    """Return a text as bare lower-case words, for comparisons."""
    text = text.lower().replace("-", "")
    return "".join(c for c in text if c.isalnum() or c in " '").split()


def forbidden():
    """Return the hand-written test sentences, which must never be trained."""
    path = Path(__file__).with_name("handwritten.txt")
    return {" ".join(plain(line)) for line in path.read_text().splitlines() if line.strip()}


def main():
    """Print some utterances."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    for _ in range(options.count):
        print(sample(rng))


if __name__ == "__main__":
    main()
