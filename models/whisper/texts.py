"""What is said in the training: from single words under a second to sentences of fourteen.

Every utterance is a pair: what a voice is told to say, and a list of the spellings in which Whisper may
write it down ("ten thirty": "10:30", "10.30", "Ten thirty."). Which of them counts is left to the model:
see ``train.py``.
"""

import csv
import glob
import os
import random
import re
from collections import Counter

DIGITS = "zero one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
            "thirteenth fourteenth fifteenth twentieth thirtieth").split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = ("January February March April May June July August September October November "
          "December").split()
LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                   "ay|bee|see|dee|ee|eff|jee|aitch|eye|jay|kay|ell|em|en|oh|pee|cue|are|ess|tee|you|"
                   "vee|double you|ex|why|zee".split("|")))
NAMES = ("Anna Ben Carl Claire Dan David Emma Eric Frank Grace Helen Ian Jack James Jane John Julia "
         "Karen Kate Laura Leo Linda Lucy Maria Mark Martin Mary Max Mike Nina Oliver Paul Peter Rachel "
         "Robert Rose Ruth Sam Sarah Simon Sophie Steve Susan Tina Tom Walter Brown Clark Davis Evans "
         "Green Harris Jackson Johnson Jones King Lee Lewis Martin Miller Moore Parker Roberts Scott "
         "Smith Taylor Thomas Turner Walker White Williams Wilson Wood Young").split()
SHORT = """yes no yeah yep nope okay sure right hello hi hey thanks please sorry what who when where why
how help maybe never now later today tomorrow tonight morning afternoon evening noon midnight cancel
goodbye bye stop wait for to too won won't don't can't good great fine bad well really again back next
last open closed more less here there this that these those and or but not nothing something none all
one's it I you he she we they me my your two's new old hot cold up down left out in on off over under
change book call check pay price card cash tooth teeth doctor dentist nurse pain root crown cleaning
filling dollars cents percent street road number name address phone email appointment insurance
parking question problem help emergency week month year day hour minute half quarter o'clock sharp
early late soon already always correct wrong true false exactly perfect agent operator speak repeat
hold listen go come take give make keep need want like love know think see hear say said told""".split()
PHRASES = """Hold on.|Thank you.|Thanks a lot.|One moment.|Good morning.|Good evening.|Hello?|Who is this?|
Excuse me?|Yes, please.|No, thanks.|That works.|I don't know.|Is there parking?|How much is it?|
Can you repeat that?|Where are you?|Book it.|Cancel it.|Customer service.|I'm fine.|Next week.|At noon.|
In the afternoon.|It hurts.|Never mind.|I see.|What time?|Are you open?|That's right.|That's wrong.|
Not today.|This morning.|Call me back.|I can't come.|What's the price?|On Sunday?|See you then.|
Just a second.|Go ahead.|Speak to an agent.|A checkup.|A cleaning.|Sounds good.|Of course.|No problem.|
I have a question.|Are you there?|Hello, is anyone there?|Say that again.|What did you say?|I need help.|
My tooth hurts.|For two people.|Not sure yet.|All right.|Let me think.|Got it.|You're welcome.|
I'd like to book an appointment.|I need to cancel my appointment.|Could I move it to next week?|
How much does a cleaning cost?|Do you take my insurance?|What are your opening hours?|
Where exactly are you?|Can I speak to a person, please?|I broke a tooth and it hurts a lot.|
Do you have anything in the afternoon?|My son has a toothache.|Is the doctor in today?|
I'm calling about my bill.|Please call me back when you can.|Could you say that more slowly?""".replace("\n", "").split("|")
OPENERS = ["My name is {name}.", "This is {name} speaking.", "It's for {name}.", "{name}, like the color.",
           "I'd like to see Doctor {name}.", "Is {name} there?", "Mister {name}, please.",
           "Could you tell {name} that I called?", "{name} told me to call you about this."]
AT_TIME = ["at {}", "{} is fine", "can I come at {}", "do you have anything at {}", "{} on {day}",
           "{day} at {}", "the appointment is at {} on {day}", "I'd like to come on {day} at {}",
           "not before {}", "could you move it from {} to another time", "the bus gets there at {}"]
AT_PRICE = ["{}", "it's {}", "that will be {}", "they told me it was {}", "is it really {}",
            "the last time I only paid {}", "I can pay {} now and the rest next week"]
AT_NUMBER = ["{}", "my number is {}", "call me at {}", "it's {}", "the number is {}",
             "you can reach me at {} after work"]
