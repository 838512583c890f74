"""Errors of the kind that a small speech recogniser makes."""

import re

FILLERS = ["um", "uh", "so", "well", "like", "er", "you know", "ah"]
SMALL = {"a", "an", "the", "is", "are", "do", "does", "to", "on", "at", "of",
         "you", "I", "for", "in", "it", "my", "your"}
CONFUSED = {
    "a": ["the", "an", "uh"], "an": ["a", "and", "in"], "the": ["a", "that"],
    "is": ["as", "it's", "his"], "are": ["or", "our"], "our": ["are"],
    "to": ["two", "too"], "for": ["four"], "two": ["to"], "four": ["for"],
    "do": ["to", "did"], "your": ["you", "you're"], "you": ["your", "who"],
    "on": ["in", "and", "own"], "in": ["on", "and"], "at": ["that", "it"],
    "and": ["an", "in"], "checks": ["cheques", "check"],
    "check": ["cheque", "checks"], "where": ["were", "wear"],
    "what": ["want", "what's"], "there": ["their"], "park": ["bark", "parks"],
    "price": ["prize", "prices"], "open": ["opened", "opens"],
    "close": ["clothes", "closed"], "much": ["match", "mush"],
    "cost": ["costs", "cast"], "I": ["I'd", "eye"], "I'd": ["I"],
    "would": ["will", "wood"], "can": ["could", "can't"], "have": ["of"],
    "appointment": ["appointments", "a appointment"], "see": ["sea"],
    "does": ["do", "is"], "time": ["times"], "hours": ["ours", "hour"],
    "late": ["lade", "later"], "when": ["then", "win"], "Mondays": ["Monday"],
    "by": ["buy"], "need": ["needs"], "number": ["numbers"], "my": ["me"],
    "located": ["locate"], "address": ["dress"], "pay": ["pain", "paid"],
    "how": ["now", "who"], "it": ["is"], "like": ["likes"],
    "For": ["4"], "won": ["1"], "one": ["1"], "ate": ["8"], "too": ["2"],
    "cleaning": ["cleanings", "clean"], "I'm": ["I am", "am"],
    "What's": ["What is", "What"], "Who's": ["Whose", "Who is"],
    "Is": ["It's", "Yes"], "Are": ["Our", "Or"], "Do": ["Did", "To"],
    "How": ["Oh", "Now"], "What": ["Want", "But"], "Where": ["Were", "Wear"],
    "When": ["Then", "Win"], "Can": ["Could", "Then"], "My": ["By", "Mine"],
    "delivery": ["deliver", "the livery"], "deliver": ["the liver"],
    "insurance": ["insurances", "in insurance"], "walk": ["work"],
    "menu": ["many you"], "repeat": ["repeated"], "charge": ["change"],
}


# Ways to write a word that a prompt may write in another way.
SPELLINGS = {" mens ": " men's ", " ladies ": " ladies' ", " kids ": " kid's ",
             "follow up": "follow-up", "walk-in": "walk in", "x-ray": "x ray",
             "haircut": "hair cut", "checkup": "check-up", " wifi": " Wi-Fi",
             "blow dry": "blow-dry", "tune up": "tune-up"}


def strip_marks(text):
    """Remove punctuation, as a recogniser does that writes none."""
    return "".join(c for c in text if c not in ".,?!")


def slip(rng, words, keep):
    """Make one error; words in `keep` (lower case) carry a fact."""
    at = rng.randrange(len(words))
    bare = strip_marks(words[at])
    free = bare.lower() not in keep
    kind = rng.random()
    if kind < 0.3:
        small = [i for i, w in enumerate(words)
                 if strip_marks(w) in SMALL and w.lower() not in keep]
        # Without its last word a sentence would seem to go on.
        small = [i for i in small if i < len(words) - 1]
        if small and len(words) > 3:
            words.pop(rng.choice(small))
    elif kind < 0.5 and free:
        words.insert(at, rng.choice(FILLERS))
    elif kind < 0.75:
        known = [i for i, w in enumerate(words)
                 if strip_marks(w) in CONFUSED
                 and strip_marks(w).lower() not in keep]
        if known:
            at = rng.choice(known)
            bare = strip_marks(words[at])
            words[at] = words[at].replace(bare, rng.choice(CONFUSED[bare]))
    elif kind < 0.85 and free:
        words.insert(at, bare)
    elif free and len(bare) > 4 and len(words) > 4:
        cut = rng.randrange(2, len(bare))
        words[at] = words[at].replace(bare, bare[:cut] + bare[cut + 1:])


def misheard(rng, text, facts):
    """A long word of a fact with one letter changed, lost or doubled."""
    words = [w for fact in facts for w in fact.split()
             if len(w) > 5 and w.isalpha() and w.islower() and w in text]
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(1, len(word))
    new = rng.choice(["", word[at] * 2, rng.choice("aeiourstln"),
                      word[at] + " "])
    return text.replace(word, word[:at] + new + word[at + 1:], 1)


def recognised(rng, text, facts, ears):
    """The text as a recogniser may have heard it; `facts` stay intact."""
    keep = {w for fact in facts for w in strip_marks(fact.lower()).split()}
    if rng.random() < 0.3:
        words = text.split()
        for _ in range(rng.choice([1, 1, 1, 2])):
            slip(rng, words, keep)
        text = " ".join(words)
    if ears.hard_of_hearing and rng.random() < 0.3:
        text = misheard(rng, text, facts)
    if rng.random() < 0.6:
        for plain, written in SPELLINGS.items():
            text = text.replace(plain, written)
    style = rng.random()
    if style < 0.1:
        text = strip_marks(text)
    elif style < 0.18:
        text = strip_marks(text).lower()
    elif style < 0.22:
        text = text.lower()
    elif style < 0.32 and text[-1:] in ".?":
        text = text[:-1] + rng.choice(["", "", "?", "."])
    elif style < 0.42:
        text = text[:1].upper() + text[1:]
    return text


def surface(text, value):
    """The value as it stands in a text that was recognised, or None."""
    signs = [f"[{re.escape(c)}]?" if c in ".,?!" else re.escape(c)
             for c in value]
    found = re.search(r"(?<!\w)" + "".join(signs) + r"(?!\w)", text,
                      re.IGNORECASE)
    return found and found.group().rstrip(",?!")
