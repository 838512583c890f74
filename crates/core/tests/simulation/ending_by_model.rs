//! When a turn is over if the language model has a say: its end-of-turn score moves the deadline, but only
//! for the words that it read and only while the deadline is pending.

use offhook_core::ids::{Asked, ReadingId, TurnId};
use offhook_core::report::TurnReport;
use offhook_core::turns::{Action, EndpointPolicy, Event, Settings};

use crate::support::simulation::{AT, MS, Simulation, settings, tries};

fn weighing() -> Settings {
    Settings { endpoint: EndpointPolicy { model_weight: 0.5, ..settings().endpoint }, ..settings() }
}

/// A call in which the caller says `text` from 5,000 to 6,500, and the model gives this score after `late`
/// ms.
fn call_with(settings: Settings, text: &'static str, probability: f32, late: u64) -> Simulation {
    let mut call = Simulation::new(settings);
    call.run(AT(5000));
    call.script.scores = vec![(text, probability)];
    call.delays.score = MS(late);
    call.caller_says(AT(5000), MS(1500), text);
    call
}

fn turn(settings: Settings, text: &'static str, probability: f32, late: u64) -> TurnReport {
    call_with(settings, text, probability, late).run(AT(20_000)).remove(1)
}

fn silence(text: &'static str, probability: f32) -> f64 {
    turn(weighing(), text, probability, 10).stages.unwrap().endpoint_ms
}

#[test]
fn a_sentence_that_sounds_complete_and_is_not_to_the_model_is_waited_for() {
    assert_eq!(silence("I need an appointment.", 1.0), 250.0);
    assert_eq!(silence("I need an appointment.", 0.0), 500.0);
}

#[test]
fn words_that_may_be_all_are_answered_sooner_if_the_model_finds_them_so() {
    assert_eq!(silence("Hello.", 1.0), 400.0);
    assert_eq!(silence("Hello.", 0.5), 500.0);
    assert_eq!(silence("Hello.", 0.0), 1000.0);
}

#[test]
fn the_model_never_cuts_a_number_short() {
    for text in ["five five five", "My number is five five five two one nine zero", "My number is"] {
        assert_eq!(silence(text, 1.0), turn(settings(), text, 1.0, 10).stages.unwrap().endpoint_ms, "{text}");
    }
}

#[test]
fn what_it_says_counts_for_nothing_unless_that_is_wished_but_is_told() {
    let report = turn(settings(), "Hello.", 1.0, 10);
    assert_eq!(report.stages.unwrap().endpoint_ms, 500.0);
    let end = report.end_of_turn.unwrap();
    assert_eq!((end.rules, end.model, end.score, end.wait_ms), (0.5, Some(1.0), 0.5, 500.0));
    let end = turn(weighing(), "Hello.", 1.0, 10).end_of_turn.unwrap();
    assert_eq!((end.rules, end.model, end.score, end.wait_ms.round()), (0.5, Some(1.0), 0.7, 400.0));
}

#[test]
fn a_score_that_comes_in_the_silence_moves_the_deadline_to_now_at_the_soonest() {
    // The words are known at 6,660, 160 ms after the last word.
    let soon = turn(weighing(), "Hello.", 1.0, 100).stages.unwrap().endpoint_ms;
    let later = turn(weighing(), "Hello.", 1.0, 300).stages.unwrap().endpoint_ms;
    assert_eq!((soon, later), (400.0, 460.0));
}

#[test]
fn a_score_that_comes_too_late_changes_nothing() {
    let mut call = call_with(weighing(), "I need an appointment.", 0.0, 400);
    let report = call.run(AT(20_000)).remove(1);
    assert_eq!(report.stages.unwrap().endpoint_ms, 250.0);
    assert_eq!(report.end_of_turn.unwrap().model, None);
    assert_eq!(call.reports().len(), 2);
    assert_eq!(call.times(|a| matches!(a, Action::Release { .. })).len(), 1);
}

#[test]
fn a_score_of_other_words_changes_nothing() {
    let mut call = Simulation::new(weighing());
    call.run(AT(5000));
    call.script.scores = vec![("I need", 0.0), ("I need an", 0.0)];
    call.caller_says(AT(5000), MS(1500), "I need an appointment.");
    call.at(AT(6680), Event::EndOfTurnScore { asked: Asked::Reading(ReadingId(99)), probability: 0.0 });
    call.at(AT(6680), Event::EndOfTurnScore { asked: Asked::Turn(TurnId(99)), probability: 0.0 });
    let report = call.run(AT(20_000)).remove(1);
    assert_eq!(report.stages.unwrap().endpoint_ms, 250.0);
    assert_eq!(report.end_of_turn.unwrap().model, None);
}

#[test]
fn a_score_that_was_known_before_the_pause_counts_at_once() {
    let mut call = Simulation::new(weighing());
    call.run(AT(5000));
    call.script.scores = vec![("Hello", 1.0)];
    // The partial at 5,400 hears the word, with or without a full stop, and the caller breathes on until
    // 6,000.
    call.caller_says(AT(5000), MS(300), "Hello");
    call.run(AT(5350));
    let report = call.run(AT(20_000)).remove(1);
    assert_eq!(report.end_of_turn.unwrap().model, Some(1.0));
}

#[test]
fn an_answer_is_prepared_for_words_that_only_the_model_finds_whole() {
    let prepared = |probability| {
        let mut settings = weighing();
        settings.endpoint.model_weight = 1.0;
        let mut call = call_with(settings, "Well, yes,", probability, 10);
        call.run(AT(20_000));
        call.times(|a| matches!(a, Action::Generate { speculative: true, .. })).len()
    };
    assert_eq!((prepared(1.0), prepared(0.1)), (1, 0));
}

#[test]
fn without_prepared_answers_the_words_are_read_for_the_score_alone() {
    let settings = Settings { speculation: tries(0), ..weighing() };
    let report = turn(settings, "Hello.", 1.0, 10);
    assert_eq!(report.stages.unwrap().endpoint_ms, 400.0);
}

#[test]
fn a_score_on_a_stalled_line_does_not_end_the_turn() {
    let mut call = call_with(weighing(), "Hello.", 1.0, 700);
    call.at(AT(6700), Event::LineStalled);
    call.at(AT(8000), Event::LineCaughtUp);
    let report = call.run(AT(20_000)).remove(1);
    assert_eq!(report.stages.unwrap().endpoint_ms, 1500.0);
}

#[test]
fn figures_that_are_no_probabilities_change_nothing() {
    for probability in [f32::NAN, -1.0, 7.0, f32::INFINITY] {
        assert_eq!(silence("Hello.", probability), 500.0);
    }
}
