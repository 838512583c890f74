//! What the language model is given: no more than it can take, no less than it must know, and never a
//! word that was not heard.

use offhook::conversation::{Action, Settings};

use crate::support::simulation::{AT, MS, Simulation, settings};

fn call_of_turns(turns: u64, prompt_tokens: usize) -> Simulation {
    let mut call = Simulation::new(Settings { prompt_tokens, ..settings() });
    call.caller_says(AT(5000), MS(1500), "My name is Laura Miller.");
    for turn in 1..turns {
        call.caller_says(AT(5000 + turn * 10_000), MS(1000), "What does a cleaning cost?");
    }
    call.run(AT(10_000 + turns * 10_000));
    call
}

#[test]
fn complaint_6_a_hundred_turns_later_nothing_has_grown_slower() {
    let call = call_of_turns(100, 1000);
    let reports = call.reports();
    assert_eq!(reports.len(), 101);
    assert!(reports[2..].iter().all(|report| report.stages == reports[2].stages));
}

#[test]
fn complaint_6_prompts_do_not_grow_with_the_call() {
    let call = call_of_turns(100, 300);
    let size = |n: usize| call.prompts[n].iter().map(|m| m.text.split(' ').count() + 8).sum::<usize>();
    let sizes: Vec<usize> = (0..call.prompts.len()).map(size).collect();
    assert!(sizes.iter().all(|&size| size <= 300), "{sizes:?}");
}

#[test]
fn what_was_told_in_the_first_turn_is_still_known_in_the_fortieth() {
    let call = call_of_turns(40, 300);
    let last = call.prompts.last().unwrap();
    assert!(last[0].text.contains("My name is Laura Miller."), "{}", last[0].text);
    assert_eq!(last.last().unwrap().text, "What does a cleaning cost?");
}

#[test]
fn room_is_made_between_turns_and_read_ahead() {
    let call = call_of_turns(60, 300);
    let reads = call.times(|a| matches!(a, Action::Rebuild { .. }));
    assert!(reads.len() > 3, "{reads:?}");
    let asked = call.times(|a| matches!(a, Action::Generate { .. }));
    assert!(reads.iter().all(|at| !asked.contains(at)));
    // What is read ahead is how the next prompt begins.
    let (at, ahead) = call
        .done
        .iter()
        .find_map(|(at, action)| match action {
            Action::Rebuild { messages, .. } => Some((*at, messages.clone())),
            _ => None,
        })
        .unwrap();
    let next = asked.iter().position(|asked| *asked > at).unwrap();
    assert_eq!(call.prompts[next][..ahead.len()], ahead);
}
