//! What the agent asked the caller for, so that the first word of a longer answer is not taken for all of it.
//! Pure text; English is a table. Knows no call.

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

/// What is asked for by a question that holds such words. The last in the question counts: that is what is told
/// last.
const ASKED_BY: &[(Expectation, &[&str])] = &[
    (Expectation::Amount, &["how many", "how much", "how old", "how long"]),
    (Expectation::Date, &["date of birth", "birthday", "born"]),
    (
        Expectation::Number,
        &[
            "phone number",
            "your phone",
            "telephone number",
            "your number",
            "the number",
            "account number",
            "card number",
            "order number",
            "customer number",
            "member number",
            "policy number",
            "reference number",
            "best number",
            "callback number",
            "social security",
            "number can i",
            "number should",
            "zip code",
            "postcode",
            "postal code",
            "reach you",
        ],
    ),
    (
        Expectation::Name,
        &[
            "your name",
            "first name",
            "last name",
            "full name",
            "who is calling",
            "who's calling",
            "what name",
            "name for the",
            "who am i speaking",
            "spell",
        ],
    ),
    (
        Expectation::Date,
        &[
            "what day",
            "which day",
            "what date",
            "which date",
            "what time",
            "which time",
            "day and time",
            "when would",
            "when do you",
            "when should",
            "when can you",
            "when works",
            "when are you",
        ],
    ),
];

/// How a sentence begins that asks, though it has no question mark.
const ASKS: &[&str] =
    &["please", "tell me", "give me", "could you", "can you", "may i", "i need", "and your", "what", "which"];

/// What the agent asked for at the end of what it said.
///
/// ```
/// use offhook::turns::expectation::{Expectation, after};
/// assert_eq!(after("I see. What is your phone number?"), Expectation::Number);
/// assert_eq!(after("How can I help you?"), Expectation::Nothing);
/// ```
#[must_use]
pub fn after(said: &str) -> Expectation {
    let sentences: Vec<&str> =
        said.split_inclusive(['.', '?', '!']).filter(|s| !s.trim().is_empty()).collect();
    // "What is your number? Please say it digit by digit."
    let last = sentences.iter().rev().take(2).map(|sentence| of_a_sentence(sentence));
    last.into_iter().find(|expected| *expected != Expectation::Nothing).unwrap_or_default()
}

fn of_a_sentence(sentence: &str) -> Expectation {
    let lower = sentence.trim().to_lowercase();
    if !lower.ends_with('?') && !ASKS.iter().any(|lead| lower.starts_with(lead)) {
        return Expectation::Nothing;
    }
    let cues = ASKED_BY.iter().flat_map(|(expected, cues)| cues.iter().map(move |cue| (cue, *expected)));
    let places = cues.filter_map(|(cue, expected)| Some((lower.rfind(cue)? + cue.len(), expected)));
    places.max_by_key(|(end, _)| *end).map_or(Expectation::Nothing, |(_, expected)| expected)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(after(said), expected, "{said}");
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
            assert_eq!(after(said), Expectation::Nothing, "{said}");
        }
    }
}
