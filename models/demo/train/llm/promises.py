"""What the desk must never say: it can do none of it.

It has no book, no list of messages, no telephone to call or to transfer with.
"""

import re

FORBIDDEN = [
    r"transfer you", r"connect you", r"put you through", r"please hold",
    r"hold on\b", r"(call|ring|phone) you( back)?\b", r"get back to you",
    r"someone (can|will)", r"somebody (can|will)", r"have you down",
    r"put you down", r"wr(o|i)t(e|ten) (it |that |this )?down", r"noted",
    r"made a note", r"\b(is|are|have|has|been|you're|it's) booked",
    r"\bbooked (you|it|in|for)", r"appointment is (cancelled|made|confirmed)",
    r"\bcancelled\b", r"\bconfirmed\b", r"\breserved (for|you)",
    r"i (will|can|'ll) (tell|pass|let|book|order|reserve|cancel|move|send)"
    r"(?! you our)", r"we will (call|send|expect|see)", r"see you",
    r"your order is", r"which time would you like", r"i have saved"]
PATTERN = re.compile("|".join(FORBIDDEN), re.IGNORECASE)


def promise(text):
    """The promise in an answer, or None."""
    found = PATTERN.search(text)
    return found and found.group()
