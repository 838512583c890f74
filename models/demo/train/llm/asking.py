"""What callers say to a desk that has tools; gaps as in phrases.py.

`{v}` is what they say instead of something else, `{old}` that, and `{who}`
somebody to be connected with.
"""

SLOTS = ["", "", "", " on {day}", " on {day}", " on {day} at {time}",
         " on {day} at {time}", " for {day}", " {day} at {time}",
         " at {time} on {day}", " at {time}", " for {time} on {day}",
         " on {day} around {time}", " for {day} at {time}"]
BOOK = [
    "I would like to book an appointment{slot}.",
    "I'd like to make an appointment{slot}.",
    "Can I book an appointment{slot}?", "I need an appointment{slot}.",
    "I want to come in{slot}.", "Can I come in{slot}?",
    "I would like to book {ax}{slot}.", "I want to book {ax}{slot}.",
    "Can I get an appointment{slot}?", "Is there a free appointment{slot}?",
    "Could I come in{slot}?", "I'd like to schedule {ax}{slot}.",
    "Book me in{slot} please.", "Book me {ax}{slot}.",
    "I want to see someone{slot}.", "Can you fit me in{slot}?",
    "Please make an appointment for me{slot}.",
    "I'm calling to make an appointment{slot}.",
    "Have you got anything free{slot}?", "Do you have a slot{slot}?",
    "Could you give me an appointment{slot}?", "I need to come in{slot}.",
    "I would like to come by{slot}.", "Put me down for {ax}{slot}.",
    "I want to make a booking{slot}.", "Can I reserve a table{slot}?",
    "I'd like to reserve{slot}.", "I would like a reservation{slot}.",
    "Could I get a slot{slot}?", "Can I schedule a visit{slot}?",
    "I'd like to come in for {ax}{slot}.", "Can I come for {ax}{slot}?",
    "I need to make a reservation{slot}.", "Can you book me in{slot}?",
    "Could you book {ax} for me{slot}?", "I need to book {ax}{slot}.",
    "I want an appointment for {ax}{slot}.", "Can I make an appointment"
    "{slot} for {ax}?", "I'd like to book in{slot}.",
    "I want to be seen{slot}.", "Could I book{slot}?",
    "I am calling to book {ax}{slot}."]
LEADS = ["My name is {name} and ", "This is {name}, ", "I am {name}, ",
         "It's {name}, ", "{name} here, "]
WHAT = ["{ax}.", "{ax} please.", "{x}.", "I need {ax}.", "It's for {ax}.",
        "I would like {ax}.", "Just {ax}.", "{x} please.", "For {ax}.",
        "I want {ax}.", "It would be {ax}."]
VALUE = ["{v}.", "It's {v}.", "{v} please.", "It is {v}.", "That is {v}.",
         "Let me see, {v}.", "{v}, I think.", "I think {v}.", "Yes, {v}.",
         "Sure, {v}.", "Say {v}.", "{v}, thank you."]
SLIPS = {
    "day": ["Sorry, I meant {v}.", "No, {v} is better.", "Wait, {v}, not "
            "{old}.", "Actually {v} and not {old}.", "Oh no, make that {v}.",
            "Sorry, {v} instead of {old}.", "Can we say {v} instead?"],
    "time": ["Sorry, I meant {v}.", "No, {v} is better.", "Wait, {v}, not "
             "{old}.", "Actually, at {v}.", "Oh no, make that {v}.",
             "Sorry, {v} instead of {old}.", "Can we say {v} instead?"]}
CHANGES = [
    "Actually, {v} would be better.", "No, {v} please.", "Can we make it {v}?",
    "Sorry, can I change that to {v}?", "Oh, {v} is better for me.",
    "Wait, make it {v}.", "No, I meant {v}.", "Could you change it to {v}?",
    "Actually, make that {v}.", "Hold on, not {old}, {v}.",
    "Can I have {v} instead?", "On second thought, {v}.",
    "I changed my mind, {v} please.", "Let's do {v} instead of {old}.",
    "Sorry, {old} does not work, {v} please.", "No no, {v}.",
    "I said {v}.", "Could it be {v} instead?", "Change it to {v}.",
    "Can you move it to {v}?", "{v} instead, please.",
    "Not {old}, but {v}.", "Rather {v}."]
TRY_AGAIN = ["Can you try again?", "Try it again please.", "Please try again.",
             "Could you try that once more?", "One more time please.",
             "Try once more.", "Again please.", "Do it again."]
NEVER_MIND = [
    "Never mind.", "Forget it.", "I'll call again later.", "It's not "
    "important.", "Leave it.", "No, I changed my mind.", "Let it be.",
    "I don't want it anymore.", "Okay, then not.", "No, forget it, thanks.",
    "Maybe another time.", "I have to think about it.", "Drop it."]
