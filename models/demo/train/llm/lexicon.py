"""Names, streets and numbers in words for the invented businesses.

Words whose checksum falls into one class out of eight are reserved: training
never uses them as names, streets or services.
"""

import zlib

from words import (CODAS, ENDINGS, FIRST, LAST, ONSETS, STREETS,
                   STREET_TYPES, TENS, UNITS, VOWELS)


def reserved(word):
    """True for words that are kept out of training."""
    return zlib.crc32(word.lower().encode()) % 8 == 0


def number(value):
    """An integer below ten thousand in words."""
    words = []
    if value >= 1000:
        words += [UNITS[value // 1000], "thousand"]
        value %= 1000
    if value >= 100:
        words += [UNITS[value // 100], "hundred"]
        value %= 100
    if value >= 20:
        words.append(TENS[value // 10])
        value %= 10
    if value:
        words.append(UNITS[value])
    return " ".join(words)


class Lexicon:
    """Chooses words, either from those for training or from the reserved.

    `parts` are the beginnings and the other pieces of words that the
    vocabulary has.  Some invented words are put together from them: a piece
    that no training text has is one that the network cannot repeat.
    """

    def __init__(self, rng, unseen=False, made_up=0.45, parts=None):
        self.rng, self.unseen, self.made_up = rng, unseen, made_up
        self.parts = parts

    def fits(self, word):
        """Whether this word may be used here."""
        return reserved(word) == self.unseen

    def pick(self, words):
        """One allowed word of a list (any word if none is allowed)."""
        allowed = [w for w in words if self.fits(w)]
        return self.rng.choice(allowed or words)

    def invent(self):
        """A pronounceable word that is in no dictionary."""
        rng = self.rng
        while True:
            if self.parts and rng.random() < 0.35:
                word = rng.choice(self.parts[0]) + "".join(
                    rng.choices(self.parts[1], k=rng.choice([0, 1, 1, 2])))
            elif rng.random() < 0.4:
                front, back = rng.choice(LAST + FIRST), rng.choice(LAST)
                word = (front[:rng.randint(1, 4)]
                        + back[rng.randint(1, len(back) - 2):])
            else:
                word = rng.choice(ONSETS) + rng.choice(VOWELS)
                if rng.random() < 0.6:
                    word += rng.choice(CODAS) + rng.choice(ONSETS)
                    word += rng.choice(VOWELS)
                word += rng.choice(CODAS + ENDINGS)
            word = word.capitalize()
            if 4 <= len(word) <= 11 and self.fits(word):
                return word

    def word(self, words):
        """A word of the list or, often, an invented one."""
        if self.rng.random() < self.made_up:
            return self.invent()
        return self.pick(words)

    def person(self):
        """A first and a last name."""
        return f"{self.word(FIRST)} {self.word(LAST)}"

    def street(self):
        """A street name."""
        return f"{self.word(STREETS)} {self.rng.choice(STREET_TYPES)}"
