"""Word lists for the invented businesses."""

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
UNITS = ("zero one two three four five six seven eight nine ten eleven twelve "
         "thirteen fourteen fifteen sixteen seventeen eighteen "
         "nineteen").split()
TENS = "- ten twenty thirty forty fifty sixty seventy eighty ninety".split()
DIGITS = UNITS[:10]

FIRST = """John Mary David Sarah Michael Anna James Laura Robert Emma Peter
Susan Thomas Julia Daniel Alice Mark Nina Oscar Helen Paul Grace Simon Clara
Linda Karen Nancy Kevin Brian George Edward Steven Rachel Maria Carlos Sofia
Lucas Olivia Hannah Ethan Noah Chloe Zoe Victor Martin Diana Irene Felix Hugo
Amir Fatima Yusuf Mei Ravi Elena Ivan Olga Pedro Lucia Marco Erik Ingrid Sven
Rosa Walter Arthur Betty Dorothy Frank Harold Janet Judy Kathy Larry Megan
Nathan Oliver Patrick Rebecca Ryan Samuel Teresa Ursula Vera William""".split()
LAST = """Smith Jones Brown Miller Wilson Taylor Baker Carter Cooper Walker
Green Hall King Wright Young Allen Scott Adams Hill Moore Reed Cook Bell Ward
Garcia Lopez Martinez Nguyen Kim Chen Singh Patel Khan Novak Schmidt Weber
Rossi Silva Costa Murphy Kelly Ryan Evans Davies Hughes Foster Gray Harris
Jenkins Knight Lewis Mason Nelson Owens Parker Quinn Russell Shaw Turner
Vaughn Watson York Zimmerman Andersen Berg Dubois Fischer Hoffman Jansen
Kowalski Larsen Meyer Olsen Petrov Richter Santos Tanaka Vargas
Yamamoto""".split()
STREETS = """Main Oak Park Elm Lake Hill River Maple Cedar Church Mill Garden
Spring Market Bridge North South East West Station Green High School Pine
Walnut Chestnut Meadow Forest Sunset Valley Ridge Harbor Ocean Castle Queen
King Victoria Washington Lincoln Jefferson Franklin Madison College Mountain
Orchard Willow Rose Lily Stone Silver Golden""".split()
STREET_TYPES = ["Street", "Street", "Street", "Road", "Avenue", "Lane",
                "Drive", "Square", "Way", "Boulevard"]
PLACES = """Sunny Lakeside Riverside Central Downtown Bright Happy City
Family Modern Blue Hillside Northside Westend Harbor Summit Valley Corner
Parkview Seaside Oakwood Elmwood Rosewood Evergreen Golden Silver Crystal
Prime First Star Sunrise Liberty Union Royal Crown""".split()
INSURERS = """Delta Aetna Cigna Humana Guardian Anthem United Allied Premier
Nova Unity Horizon""".split()

ONSETS = """b br c ch cl d dr f fl g gr h j k kl kr l m n p pr qu r s sh sk
sl st t th tr v w wh y z""".split()
VOWELS = "a e i o u a e i o u ai ea ee ou oo io".split()
CODAS = ["l", "n", "r", "s", "t", "m", "ck", "nd", "rt", "sk", "x", "ll",
         "tt", "rr", "mb", "ng", "v", "b", "d", "g"]
ENDINGS = ["er", "on", "ski", "ova", "man", "ley", "ton", "ford", "ini",
           "ez", "berg", "well", "ek", "as", "ik", "ard", "ison", "by", "ado",
           "ano", "ula", "mere", "wick", "dale", "son", "ane", "ow", "y"]

PARKING = ["behind the building", "behind the building",
           "in front of the building", "across the street", "none", "none",
           "in the garage next door", "on the street", "in the yard",
           "on {street}", "on {street}", "in the {word} garage",
           "in the lot on the left", "in the lot next to the {word} bank",
           "under the building", "free behind the house",
           "at the back, it is free", "on the street, two dollars an hour",
           "on the street, $2 an hour", "next to the {word} store"]
PAYMENTS = ["card and cash", "cash and card", "card only", "cash only",
            "card, cash and checks", "cash and checks", "card and checks",
            "card or bank transfer", "cash, card and Apple Pay"]
EMERGENCIES = ["come in right away", "come in right away", "call {phone}",
               "come in today", "go to the hospital", "call nine one one",
               "call 911", "come before noon", "walk in at any time"]
WAYS_TO_BOOK = ["call {phone}", "call {phone}", "walk in at any time",
                "go to {site}", "write to {mail}", "come to the desk",
                "text {phone}", "use our app", "call {person}"]
OPENINGS = ["You are the front desk of {name}."] * 5 + [
    "You are the receptionist of {name}.", "You answer the phone at {name}.",
    "You answer the phone for {name}.", "You work at the desk of {name}.",
    "You are the voice assistant of {name}.",
    "You are the front desk of {name}, a {place}.",
    "You are the front desk of the {place} {name}."]
EXTRAS = ["Answer in one or two short sentences.", "Be polite and brief.",
          "Speak in a friendly way.", "Keep your answers short.",
          "Use only the facts below.", "If you do not know, say so.",
          "You speak on the telephone.", "Never make anything up.",
          "Do not give medical advice.", "Be friendly."]
