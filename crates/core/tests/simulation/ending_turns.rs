//! When a turn is over: by silence, by how complete the words are, by the caller's own pace.

use offhook_core::turns::{Action, Event};

use crate::support::simulation::{AT, MS, Simulation};

/// The silence after which a turn with these words is answered.
fn silence_after(text: &str) -> f64 {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1500), text);
    call.run(AT(20_000))[1].stages.unwrap().endpoint_ms
}

#[test]
fn a_complete_sentence_ends_the_turn_soon_and_an_unfinished_one_late() {
    assert_eq!(silence_after("Do you have parking?"), 250.0);
    assert_eq!(silence_after("Hello."), 500.0);
    for text in ["My number is", "I would like to come on Tuesday and", "Um", "five five five"] {
        assert_eq!(silence_after(text), 1500.0, "{text}");
    }
}

#[test]
fn a_ten_digit_number_dictated_with_pauses_is_one_turn() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1400), "My number is five five five");
    call.caller_says(AT(7400), MS(900), "two one nine");
    call.caller_says(AT(9500), MS(1000), "zero four four eight.");
    let reports = call.run(AT(40_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[1].heard, "My number is five five five two one nine zero four four eight.");
    assert_eq!(reports[1].stages.unwrap().endpoint_ms, 250.0, "a whole number needs no more patience");
}

#[test]
fn a_caller_who_pauses_for_long_is_given_more_time() {
    let mut call = Simulation::after_the_greeting();
    // The caller twice goes on 1.3 s after an unfinished sentence.
    call.caller_says(AT(5000), MS(1000), "I would like to");
    call.caller_says(AT(7300), MS(1000), "come in for a");
    call.caller_says(AT(9600), MS(1000), "cleaning.");
    call.run(AT(20_000));
    call.caller_says(AT(20_000), MS(1000), "And my name is");
    let reports = call.run(AT(40_000));
    let endpoint = reports.last().unwrap().stages.unwrap().endpoint_ms;
    assert!((1500.0..=1600.0).contains(&endpoint), "1.3 s of usual pause and a fifth: {endpoint}");
}

#[test]
fn a_caller_who_pauses_between_sentences_is_not_cut_off_again() {
    let mut call = Simulation::after_the_greeting();
    // "I have a question." would end after 250 ms; the caller goes on after 290, before any answer is heard.
    call.delays.synthesis = MS(300);
    call.caller_says(AT(5000), MS(1000), "I have a question.");
    call.caller_says(AT(6290), MS(1000), "It is about prices.");
    call.run(AT(20_000));
    call.caller_says(AT(20_000), MS(1000), "I have another question.");
    let reports = call.run(AT(40_000));
    assert!(reports.last().unwrap().stages.unwrap().endpoint_ms > 330.0, "{reports:?}");
}

#[test]
fn nobody_is_waited_for_longer_than_the_cap() {
    let mut call = Simulation::after_the_greeting();
    for n in 0..8 {
        call.caller_says(AT(5000 + n * 2400), MS(1000), "and then um");
    }
    let reports = call.run(AT(60_000));
    assert!(reports.last().unwrap().stages.unwrap().endpoint_ms <= 2000.0);
}

#[test]
fn keys_are_a_turn_when_no_more_come_or_at_a_hash() {
    for (hash, answered) in [(true, 6400), (false, 8700)] {
        let mut call = Simulation::after_the_greeting();
        for (n, key) in "123".chars().enumerate() {
            call.at(AT(5800 + n as u64 * 200), Event::Key { key });
        }
        if hash {
            call.at(AT(6400), Event::Key { key: '#' });
        }
        let reports = call.run(AT(30_000));
        assert_eq!(reports[1].heard, "I pressed 1 2 3.");
        assert_eq!(call.times(|a| matches!(a, Action::Generate { .. })), [AT(answered)]);
    }
}

#[test]
fn keys_pressed_in_the_middle_of_speech_belong_to_it() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(2000), "My number is this one.");
    call.at(AT(5500), Event::Key { key: '4' });
    call.at(AT(5700), Event::Key { key: '2' });
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[1].heard, "My number is this one. I pressed 4 2.");
}

#[test]
fn a_key_stops_the_agent() {
    let mut call = Simulation::answering();
    call.at(AT(7000), Event::Key { key: '1' });
    let reports = call.run(AT(30_000));
    assert!(reports[1].interrupted);
    assert_eq!(call.silenced(), [AT(7000)]);
    assert_eq!(reports[2].heard, "I pressed 1.");
}

#[test]
fn a_hash_too_many_takes_no_answer_away() {
    let mut call = Simulation::after_the_greeting();
    for (at, key) in [(5800, '1'), (6000, '2'), (6200, '#'), (6350, '#'), (9000, '#')] {
        call.at(AT(at), Event::Key { key });
    }
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[1].heard, "I pressed 1 2.");
    assert!(!reports[1].interrupted);
}
