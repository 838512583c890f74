//! How complete a caller's words are, from 0 (certain to go on) to 1 (a whole turn), scored by rules. The
//! rules also limit the score that another scorer may give. A recogniser puts a full stop after anything,
//! so its punctuation is no evidence of an end. Pure text; knows no model and no language.

use super::dictation::{self, Dictated};
use crate::language::words::plain_words;
use crate::language::{Completeness, ENGLISH, Expectation, Language};

/// Certain to go on.
pub const UNFINISHED: f32 = 0.0;
/// As likely to go on as not.
pub const OPEN: f32 = 0.5;
/// A whole turn.
pub const COMPLETE: f32 = 1.0;

/// More likely to go on than not.
const LIKELY_MORE: f32 = 0.25;

/// The highest score that a model can give to a greeting.
const GREETING: f32 = 0.7;

/// The context by which the caller's words are judged.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The language that is spoken.
    pub language: &'static Language,
    /// What the agent asked for.
    pub expected: Expectation,
    /// The lengths of dictated numbers, in digits, in ascending order.
    pub number_lengths: &'a [usize],
}

impl Default for Context<'_> {
    /// English, with nothing asked for and no known lengths of numbers.
    fn default() -> Self {
        Self { language: &ENGLISH, expected: Expectation::Nothing, number_lengths: &[] }
    }
}

/// The rules' judgement of words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruling {
    /// How complete the words are.
    pub score: f32,
    /// The highest score that another scorer may give to the words.
    pub most: f32,
}

impl Ruling {
    /// Another scorer may know better.
    const fn open(score: f32) -> Self {
        Self { score, most: COMPLETE }
    }

    /// No other scorer makes the words more complete.
    const fn firm(score: f32) -> Self {
        Self { score, most: score }
    }
}

/// How complete `text` is.
///
/// ```
/// use offhook_core::turns::turn_detection::completeness::{COMPLETE, OPEN, UNFINISHED, score};
/// assert_eq!(score("My number is"), UNFINISHED);
/// assert_eq!(score("Five five five, one two"), UNFINISHED);
/// assert_eq!(score("Hello."), OPEN);
/// assert_eq!(score("Do you have parking?"), COMPLETE);
/// ```
#[must_use]
pub fn score(text: &str) -> f32 {
    judge(text, Context::default()).score
}

/// How complete `text` is, and how complete another scorer may take it to be. A number that is being
/// dictated is never cut short, and a word that calls for more is believed.
#[must_use]
pub fn judge(text: &str, context: Context<'_>) -> Ruling {
    let table = &context.language.completeness;
    let words = plain_words(text);
    let Some(last) = words.last() else { return Ruling::open(OPEN) };
    let joined = words.join(" ");
    let end = text.trim_end();
    if end.ends_with(['?', '!']) || table.whole.contains(&joined.as_str()) {
        return of_a_sentence(&joined, table);
    }
    if let Some(ruling) = of_what_is_dictated(text, context) {
        return ruling;
    }
    if table.calls_for_more.contains(&last.as_str()) {
        return Ruling::firm(UNFINISHED);
    }
    if end.ends_with([',', '-', '–', '…']) || end.ends_with("...") {
        return Ruling::open(UNFINISHED);
    }
    if table.calls_for_an_object.iter().any(|verb| joined.ends_with(&format!(" {verb}"))) {
        return Ruling::open(LIKELY_MORE);
    }
    if is_one_word_of_more(&words, context.expected, table) {
        return Ruling::firm(OPEN);
    }
    of_a_sentence(&joined, table)
}

/// The ruling on a number or a spelled word; `None` if nothing is dictated.
fn of_what_is_dictated(text: &str, context: Context<'_>) -> Option<Ruling> {
    let dictated =
        dictation::at_the_end_of(text, context.expected == Expectation::Number, &context.language.dictation);
    // Longer numbers are no amounts and no dates.
    let in_one_go = |digits: usize| match context.expected {
        Expectation::Amount => digits <= 4,
        Expectation::Date => digits <= 8,
        Expectation::Nothing | Expectation::Number | Expectation::Name => false,
    };
    match dictated {
        Dictated::Nothing => None,
        Dictated::Ended => Some(Ruling::open(COMPLETE)),
        // "Two." may answer how many there are; without a question, it begins a number.
        Dictated::FirstDigits => Some(Ruling::firm(if in_one_go(1) { OPEN } else { UNFINISHED })),
        Dictated::Digits(count) if in_one_go(count) => Some(Ruling::firm(OPEN)),
        Dictated::Digits(count) => {
            let code = dictation::begins_with_a_country_code(text, &context.language.dictation);
            Some(Ruling::firm(of_length(count, context.number_lengths, code)))
        }
        Dictated::Letters(_) => Some(Ruling::firm(UNFINISHED)),
    }
}

/// A number of a known length may be complete; one of the greatest length is. A possible country code adds
/// one digit.
fn of_length(digits: usize, lengths: &[usize], country_code: bool) -> f32 {
    let code = usize::from(country_code);
    match lengths.last() {
        Some(longest) if digits >= *longest + code => COMPLETE,
        Some(_) if lengths.contains(&digits) || lengths.contains(&(digits - code)) => OPEN,
        Some(_) | None => UNFINISHED,
    }
}

