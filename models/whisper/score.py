"""The one scorer of recognisers: words wrong, empty and doubled texts, by class of length.

Texts are compared as spoken words (the rules are those of offhook's own scorer, src/scoring; both are held
against tests/data/scoring.tsv). Case and punctuation do not count; numbers become their digits:

| written | the same as |
|---|---|
| Dr. Taylor, OK | doctor taylor okay |
| ten, 10 | 1 0 |
| ten thirty, 10:30, 10 30 | 1 0 3 0 |
| ten o'clock, 10:00 | 1 0 |
| ninety dollars, $90 | 9 0 dollars |
| one hundred and eighty, 180 | 1 8 0 |
| five five five oh one, 555-01 | 5 5 5 0 1 |
| the fifth, the 5th | the 5 th |
| nine p.m., 9pm, 9 PM, 9:00pm | 9 pm |
| [BLANK_AUDIO], (music) | nothing |

Wrong are the fewest words to put in, take out or replace; empty: something was said and nothing heard;
doubled: twice as many words as said, or more, that only say again what came before them.

References are a TSV file with the columns file, seconds, source, words; what was heard is one with file and
text.
"""

import argparse
import csv
import json
import re
import sys

SHORT = {"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay", "alright": "all right", "&": "and",
         "%": "percent", "st": "street"}
UNITS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
         "seventeen eighteen nineteen").split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = ("zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
            "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth").split() + [None] * 9 + ["thirtieth"]
CURRENCIES = {"$": "dollars", "£": "pounds", "€": "euros"}
CLASSES = ("under 1 s", "1 to 2 s", "2 to 4 s", "4 s and more")


def spoken_words(text):
    """Return the words of a text in a form that is the same for all ways of writing them."""
    text = re.sub(r"\[[^\]]*\]|\([^)]*\)", " ", text)
    return digits_of_numbers([word for written in text.split() for word in tokens(written)])


def tokens(written):
    """Turn one written word into spoken ones; numbers stay digits."""
    lower = re.sub("[’‘]", "'", written.lower())
    trimmed = re.sub(r"^[^\w$£€&%]+|[^\w$£€&%]+$|_", "", lower)
    if trimmed == "o'clock":
        return []
    if trimmed.replace(".", "") in ("am", "pm"):
        return [trimmed.replace(".", "")]
    currency = CURRENCIES.get(trimmed[:1])
    return pieces(trimmed[1:]) + [currency] if currency else pieces(trimmed)


def pieces(text):
    """Split into runs of digits and of letters; what stands between them is silent."""
    words = []
    for piece in re.findall(r"[0-9]+|[&%]+|(?:[^\W\d_]|')+", re.sub(":00(am|pm)?$", r"\1", text).replace(",", "")):
        if words and words[-1].isdigit() and piece in ("st", "nd", "rd", "th"):
            words.append("th")
        else:
            words += SHORT[piece].split() if piece in SHORT else [piece.strip("'")]
    return [word for word in words if word]


def part(word):
    """Tell what a word is in a number: (kind, value), or None."""
    if word.isdigit():
        return "digits", word
    if word in UNITS:
        return "digits", str(UNITS.index(word))
    if word in TENS:
        return "ten", 10 * (TENS.index(word) + 2)
    if word in ORDINALS:
        return "ordinal", ORDINALS.index(word)
    return {"hundred": ("times", 100), "thousand": ("times", 1000)}.get(word)


def room_below(value):
    """Numbers below this may still be added: after twenty one to nine, after two hundred one to ninety nine."""
    if value < 20:
        return 0
    if value < 100:
        return 10 if value % 10 == 0 else 0
    if value % 1000 == 0:
        return 1000
    if value % 100 == 0:
        return 100
    return 10 if value % 10 == 0 and value % 100 >= 20 else 0


