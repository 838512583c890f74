"""Facts that any business may state: yes or no, and values with a name.

A yes or no fact holds its label, the callers' questions and both answers.
Where only the label is given, the questions and answers are the usual ones.
"""

HAVE = ["Do you have {x}?", "Do you offer {x}?", "Is there {x}?",
        "And {x}, do you have that?", "Have you got {x}?", "What about {x}?",
        "I would like to know if you have {x}.", "You have {x}, right?",
        "Can I get {x}?", "Do you guys have {x}?", "Is {x} available?"]
YES_HAVE, NO_HAVE = "[Yes, we have {x}].", "[No, we do not have {x}]."

SPECIAL = {
    "delivery": (
        ["Do you deliver?", "Can you deliver it?", "Do you deliver to me?",
         "Is delivery possible?", "Do you have delivery?",
         "Can you bring it to my house?", "Could you deliver that?",
         "Do you also deliver?", "Would you deliver an order?"],
        "[Yes, we deliver].", "[No, we do not deliver]."),
    "walk-ins": (
        ["Can I walk in?", "Can I come without an appointment?",
         "Do I need an appointment?", "Are walk-ins okay?",
         "Do you accept walk-ins?", "Can I just come by?",
         "Is it possible to walk in?", "Do you take people who walk in?",
         "Do you take walk ins?", "Could I just drop in?"],
        "[Yes, we take walk-ins].", "[No, we do not take walk-ins]."),
    "dogs": (
        ["Can I bring my dog?", "Are dogs allowed?", "Do you allow dogs?",
         "Is it okay to bring a dog?", "May my dog come in?"],
        "[Yes, dogs are allowed].", "[No, dogs are not allowed]."),
    "children": (
        ["Can I bring my children?", "Are kids allowed?",
         "Is it okay with children?", "Do you allow children?",
         "Can my kids come too?"],
        "[Yes, children are welcome].", "[No, children are not allowed]."),
}
HAVING = """gift cards, gift cards, wheelchair access, wheelchair access,
free wifi, takeout, outdoor seating, online booking, a student discount,
a senior discount, evening appointments, free estimates, home visits,
a kids menu, vegan options, gluten free options, payment plans, loaner cars,
a toilet, weekend appointments, video calls, a waiting room,
same day service, an elevator, a terrace, a private room, an online shop,
emergency service, Spanish speaking staff, air conditioning, lockers,
showers, a parking garage, catering, a loyalty card, hearing protection,
spare parts, used items, refunds, pickup service""".replace("\n", " ")
HAVING = [cell.strip() for cell in HAVING.split(",")]
MADE_UP_HAVING = ["rental", "cards", "service", "options", "tickets",
                  "discount", "machines", "rooms", "classes", "lessons"]

# Name, values, and questions of its own besides the usual ones.
LABELS = [
    ("minimum order", ["{cost}"], ["How much do I have to order?"]),
    ("delivery fee", ["{cost}"], ["How much is delivery?",
                                  "What do you charge for delivery?"]),
    ("deposit", ["{cost}", "{percent} percent"], ["Do I have to pay a "
                                                  "deposit?"]),
    ("cancellation fee", ["{cost}"], ["What if I cancel late, what does "
                                      "it cost?"]),
    ("check-in", ["{time}", "from {time}"], ["When can I check in?"]),
    ("check-out", ["{time}", "until {time}"], ["When do I have to check "
                                               "out?"]),
    ("warranty", ["{count} years", "{count} months"],
     ["How long do you give a warranty?", "Is there a warranty on it?"]),
    ("age limit", ["{count}", "{count} years"], ["How old do I have to be?"]),
    ("email", ["{mail}", "{mail}"], ["What is your email address?",
                                     "Where can I write to you?"]),
    ("website", ["{site}"], ["Where can I find you online?",
                             "Do you have a website?"]),
    ("wifi password", ["{word} {count}", "{word}"], []),
    ("bus stop", ["{street}", "{word}"], ["Which bus stop is closest?"]),
    ("entrance", ["on {street}", "at the back", "on the left side"],
     ["Where do I go in?"]),
    ("waiting time", ["{count} minutes", "{count} days", "{count} weeks"],
     ["How long do I have to wait?", "How long is the wait?"]),
    ("hourly rate", ["{cost}"], ["What do you charge per hour?"]),
    ("call-out fee", ["{cost}"], ["What does it cost if you come out?"]),
    ("service area", ["{word} and {word}", "all of {word}"],
     ["Which area do you serve?", "Where do you work?"]),
    ("floor", ["first", "second", "third", "ground floor"],
     ["Which floor are you on?"]),
    ("dress code", ["sports shoes", "casual", "dark clothes"],
     ["What should I wear?"]),
    ("membership fee", ["{cost}", "{cost} a month"], []),
    ("daily special", ["{word} soup", "{word} stew", "fish of the day"],
     ["What is today's special?"]),
    ("return policy", ["{count} days", "no returns"],
     ["Can I bring something back?"]),
    ("lunch break", ["{time} to {time}"], ["When is your lunch break?"]),
    ("tour guide", ["{person}"], []),
    ("landlord", ["{person}"], []),
    ("delivery time", ["{count} minutes", "{count} days"],
     ["How long does delivery take?"]),
    ("meeting point", ["{street}", "the {word} gate"], ["Where do we meet?"]),
    ("start date", ["{date}"], ["When does it start?"]),
    ("duration", ["{count} minutes", "{count} hours"],
     ["How long does it take?"]),
    ("group size", ["{count} people", "up to {count}"],
     ["How many people can come?"]),
    ("{made} fee", ["{cost}"], []), ("{made} time", ["{time}"], []),
    ("{made} number", ["{phone}"], []), ("{made} code", ["{count}"], []),
]
WHAT = ["What is the {x}?", "What is your {x}?", "What's the {x}?",
        "Can you tell me the {x}?", "And the {x}?", "I need the {x}.",
        "Is there a {x}?", "What about the {x}?", "Tell me the {x} please.",
        "I wanted to ask about the {x}.", "Do you have a {x}?",
        "How is the {x}?", "I'd like to know the {x}."]
# What hardly any prompt tells.
NEVER_TOLD = [
    "How long have you been there?", "Are you hiring?", "Who cleans the "
    "windows?", "What color is the building?", "How many people work there?",
    "What is the name of your boss's wife?", "Do you have a newsletter?",
    "What brand do you use?",
    "Can you recommend a hotel?", "What is your fax number?",
    "Is there a bus to you?",
    "When are you on holiday?", "Do you speak French?", "Is it safe?",
    "Do you have a mailing address?", "What are the ingredients?",
    "Is there anybody who speaks Polish?", "Which school did he go to?",
    "Are you open on Christmas?", "How big is it?", "Does it hurt?",
    "Is there a discount for families?", "What should I bring?",
    "Do I need a receipt?", "Can I bring a friend?", "Is it noisy there?",
    "What did I pay last time?", "Is my order ready?", "Is my car ready?",
    "When is my appointment?", "Did you get my letter?",
    "Are my results there?", "What is my balance?"]