SECONDS = ("under a second", "1 to 2 s", "2 to 4 s", "4 to 15 s")


def number(value):
    """Say a number from 0 to 99."""
    if value < 10:
        return DIGITS[value]
    if value < 20:
        return TEENS[value - 10]
    return TENS[value // 10 - 2] + (" " + DIGITS[value % 10] if value % 10 else "")


def sentence(text):
    """Give a text its capital and its full stop."""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".?!" else text + "."


def spellings(*texts):
    """Return different texts once each, in order."""
    return list(dict.fromkeys(texts))


def word(text):
    """A single word, with the spellings Whisper knows for it."""
    return text, spellings(sentence(text), sentence(text).rstrip("."))


def a_number(rng):
    """A number of one or two digits."""
    value = rng.choice([rng.randrange(10), rng.randrange(10), rng.randrange(10, 100)])
    if value == 0 and rng.random() < 0.35:
        return "oh", ["Oh.", "O.", "0", "0."]
    said = number(value)
    written = sentence(said).replace(" ", "-")
    return said, spellings(str(value), f"{value}.", written, written.rstrip("."))


def digits(rng, count):
    """Several digits in a row, as in a telephone number."""
    values = [rng.randrange(10) for _ in range(count)]
    zero = rng.choice(["zero", "zero", "oh"])
    words = [zero if v == 0 else DIGITS[v] for v in values]
    figures = "".join(map(str, values))
    groups = [3, 3, 4] if count == 10 else [3, 4] if count == 7 else [count]
    said, parts, place = [], [], 0
    for size in groups:
        said.append(" ".join(words[place:place + size]))
        parts.append(figures[place:place + size])
        place += size
    said = ", ".join(said)
    written = "-".join(parts)
    return said, spellings(written, written + ".", sentence(said), ", ".join(figures) + ".",
                           sentence(said.replace(", ", " ").replace(" ", ", ")))


def clock(rng):
    """A time of day: what is said, and its spellings."""
    hour, minute = rng.randrange(1, 13), rng.choice([0, 0, 15, 30, 30, 45, rng.randrange(10, 60)])
    half = rng.choice(["", "", "", " a m", " p m"])
    if not minute:
        said = number(hour) + (half or rng.choice([" o'clock", ""]))
        figures = str(hour) + {" a m": " a.m.", " p m": " p.m."}.get(half, said[len(number(hour)):])
    else:
        said = f"{number(hour)} {number(minute)}{half}"
        figures = f"{hour}:{minute:02d}" + {" a m": " a.m.", " p m": " p.m."}.get(half, "")
    return said, figures


def price(rng):
    """A price: what is said, and its spelling in figures."""
    value = rng.choice([rng.randrange(1, 20), rng.randrange(2, 20) * 5, rng.randrange(1, 10) * 100])
    said = number(value) if value < 100 else number(value // 100) + " hundred"
    if value > 1 and rng.random() < 0.15:
        return said + " percent", f"{value}%"
    return said + (" dollars" if value > 1 else " dollar"), f"${value}"


def framed(rng, frames, thing):
    """Put a time, price or number into a frame; two spellings: figures and words."""
    said, figures = thing
    frame = rng.choice(frames).replace("{day}", rng.choice(DAYS))
    spoken = frame.format(said)
    in_words = spoken.replace(" a m", " a.m.").replace(" p m", " p.m.")
    mark = "?" if re.match(r"(can|could|do|is) ", frame) else "."
    figured = frame.format(figures)
    if figured.endswith("."):
        mark_figures = "" if mark == "." else mark
    else:
        mark_figures = mark
    return spoken + mark, spellings(sentence(figured + mark_figures), sentence(in_words.rstrip(".") + mark))


def sentences(folder="/usr/share/games/fortunes"):
    """Return sentences of people's writing (Debian's package ``fortunes``), without figures or capitals."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "*"))):
        if "." in os.path.basename(path) or "ascii" in path:
            continue
        with open(path, errors="ignore") as file:
            for paragraph in file.read().split("\n%\n"):
                paragraph = re.sub(r"\s+", " ", paragraph)
                for text in re.findall(r"(?:^|(?<=[.?!] ))[A-Z][A-Za-z',; -]{6,170}[.?!](?= |$)", paragraph):
                    if 2 <= len(text.split()) <= 28 and not re.search(r"[A-Z]{2}|--|\b[A-Z]\b(?<!I)| '|' ", text):
                        found.append(text.strip())
    return sorted(set(found))


def all_words():
    """Return the sixty words of words.tsv as {word: whether it may be spoken alone in the training}."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "words.tsv")
    with open(path, newline="") as file:
        return {row["word"]: row["trained"] == "yes" for row in csv.DictReader(file, delimiter="\t")}


def kept_words():
    """Return the words that must not be spoken alone in the training."""
    return {word.lower() for word, trained in all_words().items() if not trained}


class Texts:
    """Draws utterances by class of length (the length is only known after they were spoken)."""

    def __init__(self, folder="/usr/share/games/fortunes"):
        kept = kept_words()
        everything = sentences(folder)
        rng = random.Random(7)
        rng.shuffle(everything)
        self.held_sentences, self.sentences = everything[:400], everything[400:]
        counts = Counter(w for s in self.sentences for w in re.findall(r"(?<![\w'])[a-z]+(?![\w'])", s))
        self.words = sorted(w for w, n in counts.items() if n >= 8 and 2 <= len(w) <= 9 and w not in kept)
        self.short = sorted({w for w in SHORT if w.lower() not in kept})
        self.names = sorted({n for n in NAMES if n.lower() not in kept})
        by_length = {}
        for text in self.sentences:
            by_length.setdefault(len(text.split()), []).append(text)
        self.by_length = by_length
        self.held_by_length = {}
        for text in self.held_sentences:
            self.held_by_length.setdefault(len(text.split()), []).append(text)

    def a_sentence(self, rng, least, most, held):
        """A sentence of so many words."""
        table = self.held_by_length if held else self.by_length
        texts = [t for n in range(least, most + 1) for t in table.get(n, [])]
        text = rng.choice(texts)
        return text, [text]

    def draw(self, rng, kind, held=False):
        """Return (spoken, [written]) for a class: 0 under a second, 1 to 2 s, 2 to 4 s, 3 longer."""
        x = rng.random()
        if kind == 0:
            if x < 0.36:
                return a_number(rng)
            if x < 0.42:
                letter = rng.choice(sorted(LETTERS))
                return LETTERS[letter], [f"{letter}.", letter]
            if x < 0.62:
                return word(rng.choice(self.short))
            if x < 0.70:
                return word(rng.choice(self.names))
            if x < 0.76:
                return word(rng.choice(DAYS + MONTHS + ORDINALS))
            if x < 0.80:
                return framed(rng, ["{}"], rng.choice([clock, price])(rng))
            if x < 0.84:
                text = rng.choice(PHRASES[:50])
                return text, spellings(text, text.rstrip("."))
            return word(rng.choice(self.words))
        if kind == 1:
            if x < 0.25:
                return digits(rng, rng.choice([2, 3, 3, 4]))
            if x < 0.37:
                return framed(rng, AT_TIME[:5], clock(rng))
            if x < 0.43:
                return framed(rng, AT_PRICE[:5], price(rng))
            if x < 0.58:
                text = rng.choice(PHRASES)
                return text, [text]
            if x < 0.65:
                text = rng.choice(OPENERS[:7]).format(name=rng.choice(self.names))
                return text, spellings(text, text.replace("Doctor", "Dr.").replace("Mister", "Mr."))
            if x < 0.72:
                pair = rng.sample(self.short, 2)
                text = sentence(", ".join(pair))
                return text, [text]
            return self.a_sentence(rng, 2, 6, held)
        if kind == 2:
            if x < 0.16:
                said, figures = digits(rng, rng.choice([5, 7, 7, 7]))
                return said, figures
            if x < 0.30:
                return framed(rng, AT_TIME[2:], clock(rng))
            if x < 0.38:
                return framed(rng, AT_PRICE[1:], price(rng))
            if x < 0.46:
                text = rng.choice(PHRASES[50:])
                return text, [text]
            if x < 0.52:
                text = rng.choice(OPENERS).format(name=rng.choice(self.names))
                return text, spellings(text, text.replace("Doctor", "Dr.").replace("Mister", "Mr."))
            return self.a_sentence(rng, 6, 11, held)
        if x < 0.10:
            return digits(rng, 10)
        if x < 0.25:
            first, second = self.a_sentence(rng, 3, 9, held)[0], self.a_sentence(rng, 4, 10, held)[0]
            return f"{first} {second}", [f"{first} {second}"]
        return self.a_sentence(rng, 12, 28, held)
