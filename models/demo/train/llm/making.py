"""Sentences of callers to a desk with tools, put together from parts.

Each function returns a template, with the gaps of phrases.py and asking.py.
There are far more of them than anybody could list.
"""

MAY = ["Can I", "Could I", "May I", "Is it possible to", "Would it be "
       "possible to", "Is there a way to", "Am I able to", "Might I"]
WANT = ["I would like to", "I'd like to", "I want to", "I need to",
        "I was hoping to", "I'm calling to", "I have to", "I wanted to",
        "I'd love to", "We would like to", "I am trying to", "Let me",
        "I would prefer to", "I wish to", "I called to"]
CAN_YOU = ["Can you", "Could you", "Would you", "Can you please", "Could you "
           "please", "Would you please", "Could you maybe"]
ENDS = ["", "", "", "", " please", " please", ", please", ", thanks",
        ", if that is possible", ", if you don't mind", " today", " now"]
PEOPLE = ["{name}", "{name}", "the {role}", "the {role}", "your {role}",
          "the team", "them", "everybody", "your boss", "the office"]


def asked(rng, lead, rest, ends=ENDS):
    """A question or a statement, by its lead."""
    question = lead in MAY or lead in CAN_YOU
    return f"{lead} {rest}{rng.choice(ends)}{'?' if question else '.'}"


def book(rng):
    """An appointment is wanted; `{slot}` is when."""
    chance = rng.random()
    what = ["book an appointment", "make an appointment", "come in", "come by",
            "come over", "book {ax}", "get {ax}", "have {ax}", "schedule {ax}",
            "get in", "be seen", "reserve a table", "get a table", "see "
            "somebody", "set up an appointment", "get an appointment",
            "drop by", "bring my car in", "bring my dog", "bring my son",
            "come in with my daughter", "bring my cat in", "have a visit",
            "come in for {ax}", "book a time", "book a place", "reserve {ax}",
            "make a reservation", "fix a date", "have an appointment for {ax}"]
    if chance < 0.5:
        return asked(rng, rng.choice(MAY + WANT * 2), rng.choice(what)
                     + "{slot}")
    if chance < 0.68:
        lead = rng.choice(CAN_YOU + ["Please", "Just", "You can"])
        rest = rng.choice([
            "book me in", "put me down", "fit me in", "give me an appointment",
            "find me a time", "schedule me", "write me down", "take me",
            "see me", "book {ax}", "put me down for {ax}", "note {ax}",
            "make me an appointment", "reserve {ax}", "get me in",
            "give me {ax}", "arrange {ax}", "add me", "have me in",
            "book us in", "keep a place for me"])
        return asked(rng, lead, rest + "{slot}")
    if chance < 0.86:
        lead = rng.choice([
            "Do you have anything", "Is there anything free", "Is there room",
            "Have you got time", "Any chance of an appointment", "Do you have "
            "an opening", "Is there an opening", "Would you have time",
            "Do you have a free slot", "Is something free", "Could we come",
            "Are there any appointments", "Do you have space", "Have you got "
            "an appointment", "Do you have any time", "Is there still a place",
            "Would {ax} be possible", "Is {ax} possible"])
        return f"{lead}{{slot}}{rng.choice(ENDS)}?"
    lead = rng.choice(["An appointment", "A booking", "{ax}", "A table",
                       "One appointment", "It's about an appointment",
                       "I need {ax}", "I need a time", "A visit",
                       "I'm looking for an appointment", "I want {ax}",
                       "I'm after {ax}", "We need an appointment"])
    return f"{lead}{{slot}}{rng.choice(ENDS)}."


def given(rng):
    """What the desk has asked for: `{v}`."""
    before = rng.choice(["", "", "", "Um, ", "Well, ", "Let me see, ", "Yes, ",
                         "Sure, ", "Okay, ", "Oh, ", "So, ", "Let's say ",
                         "I think ", "Maybe ", "Probably ", "Make it ",
                         "That's ", "That would be ", "It would be ",
                         "I guess ", "I'd say ", "Say ", "Just "])
    after = rng.choice(["", "", "", "", " please", ", please", ", thank you",
                        ", I think", ", I guess", ", if that works",
                        ", if possible", " then", " I believe", ", thanks"])
    return before + "{v}" + after + rng.choice([".", ".", ".", "?"])