BEGINNINGS = {
    "name": ["My name is", "It's", "My name", "I'm", "The name is", "Um"],
    "day": ["On", "Let me see", "How about", "Maybe on", "I think", "Next"],
    "time": ["At", "Around", "Maybe at", "Let's say", "Not before"],
    "number": ["My number is", "It's", "My number", "The number is"],
    "message": ["Please tell", "Well, it's", "I wanted to say", "So"],
    "service": ["I need", "Well", "I would like", "It's for"]}
LEAVE = [
    "Can I leave a message?", "Can you take a message?",
    "I want to leave a message.", "I'd like to leave a message for {name}.",
    "Could you take a message?", "Can you give {name} a message?",
    "I have a message for {name}.", "I want to leave a message for {name}.",
    "May I leave a message?", "Could I leave a message please?",
    "Take a message please.", "Can you pass something on to the {role}?",
    "Could you pass on a message?", "I need to leave a message.",
    "Can you write something down for {name}?", "Can I tell you something "
    "for {name}?", "Write something down for me please."]
MESSAGES = [
    "I will be late on {day}.", "I can't come on {day}.",
    "I am running late.", "I have a question about my {x}.",
    "Please call me about the {x}.", "The {x} was very good.",
    "I would like to know when my {x} is ready.", "My {x} is not right.",
    "Please tell {name} that I will come at {time}.",
    "Tell {name} to call me on {day}.", "I need a receipt for the {x}.",
    "{name} should call me before {time}.", "I forgot my keys there.",
    "Tell {name} thank you.", "My bill is wrong.", "I left my bag there.",
    "It is about the {x} on {day}.", "I want to talk about the price of {ax}.",
    "Can {name} please send me the papers?", "The car is ready.",
    "I found a wallet in front of your {place}.", "I will bring {ax} on "
    "{day}.", "We need two more {xs} on {day}.", "I am still waiting for my "
    "{x}.", "Somebody should look at my {x} again.", "I'd like my money back.",
    "My new address is in {street}.", "Tell the {role} that it still hurts.",
    "I will be there at {time} and not at {old}.", "The parcel for {name} is "
    "with me.", "Please send the bill to my office.", "I can't open your "
    "site.", "I need to talk to {name} about {day}.", "The {x} has to wait "
    "until {day}.", "I was very happy with {name}.", "Nobody answered my "
    "mail."]
# Something to be passed on, said at once.
PASS_ON = [
    "Please tell {name} that I called.", "Please tell {name} that I will be "
    "late.", "Can you tell the {role} that I will be late?",
    "Could you let {name} know that I am here?", "Please tell them I am late.",
    "Can you tell {name} that it is ready?", "Please tell the {role} that I "
    "can't come.", "Tell {name} that I will come at {time}.",
    "Could you tell {name} that my {x} is fine?", "Please tell {name} to "
    "bring the {x} on {day}.", "Let {name} know that {day} is fine.",
    "Can you tell {name} that I said hello?", "Please note that I can't come.",
    "Tell the {role} that my {x} is broken again.", "Please write down that I "
    "can't come on {day}.", "Could you tell {name} I need {ax}?"]
SPEAK = [
    "Can I speak to {who}?", "Can I talk to {who}?", "Please transfer me to "
    "{who}.", "I want to speak to {who}.", "Can I speak with {who}?",
    "Please connect me with {who}.", "I need to speak to {who}.",
    "I'd like to talk to {who} please.", "Put me through to {who}.",
    "Can you transfer me to {who}?", "Could you get {who} on the phone?",
    "Give me {who} please.", "May I talk to {who}?", "Let me speak to {who}.",
    "Can you connect me with {who}?", "{who} please.",
    "I'm looking for {who}.",
    "Connect me to {who}.", "I want {who}.", "Is {who} there, can I talk to "
    "them?", "Could I have {who}?", "Can I get {who}?"]
ANYBODY = ["Operator.", "Please transfer me.", "I want a person.", "Agent.",
           "I don't want to talk to a machine.", "A human please.",
           "Is there a person I can talk to?", "Representative.",
           "I would rather talk to a person.", "Is there anybody else I can "
           "talk to?", "Can you transfer me?"]
CHOOSE = ["{who} please.", "{who}.", "With {who}.", "{who} would be good.",
          "I'd like {who}.", "Then {who}.", "{who} then.", "To {who} please.",
          "Okay, {who}.", "I'll take {who}."]
YES = ["Yes please.", "Yes.", "Yeah.", "Okay.", "Sure.", "That would be good.",
       "Yes, do that.", "Please do.", "Okay, yes.", "Yes, thank you.",
       "That would be nice.", "All right.", "Good idea."]
