//! How the agent listens while the caller speaks: partials, stable words, and the limits of patience.

use offhook_core::turns::{Action, Event};

use crate::support::simulation::{AT, Broken, MS, Simulation, settings};

/// The partials in order, each with its stable and its unstable words.
fn hearings(call: &Simulation) -> Vec<(String, String)> {
    let hearing = |action: &Action| match action {
        Action::Hearing { stable, unstable, .. } => Some((stable.clone(), unstable.clone())),
        _ => None,
    };
    call.done.iter().filter_map(|(_, action)| hearing(action)).collect()
}

fn finals(call: &Simulation) -> usize {
    call.times(|a| matches!(a, Action::Transcribe { partial: false, .. })).len()
}

fn numbers(to: u32) -> String {
    (1..=to).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn words_are_known_before_the_sentence_is_over_and_settle() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(2000), "one two three four");
    call.run(AT(20_000));
    let pair = |stable: &str, unstable: &str| (stable.to_owned(), unstable.to_owned());
    let expected = [
        pair("", ""),
        pair("", "one"),
        pair("", "one two"),
        pair("one", "two three"),
        pair("one two", "three four"),
    ];
    assert_eq!(hearings(&call), expected);
}

#[test]
fn a_look_that_heard_everything_is_the_transcript_and_nothing_is_transcribed_twice() {
    let mut call = Simulation::after_the_greeting();
    // The fifth partial comes at 7,000, when the sentence is over; the pause is seen at 7,120.
    call.caller_says(AT(5000), MS(2000), "Can I come on Tuesday?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "Can I come on Tuesday?");
    assert_eq!(finals(&call), 0);
}

#[test]
fn a_busy_machine_skips_looks_and_hears_the_same() {
    let mut call = Simulation::after_the_greeting();
    call.busy = true;
    call.caller_says(AT(5000), MS(2000), "Can I come on Tuesday?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "Can I come on Tuesday?");
    assert!(hearings(&call).is_empty());
    let looks = call.times(|a| matches!(a, Action::Transcribe { partial: true, .. }));
    assert!(looks.len() >= 4, "it does not give up looking: {looks:?}");
}

#[test]
fn without_partials_the_caller_is_heard_at_the_pause() {
    let mut settings = settings();
    settings.listening.partial_pace = None;
    let mut call = Simulation::new(settings);
    call.caller_says(AT(5000), MS(2000), "Can I come on Tuesday?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "Can I come on Tuesday?");
    assert_eq!((hearings(&call).len(), finals(&call)), (0, 1));
}

#[test]
fn a_story_with_pauses_is_committed_piece_by_piece_and_keeps_every_word_once() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(7000), "one two three four five six seven and");
    call.caller_says(AT(12_600), MS(7000), "eight nine ten and");
    call.caller_says(AT(20_200), MS(1000), "eleven.");
    let reports = call.run(AT(40_000));
    assert_eq!(reports[1].heard, "one two three four five six seven and eight nine ten and eleven.");
    let commits = call.times(|a| matches!(a, Action::CommitUtterance { .. }));
    assert_eq!(commits, [AT(12_660), AT(20_260)]);
}

#[test]
fn a_caller_who_never_stops_is_cut_in_pieces_and_answered_at_the_cap_with_every_word_once() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(200_000), &numbers(200));
    let reports = call.run(AT(66_000));
    assert_eq!(call.times(|a| matches!(a, Action::TranscribePiece { .. })), [AT(25_000), AT(45_000)]);
    assert_eq!(call.times(|a| matches!(a, Action::Generate { .. })), [AT(65_040)]);
    let heard = call.conversation.history().lines().nth(1).unwrap().text.clone();
    assert_eq!(heard, numbers(60), "{reports:?}");
}

#[test]
fn a_piece_that_is_slow_is_waited_for() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(21_000), &format!("{}.", numbers(21)));
    call.run(AT(24_999));
    call.delays.transcript = MS(1600);
    call.run(AT(25_001));
    call.delays.transcript = MS(40);
    let reports = call.run(AT(60_000));
    assert_eq!(reports[1].heard, format!("{}.", numbers(21)));
}

#[test]
fn a_line_that_stalls_in_a_pause_is_waited_for_and_the_caller_is_not_talked_over() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1000), "I need an appointment.");
    // The audio after 6,150 comes all at once at 7,000, including the speech that began at 6,300.
    call.at(AT(6210), Event::LineStalled);
    call.at(AT(7000), Event::SpeechStarted { at: AT(6300) });
    call.at(AT(7000), Event::LineCaughtUp);
    call.caller_says_late(AT(6300), MS(900), "For Tuesday.", AT(7320));
    let reports = call.run(AT(20_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[1].heard, "I need an appointment. For Tuesday.");
}

#[test]
fn a_line_that_stalls_in_a_pause_and_brings_only_silence_costs_no_more_than_the_stall() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    call.at(AT(6210), Event::LineStalled);
    call.at(AT(6900), Event::LineCaughtUp);
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].stages.unwrap().endpoint_ms, 900.0);
}

#[test]
fn a_line_that_never_comes_back_is_answered_after_two_seconds() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    call.at(AT(6210), Event::LineStalled);
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].stages.unwrap().endpoint_ms, 2250.0);
}

#[test]
fn a_look_at_audio_that_is_behind_does_not_pass_for_the_whole_sentence() {
    let mut call = Simulation::after_the_greeting();
    // The partial at 7,000 heard the audio up to 6,980 only; the last word ends at 7,000.
    call.audio_lag = MS(20);
    call.caller_says(AT(5000), MS(2000), "Can I come on Tuesday?");
    let reports = call.run(AT(20_000));
    assert_eq!(reports[1].heard, "Can I come on Tuesday?");
    assert_eq!(finals(&call), 1);
}

#[test]
fn a_cap_that_falls_into_a_pause_is_not_forgotten() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(59_900), &format!("{} and", numbers(58)));
    call.caller_says(AT(65_200), MS(60_000), &numbers(60));
    call.run(AT(66_000));
    assert_eq!(call.times(|a| matches!(a, Action::Generate { .. })).len(), 1);
}

#[test]
fn a_noise_before_the_first_sound_of_an_answer_does_not_cost_the_answer() {
    let mut call = Simulation::after_the_greeting();
    call.delays.first_token = MS(900);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    // A cough of 300 ms: sustained, but without a word.
    call.at(AT(6500), Event::SpeechStarted { at: AT(6440) });
    call.at(AT(6700), Event::SpeechSustained { level: -20.0, echo: None });
    call.at(AT(6860), Event::SpeechEnded { at: AT(6740) });
    let reports = call.run(AT(20_000));
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!((reports[1].heard.as_str(), reports[1].failed), ("When do you open?", false));
}

#[test]
fn a_piece_that_fails_keeps_what_was_heard_of_it_on_the_way() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(22_000), &format!("{}.", numbers(22)));
    call.run(AT(24_999));
    call.broken = Some(Broken::Recognizer);
    call.run(AT(25_001));
    call.broken = None;
    let reports = call.run(AT(60_000));
    // The last partial before the cut, at 24,800, had heard 19 words; the 20th ended at 25,000.
    assert_eq!(reports[1].heard, format!("{} 21 22.", numbers(19)));
}