def day(rng):
    """A day, as an answer."""
    if rng.random() < 0.5:
        return given(rng)
    return rng.choice([
        "I could do {v}.", "{v} suits me.", "{v} would work.", "What about "
        "{v}?", "{v} is best for me.", "I have time {v}.", "The best day is "
        "{v}.", "{v} would suit me.", "I'm free {v}.", "Would {v} work?",
        "{v} sounds good.", "Could it be {v}?", "I would take {v}.", "I can "
        "make it {v}.", "{v}, the earlier the better.", "It has to be {v}.",
        "I only have time {v}.", "{v} is the only day for me.", "Do you have "
        "{v}?", "{v} fits.", "Can we say {v}?"])


def time(rng):
    """A time, as an answer."""
    if rng.random() < 0.5:
        return given(rng)
    return rng.choice([
        "I could do {v}.", "{v} suits me.", "{v} would work.", "What about "
        "{v}?", "{v} is best.", "I could come at {v}.", "I'd take {v}.",
        "Would {v} work?", "{v} sounds good.", "Could it be {v}?", "I can be "
        "there by {v}.", "It would have to be {v}.", "I get off work at {v}.",
        "Is {v} still free?", "I'd like {v}.", "Can we say {v}?", "About {v}.",
        "I prefer {v}.", "{v} fits.", "At about {v}."])


def name(rng):
    """A name, as an answer."""
    if rng.random() < 0.3:
        return given(rng)
    return rng.choice([
        "That's {v}.", "The name would be {v}.", "For {v}.", "{v} here.",
        "On the name of {v}.", "{v}, thanks.", "Call me {v}.", "Just {v}.",
        "My full name is {v}.", "Under {v}.", "Under the name {v}.",
        "You have {v} on the line.", "Please write {v}.", "I go by {v}.",
        "It's under {v}.", "Put {v}.", "Put it down for {v}.", "This here is "
        "{v}.", "My name would be {v}.", "Hi, {v}.", "Me? {v}.", "{v}, that's "
        "me.", "Oh, my name? {v}.", "Sorry, {v}.", "You can write {v}."])


def number(rng):
    """A telephone number, as an answer."""
    if rng.random() < 0.3:
        return given(rng)
    return rng.choice([
        "My mobile is {v}.", "Reach me on {v}.", "You can reach me on {v}.",
        "I'm on {v}.", "It's best to call {v}.", "You can get me at {v}.",
        "The number would be {v}.", "Please use {v}.", "Try {v}.", "Here it "
        "is, {v}.", "I have {v}.", "Write down {v}.", "On my cell, {v}.",
        "You reach me under {v}.", "That's {v}."])


def change(rng):
    """Something else instead of what was written down."""
    before = rng.choice(["", "", "Actually, ", "Oh, ", "Sorry, ", "No, ",
                         "Wait, ", "Hold on, ", "Hmm, ", "Oh no, ",
                         "Oh wait, ", "I'm sorry but ", "Excuse me, ",
                         "Well, ", "Um, "])
    core = rng.choice([
        "can we do {v}", "{v} would be better", "{v} suits me better",
        "make that {v}", "I'd prefer {v}", "{v} is better", "I need {v}",
        "let's take {v}", "could it be {v}", "it has to be {v}", "I meant {v}",
        "I wanted {v}", "could we do {v}", "I'd rather have {v}", "{v} works "
        "better", "please change it to {v}", "can you put {v}", "I was wrong, "
        "it's {v}", "is {v} possible", "what about {v}", "better {v}",
        "could we make it {v}", "it should be {v}", "let's make it {v}",
        "could I switch to {v}", "I can only do {v}"])
    after = rng.choice(["", "", "", " instead", " instead", " if possible",
                        " rather than {old}", " and not {old}", ", please",
                        ", not {old}", " instead of {old}", " after all"])
    text = before + core + after
    asks = core.split()[0] in ("can", "could", "is", "what")
    return text[0].upper() + text[1:] + ("?" if asks else ".")


