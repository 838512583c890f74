"""The trades of the invented businesses, one paragraph each.

A line holds the nouns of the name, what callers call the place, the roles of
those who work there, what the callers are, and what has a price.  What is
indented goes on with the line before.
"""

TABLE = """
dentist
Dental Clinic, Dental Clinic, Dental Care, Family Dentistry, Dental Practice,
  Smile Clinic, Dental, Dentists
dental clinic, dentist, dental office
dentist, dentist, doctor
patients
cleaning, cleaning, checkup, checkup, filling, whitening, crown, root canal,
  implant, extraction, x-ray, bridge, denture, consultation, sealant, mouth
  guard, veneer

vet
Vet, Animal Clinic, Pet Care, Veterinary Clinic, Animal Hospital
vet, animal clinic, animal hospital
vet, doctor, veterinarian
patients
vaccination, checkup, nail trim, dental cleaning, grooming, microchip, blood
  test, surgery, flea treatment, x-ray, puppy visit, ear cleaning, neutering

physio
Physiotherapy, Physio, Physical Therapy, Therapy, Rehab Center
physiotherapist, practice, therapy center
therapist, physiotherapist
patients
massage, first visit, follow up, back treatment, sports massage, shoulder
  treatment, taping, hot pack, exercise class, home visit, knee treatment,
  assessment

hair
Hair, Hair Salon, Salon, Hair Studio, Cuts, Barber Shop, Shears
hair salon, salon, hairdresser, barber
stylist, hairdresser, barber
customers
haircut, coloring, blow dry, perm, beard trim, shave, kids cut, styling,
  updo, hair treatment, wash and cut, mens haircut, ladies haircut,
  highlights, dreadlocks, hot towel shave

eye
Eye Care, Eye Clinic, Optical, Vision Center, Vision
eye doctor, eye clinic, optician
doctor, eye doctor, optician
patients
eye exam, contact lens fitting, retina scan, pressure test, lens cleaning,
  frame repair, color test, eye test, laser treatment

garage
Garage, Auto Repair, Motors, Car Service, Auto Shop
garage, car shop, auto shop, workshop
mechanic, owner
customers
oil change, tire change, inspection, brake check, car wash, battery change,
  engine check, tune up, wheel alignment, wiper change, towing, summer tires,
  brake pads, exhaust repair, clutch repair

pizza
Pizzeria, Pizza, Pizza House, Trattoria, Ristorante
pizzeria, pizza place, restaurant
chef, owner, manager
guests
margherita, pepperoni pizza, calzone, hawaiian pizza, four cheese pizza,
  lasagna, tomato soup, green salad, garlic bread, cheese sticks, cola,
  lemonade, tiramisu, panna cotta, spaghetti, chicken wings

grill
Grill, Diner, Kitchen, Steak House, Burger Bar, Bistro
restaurant, diner, place
cook, chef, manager
guests
cheeseburger, burger, veggie burger, rib eye steak, onion rings, french
  fries, milkshake, club sandwich, chicken salad, fish and chips, lunch menu,
  kids menu, apple pie, hot dog, coleslaw

asian
Sushi, Noodle House, Wok, Curry House, Thai Kitchen, Ramen Bar
restaurant, sushi place, takeaway
chef, owner
guests
fried rice, pad thai, spring rolls, miso soup, salmon roll, tuna roll,
  chicken curry, dumplings, noodle soup, green tea, mango lassi, naan, tofu
  bowl, bento box

bakery
Bakery, Bread, Cakes, Patisserie, Bake House
bakery, bread shop, cake shop
baker, owner
customers
rye bread, baguette, croissant, birthday cake, wedding cake, cinnamon roll,
  apple cake, cheesecake, bagel, pretzel, muffin, cupcakes, white loaf,
  brownie, cookies

cafe
Cafe, Coffee House, Coffee Bar, Tea Room, Espresso Bar
cafe, coffee shop
barista, manager
guests
espresso, cappuccino, latte, flat white, hot chocolate, iced coffee, green
  tea, carrot cake, breakfast plate, pancakes, bacon sandwich, orange juice

plumber
Plumbing, Plumbers, Pipe Service, Heating and Plumbing
plumber, plumbing company, office
plumber, owner
customers
drain cleaning, leak repair, toilet repair, boiler service, water heater,
  pipe repair, faucet change, radiator check, call out, shower installation

electric
Electric, Electricians, Power Service
electrician, office
electrician, owner
customers
socket repair, light installation, fuse box check, rewiring, charger
  installation, safety inspection, call out, smoke detector

accountant
Accounting, Tax Office, Tax Advisors, Bookkeeping
accountant, tax office
accountant, advisor
clients
tax return, payroll, first meeting, bookkeeping, business plan, audit, annual
  report

realty
Realty, Homes, Estate Agents, Property
real estate office, agency
agent, manager
clients
viewing, valuation, contract check, rental search, property photos

gym
Gym, Fitness, Fitness Club, Athletics
gym, fitness club
trainer, coach, manager
members
day pass, monthly pass, yearly pass, personal training, spin class, boxing
  class, towel, locker, sauna

yoga
Yoga, Pilates, Yoga Studio, Movement
yoga studio, studio
teacher, instructor
students
yoga class, trial class, ten class card, private lesson, yoga mat, workshop,
  pilates class

spa
Spa, Wellness, Day Spa, Beauty
spa, beauty salon
therapist, manager
guests
facial, body scrub, hot stone massage, manicure, pedicure, waxing, sauna
  entry, foot massage, eyebrow shaping

nails
Nails, Nail Bar, Nail Studio
nail salon, nail studio
nail artist, owner
customers
manicure, pedicure, gel nails, nail repair, polish change, acrylic set, hand
  massage

cleaners
Dry Cleaners, Laundry, Cleaners, Wash House
laundry, dry cleaner
manager, owner
customers
shirt, suit, dress, coat, curtains, duvet, wedding dress, tablecloth, trousers

clean
Cleaning, Cleaning Service, Home Cleaning
cleaning company, office
manager, cleaner
customers
window cleaning, office cleaning, carpet cleaning, oven cleaning, end of
  lease cleaning, spring cleaning

movers
Movers, Moving, Removals
moving company, movers
manager, driver
customers
small van, large truck, packing service, moving boxes, piano move, storage
  unit, furniture lift

drive
Driving School, Driving, Traffic School
driving school
instructor, teacher
students
driving lesson, theory class, first aid course, test drive, motorway lesson,
  night lesson

pets
Grooming, Dog Hotel, Pet Spa, Kennels
dog salon, kennel, pet hotel
groomer, owner
customers
dog bath, full groom, nail clip, day care, overnight stay, puppy class, cat
  stay, dog walk

phone
Phone Repair, Computers, Tech Fix, Mobile
repair shop, phone shop, computer shop
technician, owner
customers
screen repair, battery change, data recovery, phone case, virus removal,
  charger, keyboard repair, camera repair

photo
Photography, Photo Studio, Portraits
photo studio, photographer
photographer, assistant
clients
passport photos, family portrait, wedding package, photo frame, retouching,
  studio hour

doctor
Medical Center, Family Practice, Clinic, Health Center, Doctors
doctor, clinic, practice
doctor, nurse
patients
checkup, flu shot, blood test, travel vaccination, skin check, ultrasound,
  consultation, health certificate, allergy test

skin
Dermatology, Skin Clinic, Laser Clinic
skin clinic, clinic
doctor, dermatologist
patients
mole check, laser session, chemical peel, acne treatment, wart removal, botox
  session

shop
Hardware, Books, Toys, Gifts, Paints, Furniture
shop, store
owner, manager
customers
hammer, paint bucket, puzzle, story book, desk lamp, wooden chair, screws,
  candle, picture frame, garden hose, teddy bear, wrapping paper

rental
Car Rental, Rentals, Boat Hire, Tool Hire
rental office, rental shop
manager, owner
customers
small car, minivan, rowing boat, kayak, drill, ladder, trailer, pressure
  washer, child seat, canoe

sports
Bowling, Mini Golf, Climbing Hall, Ice Rink, Swimming Pool
bowling alley, hall, pool
manager, coach
guests
adult ticket, child ticket, family ticket, shoe rental, skate rental,
  birthday party, lane hour, group lesson
"""
# Trades that training never sees.
UNSEEN_TABLE = """
florist
Flowers, Florist, Blooms
flower shop, florist
florist, owner
customers
red roses, tulip bouquet, wedding bouquet, orchid, funeral wreath, sunflower,
  flower subscription, vase

lawyer
Law, Law Office, Legal, Attorneys
law office, lawyer
lawyer, attorney, partner
clients
first consultation, will, contract review, divorce filing, notary stamp,
  patent search, court appearance

music
Music School, Guitar School, Piano Studio
music school, studio
teacher, piano teacher
students
piano lesson, guitar lesson, singing lesson, drum course, theory exam,
  instrument rental

bike
Bikes, Cycles, Bike Shop
bike shop, cycle store
mechanic, owner
customers
puncture repair, chain change, bike rental, helmet, wheel truing, winter
  service, child trailer

tailor
Tailor, Alterations, Sewing
tailor, sewing shop
tailor, seamstress
customers
trouser hem, zipper change, jacket lining, dress fitting, patch, curtain hem,
  buttons

hotel
Hotel, Inn, Guest House, Lodge
hotel, inn
manager, concierge
guests
single room, double room, family suite, breakfast buffet, parking space,
  extra bed, airport shuttle
"""
FIELDS = ("names", "place", "roles", "people", "services")