/// True for "Anna" where a name was asked for, and "Tuesday" where a day, and perhaps a time, was asked
/// for.
fn is_one_word_of_more(words: &[String], expected: Expectation, table: &Completeness) -> bool {
    let matters = |word: &&String| !table.before_a_name.contains(&word.as_str());
    let mut said = words.iter().filter(matters);
    let (first, second) = (said.next(), said.next());
    match expected {
        Expectation::Name | Expectation::Date => {
            first.is_some_and(|word| !table.answers.contains(&word.as_str())) && second.is_none()
        }
        // "Sure." before the first digit.
        Expectation::Number => words.iter().all(|word| table.consents.contains(&word.as_str())),
        Expectation::Nothing | Expectation::Amount => false,
    }
}

/// The ruling on words that no rule takes for a beginning. A model that is sure of the end of a greeting is
/// right only now and then: the answer may come sooner, but not as soon as after a whole sentence.
fn of_a_sentence(words: &str, table: &Completeness) -> Ruling {
    if table.openings.contains(&words) {
        Ruling { score: OPEN, most: GREETING }
    } else {
        Ruling::open(COMPLETE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: Context<'_> =
        Context { language: &ENGLISH, expected: Expectation::Nothing, number_lengths: &[7, 10] };

    fn asked_for(expected: Expectation, text: &str) -> f32 {
        judge(text, Context { expected, ..CONTEXT }).score
    }

    #[test]
    fn a_sentence_that_waits_for_its_rest_is_unfinished() {
        for text in
            ["My number is", "I would like to.", "Can I come in on", "and", "Um,", "It's for my", "So..."]
        {
            assert_eq!(score(text), UNFINISHED, "{text}");
        }
    }

    #[test]
    fn a_verb_that_wants_an_object_is_given_time_for_it() {
        assert_eq!(score("I would like to book"), LIKELY_MORE);
        assert_eq!(score("I would like to book a cleaning."), COMPLETE);
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
        for text in ["Hello.", "Hi there!", "Good morning", "Hello?", ""] {
            assert_eq!(score(text), OPEN, "{text}");
        }
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
            assert_eq!(judge(&words[..n].join(" "), CONTEXT).score, expected, "{n} digits");
        }
        for text in ["My number is 555 219", "My number is five", "five", "5. 5.", "five five five"] {
            assert_eq!(judge(text, CONTEXT), Ruling::firm(UNFINISHED), "{text}");
        }
        assert_eq!(judge("five five five, that's it", CONTEXT).score, COMPLETE);
    }

    /// Fault: a number of eleven digits, "one, five five five …", was taken to be over at the tenth.
    #[test]
    fn a_country_code_is_none_of_the_digits_of_a_number() {
        let said = "one five five five two one nine zero four four eight";
        let words: Vec<&str> = said.split(' ').collect();
        let scores: Vec<f32> = (7..=11).map(|n| judge(&words[..n].join(" "), CONTEXT).score).collect();
        assert_eq!(scores, [OPEN, OPEN, UNFINISHED, OPEN, COMPLETE]);
    }

    #[test]
    fn the_lengths_of_numbers_are_the_configurations() {
        let of = |number_lengths: &[usize], text| judge(text, Context { number_lengths, ..CONTEXT }).score;
        assert_eq!(of(&[5], "nine oh two one oh"), COMPLETE);
        assert_eq!(of(&[5, 9], "nine oh two one oh"), OPEN);
        assert_eq!(of(&[], "nine oh two one oh"), UNFINISHED);
        assert_eq!(of(&[5], "90210-1234"), COMPLETE);
    }

    #[test]
    fn the_first_word_of_what_was_asked_for_is_not_taken_for_all_of_it() {
        assert_eq!(asked_for(Expectation::Number, "five"), UNFINISHED);
        assert_eq!(asked_for(Expectation::Name, "Anna."), OPEN);
        assert_eq!(asked_for(Expectation::Name, "My name is Anna."), OPEN);
        assert_eq!(asked_for(Expectation::Name, "K. O. W."), UNFINISHED);
        assert_eq!(asked_for(Expectation::Date, "On Tuesday."), OPEN);
        assert_eq!(asked_for(Expectation::Amount, "Two."), OPEN);
    }

    #[test]
    fn a_whole_answer_to_what_was_asked_for_is_complete() {
        for (expected, text) in [
            (Expectation::Name, "My name is Laura Baker."),
            (Expectation::Name, "Yes."),
            (Expectation::Number, "I do not know."),
            (Expectation::Date, "On Tuesday at ten."),
            (Expectation::Date, "Tomorrow."),
            (Expectation::Date, "Tuesday at 10:30."),
            (Expectation::Amount, "Ten."),
            (Expectation::Nothing, "Anna."),
        ] {
            assert_eq!(asked_for(expected, text), COMPLETE, "{text}");
        }
    }

    #[test]
    fn a_number_and_a_word_that_calls_for_more_are_not_open_to_other_opinions() {
        for text in ["five five five two", "My number is five", "five five five two one nine zero", "and"] {
            let ruling = judge(text, CONTEXT);
            assert_eq!(ruling.most, ruling.score, "{text}");
        }
        for text in ["Well, yes,", "On Tuesday at ten."] {
            assert_eq!(judge(text, CONTEXT).most, COMPLETE, "{text}");
        }
        // A greeting may be the whole turn, but is not taken for one.
        let greeting = judge("Hello.", CONTEXT).most;
        assert!(greeting > OPEN && greeting < COMPLETE, "{greeting}");
    }
}
