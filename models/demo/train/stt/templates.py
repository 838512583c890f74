"""Sentence templates of a dental front desk, by topic (data, so long lines are welcome).

``[a|b|]`` chooses one alternative (the last one here is empty), ``{slot}`` is filled from
``grammar.SLOTS``, and ``//`` marks a place where a speaker may pause. Templates are in lower
case; the grammar capitalises sentences.
"""

HOURS = """
what time do you [open|close] [|today|tomorrow|{when}|on {day}|on {day}s|on weekends]?
when do you [open|close] [|on {day}|{when}|on {day}s|in the morning|in the evening]?
when are you [open|closed]?
what are your [|opening|office] hours [|on {day}|this week|on the weekend|on {day}s|next week]?
are you [open|closed] [|on {day}|on {day}s|{when}|on weekends|on holidays|over lunch|now|right now|today|at {time}]?
how late are you open [|on {day}|today|{when}]?
do you [open|close] [early|late|before {hour}|after {hour}|at {time}] [|on {day}]?
you [open|close] at {hour}, right?
do you have [evening|weekend|morning|saturday|holiday] hours?
are you open [during lunch|in the evening|in the morning|every day|all day|after {hour}|before {hour}|until {hour}]?
is the [office|clinic|front desk] open [|today|tomorrow|{when}|now|on {day}]?
what days are you open?
do you work on [{day}|{day}s|weekends|holidays]?
how early can I [come|come in|call|get there]?
"""

ADDRESS = """
where are you [|located|exactly]?
[what is|what's] [your|the] address?
where is [the clinic|your office|the office|your clinic|the entrance|the dentist]?
how do I get [there|to you|to the clinic|to your office] [|from downtown|by bus|by car|by train]?
what street are you on?
which [street|floor|building|bus|station|entrance|corner] [is it|is that|are you on|do I take|do I need]?
can you [tell me|give me|send me|repeat] [the address|your address|where you are|how to get there|the directions]?
is there a [bus|train|subway] [stop|station] [|near you|nearby|close to the clinic]?
are you [near|close to|next to|across from|behind|in front of] the [station|school|bank|hospital|park|church|library|market|post office]?
are you in the [same building|same place|city center|old building|mall] [|as before|as last year]?
is there an elevator?
is it [easy|hard|difficult|possible] to find?
I can't find [you|the clinic|the building|the entrance|the office|the door].
I am [in front of|at|near|outside|behind|on my way to] [the building|the clinic|your office|the station|the entrance|the door].
what is the zip code?
do I take the [bus|train|elevator|stairs]?
"""

PARKING = """
is there [|any|free|public] parking [|there|nearby|near you|near the clinic|behind the building|in front|on the street|at the clinic]?
do you have [|free|your own|any|enough] parking [|there|spaces|spots|for patients|for customers]?
where [can|do|should] I park [|my car|the car|there]?
can I park [there|my car there|in front|on the street|behind the building|in the garage|near the clinic|for free]?
how much is [the parking|parking]?
is [the parking|parking] free [|on {day}|for patients|for customers]?
do I have to pay for parking?
is there a [garage|parking lot|parking garage|place to park] [|nearby|close by|next to you]?
is there a [ramp|wheelchair ramp|wheelchair entrance]?
"""

PRICES = """
how much is {service}?
how much does {service} cost?
how much [would|will|does] {service} [be|cost me|come to] [|with insurance|without insurance|in total|with the x-ray]?
how much do you [charge|ask|want] for {service}?
[what is|what's] the price [of|for] {service}?
what [do|would] you charge [me|] for {service}?
what does {service} cost [|with insurance|without insurance|me]?
is {service} [expensive|free|cheaper|included|covered]?
is [that|this|it] [expensive|free|included|with the x-ray|with insurance|per visit|per tooth|per hour]?
how much [is it|is that|will it be|do I owe|do I have to pay|would that be|for children] [|in total|together|with tax]?
do you have [a discount|discounts|a price list|special offers|a payment plan|a cheaper option] [|for students|for children|for seniors|for families|for new patients]?
that is [too much|a lot|very expensive|too expensive|okay|fine|cheaper than I thought|more than I thought].
the price is [fine|too high|okay].
can you [tell me|give me|send me] [the price|a price|the prices|the cost|an estimate] [|of {service}|for {service}]?
I'd like to know [the price|the prices|how much it is|how much {service} is|what {service} costs].
do I [have to|need to] pay [today|now|first|in advance|before the visit|after the visit|at the visit]?
is it {money}?
you said {money}, right?
I thought it was {money}.
"""

