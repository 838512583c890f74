//! How complete a caller's words are, from 0 (they go on for certain) to 1 (this was a whole turn): a
//! scorer by rules, which also says where no other scorer may go beyond it. Pure text; knows no model.

use super::barge_in::plain_words;

/// Certain to go on.
pub const UNFINISHED: f32 = 0.0;
/// As likely to go on as not.
pub const OPEN: f32 = 0.5;
/// A whole turn.
pub const COMPLETE: f32 = 1.0;

/// Words after which an English sentence goes on: conjunctions, prepositions, determiners,
/// possessives, auxiliaries, hesitations. A recogniser puts a full stop after anything, so its
/// punctuation is no evidence of an end.
const CALLS_FOR_MORE: &[&str] = &[
    "a", "about", "actually", "also", "am", "an", "and", "are", "around", "at", "because", "before",
    "between", "but", "can", "could", "do", "does", "er", "for", "from", "his", "her", "if", "i", "i'd",
    "i'll", "i'm", "in", "into", "is", "it's", "its", "like", "maybe", "my", "of", "on", "or", "our", "she",
    "so", "than", "that's", "the", "their", "then", "to", "uh", "um", "until", "was", "we", "well", "were",
    "what's", "when", "where", "which", "will", "with", "would", "your",
];

/// Sentences that end in such a word and yet are whole.
const WHOLE: &[&str] = &[
    "what is it about",
    "who is it for",
    "yes i am",
    "yes i do",
    "yes we are",
    "yes it is",
    "i am",
    "i do",
    "i think so",
    "what is that for",
    "i hope so",
    "yes i can",
    "no i am",
    "where are you at",
    "i will",
];

/// How a turn begins that is rarely all of it: people who say hello have something to say.
const OPENINGS: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "good morning",
    "good afternoon",
    "good evening",
    "hello there",
    "hi there",
    "okay so",
    "yes hello",
    "yes hi",
    "let me see",
    "let me check",
    "one moment",
    "one second",
    "just a second",
    "wait a second",
    "just a moment",
    "hold on",
];

/// What a model can make of such a beginning at most.
const GREETING: f32 = 0.7;

/// Digits of a telephone number that is complete: without and with the area's.
const PHONE_NUMBER: [usize; 2] = [7, 10];

/// From so many digits in a row on, somebody dictates a number.
const DICTATION: usize = 3;

const DIGITS: &[&str] =
    &["zero", "oh", "o", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double"];

/// What the rules say of words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruling {
    /// How complete they are.
    pub score: f32,
    /// No other scorer may take them for more complete than this.
    pub most: f32,
}

impl Ruling {
    /// Another scorer may know better.
    const fn open(score: f32) -> Self {
        Self { score, most: COMPLETE }
    }

    /// Nobody makes them more complete.
    const fn firm(score: f32) -> Self {
        Self { score, most: score }
    }
}

/// How complete `text` is.
///
/// ```
/// use offhook::conversation::completeness::{COMPLETE, OPEN, UNFINISHED, score};
/// assert_eq!(score("My number is"), UNFINISHED);
/// assert_eq!(score("Five five five, one two"), UNFINISHED);
/// assert_eq!(score("Hello."), OPEN);
/// assert_eq!(score("Do you have parking?"), COMPLETE);
/// ```
#[must_use]
pub fn score(text: &str) -> f32 {
    judge(text).score
}

/// The same, with how far another scorer may differ: a number that is being dictated is never cut short,
/// and a word that calls for more is believed.
#[must_use]
pub fn judge(text: &str) -> Ruling {
    let words = plain_words(text);
    let Some(last) = words.last() else { return Ruling::open(OPEN) };
    let joined = words.join(" ");
    let end = text.trim_end();
    if end.ends_with(['?', '!']) || WHOLE.contains(&joined.as_str()) {
        return of_a_sentence(&joined);
    }
    let digits = dictated(&words);
    if digits >= DICTATION {
        return Ruling::firm(match digits {
            n if n >= PHONE_NUMBER[1] => COMPLETE,
            n if n == PHONE_NUMBER[0] => OPEN,
            _ => UNFINISHED,
        });
    }
    if CALLS_FOR_MORE.contains(&last.as_str()) {
        return Ruling::firm(UNFINISHED);
    }
    if end.ends_with([',', '-', '–', '…']) || end.ends_with("...") {
        return Ruling::open(UNFINISHED);
    }
    if digits > 0 && names_a_number(&joined) {
        return Ruling::firm(OPEN);
    }
    of_a_sentence(&joined)
}

/// Of words that no rule takes for a beginning. A model that is sure of the end of a greeting is right only
/// now and then: its answer may come sooner, but not as soon as that to a whole sentence.
fn of_a_sentence(words: &str) -> Ruling {
    if OPENINGS.contains(&words) { Ruling { score: OPEN, most: GREETING } } else { Ruling::open(COMPLETE) }
}

/// Digits at the end, spelled or written.
fn dictated(words: &[String]) -> usize {
    let mut digits = 0;
    for word in words.iter().rev() {
        let written = word.chars().filter(char::is_ascii_digit).count();
        if written > 0 && written == word.len() {
            digits += written;
        } else if DIGITS.contains(&word.as_str()) {
            digits += 1;
        } else {
            break;
        }
    }
    digits
}

/// True if the caller says that a number follows.
fn names_a_number(text: &str) -> bool {
    ["number is", "number's", "phone is", "it's"].iter().any(|lead| text.contains(lead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_waits_for_its_rest_is_unfinished() {
        for text in
            ["My number is", "I would like to.", "Can I come in on", "and", "Um,", "It's for my", "So..."]
        {
            assert_eq!(score(text), UNFINISHED, "{text}");
        }
    }

    #[test]
    fn a_finished_sentence_is_complete() {
        for text in [
            "On Tuesday at ten.",
            "Yes.",
            "What are your hours?",
            "Yes, I am.",
            "My name is Laura Miller.",
            "At nine.",
            "Thank you, goodbye.",
        ] {
            assert_eq!(score(text), COMPLETE, "{text}");
        }
    }

    #[test]
    fn a_greeting_may_be_all_or_not() {
        for text in ["Hello.", "Hi, good morning", "Hi there!", ""] {
            assert!(score(text) <= COMPLETE);
        }
        assert_eq!(score("Hello?"), OPEN);
    }

    #[test]
    fn digits_are_waited_for_until_they_make_a_number() {
        let said = "five five five two one nine zero four four eight";
        let words: Vec<&str> = said.split(' ').collect();
        for n in 3..=10 {
            let expected = match n {
                7 => OPEN,
                10 => COMPLETE,
                _ => UNFINISHED,
            };
            assert_eq!(score(&words[..n].join(" ")), expected, "{n} digits");
        }
        assert_eq!(score("My number is 555 219"), UNFINISHED);
        assert_eq!(score("My number is five"), OPEN);
    }

    #[test]
    fn a_number_and_a_word_that_calls_for_more_are_not_open_to_other_opinions() {
        for text in ["five five five two", "My number is five", "five five five two one nine zero", "and"] {
            assert_eq!(judge(text).most, score(text), "{text}");
        }
        for text in ["Well, yes,", "On Tuesday at ten."] {
            assert_eq!(judge(text).most, COMPLETE, "{text}");
        }
        // A greeting may be all, but is not taken for a whole turn.
        let greeting = judge("Hello.").most;
        assert!(greeting > OPEN && greeting < COMPLETE, "{greeting}");
    }
}
