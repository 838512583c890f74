//! Numbers, names and sentences that come in parts are one turn, and are answered once.

use offhook_core::turns::Action;

use crate::support::simulation::{AT, MS, Simulation};

/// A caller who says these parts from 5,000 on, each for 350 ms, with pauses of `pause_ms` between them.
fn dictates(call: &mut Simulation, pieces: &[&str], pause_ms: u64) {
    for (n, piece) in pieces.iter().enumerate() {
        call.caller_says(AT(5000 + n as u64 * (350 + pause_ms)), MS(350), piece);
    }
}

/// A call in which the agent asked this question, and the caller heard it.
fn asked(question: &str) -> Simulation {
    let mut call = Simulation::after_the_greeting();
    call.answer = Some(question.to_owned());
    call.caller_says(AT(5000), MS(1000), "I have a question.");
    call.run(AT(15_000));
    call.answer = None;
    call
}

/// The silence after which `text`, the caller's only words, is answered.
fn silence_after(question: &str, text: &str) -> f64 {
    let mut call = asked(question);
    call.caller_says(AT(15_000), MS(600), text);
    call.run(AT(30_000)).last().unwrap().stages.unwrap().endpoint_ms
}

/// Fault: "five / five / five / zero / one / four / two" was always answered in the middle and split into
/// several turns.
#[test]
fn a_number_dictated_digit_by_digit_is_one_turn() {
    let digits = ["five", "five", "five", "zero", "one", "four", "two"];
    for pause in [550, 700, 1000, 1200] {
        let mut call = Simulation::after_the_greeting();
        dictates(&mut call, &digits, pause);
        let reports = call.run(AT(60_000));
        assert_eq!(reports.len(), 2, "{pause} ms: {reports:?}");
        assert_eq!(reports[1].heard, digits.join(" "), "{pause} ms");
        let waited = reports[1].stages.unwrap().endpoint_ms;
        assert!((500.0..=1500.0).contains(&waited), "seven digits may be all: {waited}");
        let asked = call.times(|action| matches!(action, Action::Generate { .. })).len();
        assert!(asked <= 2, "no answer is prepared before the number may be all: {asked}");
    }
}

#[test]
fn digits_as_a_recogniser_writes_them_are_waited_for_too() {
    let mut call = Simulation::after_the_greeting();
    dictates(&mut call, &["5-5-5,", "0142."], 1200);
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[1].heard, "5-5-5, 0142.");
}

#[test]
fn a_number_of_the_greatest_length_is_answered_at_once() {
    let mut call = Simulation::after_the_greeting();
    dictates(&mut call, &["five five five", "two one nine", "zero four four eight"], 1000);
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(reports[1].stages.unwrap().endpoint_ms < 600.0, "{reports:?}");
}

#[test]
fn whoever_stops_in_the_middle_of_a_number_is_answered_after_a_longer_silence() {
    let mut call = Simulation::after_the_greeting();
    dictates(&mut call, &["five", "five", "five"], 600);
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    let waited = reports[1].stages.unwrap().endpoint_ms;
    assert!((1500.0..=2000.0).contains(&waited), "{waited}");
}

#[test]
fn words_end_a_number() {
    let mut call = Simulation::after_the_greeting();
    dictates(&mut call, &["five five five", "zero one,", "that's it."], 700);
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(reports[1].stages.unwrap().endpoint_ms < 1500.0, "{reports:?}");
}

#[test]
fn a_name_spelled_letter_by_letter_is_one_turn() {
    let mut call = asked("How do you spell your name?");
    for (n, letter) in ["K.", "O.", "W.", "A.", "L."].iter().enumerate() {
        call.caller_says(AT(15_000 + n as u64 * 1300), MS(300), letter);
    }
    let reports = call.run(AT(60_000));
    assert_eq!(reports.len(), 3, "{reports:?}");
    assert_eq!(reports[2].heard, "K. O. W. A. L.");
}

#[test]
fn a_sentence_in_three_pieces_is_one_turn() {
    let mut call = Simulation::after_the_greeting();
    dictates(&mut call, &["I would like to book", "a cleaning on", "Monday."], 900);
    let reports = call.run(AT(30_000));
    assert_eq!(reports.last().unwrap().heard, "I would like to book a cleaning on Monday.", "{reports:?}");
}

/// Words whose answer was not heard yet are one turn with the words that follow.
#[test]
fn what_is_not_answered_yet_is_judged_with_what_follows() {
    let mut call = Simulation::after_the_greeting();
    // The answer is under way but not heard yet when the caller goes on.
    call.delays.synthesis = MS(900);
    // Three digits and then seven: alone each may be the whole number, and together they are.
    call.caller_says(AT(5000), MS(1000), "five five five");
    call.caller_says(AT(7700), MS(1500), "two one nine zero four four eight");
    let reports = call.run(AT(30_000));
    let last = reports.last().unwrap();
    assert_eq!(last.heard, "five five five two one nine zero four four eight", "{reports:?}");
    assert_eq!(last.end_of_turn.unwrap().rules, 1.0, "{reports:?}");
}

#[test]
fn a_lone_word_after_a_question_for_more_is_given_time() {
    assert!(silence_after("What is your phone number?", "five") >= 1500.0);
    assert_eq!(silence_after("And your name, please?", "Anna."), 500.0);
    assert_eq!(silence_after("What day works for you?", "Tuesday."), 500.0);
    assert_eq!(silence_after("How many people are you?", "Two."), 500.0);
}

#[test]
fn whole_answers_are_not_kept_waiting() {
    assert_eq!(silence_after("What is your phone number?", "I do not know it."), 250.0);
    assert_eq!(silence_after("And your name, please?", "Laura Baker."), 250.0);
    assert_eq!(silence_after("What day works for you?", "On Tuesday at 10:30."), 250.0);
    assert_eq!(silence_after("What day works for you?", "Yes."), 250.0);
    assert_eq!(silence_after("How can I help you?", "At nine."), 250.0);
}

/// The mark of the question comes back later than the caller's answer.
#[test]
fn whoever_answers_before_the_mark_is_back_is_given_time_too() {
    let mut call = Simulation::after_the_greeting();
    call.answer = Some("What is your phone number?".to_owned());
    call.caller_says(AT(5000), MS(1000), "I have a question.");
    // The question sounds from 6,250 to 7,750, and the caller answers before its last words.
    call.caller_says(AT(7600), MS(400), "My cell is 55");
    call.caller_says(AT(9100), MS(400), "219");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[2].heard, "My cell is 55 219", "{reports:?}");
}