SERVICE = """
do you [do|offer|have|give] {service}?
can I get {service} [|{when}|on {day}|at your clinic]?
[I need|I want|I'd like|I would like|I am looking for|I'm looking for] {service}.
{person} [needs|wants|would like|is looking for|has to get] {service}.
do I need {service}?
what is {service}?
how long does {service} [take|last|usually take]?
how long [does it|will it|is it going to] [take|last|hurt]?
does {service} hurt?
does it hurt?
will it hurt [|a lot|much|after]?
do you [see|treat|take|work with] [children|kids|babies|new patients|older people|walk ins|nervous patients]?
do you [clean|fix|pull|whiten|check|take out|replace] [teeth|wisdom teeth|a broken tooth|crowns|old fillings|baby teeth]?
can you [fix|pull|check|look at|clean|take out|replace] my {body}?
can I eat [before|after] [|the visit|the treatment|{service}]?
should I [brush my teeth|eat something|take something|bring anything|come early|drink water] before [I come|the visit|the treatment]?
can I drive [|home|after that|after the treatment]?
what [kind|kinds] of [treatment|treatments|work|crowns|fillings] do you [do|have|offer]?
I am [a little|very|really|] [nervous|afraid|scared|worried] [|of dentists|about it|about the pain].
who is [the dentist|the doctor|your best dentist|working {when}]?
is [the dentist|the doctor|Doctor {last}] [in|there|working|available|free] [|today|{when}|on {day}]?
can I see [the dentist|the doctor|Doctor {last}] [|today|{when}|on {day}|again|instead]?
I [want|would like|need|prefer] [to see|to talk to|] Doctor {last}.
I am [a new patient|a patient already|a patient of yours|an old patient|not a patient yet].
I have [been there before|never been there|not been there for years|been there once|been to the clinic before].
[are you taking|do you take|do you accept] new patients?
what should I bring [|with me|to the visit|to my appointment]?
do I need to bring [anything|my card|my papers|an id|my x-rays|my insurance card|a form]?
do you speak [Spanish|English|French|German|Chinese|Italian|Polish|Russian|Arabic]?
do I need a referral?
"""

