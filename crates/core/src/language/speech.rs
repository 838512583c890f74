//! The tables of a language that turn written text into spoken words: number grammar, names, abbreviations,
//! signs. Must not know how text is read.

/// How one language says what is written in digits, signs and abbreviations. Keys of tables are written
/// without a final full stop. A key with capitals must be written so; other keys match in any case.
#[derive(Debug)]
pub struct Speech {
    /// Letters of the language beyond a to z, which stay. Letters of other languages are transliterated.
    pub letters: &'static str,
    /// Letters whose name no voice would guess: a voice reads "A" as the article.
    pub letter_names: &'static [(char, &'static str)],
    /// Numbers.
    pub numbers: Numbers,
    /// Amounts of money.
    pub money: Money,
    /// Days and months.
    pub dates: Dates,
    /// Times of the day.
    pub times: Times,
    /// Telephone numbers, and other numbers that are said digit by digit.
    pub telephone: Telephone,
    /// Streets and places.
    pub addresses: Addresses,
    /// Addresses of mail, pages and files.
    pub web: Web,
    /// Units of measurement.
    pub units: &'static [Unit],
    /// Abbreviations and words in capitals.
    pub abbreviations: Abbreviations,
    /// Signs.
    pub signs: Signs,
}

/// A speech is a table, and equal to itself only.
impl PartialEq for Speech {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Speech {}

/// How numbers are written and said.
#[derive(Debug)]
pub struct Numbers {
    /// The number, as in counting.
    pub cardinal: fn(u64) -> String,
    /// The ordinal, after this word (in lower case), which may decide its ending.
    pub ordinal: fn(u64, &str) -> String,
    /// The number of a year.
    pub year: fn(u64) -> String,
    /// A decade or century: 1990, 90, 1900.
    pub decade: fn(u64) -> String,
    /// An optional whole number and a fraction: numerator, denominator.
    pub fraction: fn(Option<u64>, u64, u64) -> String,
    /// The digits.
    pub digits: [&'static str; 10],
    /// The sign between groups of three digits.
    pub group: char,
    /// The sign before the decimals, and its word.
    pub decimal: (char, &'static str),
    /// The word before a negative number.
    pub minus: &'static str,
    /// The word in ranges, ratios and scores.
    pub to: &'static str,
    /// The word between the sides of an area: 4x4.
    pub by: &'static str,
    /// The word between two numbers that are no fraction: 120/80.
    pub over: &'static str,
    /// Endings of ordinals.
    pub ordinal_endings: &'static [&'static str],
    /// Endings of decades.
    pub decade_endings: &'static [&'static str],
    /// Letters directly behind a number that multiply it.
    pub scale_letters: &'static [(&'static str, &'static str)],
    /// Words behind a number that multiply it, and how they are said.
    pub scale_words: &'static [(&'static str, &'static str)],
    /// Numbers of kinds of things before the number of a variant: 737-800.
    pub models: &'static [&'static str],
    /// A number of four digits from here on, and below there, is a year.
    pub years: (u64, u64),
    /// Words after which any number of four digits is a year.
    pub years_after: &'static [&'static str],
    /// Articles after which a unit is singular: "a $20 bill".
    pub singular_after: &'static [&'static str],
    /// Nouns before which a unit is singular: "two 500mg tablets".
    pub described: &'static [&'static str],
    /// Words before two digits that make them a decade: "in her 30s".
    pub decades_after: &'static [&'static str],
    /// Denominators of ordinary fractions.
    pub denominators: &'static [u64],
}

/// How amounts are said.
#[derive(Debug)]
pub struct Money {
    /// All currencies.
    pub currencies: &'static [Currency],
    /// The word between the whole amount and its hundredths; may be empty.
    pub and: &'static str,
    /// The hundredths are named: "and fifty cents".
    pub names_hundredths: bool,
    /// The word for a rate: "$5/visit".
    pub per: &'static str,
    /// The word between several things and their price: "2/$5".
    pub for_price: &'static str,
}

/// A currency.
#[derive(Debug)]
pub struct Currency {
    /// Its signs and codes.
    pub signs: &'static [&'static str],
    /// One of it, with the number word, and the name behind other numbers.
    pub names: (&'static str, &'static str),
    /// One hundredth of it, and several; empty if there are none.
    pub hundredths: (&'static str, &'static str),
}

