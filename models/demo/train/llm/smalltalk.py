"""What callers say when they ask for no fact; gaps as in phrases.py."""

HELLO = [
    "Hello.", "Hi.", "Hi there.", "Good morning.", "Good evening.", "Hey.",
    "Hello?", "Hello, can you hear me?", "Good day.",
    "Hello there, good morning."]
TODAY = [
    "Are you open today?", "What time do you close today?",
    "When do you open tomorrow?", "Are you open tomorrow?",
    "How late are you open tonight?", "Are you open right now?",
    "Are you open on {date}?", "What are your hours on {date}?",
    "When do you open on {date}?", "Are you there on {date}?",
    "Is the {place} open now?", "Are you closed tomorrow?",
    "When do you close tonight?", "Are you open the day after tomorrow?"]
LATE = [
    "I am running late.", "I will be late.", "I'm a bit late.",
    "I will be there fifteen minutes late.", "Sorry, my bus is late.",
    "I am late for my appointment.", "I won't make it on time.",
    "I am still on the way.", "We will be a little late.",
    "I need ten more minutes.", "The traffic is terrible, I will be late."]
MESSAGE = [
    "Can I leave a message?", "Please tell {name} that I called.",
    "Can you tell the {role} that I will be late?", "Can you give {name} a "
    "message?", "Could you let {name} know that I am here?",
    "I want to leave a message for {name}.", "Please tell them I am late.",
    "Can you pass something on to the {role}?", "Write this down please.",
    "Can you tell {name} that it is ready?", "Let {name} know please.",
    "Can you take a message?", "Please note that I can't come."]
CALL_BACK = [
    "Can somebody call me back?", "Can you call me back?",
    "Please call me back.", "Could the {role} call me?",
    "Can someone give me a call later?", "I would like a call back.",
    "Will somebody call me?", "Please have {name} call me.",
    "Can you ring me back later?", "Could someone phone me tomorrow?",
    "Can I get a call back?", "Ask {name} to call me please."]
HUMAN = [
    "Can I speak to a person?", "I want to talk to a human.",
    "Can I talk to someone?", "Please transfer me.", "Operator.",
    "I want to speak to someone.", "Can I speak with the {role}?",
    "Give me a real human please.", "Connect me to a person.",
    "I don't want to talk to a machine.", "Can I talk to {name}?",
    "Can I speak with {name}?", "Please connect me with {name}.",
    "I need to speak to {name}.", "I'd like to talk to {name} please.",
    "Put me through to {name}.", "Can you transfer me to the {role}?",
    "Could you get {name} on the phone?", "Give me the {role} please.",
    "I want a person.", "Agent.", "Representative.",
    "Is there a person I can talk to?", "I would rather talk to a person.",
    "Let me speak to the {role}.", "Is there anybody else I can talk to?",
    "Can you connect me with someone?",
    "I need to speak to someone from the team.", "May I talk to the manager?",
    "A human please."]
ROBOT = [
    "Are you a robot?", "Am I talking to a machine?", "Are you human?",
    "Are you a real person?", "Is this a recording?",
    "Am I speaking with a robot?", "You are a computer, right?",
    "What is your name?", "Who are you?", "Are you an AI?",
    "What's your name?", "Is this a real person?", "Are you a machine?"]
HELP = [
    "What can you do?", "What can you help me with?", "Can you help me?",
    "I need some help.", "I have a question.", "Can I ask you something?",
    "What can I ask you?", "What do you know?", "How can you help?",
    "I need some information.", "Help.", "I'm calling for information.",
    "I have a few questions.", "What are you able to do?"]
REPEAT = [
    "Can you repeat that?", "Can you say that again?", "Sorry, what?",
    "Pardon?", "I didn't hear you.", "What did you say?", "Excuse me?",
    "Please repeat.", "Sorry, I did not get that.", "Once more please.",
    "Could you repeat it please?", "Say again?", "What was that?", "What?",
    "I didn't catch that.", "I could not hear that.",
    "Sorry, say that again please.", "Could you speak up?", "One more time?",
    "Sorry, I missed that.", "Can you tell me that again?"]
