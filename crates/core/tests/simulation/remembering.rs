//! The prompts of the language model: no more than it can take, no less than it must know, and never a word
//! that was not heard.

use offhook_core::dialogue::Message;
use offhook_core::turns::{Action, Settings};
use offhook_core::units::CallTime;

use crate::support::simulation::{AT, MS, Simulation, settings};

fn call_of_turns(turns: u64, prompt_tokens: usize) -> Simulation {
    with_turns(new_call(prompt_tokens), turns)
}

/// A question that differs for each turn, so that a missing line can be identified.
fn question(turn: u64) -> String {
    format!("What does cleaning number {turn} cost?")
}

fn new_call(prompt_tokens: usize) -> Simulation {
    Simulation::new(Settings { prompt_tokens, ..settings() })
}

fn sizes(call: &Simulation) -> Vec<usize> {
    let size = |prompt: &Vec<Message>| prompt.iter().map(|m| m.text.split(' ').count() + 8).sum();
    call.prompts.iter().map(size).collect()
}

fn with_turns(mut call: Simulation, turns: u64) -> Simulation {
    call.caller_says(AT(5000), MS(1500), "My name is Laura Miller.");
    for turn in 1..turns {
        call.caller_says(AT(5000 + turn * 10_000), MS(1000), &question(turn));
    }
    call.run(AT(10_000 + turns * 10_000));
    call
}

/// Complaint 6: latency grows through the call with the history, and on the phone is far above the web demo.
#[test]
fn complaint_6_a_hundred_turns_later_nothing_has_grown_slower() {
    let call = call_of_turns(100, 1000);
    let reports = call.reports();
    assert_eq!(reports.len(), 101);
    assert!(reports[2..].iter().all(|report| report.stages == reports[2].stages));
}

/// Complaint 6: latency grows through the call with the history, and on the phone is far above the web demo.
#[test]
fn complaint_6_prompts_do_not_grow_with_the_call() {
    let call = call_of_turns(100, 300);
    assert!(sizes(&call).iter().all(|&size| size <= 300), "{:?}", sizes(&call));
}

#[test]
fn what_was_told_in_the_first_turn_is_still_known_in_the_fortieth() {
    let call = call_of_turns(40, 300);
    let last = call.prompts.last().unwrap();
    assert!(last[0].text.contains("My name is Laura Miller."), "{}", last[0].text);
    assert_eq!(last.last().unwrap().text, question(39));
}

/// The rebuilt beginnings and their times.
fn rebuilt(call: &Simulation) -> Vec<(CallTime, Vec<Message>)> {
    let messages = |action: &Action| match action {
        Action::Rebuild { messages, .. } => Some(messages.clone()),
        _ => None,
    };
    call.done.iter().filter_map(|(at, action)| Some((*at, messages(action)?))).collect()
}

fn asked(call: &Simulation) -> Vec<CallTime> {
    call.times(|a| matches!(a, Action::Generate { .. }))
}

/// The prompts that begin differently from the previous one, with their times.
fn begun_anew(call: &Simulation) -> Vec<(CallTime, &[Message])> {
    let pairs =
        call.prompts.windows(2).zip(&asked(call)[1..]).map(|(pair, at)| (pair, *at)).collect::<Vec<_>>();
    let other = |pair: &[Vec<Message>]| pair[0][..2] != pair[1][..2];
    pairs.into_iter().filter(|(pair, _)| other(pair)).map(|(pair, at)| (at, pair[1].as_slice())).collect()
}

#[test]
fn room_is_read_while_the_agent_speaks_and_made_between_turns() {
    let call = call_of_turns(60, 300);
    let rebuilt = rebuilt(&call);
    assert!(rebuilt.len() > 3, "{}", rebuilt.len());
    let over = call.times(|a| matches!(a, Action::TurnReport(_)));
    for (at, ahead) in &rebuilt[..rebuilt.len() - 1] {
        // The agent goes on for more than a second.
        let end = over.iter().find(|over| *over > at).unwrap();
        assert!(*end - *at > MS(1000), "{at}");
        // The next prompt begins with the rebuilt messages, including the reply that is being spoken.
        let next = asked(&call).iter().position(|asked| asked > at).unwrap();
        assert_eq!(call.prompts[next][..ahead.len()], *ahead);
    }
    assert!(begun_anew(&call).len() >= rebuilt.len() - 1);
}

#[test]
fn no_prompt_begins_otherwise_than_before_unless_that_was_read() {
    // From no delay to longer than two turns take.
    for rebuild in [0, 300, 2500, 12_000, 25_000] {
        let mut call = new_call(400);
        call.delays.rebuild = MS(rebuild);
        let call = with_turns(call, 60);
        let rebuilt = rebuilt(&call);
        let anew = begun_anew(&call);
        assert!(anew.len() > 2, "{rebuild}");
        for (at, prompt) in anew {
            let read = |(then, ahead): &(CallTime, Vec<Message>)| {
                let all_but_the_reply = ahead.len() - 1;
                *then + MS(rebuild) <= at && prompt.starts_with(&ahead[..all_but_the_reply])
            };
            assert!(rebuilt.iter().any(read), "{rebuild}: at {at}");
        }
        assert!(sizes(&call).iter().all(|&size| size <= 400), "{:?}", sizes(&call));
    }
}

#[test]
fn a_beginning_that_could_not_be_read_is_tried_again_and_nothing_goes_before() {
    let mut call = new_call(400);
    call.script.rebuilds_that_fail = 1;
    let call = with_turns(call, 30);
    let rebuilt = rebuilt(&call);
    let first = begun_anew(&call)[0].0;
    assert!(rebuilt[1].0 < first && first < rebuilt[2].0, "once in vain, then it is used");
}

#[test]
fn a_beginning_that_is_never_read_does_not_break_the_budget() {
    let mut call = new_call(300);
    call.delays.rebuild = MS(100_000_000);
    let call = with_turns(call, 60);
    assert!(sizes(&call).iter().all(|&size| size <= 300), "{:?}", sizes(&call));
    assert!(begun_anew(&call).len() > 3);
    assert!(call.prompts.last().unwrap()[0].text.contains("My name is Laura Miller."));
}

#[test]
fn of_a_reply_that_was_cut_the_rest_of_what_was_read_is_still_used() {
    let mut call = new_call(300);
    for turn in 0..40 {
        // In each turn, the answer begins after 1,250 ms and is cut after about 3,200 ms.
        call.caller_says(AT(5000 + turn * 10_000), MS(1000), &question(turn));
        call.caller_says(AT(8000 + turn * 10_000), MS(1000), "Wait, no, what about Sunday?");
    }
    call.run(AT(420_000));
    assert!(call.reports().iter().filter(|report| report.interrupted).count() > 30);
    let rebuilt = rebuilt(&call);
    let anew = begun_anew(&call);
    assert!(anew.len() > 3);
    for (at, prompt) in anew {
        let read = |(then, ahead): &(CallTime, Vec<Message>)| {
            *then < at && prompt.starts_with(&ahead[..ahead.len() - 1])
        };
        assert!(rebuilt.iter().any(read), "at {at}");
    }
}

#[test]
fn what_an_answer_cost_is_told_with_its_turn() {
    let reports = call_of_turns(3, 1000).reports();
    let tokens = reports[2].tokens.as_ref().unwrap();
    assert_eq!(tokens.generated, 8);
    assert!(tokens.prompt > reports[1].tokens.as_ref().unwrap().prompt);
    assert_eq!(reports[0].tokens, None, "the greeting is not generated");
}
