"""Phones of words, for the helper loss that teaches the encoder to listen.

flite knows how English words are pronounced; every word is looked up once and kept in a file.
"""

import json
import re
import subprocess
from pathlib import Path

import voices

PHONES = """aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th
uh uw v w y z zh""".split()
BLANK = len(PHONES)


def spoken_words(text):
    """Return the words of a transcript in lower case; single capitals (letters) stay."""
    words = re.findall(r"[A-Za-z][A-Za-z'-]*", text)
    return [word if len(word) == 1 and word not in "aI" else word.lower() for word in words]


def look_up(word):
    """Ask flite for the phones of one word."""
    text = voices.spoken("A" if word == "A" else word, "flite").replace("-", " ")
    answer = subprocess.run(["flite", "-voice", "kal", "-ps", "-t", text, "-o", "none"],
                            capture_output=True, text=True, check=False).stdout
    return [PHONES.index(phone) for phone in answer.split() if phone in PHONES]


class Lexicon:
    """Phone sequences of transcripts, with a file as memory."""

    def __init__(self, path):
        self.path = Path(path)
        self.words = json.loads(self.path.read_text()) if self.path.exists() else {}

    def learn(self, texts):
        """Look up all words that are not known yet."""
        unknown = {word for text in texts for word in spoken_words(text)} - set(self.words)
        for word in sorted(unknown):
            self.words[word] = look_up(word)
        if unknown:
            self.path.write_text(json.dumps(self.words))

    def phones(self, text):
        """Return the phones of a transcript."""
        return [phone for word in spoken_words(text) for phone in self.words.get(word, [])]
