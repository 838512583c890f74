"""What callers say, by intent.

`{x}` is a service, `{ax}` the same with an article, `{day}` a weekday,
`{time}` a time, `{name}` a person, `{number}` a telephone number, `{biz}` the
business, `{place}` its kind and `{people}` patients or customers.
"""

IS_THIS = [
    "Is this the {place}?", "Hello, is this {biz}?",
    "Am I calling the {place}?", "Is this {biz}?", "Is that {biz}?",
    "Hi, is this the {place}?", "Do I have the {place}?",
    "Have I got the right number for {biz}?", "{biz}?", "Who is this?",
    "What is the name of your {place}?", "Which {place} is this?",
    "Who am I talking to?", "Is this the right number for the {place}?"]
HOURS = [
    "What time do you open on {day}?", "When do you open on {day}?",
    "When are you open on {day}?", "What are your hours on {day}?",
    "Are you open on {day}?", "Are you open {day}?",
    "What time do you close on {day}?", "When do you close {day}?",
    "How late are you open on {day}?", "Until when are you open {day}?",
    "Are you there on {day}?", "Is the {place} open on {day}?",
    "Is someone there on {day}?", "Opening time on {day}?",
    "What about {day}?", "And on {day}?", "How about {day}?",
    "How early do you open on {day}?", "From when are you open on {day}?",
    "I need your opening hours for {day}.", "Do you work on {day}s?",
    "Do you open {day}s?", "What hours do you have on {day}?",
    "Can you tell me what time you open on {day}?",
    "I would like to know when you close on {day}.",
    "Tell me the hours for {day}.", "Are you closed on {day}?",
    "What time do you start on {day}?", "On {day}, when do you close?",
    "Is there anyone in on {day} morning?", "Till when on {day}?",
    "Can I come by on {day} evening, how late are you open?",
    "Are you guys open on {day} afternoon?",
    "When is your office open on {day}?",
    "What is the latest I can come on {day}?",
    "Are you open at {time} on {day}?", "Are you still there at {time} on "
    "{day}?", "Do you open before {time} on {day}?", "Is {time} on {day} too "
    "late?", "On {day}, are you open until {time}?", "What are the {day} "
    "hours?", "{day} hours please.", "How long are you open on {day}?"]
HOURS_ALL = [
    "What are your hours?", "When are you open?",
    "What are your opening hours?", "What time do you open?",
    "Can you tell me your hours?", "How late are you open?",
    "What time do you close?", "Which days are you open?",
    "What are your opening times?", "Tell me your hours please.",
    "I'd like to know your hours.", "What are the hours?", "When do you open?",
    "What are your business hours?", "How long are you open?",
    "When is the {place} open?", "What hours do you have?"]
WEEKEND = [
    "Are you open on the weekend?", "Do you work weekends?",
    "What about the weekend?", "Are you open at weekends?",
    "What are your weekend hours?"]
ADDRESS = [
    "Where are you located?", "What is your address?", "Where is the {place}?",
    "How do I get there?", "Which street are you on?", "Where are you?",
    "Your address?", "Can I have your address?", "Where can I find you?",
    "Could you tell me where you are?", "What street is it on?",
    "I need the address.", "Where do I have to go?",
    "I would like to know where you are located.",
    "Please tell me the address.", "Where is your office?",
    "What's the location?", "How can I get to you?",
    "Where do I find the {place}?", "What's your street?",
    "I don't know where you are.", "Where do I need to come to?",
    "How can I find the {place}?"]
PARKING = [
    "Is there parking?", "Where can I park?", "Can I park there?",
    "Do you have parking?", "Is there somewhere to park?",
    "Where do I park my car?", "I am driving, can I park nearby?",
    "Do you have a car park?", "Is parking free?", "How is the parking?",
    "Where do people park?", "Can I leave the car near you?", "And parking?",
    "Could you tell me where to park?", "Are there parking spaces?",
    "Is there a place for my car?", "I come with my car, where do I put it?",
    "Is it easy to park?", "Where should I park when I come?"]
