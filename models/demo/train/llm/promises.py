"""What the desk must never say, or only if a tool of its prompt does it."""

import re

# What no tool does.
NEVER = [
    r"(call|ring|phone) you( back)?\b", r"get back to you",
    r"someone (can|will)", r"somebody (can|will)", r"have you down",
    r"put you down", r"noted", r"made a note",
    r"\b(is|are|have|has|been|you're|it's) booked",
    r"\bbooked (you|it|in|for)", r"appointment is (cancelled|made|confirmed)",
    r"\bcancelled\b", r"\bconfirmed\b", r"\breserved (for|you)",
    r"i (will|can|'ll) (tell|pass|let|book|order|reserve|cancel|move|send)"
    r"(?! you our)", r"we will (call|send|expect|see)", r"see you",
    r"your order is", r"which time would you like", r"i have saved"]
# What the desk may offer if it has the tool.
OFFERS = {"message": r"take a message", "transfer": r"can connect you"}
# What it may only say together with a call that does it, or after one that
# worked.
ACTS = {
    "transfer": r"transfer you|connect you|put you through|please hold|hold "
                r"on\b|one moment|being connected|being transferred",
    "note": r"wr(o|i)t(e|ten) (it |that |this )?down|that is done"}


def promise(text, offers=(), acts=()):
    """The promise in an answer that nothing keeps, or None.

    `offers` are the tools that the prompt has, `acts` what a tool does or has
    done by then.
    """
    for kind, pattern in OFFERS.items():
        if kind in offers:
            text = re.sub(pattern, "", text, flags=re.IGNORECASE)
    wrong = NEVER + list(OFFERS.values()) + [
        pattern for kind, pattern in ACTS.items() if kind not in acts]
    found = re.search("|".join(wrong), text, re.IGNORECASE)
    return found and found.group()