BOOKING = """
[I'd like|I would like|I want] to [book|make|schedule] an appointment [on|on//|for|for//] {day} at {time}.
[on|for|maybe|] {day} at {time}.
[I'd like|I would like|I want|I need|I have] to [book|make|schedule|get|set up] an appointment [|for {service}|for {person}|for {when}|on {day}|at {time}].
[can I|could I|may I|can we|I'd like to] [book|make|schedule|get] an appointment [|for {when}|for {person}|on {day}|with Doctor {last}].
[I need|I want|I'd like] an appointment [|{when}|on {day}|for {person}|for {service}|as soon as possible|with Doctor {last}].
[can|could] [I|we|{person}] come [|in] [on {day}|at {time}|on {day} at {time}|{when}|{when} at {time}|earlier|later|now|right now|together]?
[can|could] [I|we] come [|in] a little [earlier|later]?
I want to book {service} for [{day}|{when}|{person}].
[do you have|have you got|is there] [anything|something|an opening|a spot|an appointment|any time|a free time|any openings] [|on {day}|at {time}|{when}|in the {part}|later|earlier|before {hour}|after {hour}|left|available|open|free|this week|next week|on {day} {part}]?
is {day} [at {time}|{part}|] [free|open|available|okay|possible|still free]?
is {time} [free|open|available|okay|possible|still free|too late|too early]?
[book me in for|please book|put me down for|let's say|make it|I'll take|I will take|let's do|give me] [{day} at {time}|{time}|{day}|{day} {part}|the {ordinal}|the first one|the second one|the last one|the earlier one|the later one|that one].
[how about|what about] [{day}|{time}|{day} at {time}|{when}|the {ordinal}|the {part}|the week after|next month|a different day]?
[{day} at {time}|{day}|{time}|{when}|the {ordinal} of {month}|{month} {ordinal}|in the {part}|any time] [please|is fine|works for me|is good|would be great|sounds good|is perfect|is better for me|is okay|is too late|is too early|doesn't work|is not good for me].
{day} at {time} please.
{day} {part} [please|at {time}|is fine|around {hour}|].
[at|around|about|after|before|maybe|maybe around|maybe at|not before|between {hour} and|from] {time} [|please|if possible|if you can].
the [sooner|earlier|later] the better.
as [soon|early|late] as possible [|please].
[I|we] [can't|cannot|can only|could|can] come [in the {part}|on {day}|on {day}s|at {time}|before {hour}|after {hour}|after work|after school|that day|this week|next week|{when}].
I have to [work|go to work|pick up {person}|leave at {hour}|be at work] [|that day|until {hour}|on {day}|in the {part}|tomorrow|then].
I [work|have school|have a meeting|am busy|have time|am free|am off] [|until {hour}|on {day}s|in the {part}|that day|{when}|all day].
the {part} is [better|best|good|fine|bad|hard|not good] [for me|for us].
[that's|that is|it's] too [early|late|soon|far] [|for me].
do you have [something|anything|a time] [earlier|later|else|sooner|on another day]?
[the first one|the second one|the earlier one|the later one|that one|either one|both|none of them] [is fine|please|works|is good|is better].
which [day|time|days|times] [do you have|is free|are free|are open|would be best|works for you]?
when is [the next|the first|the earliest|your next] [opening|free time|appointment|available time]?
when can [I|we|{person}] come [|in]?
what [day|time|date] is [that|it|my appointment|the appointment]?
what times do you have [|on {day}|{when}|in the {part}]?
let me check my [schedule|phone|work schedule] [|first].
is it for [{day}|{time}|me|both of us]?
so [that's|it's|that is] {day} at {time}?
can you [send|give] me [a reminder|an email|a message|a text|a confirmation|a call] [|the day before|please|before the visit]?
can you [confirm|check|repeat|look up|find] [my appointment|the time|the date|the day|that|my booking]?
is my appointment [confirmed|on {day}|at {time}|still okay|today|tomorrow]?
I have an appointment [|on {day}|{when}|at {time}|on {day} at {time}|with Doctor {last}].
[it is|it's] for [{person}|me|{service}|my {age} year old son|my {age} year old daughter|two people].
"""

CHANGING = """
[I need|I want|I'd like|I would like|I have] to [cancel|move|change|reschedule|check|confirm] [my appointment|the appointment|my checkup|my cleaning|my visit|it|the time of my appointment|our appointment|the date|my booking] [|for {when}|on {day}|please|today].
[can I|could I|could you|can you|can we|please|could we] [cancel|move|change|reschedule] [my appointment|it|the appointment|my {plain}|that] [|to {day}|to {when}|to {day} at {time}|to {time}|to the {part}|to next week|to another day|to a later time] [|instead|please].
I want to cancel.
please cancel [my appointment|it|everything|the {plain}|{day}].
[I can't|I cannot|I won't be able to|I am not able to] [make it|come|be there|make my appointment] [|today|tomorrow|on {day}|this week|at {time}].
I [will|might|am going to|may] be [|a little|a bit|about {minutes} minutes] late.
[I'm|I am] [running late|stuck in traffic|on my way|going to be late|about {minutes} minutes late|going to be {minutes} minutes late|late for my appointment].
something came up [|at work|today].
[can I|could I] [still come|come later|come anyway|come another day|get another time]?
[I|we] [missed|forgot|have to miss|lost] [my|our|the] appointment [|today|yesterday|on {day}].
is there a [fee|charge|cancellation fee] [|for canceling|if I cancel|for being late|if I don't come]?
[make|let's make|can we make] it [{day}|{time}|{hour}|later|earlier|{day} instead|an hour later|half an hour earlier].
I'd like to move it to [{day}|{time}|the {part}|{day} at {time}|next week].
[{person} is|I am|we are] [sick|ill|at the hospital|out of town|at work|on vacation].
"""