PRICE = [
    "How much is {ax}?", "What does {ax} cost?", "How much is {x}?",
    "How much does {ax} cost?", "And how much is {ax}?",
    "What is the price of {ax}?", "What do you charge for {ax}?",
    "How much for {ax}?", "And {ax}?", "What about {ax}?",
    "What would {ax} cost?", "How expensive is {ax}?", "The price for {x}?",
    "How much do you charge for {x}?", "Can you tell me how much {ax} is?",
    "How much is the {x}?", "What is your price for {ax}?",
    "I need {ax}, how much is that?", "How much would I pay for {ax}?",
    "What does the {x} cost?", "I would like to know the price of {ax}.",
    "Could you tell me what {ax} costs?", "Is {ax} expensive?",
    "How much money is {ax}?", "I want {ax}, what does it cost?",
    "My son needs {ax}, how much is it?", "{x}, how much?",
    "I am calling about the price of {ax}.", "What do you charge for {xs}?",
    "How much are {xs}?", "What do I have to pay for {ax}?",
    "I need the price for {ax}.", "Just the price of {ax}.", "And the {x}?",
    "What is the cost of {ax}?", "What's {ax}?", "What do you want for {ax}?",
    "What do you take for {ax}?", "How much would {ax} be?",
    "How much would it be for {ax}?", "What's the price for {ax}?",
    "How much is one {x}?", "The {x}, how much is it?"]
HOW_MANY = [
    "How much are two {xs}?", "What do 3 {xs} cost?", "How much for 2 {xs}?",
    "I need four {xs}, what is one?", "What are two {xs}?"]
PRICES = [
    "How much are {list}?", "What do you charge for {list}?",
    "What do {list} cost?", "How much is {list}?", "And {list}?",
    "What would {list} cost?", "How much are {the}?", "What do {the} cost?",
    "What is the price of {list}?", "I need {list}, how much is that?",
    "How much for {plain}?", "What's {list} together?",
    "Can you tell me the prices of {plain}?", "The prices for {list} please.",
    "What are the prices for {the}?", "How much would {list} be?",
    "I want {list}, what do they cost?", "What do I pay for {the}?",
    "What does it cost to get {list}?"]
SERVICES = [
    "What services do you have?", "What do you offer?", "What do you do?",
    "What do you have?", "What can I get there?", "What do you sell?",
    "Which services are there?", "What kind of things do you do?",
    "What is on your list?", "What do you have on the menu?",
    "What kinds of services do you have?", "Can you tell me what you offer?",
    "What is it that you do?", "What can you do for me?",
    "What are your services?", "Tell me what you have.",
    "Which things do you offer?", "What can I order?",
    "What's on your price list?", "What do you guys do?",
    "Read me the menu.", "What do you have to offer?"]
OFFER = [
    "Do you do {ax}?", "Do you offer {ax}?", "Can I get {ax}?",
    "Do you have {ax}?", "Do you do {x}?", "Do you offer {x}?",
    "Can I get {ax} there?", "Is {ax} something you do?",
    "Do you also do {ax}?", "Do you provide {x}?",
    "I am looking for {ax}, do you do that?", "Would you do {ax}?",
    "Can you do {ax} for me?", "I need {ax}.", "Do you do {xs}?",
    "Do you offer {xs}?", "Do you have {xs}?", "Are {xs} possible?"]
PERSON = [
    "Who is the {role}?", "What is the name of the {role}?", "Who will I see?",
    "Which {role} do you have?", "Who is your {role}?",
    "What's the {role}'s name?", "Who is working there?",
    "Who will take care of me?", "Can you tell me who the {role} is?",
    "Who am I going to see?", "Who does the work?",
    "What is the name of your {role}?", "And who is the {role}?",
    "Who would I be with?", "Which {role} is there?",
    "Is the {role} a man or a woman, what's the name?",
    "Who do I get an appointment with?", "Who runs the {place}?",
    "Who does it?", "Who's the {role}?", "What is your {role} called?",
    "Who is the {role} there?"]
