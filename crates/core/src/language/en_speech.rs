//! How English is spoken: numbers, money, dates, times, telephone numbers. Units, abbreviations and places
//! have files of their own. Must not know how the tables are used.

mod abbreviations;
mod numbers;
mod places;
mod signs;
mod units;

use super::speech::{Currency, Dates, Money, Numbers, Speech, Telephone, Times, Web};

/// English as Americans speak it.
pub(super) const ENGLISH_SPEECH: Speech = Speech {
    letters: "",
    letter_names: &[('A', "ay")],
    numbers: NUMBERS,
    money: MONEY,
    dates: DATES,
    times: TIMES,
    telephone: TELEPHONE,
    addresses: places::ADDRESSES,
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
    digits: ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    group: ',',
    decimal: ('.', "point"),
    minus: "minus",
    to: "to",
    by: "by",
    over: "over",
    ordinal_endings: &["st", "nd", "rd", "th"],
    decade_endings: &["s"],
    scale_letters: &[
        ("k", "thousand"),
        ("K", "thousand"),
        ("M", "million"),
        ("m", "million"),
        ("MM", "million"),
        ("B", "billion"),
        ("bn", "billion"),
        ("T", "trillion"),
    ],
    scale_words: &["hundred", "thousand", "million", "billion", "trillion"],
    years: (1900, 2100),
    years_after: &[
        "in",
        "since",
        "by",
        "from",
        "until",
        "till",
        "before",
        "after",
        "of",
        "during",
        "year",
        "established",
        "circa",
        "mid",
    ],
    singular_after: &["a", "an"],
    denominators: &[2, 3, 4, 5, 6, 8, 10, 12, 16, 32, 64],
};

const MONEY: Money = Money {
    currencies: &[
        Currency {
            signs: &["US$", "USD"],
            names: ("one U S dollar", "U S dollars"),
            hundredths: ("cent", "cents"),
        },
        Currency {
            signs: &["CA$", "C$", "CAD"],
            names: ("one Canadian dollar", "Canadian dollars"),
            hundredths: ("cent", "cents"),
        },
        Currency {
            signs: &["AU$", "A$", "AUD"],
            names: ("one Australian dollar", "Australian dollars"),
            hundredths: ("cent", "cents"),
        },
        Currency { signs: &["$"], names: ("one dollar", "dollars"), hundredths: ("cent", "cents") },
        Currency { signs: &["€", "EUR"], names: ("one euro", "euros"), hundredths: ("cent", "cents") },
        Currency { signs: &["£", "GBP"], names: ("one pound", "pounds"), hundredths: ("penny", "pence") },
        Currency {
            signs: &["₹", "INR", "Rs"],
            names: ("one rupee", "rupees"),
            hundredths: ("paisa", "paise"),
        },
        Currency { signs: &["¥", "JPY"], names: ("one yen", "yen"), hundredths: ("", "") },
        Currency { signs: &["CHF"], names: ("one franc", "francs"), hundredths: ("centime", "centimes") },
        Currency { signs: &["₩"], names: ("one won", "won"), hundredths: ("", "") },
        Currency { signs: &["₽"], names: ("one rouble", "roubles"), hundredths: ("kopeck", "kopecks") },
        Currency { signs: &["₺"], names: ("one lira", "lira"), hundredths: ("", "") },
        Currency { signs: &["₪"], names: ("one shekel", "shekels"), hundredths: ("", "") },
        Currency { signs: &["₫"], names: ("one dong", "dong"), hundredths: ("", "") },
        Currency { signs: &["฿"], names: ("one baht", "baht"), hundredths: ("", "") },
        Currency { signs: &["₦"], names: ("one naira", "naira"), hundredths: ("", "") },
        Currency { signs: &["₱"], names: ("one peso", "pesos"), hundredths: ("centavo", "centavos") },
        Currency { signs: &["₴"], names: ("one hryvnia", "hryvnias"), hundredths: ("", "") },
        Currency { signs: &["¢"], names: ("one cent", "cents"), hundredths: ("", "") },
    ],
    and: "and",
    names_hundredths: true,
    per: "per",
};

