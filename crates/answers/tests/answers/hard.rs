//! Which questions are for a larger model.

use offhook_answers::{Hard, Patterns};

fn hard(text: &str) -> Option<Hard> {
    Hard::of(text, &Patterns::english().unwrap())
}

#[test]
fn questions_of_a_known_kind_short_ones_and_answers_are_easy() {
    for text in [
        "When are you open on Monday?",
        "Hi, I was wondering, can you tell me how much a cleaning is, please?",
        "How many chairs do you have?",
        "Which days is Dr. Taylor in?",
        "Tuesday at ten.",
        "My name is Marion Tucker and my number is five five five zero one four two, thank you very much.",
        "I would like to come in next Thursday at half past nine in the morning if that is possible.",
        "",
    ] {
        assert_eq!(hard(text), None, "{text}");
    }
}

#[test]
fn reasons_several_questions_and_long_ones_are_hard() {
    assert_eq!(hard("Why is a crown so expensive?"), Some(Hard::Reason));
    assert_eq!(hard("What is the difference between a crown and a filling?"), Some(Hard::Reason));
    assert_eq!(hard("My tooth hurts since last night. Should I come in?"), Some(Hard::Reason));
    assert_eq!(hard("Are you open on Sunday? And where can I park?"), Some(Hard::Several));
    let long = "Is it okay if somebody else picks up my glasses when they are ready for me next week?";
    assert_eq!(hard(long), Some(Hard::Long));
}