/// How days and months are said.
#[derive(Debug)]
pub struct Dates {
    /// Months in order: the name and its abbreviations.
    pub months: &'static [(&'static str, &'static [&'static str])],
    /// Days of the week: the name and its abbreviations.
    pub days: &'static [(&'static str, &'static [&'static str])],
    /// Days in one or two letters, which count in a range only: "M-F".
    pub day_letters: &'static [(&'static str, &'static str)],
    /// Words before the month and the year of a card: "expires 08/27".
    pub expiry: &'static [&'static str],
    /// Months and days whose names are ordinary words too: they need a day beside them.
    pub ambiguous: &'static [&'static str],
    /// In dates of digits alone, the month comes before the day.
    pub month_first: bool,
    /// The sign in dates of digits alone.
    pub separators: &'static [char],
    /// The ordinal of a day in front of its month has a full stop.
    pub dotted_days: bool,
    /// Words around the day and before the month if the day comes first.
    pub day_first: (&'static str, &'static str),
    /// Words before numbers that make a fraction a date: "on 3/4".
    pub before: &'static [&'static str],
    /// Words between two days of one month, each with the words before the month after which the number
    /// behind is surely a day: "between Nov 3 and 5".
    pub days_between: &'static [(&'static str, &'static [&'static str])],
}

/// How times of the day are said.
#[derive(Debug)]
pub struct Times {
    /// Hour and minute, said in two parts: what `words` stand between. The flag: a half of the day follows.
    pub clock: fn(u64, u64, bool) -> (String, String),
    /// Signs between hour and minute.
    pub separators: &'static [char],
    /// Halves of the day, written in lower case without full stops, and how they are said.
    pub halves: &'static [(&'static str, &'static str)],
    /// Words after a time that belong to it.
    pub words: &'static [&'static str],
    /// Times with a name: "10:30-noon".
    pub named: &'static [&'static str],
    /// Words before a time: "at 7p".
    pub announced: &'static [&'static str],
    /// Times of four digits: the word behind them, the word for full hours, and the words before them.
    pub military: Option<(&'static str, &'static str, &'static [&'static str])>,
    /// What happens so often in one of them: "7 days/week".
    pub spans: &'static [&'static str],
}

/// How telephone numbers and codes are said.
#[derive(Debug)]
pub struct Telephone {
    /// Lengths of the groups of a number.
    pub shapes: &'static [&'static [usize]],
    /// Lengths of the groups if the number stands in words of its own.
    pub spaced_shapes: &'static [&'static [usize]],
    /// Groups of numbers that are written in one.
    pub ungrouped: &'static [(usize, &'static [usize])],
    /// The first digit of national numbers, if there is one.
    pub trunk: Option<char>,
    /// Groups that are said as a number.
    pub groups: &'static [(&'static str, &'static str)],
    /// The word for the sign before the code of a country.
    pub plus: &'static str,
    /// Written before an extension, and its word.
    pub extension: (&'static [&'static str], &'static str),
    /// Numbers that are always said digit by digit.
    pub short: &'static [&'static str],
    /// Words before a short number that is called.
    pub called: &'static [&'static str],
    /// Words before the number that a message goes to: "text STOP to 12345".
    pub texted: &'static [&'static str],
    /// Keys without a digit, and their names.
    pub keys: &'static [(char, &'static str)],
    /// Words before such a key, and words between two keys.
    pub pressed: (&'static [&'static str], &'static [&'static str]),
    /// Words before a code that is said digit by digit.
    pub codes: &'static [&'static str],
    /// Words between such a word and the code.
    pub code_is: &'static [&'static str],
}

/// How streets and places are said.
#[derive(Debug)]
pub struct Addresses {
    /// The number of a house, a room, a road.
    pub house: fn(u64) -> String,
    /// The number stands before the street.
    pub number_first: bool,
    /// Kinds of streets: abbreviation, word.
    pub streets: &'static [(&'static str, &'static str)],
    /// Words with capitals behind the kind of a street, which begin no sentence: "Elm St. Station".
    pub street_before: &'static [&'static str],
    /// Points of the compass: abbreviation, word.
    pub directions: &'static [(&'static str, &'static str)],
    /// States and provinces: abbreviation, name.
    pub regions: &'static [(&'static str, &'static str)],
    /// Abbreviations of states that are degrees behind the name of a person: "Ann Smith, MD".
    pub degrees: &'static [&'static str],
    /// Words before the name of a place.
    pub place_after: &'static [&'static str],
    /// What stands before a number of this kind: abbreviation or word, and the word.
    pub numbered: &'static [(&'static str, &'static str)],
    /// Digits of a postcode.
    pub postcode: usize,
}