def read(table):
    """The paragraphs as a dictionary by trade."""
    trades = {}
    for paragraph in table.replace("\n  ", " ").strip().split("\n\n"):
        title, *lines = paragraph.split("\n")
        cells = [[cell.strip() for cell in line.split(",")] for line in lines]
        trades[title] = dict(zip(FIELDS, cells))
        trades[title]["people"] = cells[3][0]
    return trades


TRADES, UNSEEN_TRADES = read(TABLE), read(UNSEEN_TABLE)
SIZES = ["small", "medium", "large", "double", "half", "extra large", "mini",
         "family size", "two hour", "one hour", "ten minute"]
MODIFIERS = ["deep", "full", "express", "basic", "child", "senior", "laser",
             "evening", "premium", "small", "large", "double", "emergency",
             "spicy", "vegan", "red", "black", "blue", "classic", "house",
             "standard", "weekend", "student", "private", "group", "mens",
             "ladies", "kids", "front", "rear", "first", "quick", "fresh"]
MADE_UP_NOUN = ["treatment", "session", "package", "service", "test",
                "therapy", "visit", "check", "repair", "fitting", "pizza",
                "soup", "bread", "burger", "cake", "lesson", "ticket", "box",
                "cut", "roll", "course", "pass", "salad", "sandwich", "kit"]
MADE_UP_PLACE = ["shop", "studio", "center", "clinic", "office", "house",
                 "club", "bar", "agency", "service", "workshop"]
MADE_UP_ROLE = ["owner", "manager", "director", "specialist", "expert",
                "boss", "host", "captain", "clerk"]
OFF_LIST = ["gift basket", "passport photo", "tattoo", "coffee", "flu shot",
            "piercing", "guided tour", "rental", "manicure", "pregnancy test",
            "hot tub", "parrot", "sofa", "wedding cake", "engine", "haircut",
            "burger", "massage", "tax return", "car wash"]
