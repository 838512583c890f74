//! Which questions are likely to come.

use std::num::NonZeroUsize;

use offhook_answers::{Asked, Habits, Patterns};
use offhook_core::dialogue::Role;

use crate::{PROMPT, message};

fn asked(text: &str) -> Asked {
    let messages = [message(Role::System, PROMPT), message(Role::User, text)];
    Asked::read(&messages, &Patterns::english().unwrap()).unwrap()
}

fn habits(most: usize, calls: &[&[&str]]) -> Habits {
    let mut habits = Habits::new(NonZeroUsize::new(most).unwrap());
    for call in calls {
        let mut before = None;
        for text in *call {
            before = Some(habits.ask(&asked(text), before.as_ref()));
        }
    }
    habits
}

const OPEN: &str = "When are you open on Monday?";
const PRICE: &str = "How much is a cleaning?";
const PARK: &str = "Where can I park?";

#[test]
fn what_is_asked_often_is_likely_in_whatever_words() {
    let habits = habits(9, &[&[PARK], &[PRICE], &["Hi, what does a cleaning cost?"]]);
    assert_eq!(habits.likely(None), ["what does a cleaning cost", "where can i park"]);
}

#[test]
fn what_came_behind_a_question_is_likelier_than_what_is_asked_often() {
    let habits = habits(9, &[&[PRICE], &[PRICE], &[OPEN, PARK], &[OPEN, OPEN]]);
    let open = offhook_answers::Topic::of(&asked(OPEN));
    assert_eq!(habits.likely(Some(&open)), ["where can i park", "how much is a cleaning"]);
    assert_eq!(habits.likely(None)[0], "when are you open on monday");
}

#[test]
fn of_too_many_questions_the_oldest_are_forgotten() {
    let habits = habits(2, &[&[OPEN, PRICE, PARK]]);
    assert_eq!(habits.likely(None), ["where can i park", "how much is a cleaning"]);
}
