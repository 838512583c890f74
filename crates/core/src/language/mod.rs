//! A language as data: all words that the core of offhook knows, so that a second language is a second table. Must not
//! know what is done with them.

mod en;
pub mod words;

pub use en::ENGLISH;

/// One language. Words and phrases are in plain lower case, as [`words::plain_words`] gives them, unless a field says
/// otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct Language {
    /// How complete a caller's words are.
    pub completeness: Completeness,
    /// Numbers and names that are dictated piece by piece.
    pub dictation: Dictation,
    /// What the agent asks for.
    pub questions: Questions,
    /// What is said while the agent speaks.
    pub overlap: Overlap,
    /// What is worth remembering of a call.
    pub memory: Memory,
    /// How text is written.
    pub writing: Writing,
    /// How signs are said.
    pub signs: Signs,
}

/// How complete a caller's words are.
#[derive(Debug, PartialEq, Eq)]
pub struct Completeness {
    /// Words after which a sentence goes on: conjunctions, prepositions, determiners, possessives, auxiliaries,
    /// hesitations.
    pub calls_for_more: &'static [&'static str],
    /// Verbs that want an object: after "I would like to book" mostly comes what.
    pub calls_for_an_object: &'static [&'static str],
    /// Sentences that end in a word that calls for more and yet are whole.
    pub whole: &'static [&'static str],
    /// How a turn begins that is rarely all of it: people who say hello have something to say.
    pub openings: &'static [&'static str],
    /// What people answer in one word, whatever they were asked.
    pub answers: &'static [&'static str],
    /// What people say before they dictate.
    pub consents: &'static [&'static str],
    /// What stands before a name or a day and is none of it.
    pub before_a_name: &'static [&'static str],
}

/// Numbers and names that are dictated piece by piece.
#[derive(Debug, PartialEq, Eq)]
pub struct Dictation {
    /// Digits, spelled.
    pub digits: &'static [&'static str],
    /// The digit that a number with a country code begins with.
    pub country_code: &'static str,
    /// A letter that is said for zero.
    pub zero_letter: &'static str,
    /// Words for zero that mean something else when they stand alone.
    pub not_zero_alone: &'static [&'static str],
    /// Two digits of a number, where other digits stand beside them.
    pub pairs: &'static [&'static str],
    /// After a month, a number is a day.
    pub months: &'static [&'static str],
    /// What people say before the first digit or letter.
    pub leads: &'static [&'static str],
    /// What people say after the last digit.
    pub ends: &'static [&'static str],
    /// Between a letter and the word that begins with it: "K as in kite".
    pub spelled_as: &'static [&'static [&'static str]],
    /// A letter that is also a word, so that what follows it is no example: "I for one".
    pub letter_and_word: &'static str,
    /// The second half of a time, and its first halves: "9 a m".
    pub half_day: (&'static str, &'static [&'static str]),
    /// Words for a number: "my number".
    pub number: &'static [&'static str],
    /// Words between those and the number itself: "is".
    pub number_is: &'static [&'static str],
    /// What a number is called before `number_is`.
    pub named_before: &'static [&'static str],
    /// The number that is also a pronoun, and the words behind which it is one: "that one".
    pub pronoun: (&'static str, &'static [&'static str]),
}

/// What kind of answer is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expectation {
    /// Nothing in particular.
    #[default]
    Nothing,
    /// A number that is dictated, digit by digit: of a telephone, an account.
    Number,
    /// A name or an address, perhaps spelled.
    Name,
    /// A day, a time, a date.
    Date,
    /// How many, how much: a number that is said in one go.
    Amount,
}

/// What the agent asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Questions {
    /// A question that holds such words asks for this. The last in the question counts.
    pub asked_by: &'static [(Expectation, &'static [&'static str])],
    /// How a sentence begins that asks, though it has no question mark.
    pub asks: &'static [&'static str],
}

/// What is said while the agent speaks.
#[derive(Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The words that stop an agent by themselves.
    pub at_once: &'static [&'static str],
    /// What people say to show that they listen, not to take the turn.
    pub backchannels: &'static [&'static str],
    /// With these words at its end, an answer is a goodbye.
    pub goodbyes: &'static [&'static str],
}

/// What is worth remembering of a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Memory {
    /// What callers say when they tell something that counts later.
    pub tells: &'static [&'static str],
    /// Words that hold a fact: days, months, parts of a day.
    pub times: &'static [&'static str],
    /// What is kept longest: facts about the caller.
    pub about_the_caller: &'static [&'static str],
    /// How the language model is told of them, before the facts.
    pub told_before: &'static str,
    /// How keys are told as a caller's words; `{}` are the keys, one space between two.
    pub pressed: &'static str,
}

/// How text is written.
#[derive(Debug, PartialEq, Eq)]
pub struct Writing {
    /// Abbreviations whose full stop ends no sentence, with it.
    pub abbreviations: &'static [&'static str],
    /// A word of one letter, as it is written, after which a full stop does end a sentence.
    pub one_letter_word: &'static str,
}

/// How signs are said.
#[derive(Debug, PartialEq, Eq)]
pub struct Signs {
    /// Signs inside or behind words. Longer ones first.
    pub within: &'static [(&'static str, &'static str)],
    /// Signs that stand between words; at the beginning of a line they are bullets.
    pub between: &'static [(&'static str, &'static str)],
    /// Currencies that are written before or behind the number and said behind it: of one, and of more.
    pub currencies: &'static [(char, &'static str, &'static str)],
}

impl Memory {
    /// Keys that were pressed, as a caller's words.
    #[must_use]
    pub fn pressed(&self, keys: &str) -> String {
        let spaced: Vec<String> = keys.chars().map(String::from).collect();
        self.pressed.replace("{}", &spaced.join(" "))
    }
}
