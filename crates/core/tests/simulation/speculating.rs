//! Answers that are prepared before the turn is known to be over: used, or dropped without a trace.

use offhook_core::report::Speculation;
use offhook_core::turns::{Action, Event, Settings};

use crate::support::simulation::{AT, Broken, MS, Simulation, settings, tries, without_speculation};

fn speculative(call: &Simulation) -> usize {
    call.times(|a| matches!(a, Action::Generate { speculative: true, .. })).len()
}

#[test]
fn the_answer_is_ready_when_the_turn_ends() {
    let mut call = Simulation::answering();
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].speculation, Speculation::Used);
    assert_eq!(reports[1].stages.unwrap().total_ms(), 250.0);
    // The answer is asked for as soon as the words before the pause are known.
    assert_eq!(call.times(|a| matches!(a, Action::Generate { .. })), [AT(6160)]);
    assert_eq!(call.times(|a| matches!(a, Action::Release { .. })), [AT(6250)]);
    let count = call.conversation.speculated();
    assert_eq!((count.started, count.used, count.thrown_away), (1, 1, 0));
}

#[test]
fn nothing_is_heard_before_the_turn_is_over() {
    let mut call = Simulation::answering();
    call.run(AT(30_000));
    let sent = call.times(|a| matches!(a, Action::Send { .. }));
    assert_eq!(sent[1], AT(6250));
}

/// Complaint 10: speculation doubles tokens, silences the agent for good, or stores partial turns.
#[test]
fn complaint_10_a_caller_who_goes_on_leaves_no_trace_of_the_answer() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1000), "I need an appointment.");
    call.caller_says(AT(6180), MS(1200), "For my son on Friday.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports.len(), 2);
    assert_eq!(reports[1].heard, "I need an appointment. For my son on Friday.");
    assert_eq!(reports[1].reply, "You said 9 words. Is there anything else?");
    assert_eq!(reports[1].speculation, Speculation::Used);
    let count = call.conversation.speculated();
    assert_eq!((count.started, count.used, count.thrown_away), (2, 1, 1));
    assert!(count.tokens_wasted > 0 && count.audio_wasted_ms > 0.0, "{count:?}");
    // The first draft is in no line of the history and was never heard.
    assert_eq!(
        call.agent_lines(),
        ["Hello, this is the clinic.", "You said 9 words. Is there anything else?"]
    );
    assert_eq!(call.sounded(AT(30_000)).matches("You said").count(), 1);
}

/// Complaint 10: speculation doubles tokens, silences the agent for good, or stores partial turns.
#[test]
fn complaint_10_late_results_of_a_draft_are_not_spoken_in_the_answer() {
    let mut call = Simulation::after_the_greeting();
    call.delays.synthesis = MS(700);
    call.delays.token = MS(60);
    call.caller_says(AT(5000), MS(1000), "I need an appointment.");
    call.caller_says(AT(6180), MS(1200), "For my son on Friday.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "You said 9 words. Is there anything else?");
}

/// Complaint 10: speculation doubles tokens, silences the agent for good, or stores partial turns.
#[test]
fn complaint_10_the_agent_is_never_silent_after_a_draft() {
    for gone_on_at in (6060..6400).step_by(10) {
        let mut call = Simulation::after_the_greeting();
        call.caller_says(AT(5000), MS(1000), "I need an appointment.");
        call.caller_says(AT(gone_on_at), MS(900), "For my son.");
        let reports = call.run(AT(30_000));
        let last = reports.last().unwrap();
        assert!(last.heard.ends_with("For my son."), "{gone_on_at}: {reports:?}");
        assert!(last.reply.ends_with("anything else?"), "{gone_on_at}: {reports:?}");
    }
}

#[test]
fn an_unfinished_sentence_is_not_worth_a_try() {
    let mut call = Simulation::after_the_greeting();
    call.caller_says(AT(5000), MS(1000), "My number is");
    call.run(AT(6400));
    assert_eq!(speculative(&call), 0);
}

#[test]
fn a_turn_has_a_limit_of_tries() {
    let mut call = Simulation::after_the_greeting();
    for n in 0..6 {
        call.caller_says(AT(5000 + n * 1150), MS(1000), "And one more thing.");
    }
    let reports = call.run(AT(40_000));
    assert_eq!(speculative(&call), 2);
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[1].speculation, Speculation::Wasted);
    assert_eq!(reports[1].heard.matches("thing.").count(), 6);
}

#[test]
fn it_can_be_switched_off() {
    let mut call = Simulation::answering_with(without_speculation());
    let reports = call.run(AT(30_000));
    assert_eq!((speculative(&call), reports[1].speculation), (0, Speculation::Off));
    assert_eq!(reports[1].stages.unwrap().total_ms(), 297.0);
}

#[test]
fn a_draft_that_fails_is_asked_for_again_when_the_turn_is_over() {
    let mut call = Simulation::after_the_greeting();
    call.broken = Some(Broken::GeneratorOnce);
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    let reports = call.run(AT(30_000));
    assert!(!reports[1].failed);
    assert_eq!(reports[1].reply, "You said 4 words. Is there anything else?");
}

#[test]
fn nothing_is_prepared_while_the_agent_speaks_or_the_line_stalls() {
    let mut call = Simulation::answering();
    call.caller_says(AT(7000), MS(300), "Okay.");
    call.caller_says(AT(15_000), MS(1000), "And on Sunday?");
    call.at(AT(16_100), Event::LineStalled);
    call.run(AT(30_000));
    assert_eq!(speculative(&call), 1);
}

#[test]
fn a_limit_of_one_try_is_kept_in_every_turn_anew() {
    let mut call = Simulation::new(Settings { speculation: tries(1), ..settings() });
    for turn in 0..3 {
        call.caller_says(AT(5000 + turn * 10_000), MS(1000), "When do you open?");
    }
    call.run(AT(60_000));
    assert_eq!(speculative(&call), 3);
}
