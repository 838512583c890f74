//! A recorded call, played under other settings: the engines repeat their recorded results.

use offhook_core::turns::replay::Trace;
use offhook_core::turns::what_if::Rehearsal;
use offhook_core::turns::{Action, Settings};
use offhook_core::units::CallTime;

use crate::support::simulation::{AT, FirstModel, MS, Simulation, settings};

/// The recording of a call in which the caller says hello from 5,000 to 6,500.
fn recorded(settings: Settings, change: impl FnOnce(&mut Simulation)) -> Trace {
    let mut call = Simulation::new(settings);
    change(&mut call);
    call.caller_says(AT(5000), MS(1500), "Hello.");
    call.run(AT(20_000));
    let trace = Trace::new(call.lines).unwrap();
    assert_eq!(trace.replay().difference, None);
    trace
}

fn times(rehearsal: &Rehearsal, kind: impl Fn(&Action) -> bool) -> Vec<CallTime> {
    rehearsal.actions.iter().filter(|(_, action)| kind(action)).map(|(at, _)| *at).collect()
}

fn released(rehearsal: &Rehearsal) -> Vec<CallTime> {
    times(rehearsal, |action| matches!(action, Action::Release { .. }))
}

#[test]
fn what_the_model_said_of_the_end_counts_under_another_weight() {
    let trace = recorded(settings(), |call| call.script.scores = vec![("Hello.", 1.0)]);
    assert_eq!(released(&trace.rehearse(settings())), [AT(7000)]);
    let mut weighing = settings();
    weighing.endpoint.model_weight = 0.5;
    assert_eq!(released(&trace.rehearse(weighing)), [AT(6900)]);
}

#[test]
fn a_model_that_failed_fails_again_and_the_other_says_what_it_said() {
    let two = Settings { models: 2, ..settings() };
    let trace = recorded(two.clone(), |call| call.script.first = FirstModel::Fails);
    let rehearsal = trace.rehearse(two);
    assert_eq!(rehearsal.unanswered, None);
    let rungs: Vec<usize> = rehearsal
        .actions
        .iter()
        .filter_map(|(_, action)| if let Action::Generate { rung, .. } = action { Some(*rung) } else { None })
        .collect();
    assert_eq!(rungs, [0, 1]);
}

#[test]
fn a_beginning_that_was_read_is_read_again() {
    let mut call = Simulation::new(Settings { prompt_tokens: 200, ..settings() });
    for turn in 0..20 {
        call.caller_says(AT(5000 + turn * 10_000), MS(1000), "What does a cleaning cost?");
    }
    call.run(AT(210_000));
    let rebuilds = |actions: &[(CallTime, Action)]| {
        actions.iter().filter(|(_, action)| matches!(action, Action::Rebuild { .. })).count()
    };
    let (then, settings) = (rebuilds(&call.done), Settings { prompt_tokens: 200, ..settings() });
    let trace = Trace::new(call.lines).unwrap();
    assert!(then > 2 && rebuilds(&trace.rehearse(settings).actions) > 2);
}
