//! What the agent asked the caller for, so that the first word of a longer answer is not taken for the
//! whole answer. Pure text; knows no call and no language.

use crate::language::{Expectation, Questions};

/// What the agent asked for in its last two sentences.
///
/// ```
/// use offhook_core::language::{ENGLISH, Expectation};
/// use offhook_core::turns::turn_detection::expectation::after;
/// let asked = |said| after(said, &ENGLISH.questions);
/// assert_eq!(asked("I see. What is your phone number?"), Expectation::Number);
/// assert_eq!(asked("How can I help you?"), Expectation::Nothing);
/// ```
#[must_use]
pub fn after(said: &str, questions: &Questions) -> Expectation {
    let sentences: Vec<&str> =
        said.split_inclusive(['.', '?', '!']).filter(|s| !s.trim().is_empty()).collect();
    // "What is your number? Please say it digit by digit."
    let last = sentences.iter().rev().take(2).map(|sentence| of_a_sentence(sentence, questions));
    last.into_iter().find(|expected| *expected != Expectation::Nothing).unwrap_or_default()
}

fn of_a_sentence(sentence: &str, questions: &Questions) -> Expectation {
    let lower = sentence.trim().to_lowercase();
    if !lower.ends_with('?') && !questions.asks.iter().any(|lead| lower.starts_with(lead)) {
        return Expectation::Nothing;
    }
    let cues =
        questions.asked_by.iter().flat_map(|(expected, cues)| cues.iter().map(move |cue| (cue, *expected)));
    let places = cues.filter_map(|(cue, expected)| Some((lower.rfind(cue)? + cue.len(), expected)));
    places.max_by_key(|(end, _)| *end).map_or(Expectation::Nothing, |(_, expected)| expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::ENGLISH;

    fn asked(said: &str) -> Expectation {
        after(said, &ENGLISH.questions)
    }

    #[test]
    fn a_question_tells_what_its_answer_will_be() {
        for (said, expected) in [
            ("What is your phone number?", Expectation::Number),
            ("Thank you. What number can I reach you at?", Expectation::Number),
            ("May I have your name and your number?", Expectation::Number),
            ("And your name, please?", Expectation::Name),
            ("Please spell your last name.", Expectation::Name),
            ("What day works for you?", Expectation::Date),
            ("What is your date of birth?", Expectation::Date),
            ("What is your number? Please say it slowly.", Expectation::Number),
            ("May I have your date of birth and phone number?", Expectation::Number),
            ("How many people are you?", Expectation::Amount),
        ] {
            assert_eq!(asked(said), expected, "{said}");
        }
    }

    #[test]
    fn a_fact_is_no_question_and_a_question_long_ago_is_answered() {
        for said in [
            "",
            "How can I help you?",
            "Our phone number is five five five zero one four two.",
            "What is your name? I see. We are open until five. Anything else?",
        ] {
            assert_eq!(asked(said), Expectation::Nothing, "{said}");
        }
    }
}