THANKS = [
    "Thank you.", "Thanks.", "Thank you very much.", "Great, thanks.",
    "Okay, thank you.", "Perfect, thank you.", "Thanks a lot.",
    "That helps, thank you.", "Very good, thank you.", "Many thanks.",
    "That's very kind.", "Good, thanks.", "Wonderful, thank you.",
    "Thank you for your help.", "Thanks so much.", "Okay thanks."]
BYE = [
    "Goodbye.", "Bye.", "That's all.", "Nothing else.", "Bye bye.",
    "Okay, thank you. Goodbye.", "No, that's all, bye.", "Thanks, bye.",
    "Have a nice day.", "See you.", "Thank you, bye.",
    "No thank you, goodbye.", "That is all, thank you.",
    "Perfect, thank you. Bye.", "Okay, see you then. Goodbye.",
    "That was everything, thanks.", "Okay bye.", "Goodbye then.",
    "Talk to you later.", "No, that is it, goodbye.",
    "Thanks for the help, bye.", "Alright, goodbye.", "Good night."]
YES = [
    "Yes.", "Yes please.", "Yeah.", "That's right.", "Correct.",
    "Sounds good.", "Okay.", "Sure.", "Yes, that works.", "Perfect.",
    "Alright.", "Great."]
NO = [
    "No.", "No thanks.", "No thank you.", "Not really.", "Nope.",
    "No, I don't think so."]
HOW_ARE_YOU = [
    "How are you?", "How are you today?", "How is it going?",
    "Hi, how are you?", "How's your day?", "Are you well?", "How are things?",
    "And how are you?", "How do you do?"]
WAIT = [
    "Wait.", "Hold on.", "Wait a minute.", "One moment please.",
    "Just a second.", "Let me check.", "Hang on."]
OFF_TOPIC = [
    "What is the weather like?", "Can you order me a pizza?",
    "Tell me a joke.", "How far is the moon?",
    "What do you think about football?", "Who won the game?",
    "Can you sing a song?", "What is two plus two?", "Who is the president?",
    "Do you like music?", "What is the capital of Spain?",
    "What time is it now?", "Can you book me a flight?",
    "Where can I buy shoes?", "How old are you?", "Do you have a dog?",
    "What should I cook tonight?", "Can you call me a taxi?",
    "Where is the train station?", "What is the best restaurant in town?",
    "Do you like your job?", "What day is it?", "Is it going to rain?",
    "Who wrote Hamlet?", "How tall is the tower?", "Can you fix my phone?",
    "Turn on the light.", "Play some music.", "What is the meaning of life?",
    "Can you do my homework?"]
UNFINISHED = [
    "I would like to", "Can I", "How much is", "I wanted to ask",
    "What time do", "I was wondering if", "My name is", "So I", "Do you",
    "I need to", "Could you tell me", "On", "Are you", "I'm calling about the",
    "Where is the", "And what about", "Well I think", "My number is five five",
    "I would like to book an", "Is there a", "The thing is",
    "What is the price of", "Can you tell me when", "If I", "Hello I",
    "I have a question about the", "And the", "Can you tell me if",
    "I want to know what", "How late are", "Do you have a",
    "So the thing I wanted", "I think my", "When is the", "What does a",
    "Please could you", "My phone number is", "It's about my",
    "We would like to"]
# What the recogniser writes where nobody spoke, or where it heard wrong.
HEARD_IN_SILENCE = [
    "you", "You", "Yeah, you", "So", "uh", "Bye-bye-bye-bye", "I'm going to",
    "the the the the", "And the and the", "All right so it is", "Mm-hmm mm",
    "(music)", "Oh my God", "I don't know what that is", "At in a car",
    "The end of the line", "So that is the thing", "We will see in the next "
    "video", "Subscribe", "Thanks for watching", "1 2 of the", "Okay at in"]
NOISE_WORDS = """the a of blue under trees water and seven to run it was um
uh on table green with fast over for had hat mouse in but so cold been were
window paper long it is""".split()