PEOPLE = [
    "Who are the {role}s?", "Who are your {role}s?", "Who works there?",
    "What are the names of the {role}s?", "Which {role}s do you have?",
    "How are the {role}s called?", "Who is on your team?",
    "Who could see me?", "Who can I see?", "Tell me the names of the "
    "{role}s.", "Which {role}s work at the {place}?", "And the {role}s?"]
WORKS_HERE = [
    "Is {name} in today?", "Is {name} there?", "Does {name} work there?",
    "Does {name} work with you?", "Do you have a {name}?",
    "Is {name} your {role}?", "Is there a {name} at the {place}?",
    "Is {name} available?", "Is {name} still with you?",
    "Can I see {name}?", "Is {name} one of your {role}s?", "Is {name} in on "
    "Monday?", "I'm looking for {name}, is that with you?",
    "Is {name} working today?", "Do I have the {place} of {name}?"]
PHONE = [
    "What is your phone number?", "Can I have your number?",
    "How can I call you back?", "What number is this?", "What's your number?",
    "Your phone number?", "Which number can I call?",
    "Please give me your phone number.",
    "Can you tell me your telephone number?",
    "What number do I call if I have a question?", "I need your phone number."]
INSURANCE = [
    "Do you take insurance?", "Do you accept my insurance?",
    "Is insurance okay?", "Can I use my insurance?",
    "Which insurance do you take?", "Is it covered by insurance?",
    "What about insurance?", "Will my insurance pay for it?",
    "I have insurance, do you take it?", "Do you accept insurance?",
    "Can I pay with insurance?", "Are you taking insurance?",
    "Do you bill insurance?", "I am insured, does that help?",
    "Is my insurance good with you?", "Do you take health insurance?"]
INSURER = [
    "Do you take {x}?", "Do you take {x} insurance?", "I have {x}.",
    "Do you accept {x} insurance?", "Is {x} okay?", "Are you with {x}?",
    "I am insured with {x}, do you take that?", "What about {x}?",
    "My insurance is {x}, is that fine?", "Do you work with {x}?",
    "Can I use my {x} insurance?", "Is {x} insurance accepted?",
    "I've got {x}, is that good?", "Does {x} cover it?"]
PAYMENT = [
    "How can I pay?", "Can I pay with cash?", "Can I pay cash?",
    "Do you take credit cards?", "Can I pay by card?", "Do you take checks?",
    "Can I pay with a check?", "What kind of payment do you take?",
    "How do I pay?", "Do you accept credit cards?", "Is cash okay?",
    "Is card okay?", "Can I use a credit card?", "Do I have to pay in cash?",
    "Which payment do you accept?", "Do you take cash?"]
NEW = [
    "Are you taking new {people}?", "I am a new {one}.",
    "Do you take new {people}?", "I have never been there, is that okay?",
    "Do you accept new {people}?", "It's my first time, can I come?",
    "Can I come as a new {one}?", "I am new, is that a problem?",
    "Would you take a new {one}?", "Are new {people} welcome?",
    "I have not been with you before.",
    "I just moved here, can I become a {one}?", "Can new {people} come?",
    "I am not a {one} yet, is that fine?"]