const DATES: Dates = Dates {
    months: &[
        ("January", &["jan"]),
        ("February", &["feb"]),
        ("March", &["mar"]),
        ("April", &["apr"]),
        ("May", &[]),
        ("June", &["jun"]),
        ("July", &["jul"]),
        ("August", &["aug"]),
        ("September", &["sep", "sept"]),
        ("October", &["oct"]),
        ("November", &["nov"]),
        ("December", &["dec"]),
    ],
    days: &[
        ("Monday", &["mon"]),
        ("Tuesday", &["tue", "tues"]),
        ("Wednesday", &["wed"]),
        ("Thursday", &["thu", "thur", "thurs"]),
        ("Friday", &["fri"]),
        ("Saturday", &["sat"]),
        ("Sunday", &["sun"]),
    ],
    ambiguous: &["may", "march", "mar", "sat", "sun", "jan", "dec", "wed", "mon", "jun"],
    month_first: true,
    separators: &['/'],
    dotted_days: false,
    day_first: ("the", "of"),
    before: &["on", "by", "until", "before", "after", "from", "since", "through", "between", "for", "due"],
};

const TIMES: Times = Times {
    clock: numbers::clock,
    separators: &[':'],
    halves: &[("am", "ay M"), ("pm", "P M")],
    words: &["o'clock"],
};

const TELEPHONE: Telephone = Telephone {
    shapes: &[&[3, 3, 4], &[1, 3, 3, 4], &[3, 4], &[3, 2, 4], &[5, 4], &[4, 4, 4, 4], &[1, 3, 7], &[3, 7]],
    spaced_shapes: &[&[3, 3, 4], &[1, 3, 3, 4], &[4, 4, 4, 4], &[3, 7], &[1, 3, 7]],
    ungrouped: &[(10, &[3, 3, 4]), (11, &[1, 3, 3, 4]), (7, &[3, 4]), (16, &[4, 4, 4, 4])],
    trunk: None,
    groups: &[("800", "eight hundred"), ("900", "nine hundred")],
    plus: "plus",
    extension: (&["ext", "x", "extension", "extn"], "extension"),
    short: &["911"],
    called: &["call", "dial", "text", "press", "dialing", "calling"],
    codes: &[
        "code",
        "pin",
        "zip",
        "account",
        "confirmation",
        "reference",
        "order",
        "ticket",
        "case",
        "invoice",
        "tracking",
        "policy",
        "member",
        "id",
        "card",
        "serial",
        "claim",
        "customer",
        "booking",
        "ending",
    ],
    code_is: &["number", "no", "is", "id", "code", "#", "in"],
};

const WEB: Web = Web {
    signs: &[
        ('@', "at"),
        ('.', "dot"),
        ('-', "dash"),
        ('_', "underscore"),
        ('/', "slash"),
        ('+', "plus"),
        (':', "colon"),
        ('&', "and"),
        ('=', "equals"),
        ('%', "percent"),
        ('#', "hash"),
    ],
    top_levels: &[
        "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "name", "pro", "app", "dev",
        "health", "clinic", "dental", "doctor", "care", "shop", "store", "online", "site", "email", "cloud",
        "tech", "agency", "io", "ai", "co", "us", "uk", "ca", "de", "fr", "au", "nz", "ie", "eu", "in", "me",
        "tv", "example", "test",
    ],
    files: &[
        "pdf", "doc", "docx", "txt", "jpg", "jpeg", "png", "gif", "csv", "xls", "xlsx", "zip", "html", "htm",
        "js", "py", "json", "xml", "mp3", "mp4", "exe", "toml", "md",
    ],
    parts: &[
        ("io", "I O"),
        ("ai", "ay I"),
        ("uk", "U K"),
        ("us", "U S"),
        ("eu", "E U"),
        ("de", "D E"),
        ("au", "ay U"),
        ("ie", "I E"),
        ("jpeg", "J peg"),
        ("exe", "E X E"),
        ("docx", "doc X"),
        ("www", ""),
    ],
    vowels: "aeiouy",
};
