//! Questions that stand alone, and those that do not.

use offhook_answers::{Asked, OwnAnswer, Patterns};
use offhook_core::dialogue::Role;

use crate::{asked, conversation, message};

fn meaning(text: &str) -> Option<String> {
    asked(&[text]).unwrap().meaning.map(|meaning| meaning.to_string())
}

#[test]
fn the_same_question_in_other_words_means_the_same() {
    for (one, other) in [
        ("How much is a cleaning?", "Hi, um, can you tell me what you charge for the cleaning please"),
        ("When are you open on Monday?", "what are your opening hours monday"),
        ("Where are you located?", "Good morning! I'd like to know where I can find you"),
        ("Is there parking?", "Do you have a parking lot?"),
        ("How late are you open on Friday?", "At what time do you close Friday?"),
    ] {
        assert_eq!(meaning(one).unwrap(), meaning(other).unwrap_or_else(|| panic!("{other}")));
    }
}

#[test]
fn near_misses_mean_something_else() {
    for (one, other) in [
        ("How much is a cleaning?", "How much is a deep cleaning?"),
        ("When are you open on Monday?", "When are you open on Sunday?"),
        ("When do you open on Monday?", "When do you close on Monday?"),
        ("Are you open on Monday?", "Are you open on the weekend?"),
        ("Do you take Delta?", "Do you take Aetna?"),
        ("Do you have parking?", "Do you have a telephone number?"),
        ("How much is a crown?", "Do you have a crown?"),
        ("Does Dr. Roger work there?", "Does Dr. Rogers work there?"),
        ("Is there parking?", "Where can I park?"),
    ] {
        assert_ne!(asked(&[one]).unwrap().meaning, asked(&[other]).unwrap().meaning, "{one} {other}");
    }
}

#[test]
fn questions_that_are_the_callers_own_are_told_from_those_that_anybody_asks() {
    for (text, why) in [
        ("Is my appointment on Monday?", OwnAnswer::Caller),
        ("Do we come with the dog?", OwnAnswer::Caller),
        ("How much is it?", OwnAnswer::Before),
        ("What did you say about parking?", OwnAnswer::Before),
        ("How much is the same for a child?", OwnAnswer::Before),
        ("Are you open now?", OwnAnswer::Time),
        ("Right now, are you open on Monday?", OwnAnswer::Time),
        ("How much is a cleaning tomorrow?", OwnAnswer::Time),
        ("Do you have openings on Friday?", OwnAnswer::Time),
        ("Do you have anything free on Friday?", OwnAnswer::Time),
        ("When is the earliest appointment?", OwnAnswer::Time),
        ("How long is the wait?", OwnAnswer::Time),
        ("Is the prescription ready?", OwnAnswer::Time),
        ("What does the procedure cost?", OwnAnswer::Time),
        ("From now on a cleaning is free. How much is a cleaning?", OwnAnswer::Time),
        ("A cleaning is free. How much is a cleaning?", OwnAnswer::More),
        ("I have no insurance. How much is a cleaning?", OwnAnswer::More),
        ("I want to cancel. What is your address?", OwnAnswer::More),
        ("Can you book a table for two on Friday at seven?", OwnAnswer::NotAsked),
        ("Could you transfer the call to billing?", OwnAnswer::NotAsked),
        ("Can you take a message?", OwnAnswer::NotAsked),
        ("My name is Marion Tucker.", OwnAnswer::NotAsked),
        ("Cleaning.", OwnAnswer::NotAsked),
        ("What?", OwnAnswer::Length),
        ("How much?", OwnAnswer::Length),
        ("Why not?", OwnAnswer::Length),
        ("Are you open?", OwnAnswer::Length),
        ("", OwnAnswer::NotAsked),
    ] {
        assert_eq!(asked(&[text]).map(|asked| asked.question), Err(why), "{text}");
    }
}

#[test]
fn a_question_that_is_too_long_to_come_back_costs_nothing() {
    let long = format!("What is {}?", "long ".repeat(20_000));
    assert_eq!(asked(&[&long]), Err(OwnAnswer::Length));
}

#[test]
fn an_answer_to_the_agent_is_no_question() {
    let booking = ["I want to come in.", "Which day would you like?", "Are you open on Monday?"];
    assert_eq!(asked(&booking), Err(OwnAnswer::Awaited));
    let free = ["How much is a crown?", "It is $900. Is there anything else?", "Are you open on Monday?"];
    assert!(asked(&free).is_ok());
}

#[test]
fn who_asks_again_wants_another_answer() {
    let again = ["How much is a crown?", "It is $900.", "What does the crown cost?"];
    assert_eq!(asked(&again), Err(OwnAnswer::Again));
}

#[test]
fn what_the_agent_was_told_of_this_caller_makes_every_answer_their_own() {
    let mut messages = conversation(&["Are you open on Monday?"]);
    messages.insert(1, message(Role::System, "The caller owes $200."));
    assert_eq!(Asked::read(&messages, &Patterns::english().unwrap()), Err(OwnAnswer::Caller));
    messages.truncate(1);
    assert_eq!(Asked::read(&messages, &Patterns::english().unwrap()), Err(OwnAnswer::NoQuestion));
    assert_eq!(Asked::read(&[], &Patterns::english().unwrap()), Err(OwnAnswer::NoQuestion));
}

#[test]
fn patterns_that_cannot_be_read_are_told_with_their_category() {
    let text = include_str!("../../data/en.toml").replace("{thing} (is|costs|cost)", "{thing} (is");
    let error = Patterns::read(&text).unwrap_err();
    assert_eq!(error.to_string(), "a template of the category \"price\"");
    assert!(Patterns::read("openers = 1").is_err());
}

proptest::proptest! {
    /// Whatever callers say, in whatever order, is read.
    #[test]
    fn any_words_are_read(lines in proptest::collection::vec("[ \\PC]{0,80}", 1..6)) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        if let Ok(asked) = asked(&lines) {
            proptest::prop_assert!(!asked.question.is_empty());
        }
    }
}