def leave(rng):
    """The caller wants to leave a message."""
    what = rng.choice(["leave a message", "leave a message", "leave a note",
                       "leave something", "leave you a message", "give you a "
                       "message", "leave some information", "pass something "
                       "on", "send a message", "leave a short message",
                       "leave a message with you"])
    who = rng.choice(["", "", f" for {rng.choice(PEOPLE)}"])
    if rng.random() < 0.25:
        return asked(rng, rng.choice(CAN_YOU), rng.choice(
            ["take a message", "take a note", "write something down", "note "
             "something", "pass on a message", "give {name} a message"]) + who)
    return asked(rng, rng.choice(MAY + WANT), what + who)


def content(rng):
    """What is to be told."""
    return rng.choice([
        "I will be late", "I called", "my {x} is fine now", "I can't make it "
        "on {day}", "the {x} is broken", "we come at {time}", "I found the "
        "keys", "I paid the bill", "it works again", "I am on my way",
        "the {x} did not help", "I need another {x}", "I want my money back",
        "my number has changed", "the door was open", "I have the papers",
        "I'm waiting outside", "it is urgent", "I will call again on {day}",
        "I sent a letter", "my son is sick", "I'm at the airport", "I like "
        "the {x}", "the invoice is not right", "I have to cancel the {x}",
        "{time} is too late for me", "we moved to {street}", "I would like "
        "to talk about the {x}", "I forgot my jacket", "nobody came on {day}",
        "the parcel is here", "everything is fine", "the water is cold"])


def pass_on(rng):
    """Something to be passed on, said at once."""
    who, chance = rng.choice(PEOPLE), rng.random()
    that = rng.choice(["that ", "that ", ""])
    if chance < 0.5:
        lead = rng.choice(CAN_YOU + ["Please", "Please", "Just", "Do",
                                     "Kindly"])
        if rng.random() < 0.3:
            return asked(rng, lead, f"let {who} know {that}{content(rng)}",
                         [""])
        verb = rng.choice(["tell", "tell", "tell", "inform", "remind"])
        return asked(rng, lead, f"{verb} {who} {that}{content(rng)}", [""])
    if chance < 0.65:
        return f"Tell {who} {that}{content(rng)}."
    if chance < 0.8:
        want = rng.choice(["I want", "I'd like", "I would like", "I need"])
        return f"{want} {who} to know {that}{content(rng)}."
    return call_back(rng)


def call_back(rng):
    """Somebody is to call the caller."""
    who = rng.choice(["somebody", "someone", "{name}", "the {role}", "anybody",
                      "one of you", "your boss"])
    verb = rng.choice(["call me", "call me back", "give me a call", "phone me",
                       "ring me back", "ring me", "get back to me", "return "
                       "my call", "give me a ring", "call me up"])
    tail = rng.choice(["", "", " about my {x}", " about my bill", " tomorrow",
                       " on {day}", " in the morning", " this afternoon",
                       " at {time}", " when there is time", " later",
                       " about the {x}", " please", " as soon as possible"])
    chance = rng.random()
    if chance < 0.55:
        lead = rng.choice(["Can", "Could", "Would", "Will"])
        return f"{lead} {who} {verb}{tail}?"
    if chance < 0.75:
        return f"Please have {who} {verb}{tail}."
    if chance < 0.9:
        lead = rng.choice(["I want", "I'd like", "I would like", "I need"])
        return f"{lead} {who} to {verb}{tail}."
    return f"{who.capitalize() if who[0] != '{' else who} has to {verb}{tail}."


def late(rng):
    """The caller is late."""
    start = rng.choice(["I'm going to be", "I will be", "I'm", "We are", "I "
                        "might be", "I'll be", "We will be", "I am running",
                        "I think I'll be"])
    how = rng.choice(["late", "a bit late", "ten minutes late", "an hour late",
                      "5 minutes late", "half an hour late", "very late",
                      "fifteen minutes late", "a little late"])
    why = rng.choice(["", "", ", there is a lot of traffic", ", the train is "
                      "late", ", I missed the bus", ", my car does not start",
                      ", something happened at work", " for the {x}",
                      " today", " on {day}", ", I'm sorry"])
    return f"{start} {how}{why}."


def late_or_passed_on(rng):
    """A message that needs no question."""
    return rng.choice([late, pass_on, pass_on])(rng)