/// How addresses of mail, pages and files are said.
#[derive(Debug)]
pub struct Web {
    /// Signs in addresses.
    pub signs: &'static [(char, &'static str)],
    /// Last parts of host names that are words or are spelled.
    pub top_levels: &'static [&'static str],
    /// Endings of files.
    pub files: &'static [&'static str],
    /// Parts that are said as a word though they look like initials, or the other way round.
    pub parts: &'static [(&'static str, &'static str)],
    /// Vowels: a part without one is spelled.
    pub vowels: &'static str,
}

/// A unit of measurement.
#[derive(Debug)]
pub struct Unit {
    /// How it is written.
    pub signs: &'static [&'static str],
    /// One of it, with the number word, and the name behind other numbers.
    pub names: (&'static str, &'static str),
    /// Where the sign is a unit.
    pub when: UnitWhen,
}

/// Where a sign is a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitWhen {
    /// After any number.
    Always,
    /// Directly behind the number, after a larger unit, or at the end of an area: "6 ft 2 in", "4x6 in.".
    Glued,
}

/// Abbreviations and words in capitals.
#[derive(Debug)]
pub struct Abbreviations {
    /// Abbreviations. Of entries with the same key, the first whose condition holds counts.
    pub entries: &'static [(&'static str, &'static str, When)],
    /// Words with signs or digits that are said in their own way.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Words in capitals that are no initials.
    pub words: &'static [(&'static str, &'static str)],
    /// Short ordinary words, which are no initials when they are shouted. In lower case.
    pub shouted: &'static [&'static str],
    /// Words in capitals that are initials, unless another shouted word stands beside them: "IT", "ACT".
    pub either: &'static [&'static str],
    /// Abbreviations with which no sentence ends. In lower case.
    pub leading: &'static [&'static str],
    /// Letters with full stops that are no initials of a person, and words with capitals behind them that
    /// begin no sentence: "U.S. Senate".
    pub continued: (&'static [&'static str], &'static [&'static str]),
    /// The longest initials; a longer word in capitals is shouted.
    pub longest_initials: usize,
    /// A capital behind an abbreviation begins a sentence: nouns have none.
    pub ends_before_capital: bool,
    /// The ending of a plural.
    pub plural: &'static str,
    /// The ending of a possessive.
    pub possessive: &'static str,
    /// What is said behind initials for both.
    pub spelled_ending: &'static str,
    /// A word of one capital that is no initial.
    pub one_letter_word: &'static str,
    /// Words before that word, and words behind it, that make it the Roman number one: "World War I".
    pub one: (&'static [&'static str], &'static [&'static str]),
    /// Titles of rulers, whose names that word may follow: "Pope Francis I".
    pub titles: &'static [&'static str],
    /// Words before a Roman number.
    pub numbered: &'static [&'static str],
    /// Names of rulers, and the word before their ordinal.
    pub rulers: (&'static [&'static str], &'static str),
}

/// Where an abbreviation is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Everywhere.
    Always,
    /// With a full stop.
    Dotted,
    /// Before a word with a capital.
    BeforeName,
    /// Before a number.
    BeforeNumber,
}

/// How signs are said.
#[derive(Debug)]
pub struct Signs {
    /// Signs beside or between words and numbers, the longer ones first.
    pub said: &'static [(&'static str, &'static str)],
    /// Signs between words; at the beginning of a line they are bullets.
    pub between: &'static [(&'static str, &'static str)],
    /// Fractions in one sign.
    pub fractions: &'static [(char, u64, u64)],
    /// Between two words without spaces: "he/she".
    pub slash: &'static str,
    /// Signs between the names of menus, and their word: "Settings > General".
    pub steps: (&'static [&'static str], &'static str),
    /// The word before a number with this sign: "#5".
    pub number: (char, &'static str),
}