MONEY = """
do you [take|accept|work with] [insurance|my insurance|credit cards|cash|cards|checks|all insurance plans|most plans|public insurance|private insurance]?
[can|could] I pay [by card|with cash|in cash|by credit card|later|in parts|over time|online|monthly|by check|next month|with my phone]?
how can I pay [|my bill|for it]?
is [it|this|that|{service}|the visit|the {plain}] covered [|by my insurance|by insurance]?
does [my|the] insurance [cover|pay for] [that|it|this|{service}|the {plain}|everything|braces]?
how much does [my|the] insurance [pay|cover]?
I [have|don't have|have no|lost my|changed my|have new|have private] [insurance|dental insurance|insurance card].
my insurance [is|was|company is] [new|the same|with my work|through my husband|from my job|different now].
[I have a|I have a quick] question about [my bill|the bill|my insurance|the payment|a payment|the price|my appointment].
I [got|have|received|paid] [a|the|my] bill [|from you|last week|today|yesterday|already].
[the|my] bill [is wrong|is too high|is not right|has not come].
can I get a [receipt|refund|bill|copy of my bill|payment plan|copy of my x-ray]?
can you send [the bill|a bill|a receipt|the papers|the form|the forms] [|to me|to my insurance|by email|by mail|to my address]?
who pays for [it|that|the x-ray|{service}]?
"""

EMERGENCY = """
my {body} [hurts|hurts a lot|really hurts|is swollen|is bleeding|is broken|fell out|came out|is loose|is sore|hurt|is very sensitive].
my [teeth|gums] [hurt|are bleeding|bleed|are swollen|are sensitive|hurt a lot|bleed a lot].
my [teeth|gums|{body}] [hurt|bleed|hurts|bleeds] when I [eat|drink|bite|chew|drink something cold|eat something hot|sleep].
I have [a toothache|a dental emergency|an emergency|a broken tooth|a lot of pain|bad pain|a fever|an infection|a swollen face|a hole in my tooth|a loose tooth|terrible pain].
I [broke|chipped|lost|cracked|knocked out|hit] [a tooth|my tooth|my front tooth|a filling|my crown|a crown|a back tooth|part of a tooth] [|yesterday|this morning|today|when I fell|playing football].
I am in [pain|a lot of pain|terrible pain].
[it's|it is|is this|this is] an emergency.
it [hurts|really hurts|hurts a lot|hurts so much|started yesterday|started last night|is getting worse|won't stop bleeding|doesn't hurt now|hurts on the left side|hurts on the right side].
it has been [hurting|bleeding] [since yesterday|for {hour} days|all night|since {day}|since this morning].
[can|could] [somebody|someone|the doctor|a dentist|you] [see me|help me|see {person}|look at it] [|today|now|right now|tonight|this {part}]?
is there [a doctor|someone|anyone] who can [see me|help me|see {person}|look at it] [|today|now|tomorrow]?
{person} [fell|broke a tooth|has a toothache|is in pain|hit a tooth|is crying|can't sleep|is bleeding].
what [should|can|do] I do [|now|until then|about the pain|if it gets worse]?
should I go to the hospital?
should I take something [|for the pain]?
I [can't|cannot|could not|didn't] [sleep|eat|chew|open my mouth|eat anything|drink] [|at all|because of the pain|last night|on that side].
I need help [|now|right now|please|quickly].
"""

PERSON = """
[can|could|may] I [speak|talk] [to|with] [a person|a real person|a human|someone|somebody|the front desk|the dentist|the doctor|the manager|a nurse|the receptionist|Doctor {last}|{first}] [|please].
I [want|would like|need|have] to [talk|speak] [to|with] [a person|a real person|a human|someone|somebody|the front desk|customer support|the office manager|a nurse|the doctor].
[please|can you|could you] [transfer me|connect me|put me through] [|to the front desk|to a person|to someone|to the doctor|to billing].
[can|could] [someone|somebody|the doctor|a person|you] call me [|back] [|today|tomorrow|later|on {day}|at {time}|this {part}]?
are you [a robot|a machine|a real person|a computer|human|a person]?
am I talking to [a machine|a robot|a person|a computer]?
[who are you|who is this|who am I talking to|what is your name|is this a recording]?
operator.
representative.
is this [the dental clinic|the dentist|the right number|the dental office|the front desk|the clinic]?
is [anyone|anybody|somebody|{first}|Doctor {last}] there?
can I leave a message [|for the doctor|for Doctor {last}]?
"""

