//! A language model that fails or is late is not waited for: the next one answers, within a second.

use offhook_core::report::TurnReport;
use offhook_core::turns::{Action, Event, Settings};

use crate::support::simulation::{AT, Broken, FirstModel, MS, Simulation, settings, tries};

/// A call with two models, in which the caller asks every 15 seconds.
fn call(first: FirstModel, turns: u64, max_tries: u32) -> Simulation {
    let mut call = Simulation::new(Settings { models: 2, speculation: tries(max_tries), ..settings() });
    call.run(AT(5000));
    call.script.first = first;
    for turn in 0..turns {
        call.caller_says(AT(5000 + turn * 15_000), MS(1000), "When do you open?");
    }
    call
}

fn waited(report: &TurnReport) -> f64 {
    report.stages.unwrap().total_ms()
}

/// The rungs that were asked, in order.
fn asked(call: &Simulation) -> Vec<usize> {
    let rung = |action: &Action| if let Action::Generate { rung, .. } = action { Some(*rung) } else { None };
    call.done.iter().filter_map(|(_, action)| rung(action)).collect()
}

#[test]
fn a_model_that_is_late_is_relieved_within_a_second() {
    for first in [FirstModel::Silent, FirstModel::Slow(MS(3000))] {
        for max_tries in [0, 2] {
            let mut call = call(first, 1, max_tries);
            let reports = call.run(AT(30_000));
            assert_eq!(reports[1].reply, "You said 4 words. Is there anything else?", "{first:?}");
            assert_eq!((reports[1].rung, reports[1].failed), (1, false), "{first:?}");
            // 250 ms of silence, a second, and the time of an answer.
            assert!((1250.0..=1350.0).contains(&waited(&reports[1])), "{}", waited(&reports[1]));
            assert_eq!(call.sounded(AT(30_000)).matches("You said").count(), 1);
        }
    }
}

#[test]
fn a_model_that_fails_is_relieved_at_once() {
    for max_tries in [0, 2] {
        let mut call = call(FirstModel::Fails, 1, max_tries);
        let reports = call.run(AT(30_000));
        assert_eq!((reports[1].rung, reports[1].failed), (1, false));
        assert!(waited(&reports[1]) < 400.0, "{}", waited(&reports[1]));
        assert_eq!(asked(&call), [0, 1], "it is asked once");
    }
}

#[test]
fn a_model_that_is_in_time_is_not_relieved() {
    let mut call = call(FirstModel::Slow(MS(900)), 1, 2);
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].rung, 0);
    assert_eq!(asked(&call), [0]);
}

#[test]
fn the_model_that_failed_is_not_waited_for_in_the_next_turns_and_then_tried_again() {
    for max_tries in [0, 2] {
        let mut call = call(FirstModel::Silent, 6, max_tries);
        let reports = call.run(AT(120_000));
        let waits: Vec<bool> = reports[1..].iter().map(|report| waited(report) > 1000.0).collect();
        assert_eq!(waits, [true, false, false, false, true, false], "{max_tries}");
        assert!(reports[1..].iter().all(|report| report.rung == 1));
    }
}

#[test]
fn a_model_that_works_again_is_used_again() {
    let mut call = call(FirstModel::Fails, 6, 2);
    call.run(AT(15_000));
    call.script.first = FirstModel::Same;
    let reports = call.run(AT(120_000));
    let rungs: Vec<usize> = reports[1..].iter().map(|report| report.rung).collect();
    assert_eq!(rungs, [1, 1, 1, 1, 0, 0]);
}

#[test]
fn when_all_fail_the_caller_is_asked() {
    for (broken, by) in [(Broken::Generator, 400.0), (Broken::SilentGenerator, 4500.0)] {
        for max_tries in [0, 2] {
            let mut call = call(FirstModel::Same, 1, max_tries);
            call.broken = Some(broken);
            let reports = call.run(AT(30_000));
            assert_eq!(reports[1].reply, settings().phrases.fallback, "{broken:?}");
            assert!(reports[1].failed);
            assert!(waited(&reports[1]) < by, "{broken:?}: {}", waited(&reports[1]));
            // A model that failed before the caller waited is asked once more.
            let ahead = broken == Broken::Generator && max_tries > 0;
            let expected: &[usize] = if ahead { &[0, 1, 0] } else { &[0, 1] };
            assert_eq!(asked(&call), expected, "{broken:?}");
        }
    }
}

#[test]
fn when_the_one_that_stands_in_fails_the_first_is_tried_before_the_caller_is_asked() {
    let mut call = call(FirstModel::Fails, 2, 0);
    call.run(AT(15_000));
    call.script.first = FirstModel::Same;
    call.broken = Some(Broken::GeneratorOnce);
    let reports = call.run(AT(35_000));
    assert_eq!(asked(&call), [0, 1, 1, 0]);
    assert_eq!((reports[2].rung, reports[2].failed), (0, false));
}

#[test]
fn when_another_model_is_taken_into_use_it_is_asked_from_the_next_turn_on() {
    let mut call = call(FirstModel::Fails, 2, 0);
    call.run(AT(15_000));
    call.script.first = FirstModel::Same;
    call.at(AT(15_000), Event::ModelsSwitched);
    let reports = call.run(AT(35_000));
    assert_eq!(asked(&call), [0, 1, 0]);
    assert_eq!(reports[2].rung, 0);
}

#[test]
fn a_half_spoken_answer_is_not_begun_again_by_another_model() {
    let mut call = call(FirstModel::Same, 1, 0);
    call.answer = Some("We open at nine. And we close at five in the evening.".into());
    call.broken = Some(Broken::GeneratorStops);
    call.run(AT(30_000));
    assert_eq!(asked(&call), [0, 1], "of two words nothing was said yet");
    let mut call = call_that_stops_late();
    let reports = call.run(AT(30_000));
    assert_eq!(asked(&call), [0]);
    assert!(reports[1].reply.starts_with("Well, then."), "{}", reports[1].reply);
}

/// A call whose answer stops after its first chunk of two words.
fn call_that_stops_late() -> Simulation {
    let mut call = call(FirstModel::Same, 1, 0);
    call.answer = Some("Well, then. We close at five.".into());
    call.broken = Some(Broken::GeneratorStops);
    call
}

#[test]
fn a_caller_who_cuts_in_while_another_model_is_asked_is_answered_once() {
    let mut call = call(FirstModel::Silent, 1, 2);
    call.caller_says(AT(7100), MS(900), "Hello?");
    let reports = call.run(AT(40_000));
    assert_eq!(reports.last().unwrap().heard, "When do you open? Hello?");
    assert_eq!(call.sounded(AT(40_000)).matches("You said").count(), 1);
}

#[test]
fn the_filler_bridges_the_wait_as_ever() {
    let mut settings = Settings { models: 2, ..settings() };
    settings.manners.filler_after = Some(MS(500));
    let mut call = Simulation::new(settings);
    call.run(AT(5000));
    call.script.first = FirstModel::Silent;
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "One moment, please. You said 4 words. Is there anything else?");
    assert_eq!(call.agent_lines()[1], "You said 4 words. Is there anything else?");
}
