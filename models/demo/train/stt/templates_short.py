"""Sentence templates with names and numbers, and the short words that steer a call.

Written like those in ``templates.py``; in ``SHORT`` every alternative is one utterance.
"""

NAME = """
[my name is|this is|it's|it is|I'm|I am|the name is|my name's|his name is|her name is|you're speaking with|my last name is|my first name is] [{first} {last}|{first}|{last}|{first} {last}].
[hi|hello|good morning|good afternoon|hey],// [this is|my name is|it's|I'm] [{first} {last}|{first}] [|,// I have an appointment on {day}|,// I need an appointment|,// I'd like to book {service}|,// I'm calling about my appointment|,// and I'd like to book an appointment|,// and I need {service}].
{first} {last}.
{first}.
{last}.
it's under [{last}|{first} {last}|my name|my wife's name|my husband's name].
the appointment is under {first} {last}.
[last name|first name|name] {last}.
{first} {with_spelling}.
it's {with_spelling}.
that's {spelled}.
{spelled}.
[it's spelled|you spell it|I spell it|that is spelled] {spelled}.
with [a|an] {letter}.
{letter} as in {first}.
{letter} like {first}.
"""

NUMBER = """
my [|phone|cell|telephone|mobile|home] number is {phone}.
[it's|it is|the number is|that's|you can reach me at|call me at|call me back at|please call me back at|my number's|sure, it's] {phone}.
{phone}.
{phone}.
my date of birth is [the {ordinal} of {month}|{month} {ordinal}] [|,// nineteen {twodigit}|,// two thousand {digit}].
I was born [on the {ordinal} of {month}|on {month} {ordinal}|in nineteen {twodigit}].
[{month} {ordinal}|the {ordinal} of {month}|on {month} {ordinal}|on the {ordinal}] [|,// nineteen {twodigit}|please].
my [zip code|patient number|member number|insurance number] is {phone}.
{age}.
I am {age} years old.
my [son|daughter] is {digit} years old.
{money}.
{phone}.
no,// {phone}.
yes,// {phone}.
"""

SHORT = """
yes.|yes please.|yeah.|yep.|yup.|sure.|okay.|okay.|okay, thank you.|right.|exactly.|correct.|perfect.
great.|great, thanks.|sounds good.|of course.|alright.|no.|nope.|no thanks.|no thank you.|not really.
maybe.|stop.|stop.|stop it.|wait.|wait.|please wait.|hold on.|hold on please.|mm-hm.|uh-huh.|mm-hm.
uh-huh.|sorry.|sorry?|hello.|hello?|hi.|hi there.|hey.|hmm.|oh.|oh, okay.|I see.|got it.|what?|huh?
um.|uh.|well.|so.|and?|but.|good.|fine.|thanks.|please.|again.|louder.|slower.|help.|yes, that's right.
no, wait.|no, stop.|wait, no.|okay, stop.|stop, please.|stop talking.|be quiet.|listen.|actually.|wait a minute.
good morning.|good afternoon.|good evening.|hello, good morning.|oh no.|oh, sorry.|yeah, sure.|okay, great.
today.|tomorrow.|now.|later.|morning.|afternoon.|evening.|{day}.|{time}.|{hour}.|next week.|anytime.|both.
uh-huh, okay.|mm-hm, yes.|yeah, yeah.|no, no.|yes, yes.|okay, okay.|right, right.|uh-huh,// right.|go on.
"""