def message(rng):
    """Any message, said when the desk has asked for one."""
    chance = rng.random()
    if chance < 0.45:
        text = content(rng)
        end = rng.choice(["", "", f" and {content(rng)}", ", thank you"])
        text = f"{text}{end}."
        return text if text[0] == "{" else text[0].upper() + text[1:]
    if chance < 0.6:
        return late(rng)
    return pass_on(rng)


def speak(rng):
    """The caller wants to talk to `{who}`."""
    about = rng.choice(["", "", "", "", " for a moment", " about my bill",
                        " about the {x}", " about something", " right away",
                        " for a minute", " directly", " about an order"])
    chance = rng.random()
    if chance < 0.5:
        verb = rng.choice(["talk to", "speak to", "speak with", "talk with",
                           "have a word with", "reach", "be connected with",
                           "get through to", "ask for", "discuss it with"])
        text = asked(rng, rng.choice(MAY + WANT), f"{verb} {{who}}{about}")
    elif chance < 0.8:
        verb = rng.choice(["connect me with", "put me through to", "transfer "
                           "me to", "hand me to", "pass me on to", "get me",
                           "give me", "switch me to", "forward me to",
                           "connect me to", "let me talk to", "put {who} on,",
                           "get hold of"])
        rest = verb if "{who}" in verb else f"{verb} {{who}}{about}"
        text = asked(rng, rng.choice(CAN_YOU + ["Please", "Just"]), rest)
    else:
        text = rng.choice(["I need {who}.", "{who}, please.", "I'd rather "
                           "talk to {who}.", "Could I have {who}?", "I want "
                           "{who} on the line.",
                           "I was told to ask for {who}.",
                           "I have a question for {who}.", "It's for {who}.",
                           "I only talk to {who}.", "Is {who} around? I need "
                           "to talk to them.", "I have to reach {who}.",
                           "{who} if possible.", "Where do I reach {who}?",
                           "I was talking to {who} and we got cut off."])
    if rng.random() < 0.15:
        why = rng.choice(["It's about my bill.", "It's important.", "I have a "
                          "question about the {x}.", "This is not helping.",
                          "You don't understand me.", "It's a long story.",
                          "It's private.", "I called before."])
        text = f"{why} {text}"
    return text


def anybody(rng):
    """Whoever is there."""
    return rng.choice([
        "someone", "somebody", "a person", "a human", "a real person",
        "a human being", "someone else", "somebody from the team", "an agent",
        "one of your people", "someone real", "a live person", "your staff",
        "one of your colleagues", "an actual person", "anybody", "an employee",
        "someone who works there", "a member of the team", "an operator"])


def bye(rng):
    """The caller says goodbye."""
    first = rng.choice([
        "", "", "Thanks", "Thank you", "Thanks a lot", "Thank you so much",
        "Okay", "Alright", "Perfect", "Great", "Good", "That's it", "Fine",
        "Thank you very much", "Many thanks", "Lovely", "Wonderful", "Right",
        "Okay, thanks", "Great, thank you", "That was all", "That is all",
        "Okay then", "Well then", "You've been very helpful", "Cool"])
    last = rng.choice([
        "bye", "bye", "goodbye", "goodbye", "bye bye", "bye now", "bye then",
        "have a good day", "have a nice day", "have a nice evening",
        "have a good weekend", "see you", "see you soon", "see you then",
        "take care", "talk soon", "talk to you later", "so long", "goodbye "
        "then", "bye for now", "until then", "I have to go", "good night",
        "have a great day, bye", "take care, goodbye", "I'll hang up now"])
    if not first:
        return last[0].upper() + last[1:] + rng.choice([".", ".", "!"])
    glue = rng.choice([", ", ", ", ". ", " and ", " "])
    if glue == ". ":
        last = last[0].upper() + last[1:]
    return first + glue + last + rng.choice([".", ".", "!"])


def no_more(rng):
    """Nothing else."""
    first = rng.choice(["No", "No", "Nope", "No no", "Nah", "No thanks"])
    rest = rng.choice([
        "", "", ", that's all", ", that was it", ", that will be all",
        ", I'm good", ", all good", ", I'm fine", ", nothing more",
        ", nothing else", ", thank you", ", thanks", ", that's everything",
        ", that's it, thank you", ", everything is fine", ", I have it all",
        ", not right now", ", bye", ", that was everything, goodbye",
        ", thank you very much", ", that is it for today"])
    return first + rest + "."