PAIN = {
    "dentist": ["My tooth hurts.", "I have a toothache.", "I broke a tooth.",
                "I lost a filling.", "My gums are bleeding.",
                "My tooth hurts very much, what should I do?",
                "My son fell and his tooth came out.", "My jaw is swollen.",
                "A piece of my tooth came off.", "I can not chew.",
                "My crown fell out.", "I have had pain since last night."],
    "vet": ["My cat is very sick.", "My dog is bleeding.", "My cat fell down.",
            "My dog ate something bad.", "My dog can not walk.",
            "My rabbit does not eat.", "My cat was hit by a car.",
            "My dog can't breathe well.", "My bird is hurt.",
            "My puppy keeps throwing up."],
    "physio": ["My back hurts.", "I can not move my neck.", "I hurt my knee.",
               "My shoulder hurts a lot.", "I can't get up.",
               "I fell on my arm.", "My leg is very painful."],
    "hair": ["My hair turned green.", "My hair is burned.",
             "I need help with my hair right now.",
             "The color went wrong and my head hurts."],
    "eye": ["My eye hurts.", "I can not see well.", "My eye is red.",
            "I have something in my eye.", "I see flashes of light.",
            "My eye is swollen.", "I lost my contact lens in my eye."],
    "garage": ["My car broke down.", "My car does not start.",
               "I had an accident.", "There is smoke in my car.",
               "My brakes do not work.", "I have a flat tire.",
               "My engine makes a bad noise."],
    "plumber": ["My toilet is leaking.", "There is water everywhere.",
                "A pipe broke.", "I have no hot water."],
    "electric": ["The power is out.", "There is a smell of smoke.",
                 "My socket is sparking."],
    "doctor": ["I have a fever.", "My chest hurts.", "I feel very sick.",
               "My child has a high fever.", "I cut my hand."],
}
PAIN_ALL = [
    "It's an emergency.", "This is an emergency.", "I am in pain.",
    "What do I do in an emergency?", "Do you take emergencies?",
    "It is very urgent.", "It hurts really bad.", "I need help now."]
OPENERS = [
    "Hi,", "Hello,", "Okay,", "Okay.", "And", "Great.", "Um,", "So,",
    "One more question.", "Yes, hi,", "Thank you. And", "Good.", "Alright,",
    "Well,", "Hello.", "Good morning.", "Thanks.", "Yes,", "Perfect.",
    "Oh and", "Right,", "Hey,", "Please,", "Okay great.", "I have a question.",
    "Another thing.", "Also,", "I just wanted to ask,",
    "Hi, I have a question.", "I see.", "Excuse me,", "No,"]
CLOSERS = [
    "please?", "please.", "by the way?", "then?", "thanks.", "I need to know.",
    "with you?", "exactly?", "again?", "normally?"]
# "Could you tell me" and the like, and what can follow them.
LEADS = [
    "Could you tell me", "Can you tell me", "I wanted to know",
    "I would like to know", "I was wondering", "Do you know",
    "I'm calling to find out", "Please tell me", "I need to know", "Can I ask",
    "Would you tell me", "I just want to know", "Tell me", "May I ask",
    "I want to ask"]
INDIRECT = {
    "hours": ["when you open on {day}", "what time you close on {day}",
              "if you are open on {day}", "how late you are open {day}",
              "what your hours are on {day}", "when you are there on {day}",
              "whether you are open {day}", "what time you open {day}"],
    "price": ["what {ax} costs", "how much {ax} is", "what {ax} would cost",
              "the price of {ax}", "how much you charge for {ax}",
              "what you take for {ax}", "how much I pay for {ax}"],
    "address": ["where you are", "what the address is", "your address",
                "how I get to you", "where the {place} is",
                "which street you are on", "where I have to go"],
    "parking": ["where I can park", "if there is parking", "where to park",
                "if I can park there", "how the parking is"],
    "offer": ["if you do {ax}", "if you offer {xs}", "if I can get {ax}",
              "whether you do {xs}", "if you have {ax}"],
    "person": ["who the {role} is", "who I will see", "who does it",
               "the name of the {role}", "who will be there"],
    "phone": ["what your number is", "your phone number",
              "what number I can call", "how I can call you"],
    "insurance": ["if you take insurance", "if you accept my insurance",
                  "whether insurance is okay", "which insurance you take"],
    "payment": ["how I can pay", "if I can pay by card", "if you take cash",
                "whether you take credit cards", "if I can pay cash",
                "what payment you take"],
    "new": ["if you take new {people}", "if I can come as a new {one}",
            "whether you take new {people}"],
}
STORIES = [
    "I am new in town.", "My friend told me about you.", "I have a day off.",
    "My wife asked me to call.", "I am coming with my daughter.",
    "I saw your sign.", "I found you on the internet.",
    "My husband was there last week.", "I have an appointment with you.",
    "I am on my way.", "I am not from here.", "I work during the week.",
    "I called yesterday.", "My mother goes to you.",
    "I got a letter from you.", "It's been a while."]
