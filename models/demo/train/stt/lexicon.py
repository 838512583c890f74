"""Word lists for the front-desk grammar: names, days, times, services and common words."""


def words(text):
    """Split a text at white space; a tilde stands for a space inside one entry."""
    return [entry.replace("~", " ") for entry in text.split()]


DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

MONTHS = """January February March April May June July August September October November
December""".split()

DIGITS = "zero one two three four five six seven eight nine".split()

HOURS = "one two three four five six seven eight nine ten eleven twelve".split()

MINUTES = words("""five ten fifteen twenty twenty~five thirty thirty~five forty forty~five
fifty fifty~five""")

ORDINALS = words("""first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
twenty~first twenty~second twenty~third twenty~fourth twenty~fifth twenty~sixth twenty~seventh
twenty~eighth twenty~ninth thirtieth thirty~first""")

TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()

FIRST_NAMES = """John Mary David Sarah Michael Anna James Laura Robert Emma Peter Susan Thomas
Julia Daniel Alice William Linda Richard Karen Joseph Nancy Charles Lisa Christopher Margaret
Anthony Sandra Mark Steven Emily Paul Andrew Michelle Amanda Kevin Brian George Rebecca Sharon
Jason Amy Angela Helen Nicole Rachel Maria Benjamin Samuel Olivia""".split()

LAST_NAMES = """Smith Jones Brown Miller Wilson Taylor Baker Carter Cooper Walker Johnson Williams
Davis Garcia Martinez Anderson Jackson Harris Thompson Robinson Clark Lewis Lee Hall Allen Young
King Wright Lopez Hill Scott Green Adams Nelson Mitchell Roberts Turner Campbell Parker Evans
Collins Stewart Morgan Murphy Peterson Watson Bennett Foster Holmes Chen""".split()

SERVICES = ["a cleaning", "a checkup", "a filling", "whitening", "teeth whitening", "an x-ray",
            "a crown", "a root canal", "braces", "an implant", "an extraction", "a bridge",
            "dentures", "a deep cleaning", "a consultation", "a check up and a cleaning",
            "an exam", "a new filling", "a night guard", "veneers", "a retainer", "a second opinion",
            "an emergency visit", "a dental exam", "a tooth pulled", "sedation"]

PLAIN_SERVICES = ["cleaning", "checkup", "filling", "whitening", "x-ray", "crown", "root canal",
                  "implant", "extraction", "bridge", "consultation", "exam", "visit",
                  "appointment", "treatment"]

PEOPLE = words("""my~son my~daughter my~wife my~husband my~mother my~father my~mom my~dad my~kids
my~children my~brother my~sister my~friend my~family my~boyfriend my~girlfriend my~partner my~baby
my~grandmother my~neighbor the~kids both~of~us me""")

BODY = words("""tooth teeth gums mouth jaw back~tooth front~tooth wisdom~tooth crown filling bridge braces
lip tongue cheek molar face""")

# Common words of everyday telephone English. They let the recogniser trust its ears: they are
# used in word lists without any grammar, and put in the place of other words.
COMMON = """a able about above accept across actually address after afternoon again ago ahead all
almost already also always am and another answer any anybody anyone anything anyway apartment
apply appointment are area around arrive as ask at available avenue away baby back bad bank be
because become bed been before begin behind believe below best better between big bill bit bleed
bleeding block blue both bottom box bring broke broken brought building bus business busy but buy
by calendar call called calling came can cancel cannot can't car card care cash cause center
change charge cheap check children choose city clean clear clinic close closed closer coffee cold
come comes coming company complete confirm corner correct cost could couldn't couple cover covered
credit cut date daughter day days dear deal dentist department desk detail did didn't die different
difficult dinner discount do doctor does doesn't doing dollars done don't door down drink drive
driving during each earlier early earth easy eat eight either elevator else email emergency empty
end enough enter entrance even evening ever every everybody everyone everything exactly example
expect expensive explain extra eye face fact fall family far fast father feel few field fifty fill
final find fine finish first five fix floor follow food for forget forgot form forty four free
friday friend from front full fun garage garden gave get getting girl give glad go goes going gone
good got great ground group guess had half hand happen happened happy hard has have haven't having
he head health hear heard heart help her here high him his hit hold home hope hospital hot hour
hours house how hundred hurry hurt hurting hurts husband I idea if important in information inside
instead insurance into is isn't it its it's job just keep kids kind know language large last late
later learn least leave left lemon less let letter life light like line list listen little live
long look looking lost lot love low lunch machine made mail main make man manager many map market
matter may maybe me mean medicine meet meeting member message met middle might mind minute minutes
miss missed mistake moment money month months more morning most mother mouth move much must my name
near need needed needs never new news next nice night nine no nobody none noon normal not note
nothing now number nurse of off office often oh okay old on once one online only open opening
opinion or order other our out outside over own page paid pain paper parents park parking part past
patient pay payment people perfect perhaps person phone pick place plan plans play please point
possible prefer price private probably problem public pull put quarter question questions quick
quickly quiet quite read ready real really reason receptionist record regular remember reminder
repeat reschedule rest return right road room run said same sat saturday saw say school second see
seen send sent set seven several she short should shouldn't show side sign simple since sir sister
sit six sleep slow slowly small smile so some somebody someone something sometimes son soon sore
sorry sound speak special spell stairs stand start station stay still stop store story street
strong such sure swollen system table take taken taking talk teeth tell ten than thank thanks that
that's the their them then there these they thing things think third thirty this those though
thought thousand three through time times tired to today together told tomorrow tonight too took
tooth top towards town traffic train travel treatment tree tried trouble true try trying turn twelve
twenty twice two under understand until up upset us use usually very visit voice wait waiting walk
wall want wanted was wasn't watch water way we wear week weekday weekend weeks welcome well went
were what what's wheelchair when where which while white who why wife will window wish with within
without woman wonder wondering won't word words work working works world worried worry worse would
wouldn't write wrong yard year years yellow yes yesterday yet you young your you're zero""".split()
COMMON = [w.capitalize() if w in ("friday", "saturday") else w for w in COMMON]