TALK = """
[can|could] you [repeat that|say that again|repeat it|say it again|speak up|speak slower|speak a little slower|repeat the time|repeat the address|repeat the price|say the time again|say that one more time] [|please].
sorry, [what|I didn't hear you|I didn't get that|say that again|I did not understand|you are breaking up|could you repeat that|what was that].
[pardon|excuse me|say again|what did you say|what was that|what do you mean|what was the price|what was the time].
I [didn't|did not|couldn't|can't] [hear you|hear that|get that|understand|catch that|understand you|hear anything|hear you very well].
I don't understand [|you|that|the question].
can you hear me [|now|okay]?
[are you|you] still there?
the [line|connection] is [bad|very bad|not good].
could you speak [slower|more slowly|louder|up] [|please]?
give me [a second|a minute|a moment|one second].
[one|just a|wait a|hold on a] [moment|second|minute] [|please].
let me [think|check|see|ask my wife|ask my husband|write that down|find a pen|look|find it] [|for a second|first].
I'll [think about it|call back|call you back|call back later|ask {person}|be there|see].
[how are you|how are you doing|how is it going|how are you today|nice to talk to you|nice to meet you].
[I'm|I am] [fine|good|okay|doing well|great|not so good|calling about my appointment|calling about my bill|calling for {person}|calling to book an appointment|calling because of my {body}].
I [have|had|just have|only have|got] [a question|a quick question|one question|another question|two questions|one more question] [|for you|about {service}|about my appointment|about the price].
one more [question|thing].
I [was|am|was just] [wondering|calling to ask|asking] if [you have anything {when}|you are open on {day}|I can come in on {day}|you take my insurance|you do {plain}|you have parking|I can pay later].
can you [tell|help] me [|with something|something|with that|with my appointment|with my bill|if that is possible].
I [need|want|have] [some|] [information|help|to ask you something|to know something].
it's [about|because of] [my appointment|my bill|{service}|my {body}|the price|{day}].
it is [raining|cold|very hot|a nice day] [|today].
you are [very kind|very helpful|great|so nice].
that [was|is] [very helpful|all I need|all I wanted to know|good to know|what I wanted].
I [don't|do not] [know|know yet|think so|remember|need that|want that|have time|have one|mind|care].
I [think|hope|guess|believe|know] [so|not|that's right|that works|it is {day}|it was {day}].
I [said|mean|meant] {day}, not {day}.
no, I [said|mean|meant] [{day}|{time}|{hour}|{first}|the {ordinal}] [|not {day}|not {hour}].
not {day}, {day}.
[I am|I'm] not sure [|yet|about that|about the day|if I can come].
that's [fine|right|correct|wrong|not right|good|great|perfect|okay|all|everything|it|too bad|not what I said|not what I meant].
that [works|sounds good|is fine|is right|is wrong|is perfect|doesn't work|works for me|would be great|depends].
[forget it|never mind|it doesn't matter|no problem|of course|no worries|all right|you're welcome|very good|that's it].
go [on|ahead].
what [else|now|happens next|happens then|is next]?
why [not|is that|do you ask|do you need that]?
really?
"""

GOODBYE = """
[|okay,|great,|perfect,|alright,|good,] thank you [|very much|so much] [,|,//|.//] [goodbye|bye|bye bye|have a nice day].
[thanks|thank you|great, thanks|great, thank you|okay, thanks|thanks a lot] [,|,//|.//] [goodbye|goodbye|bye].
[no,|no,//|no] that's all [|for today] [|,// thank you|, thanks|,// thank you, goodbye].
thank you [|very much|so much|for your help|for everything|for your time|again].
thanks [|a lot|so much|for your help|again|for calling back].
[that's all|that's everything|nothing else|that is all|no that's all|that was everything].
[goodbye|bye|bye bye|good night|have a nice day|have a good day|have a great day|have a good one|have a nice weekend|take care|talk to you later].
see you [then|soon|tomorrow|on {day}|{when}|on {day} at {time}|at {time}|next week|on the {ordinal}].
"""
