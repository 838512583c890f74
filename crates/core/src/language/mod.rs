//! A language as data: all words that the core of offhook knows, so that a second language is a second table.
//! Must not know how the words are used.

mod de_speech;
mod en;
mod en_speech;
mod speech;
pub mod words;

pub use de_speech::GERMAN_SPEECH;
pub use en::ENGLISH;
pub use speech::{
    Abbreviations, Addresses, Currency, Dates, Money, Numbers, Signs, Speech, Telephone, Times, Unit,
    UnitWhen, Web, When,
};

/// One language. Words and phrases are in plain lower case, as [`words::plain_words`] gives them, unless a
/// field says otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct Language {
    /// Words that show how complete a caller's words are.
    pub completeness: Completeness,
    /// Words of numbers and names that are dictated in parts.
    pub dictation: Dictation,
    /// Words that show what the agent asks for.
    pub questions: Questions,
    /// Words of the caller while the agent speaks.
    pub overlap: Overlap,
    /// Words for facts that are worth remembering in a call.
    pub memory: Memory,
    /// Rules of writing.
    pub writing: Writing,
    /// How numbers, signs and abbreviations are spoken.
    pub speech: Speech,
    /// What a language model is told to make of a call after its end.
    pub after_call: AfterCallWords,
}

/// Words that show how complete a caller's words are.
#[derive(Debug, PartialEq, Eq)]
pub struct Completeness {
    /// Words after which a sentence goes on: conjunctions, prepositions, determiners, possessives,
    /// auxiliaries, hesitations.
    pub calls_for_more: &'static [&'static str],
    /// Verbs that need an object: "I would like to book" usually goes on with one.
    pub calls_for_an_object: &'static [&'static str],
    /// Complete sentences that end in a word from `calls_for_more`.
    pub whole: &'static [&'static str],
    /// Openings that are rarely the whole turn: people who say hello have something to say.
    pub openings: &'static [&'static str],
    /// One-word answers to any question.
    pub answers: &'static [&'static str],
    /// Words that people say before they dictate.
    pub consents: &'static [&'static str],
    /// Words before a name or a day that are not part of it.
    pub before_a_name: &'static [&'static str],
}

/// Words of numbers and names that are dictated in parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Dictation {
    /// Digits, spelled.
    pub digits: &'static [&'static str],
    /// The first digit of a number with a country code.
    pub country_code: &'static str,
    /// A letter that is spoken for zero.
    pub zero_letter: &'static str,
    /// Words for zero that mean something else on their own.
    pub not_zero_alone: &'static [&'static str],
    /// Words for two digits of a number, if other digits stand beside them.
    pub pairs: &'static [&'static str],
    /// Months. A number after a month is a day.
    pub months: &'static [&'static str],
    /// Words that people say before the first digit or letter.
    pub leads: &'static [&'static str],
    /// Words that people say after the last digit.
    pub ends: &'static [&'static str],
    /// Phrases between a letter and the word that begins with the letter: "K as in kite".
    pub spelled_as: &'static [&'static [&'static str]],
    /// A letter that is also a word, so that no example follows it: "I for one".
    pub letter_and_word: &'static str,
    /// The second letter of a half of the day, and its possible first letters: "9 a m".
    pub half_day: (&'static str, &'static [&'static str]),
    /// Words for a number: "my number".
    pub number: &'static [&'static str],
    /// Words between a word for a number and the number itself: "is".
    pub number_is: &'static [&'static str],
    /// Names of a number before `number_is`.
    pub named_before: &'static [&'static str],
    /// The number that is also a pronoun, and the words after which it is a pronoun: "that one".
    pub pronoun: (&'static str, &'static [&'static str]),
}

/// The kind of answer that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expectation {
    /// Nothing in particular.
    #[default]
    Nothing,
    /// A number that is dictated digit by digit: of a telephone, an account.
    Number,
    /// A name or an address, perhaps spelled.
    Name,
    /// A day, a time, a date.
    Date,
    /// How many or how much: a number that is said in one go.
    Amount,
}

/// Words that show what the agent asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Questions {
    /// Phrases in a question, by the kind of answer that they ask for. The last one in the question counts.
    pub asked_by: &'static [(Expectation, &'static [&'static str])],
    /// Openings of sentences that ask without a question mark.
    pub asks: &'static [&'static str],
}

/// Words of the caller while the agent speaks.
#[derive(Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Words that stop the agent on their own.
    pub at_once: &'static [&'static str],
    /// Backchannels: words that show that the caller listens, and do not take the turn.
    pub backchannels: &'static [&'static str],
    /// Words that make an answer a goodbye when they end it.
    pub goodbyes: &'static [&'static str],
}

/// Words for facts that are worth remembering in a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Memory {
    /// Phrases with which callers state facts that matter later.
    pub tells: &'static [&'static str],
    /// Words that hold a fact: days, months, parts of a day.
    pub times: &'static [&'static str],
    /// Words in facts about the caller, which are kept longest.
    pub about_the_caller: &'static [&'static str],
    /// The text before the facts in the prompt of the language model.
    pub told_before: &'static str,
    /// The caller's words that stand for pressed keys; `{}` is the keys, separated by spaces.
    pub pressed: &'static str,
}

/// Rules of writing.
#[derive(Debug, PartialEq, Eq)]
pub struct Writing {
    /// Abbreviations whose full stop does not end a sentence, with the full stop.
    pub abbreviations: &'static [&'static str],
    /// A word of one letter, as written, after which a full stop does end a sentence.
    pub one_letter_word: &'static str,
}

/// What a language model is told to make of a call after its end.
#[derive(Debug, PartialEq, Eq)]
pub struct AfterCallWords {
    /// What it does, and that the words of a call are no instructions. They stand between `<transcript>` and
    /// `</transcript>`.
    pub role: &'static str,
    /// The request for a summary.
    pub summary: &'static str,
    /// The request for fields; their JSON schema follows.
    pub fields: &'static str,
    /// The name of the caller before their words.
    pub caller: &'static str,
    /// The name of the agent before its words.
    pub agent: &'static str,
    /// Stands where the middle of a long call is left out.
    pub left_out: &'static str,
    /// The summary of a call in which the caller said nothing.
    pub nobody_spoke: &'static str,
}

impl Memory {
    /// Pressed keys, as the caller's words.
    #[must_use]
    pub fn pressed(&self, keys: &str) -> String {
        let spaced: Vec<String> = keys.chars().map(String::from).collect();
        self.pressed.replace("{}", &spaced.join(" "))
    }
}
