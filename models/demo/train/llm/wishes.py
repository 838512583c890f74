"""What callers say who want something done, or give their data.

`{slot}` is when they want to come; the other gaps are those of phrases.py.
"""

BOOK = [
    "I would like to book an appointment{slot}.",
    "I'd like to make an appointment{slot}.",
    "Can I book an appointment{slot}?", "I need an appointment{slot}.",
    "I want to come in{slot}.", "Can I come in{slot}?",
    "I would like to book {ax}{slot}.", "I want to book {ax}{slot}.",
    "Can I get an appointment{slot}?", "Do you have time{slot}?",
    "Is there a free appointment{slot}?", "Could I come{slot}?",
    "I'd like to schedule {ax}{slot}.", "Book me in{slot} please.",
    "I want to see someone{slot}.", "Can you fit me in{slot}?",
    "Please make an appointment for me{slot}.",
    "I need to bring someone in{slot}.",
    "I'm calling to make an appointment{slot}.",
    "Have you got anything free{slot}?", "Can I see someone{slot}?",
    "I want {ax}{slot}.", "Could you give me an appointment{slot}?",
    "Is it possible to come{slot}?", "I would like to come by{slot}.",
    "Put me down{slot}.", "I want to make a booking{slot}.",
    "Can I reserve a table{slot}?", "I'd like to reserve{slot}.",
    "I would like a reservation{slot}.", "Could I get a slot{slot}?",
    "Do you have anything available{slot}?", "Can I schedule a visit{slot}?",
    "I'd like to come in{slot}.", "Is anything free{slot}?",
    "I need to make a reservation{slot}.", "Can you book me in{slot}?",
    "I was hoping to come in{slot}.", "Could you book {ax} for me{slot}?"]
ORDER = [
    "I would like to order {ax}.", "Can I order {ax}?", "I'd like {ax}.",
    "Two {xs} please.", "I want to order {xs}.", "Can I get 2 {xs} to go?",
    "I'd like to place an order for {xs}.", "Please send me {ax}.",
    "Can you put me down for {ax}?", "I'll take {ax}.", "One {x} please.",
    "I want to buy {ax}.", "Can you make me {ax}?",
    "I'd like to order three {xs} for pickup.", "Could I order {ax} please?",
    "Give me {ax}.", "I need to order {ax}.", "Can I buy {ax}?"]
VAGUE = [
    "I'm not sure.", "Any day is fine.", "It doesn't matter.", "The next one.",
    "Whenever you can.", "The earliest one you have.", "As soon as I can.",
    "I have no idea.", "You tell me.", "What do you have?", "Sometime soon.",
    "That is what I asked.", "Not that late.", "No, another one."]
DATE = [
    "{date}.", "On {date}.", "How about {date}?", "Maybe {date}.",
    "{date} would be good.", "Let's say {date}.", "Is {date} free?",
    "I was thinking of {date}."]
DAY = [
    "{day} please.", "On {day}.", "How about {day}?", "{day}.",
    "{day} works for me.", "Can I come on {day}?", "Let's say {day}.",
    "I can come on {day}.", "{day} is good.", "Maybe {day}?",
    "I prefer {day}.", "Is {day} possible?", "Next {day}.",
    "{day} would be fine."]
TIME = [
    "At {time}.", "{time} please.", "How about {time}?", "{time}.",
    "Can I come at {time}?", "{time} is fine.", "Let's do {time}.",
    "Maybe at {time}.", "I can be there at {time}.", "{time} would work.",
    "Around {time}.", "{time} is good for me."]
DAY_TIME = [
    "{day} at {time}.", "{time} on {day}.", "At {time} on {day}.",
    "On {day} at {time} please.", "How about {day} at {time}?",
    "{day} {time}.", "Can I come on {day} at {time}?",
    "{day} at {time} would be good.", "Could we do {time} {day}?"]