def digits_of_numbers(words):
    """Write numbers in words as digits, and every digit as a word."""
    spoken, growing = [], None

    def close():
        nonlocal growing
        if growing is not None:
            spoken.extend(str(growing))
            growing = None

    for at, word in enumerate(words):
        kind, value = part(word) or (None, None)
        after_a_digit = growing is not None or bool(spoken and spoken[-1].isdigit())
        next_is_number = at + 1 < len(words) and part(words[at + 1]) is not None
        room = 0 if growing is None else room_below(growing)
        if kind == "digits":
            unit = int(value)
            if room > unit > 0:
                growing += unit
            elif len(value) <= 2 and not value.startswith("0"):
                close()
                growing = unit
            else:
                close()
                spoken.extend(value)
        elif kind == "ten":
            if room > value:
                growing += value
            else:
                close()
                growing = value
        elif kind == "times":
            if growing is not None and growing < value:
                growing *= value
            elif value == 100 and growing is not None and growing > 1000 and 0 < growing % 1000 < 10:
                growing += growing % 1000 * 99
            else:
                close()
                growing = value
        elif kind == "ordinal":
            if room > value:
                growing += value
            else:
                close()
                growing = value
            close()
            spoken.append("th")
        elif word == "and" and room > 1 and next_is_number:
            pass
        elif word in ("oh", "o") and after_a_digit:
            close()
            spoken.append("0")
        else:
            close()
            spoken.append(word)
    close()
    return spoken


def distance(said, heard):
    """Return the fewest words to put in, take out or replace."""
    row = list(range(len(heard) + 1))
    for i, x in enumerate(said):
        diagonal, row[0] = row[0], i + 1
        for j, y in enumerate(heard):
            diagonal, row[j + 1] = row[j + 1], min(diagonal + (x != y), row[j] + 1, row[j + 1] + 1)
    return row[-1]


def is_doubled(said, heard):
    """Tell whether as many words as were said, or more, only say again what came just before them."""
    if not said or len(heard) < 2 * len(said):
        return False
    return any(sum(heard[at] == heard[at - phrase] for at in range(phrase, len(heard))) >= max(phrase, len(said))
               for phrase in range(1, len(heard) // 2 + 1))


def score(clips):
    """Score [(seconds, said, heard)]; return {class: figures}, with the class "all" last."""
    out = {}
    for name in (*CLASSES, "all"):
        out[name] = {"clips": 0, "words": 0, "wrong": 0, "empty": 0, "doubled": 0}
    for seconds, said, heard in clips:
        said, heard = spoken_words(said), spoken_words(heard)
        own = out[CLASSES[sum(seconds >= limit for limit in (1, 2, 4))]]
        for figures in (own, out["all"]):
            figures["clips"] += 1
            figures["words"] += len(said)
            figures["wrong"] += distance(said, heard)
            figures["empty"] += bool(said) and not heard
            figures["doubled"] += is_doubled(said, heard)
    for figures in out.values():
        figures["percent"] = round(100 * figures["wrong"] / max(1, figures["words"]), 1)
    return out


def passes(own, other):
    """The gate: no more words wrong in all, in no class more than one word or any empty text more."""
    return own["all"]["wrong"] <= other["all"]["wrong"] and all(
        own[name]["wrong"] <= other[name]["wrong"] + 1 and own[name]["empty"] <= other[name]["empty"]
        for name in CLASSES)


def table(figures):
    """Return the figures as text."""
    lines = [f"{'':14}{'clips':>6}{'words':>7}{'wrong':>7}{'%':>7}{'empty':>7}{'doubled':>9}"]
    for name, f in figures.items():
        lines.append(f"{name:14}{f['clips']:6}{f['words']:7}{f['wrong']:7}{f['percent']:7.1f}{f['empty']:7}{f['doubled']:9}")
    return "\n".join(lines)


def references(path):
    """Read a file of references: [(file, seconds, words)]; lines without a header are understood, too."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    return [(row[0], float(row[1]), row[3]) for row in rows if row[0] != "file"]


def main():
    """Score a file of texts against a file of references."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("references", help="TSV: file, seconds, source, words")
    parser.add_argument("heard", help="TSV: file, text")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    with open(options.heard, newline="", encoding="utf-8") as file:
        heard = {row[0]: row[1] if len(row) > 1 else ""
                 for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row}
    clips = references(options.references)
    missing = [name for name, _, _ in clips if name not in heard]
    if missing:
        sys.exit(f"{options.heard}: nothing about {missing[0]} and {len(missing) - 1} others")
    figures = score([(seconds, words, heard[name]) for name, seconds, words in clips])
    print(json.dumps(figures, indent=1) if options.json else table(figures))


if __name__ == "__main__":
    main()
