//! How German is spoken. The rest of German (what callers say, what the agent asks) has no table yet. Must
//! not know how the tables are used.

mod abbreviations;
mod numbers;
mod signs;
mod units;

use super::speech::{Addresses, Currency, Dates, Money, Numbers, Speech, Telephone, Times, Web};

/// German, for the voice.
pub static GERMAN_SPEECH: Speech = Speech {
    letters: "äöüß",
    letter_names: &[],
    numbers: NUMBERS,
    money: MONEY,
    dates: DATES,
    times: TIMES,
    telephone: TELEPHONE,
    addresses: ADDRESSES,
    web: WEB,
    units: units::UNITS,
    abbreviations: abbreviations::ABBREVIATIONS,
    signs: signs::SIGNS,
};

const NUMBERS: Numbers = Numbers {
    cardinal: numbers::cardinal,
    ordinal: numbers::ordinal,
    year: numbers::year,
    decade: numbers::decade,
    fraction: numbers::fraction,
    digits: ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
    group: '.',
    decimal: (',', "Komma"),
    minus: "minus",
    to: "bis",
    by: "mal",
    over: "zu",
    ordinal_endings: &[],
    decade_endings: &["er"],
    scale_letters: &[],
    scale_words: &[
        ("Tausend", "Tausend"),
        ("Million", "Million"),
        ("Millionen", "Millionen"),
        ("Milliarde", "Milliarde"),
        ("Milliarden", "Milliarden"),
        ("Mio", "Millionen"),
        ("Mrd", "Milliarden"),
    ],
    models: &[],
    years: (1900, 2100),
    years_after: &["seit", "von", "bis", "ab", "jahr", "jahre", "anno", "vor", "nach"],
    singular_after: &[],
    described: &[],
    decades_after: &[],
    denominators: &[2, 3, 4, 5, 6, 8, 10, 100],
};

const MONEY: Money = Money {
    currencies: &[
        Currency { signs: &["€", "EUR"], names: ("ein Euro", "Euro"), hundredths: ("Cent", "Cent") },
        Currency { signs: &["$", "USD"], names: ("ein Dollar", "Dollar"), hundredths: ("Cent", "Cent") },
        Currency { signs: &["£", "GBP"], names: ("ein Pfund", "Pfund"), hundredths: ("Penny", "Pence") },
        Currency {
            signs: &["CHF", "Fr"],
            names: ("ein Franken", "Franken"),
            hundredths: ("Rappen", "Rappen"),
        },
    ],
    and: "",
    names_hundredths: false,
    per: "pro",
    for_price: "für",
};

const DATES: Dates = Dates {
    months: &[
        ("Januar", &["jan"]),
        ("Februar", &["feb"]),
        ("März", &["mär", "mrz"]),
        ("April", &["apr"]),
        ("Mai", &[]),
        ("Juni", &["jun"]),
        ("Juli", &["jul"]),
        ("August", &["aug"]),
        ("September", &["sep", "sept"]),
        ("Oktober", &["okt"]),
        ("November", &["nov"]),
        ("Dezember", &["dez"]),
    ],
    days: &[
        ("Montag", &["mo"]),
        ("Dienstag", &["di"]),
        ("Mittwoch", &["mi"]),
        ("Donnerstag", &["do"]),
        ("Freitag", &["fr"]),
        ("Samstag", &["sa"]),
        ("Sonntag", &["so"]),
    ],
    day_letters: &[],
    expiry: &[],
    ambiguous: &["mo", "di", "mi", "do", "fr", "sa", "so", "jan"],
    month_first: false,
    separators: &['.'],
    dotted_days: true,
    day_first: ("", ""),
    before: &["am", "vom", "zum", "bis", "ab", "der", "die", "das", "dem", "den", "im", "jeden"],
    days_between: &[],
};

const TIMES: Times = Times {
    clock: numbers::clock,
    separators: &[':'],
    halves: &[],
    words: &["Uhr"],
    named: &["Mitternacht"],
    announced: &[],
    military: None,
    spans: &["Sekunde", "Minute", "Stunde", "Tag", "Woche", "Monat", "Jahr"],
};

const TELEPHONE: Telephone = Telephone {
    shapes: &[],
    spaced_shapes: &[],
    ungrouped: &[],
    trunk: Some('0'),
    groups: &[],
    plus: "plus",
    extension: (&["durchwahl", "dw"], "Durchwahl"),
    short: &["110", "112"],
    called: &["wählen", "wähle"],
    texted: &[],
    keys: &[('*', "Stern"), ('#', "Raute")],
    pressed: (&["drücken", "wählen", "taste"], &["oder", "und", "dann", "die"]),
    codes: &["pin", "code", "kundennummer", "vorgangsnummer", "bestellnummer", "postleitzahl", "plz"],
    code_is: &["ist", "lautet", "nummer", "nr"],
};

const ADDRESSES: Addresses = Addresses {
    house: numbers::cardinal,
    number_first: false,
    streets: &[("str", "straße"), ("Str", "Straße"), ("pl", "platz"), ("Pl", "Platz")],
    street_before: &[],
    directions: &[],
    regions: &[],
    degrees: &[],
    place_after: &[],
    numbered: &[("zi", "Zimmer"), ("zimmer", "Zimmer"), ("etage", "Etage")],
    postcode: 5,
};

const WEB: Web = Web {
    signs: &[
        ('@', "ät"),
        ('.', "Punkt"),
        ('-', "minus"),
        ('_', "Unterstrich"),
        ('/', "Schrägstrich"),
        ('+', "plus"),
        (':', "Doppelpunkt"),
        ('&', "und"),
        ('=', "gleich"),
        ('%', "Prozent"),
        ('\\', "Backslash"),
    ],
    top_levels: &["de", "at", "ch", "com", "org", "net", "info", "eu", "io", "app"],
    files: &["pdf", "doc", "docx", "txt", "jpg", "png", "csv", "zip", "html"],
    parts: &[("de", "D E"), ("at", "A T"), ("io", "I O"), ("eu", "E U"), ("www", "")],
    vowels: "aeiouyäöü",
};