SLOT = [
    " on {day} at {time}", " for {day} at {time}", " {day} at {time}",
    " at {time} on {day}", " for {time} on {day}", " on {day}", " for {day}",
    " at {time}", " next {day} at {time}", " on {day} around {time}",
    " on {date}", " for {date}", " on {date} at {time}", " for two people",
    " for {day} for four people", " this week", " on {day} morning",
    " {day} afternoon", " this {day}", " tomorrow", " next week"]
NAME = [
    "My name is {name}.", "This is {name}.", "It's {name}.", "{name}.",
    "I'm {name}.", "My name's {name}.", "The name is {name}.", "I am {name}.",
    "You can put it under {name}.", "Yes, {name}.", "Sure, my name is {name}.",
    "It is {name}.", "Name is {name}.", "You are speaking with {name}.",
    "Put down {name}.", "{name} is my name.", "It's for {name}.",
    "Write {name}.", "{name} speaking.", "Hi, my name is {name}.",
    "Hello, this is {name}.", "This is {name} calling.", "My name, {name}.",
    "Hi, this is {name}.", "Okay, it's {name}.", "My name is {name}, hello."]
LETTERS = [
    "{letters}.", "It's {letters}.", "That's {letters}.",
    "It is spelled {letters}.", "I spell it {letters}.", "You spell it "
    "{letters}.", "The last name is {letters}.", "That is {letters}.",
    "My last name is {letters}.", "The spelling is {letters}."]
SPELLED = [
    "My name is {name}, {letters}.", "{name}, {letters}.",
    "It's {name}, that's {letters}.", "This is {name}, spelled {letters}.",
    "My name is {name}. That's {letters}.", "I am {name}, {letters}.",
    "{name}, spelled {letters}.", "The name is {name}, {last} is {letters}."]
NUMBER = [
    "My number is {number}.", "It's {number}.", "{number}.",
    "My phone number is {number}.", "You can call me at {number}.",
    "The number is {number}.", "It is {number}.", "Yes, {number}.",
    "Call me back on {number}.", "Sure, it's {number}.",
    "Please call {number}.", "The best number is {number}.",
    "You get me on {number}.", "Just call {number}.",
    "My cell phone is {number}.", "Okay my number is {number}.",
    "My phone is {number}."]
NAME_NUMBER = [
    "My name is {name} and my number is {number}.",
    "{name}, my number is {number}.", "{name}, {number}.",
    "This is {name}, you can call me at {number}.",
    "It's {name}, phone number {number}.",
    "I am {name} and my phone is {number}."]
CANCEL = [
    "I need to cancel my appointment.", "I want to cancel.",
    "Please cancel my appointment.", "Can I cancel my appointment?",
    "I would like to cancel my appointment.", "I can not come.",
    "Can you cancel my appointment on {day}?",
    "I won't be able to come on {day}.", "I have to call off my appointment.",
    "Cancel it please.", "I can't come on {day}.",
    "Take me off the list for {day}.", "I don't need the appointment anymore.",
    "I need to cancel for {day}.", "Can you cancel my booking on {date}?",
    "I want to cancel my reservation.", "Please cancel my order.",
    "I have to cancel {day} at {time}.", "Cancel my visit on {date} please.",
    "I need to cancel the appointment for tomorrow."]
MOVE = [
    "I need to change my appointment.", "Can I move my appointment?",
    "Can I reschedule?", "Can I come another day?",
    "I need to move my appointment.", "I'd like to reschedule.",
    "Could we change my appointment to another day?",
    "I have to change the time of my appointment.",
    "The day does not work for me anymore.", "Can I get a different day?",
    "I need another time.", "Can you change it to a different day?",
    "I'd like to change my visit.", "Can I switch my appointment?",
    "Is it possible to move my appointment?",
    "I have an appointment but I need another day.",
    "Can you move me to {day}?", "Can we make it {day} at {time}?",
    "I'd like to move my appointment to {date}.", "Could I come at {time} "
    "instead?", "Please change my reservation to {day}.",
    "Can I change my appointment from {day} to {date}?"]
