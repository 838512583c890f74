//! What happens when the caller makes a sound while the agent speaks.

use offhook::conversation::{Action, Event};

use crate::support::simulation::{AT, MS, Simulation, settings};

/// A call in which the agent begins to answer the first question at about 6,370 ms and speaks for
/// about two and a half seconds.
fn answering() -> Simulation {
    let mut call = Simulation::new(settings());
    call.run(AT(5000));
    call.caller_says(AT(5000), MS(1000), "When do you open?");
    call
}

#[test]
fn complaint_1_nothing_is_heard_after_the_caller_cut_in() {
    let mut call = answering();
    call.caller_says(AT(7000), MS(1500), "No, wait, on Sunday.");
    call.run(AT(30_000));
    // 240 ms of speech after its start at 7,000.
    let cleared = call.times(|a| matches!(a, Action::ClearPlayback));
    assert_eq!(cleared, [AT(7240)]);
    let sent_later =
        call.done.iter().filter(|(at, _)| *at >= AT(7240)).filter_map(|(_, action)| match action {
            Action::Send { chunk, .. } => call.turn_of(*chunk),
            _ => None,
        });
    assert!(sent_later.clone().count() > 0);
    assert!(
        sent_later.into_iter().all(|turn| turn.0 == 2),
        "a piece of the cut reply was sent after the clear"
    );
}

#[test]
fn complaint_8_the_history_holds_only_what_was_heard() {
    let mut call = answering();
    call.caller_says(AT(7000), MS(1500), "No, wait, on Sunday.");
    let reports = call.run(AT(30_000));
    // The reply plays from 6,367 on, 60 ms a character: by 7,240 "You said 4 " is over.
    assert_eq!(reports[1].reply, "You said 4");
    assert!(reports[1].interrupted);
    assert_eq!(call.agent_lines()[1], "You said 4");
}

#[test]
fn complaint_2_mm_hm_does_not_stop_the_agent() {
    let mut call = answering();
    call.caller_says(AT(6800), MS(180), "Mm-hm.");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "You said 4 words. Is there anything else?");
    assert!(call.times(|a| matches!(a, Action::ClearPlayback)).is_empty());
}

#[test]
fn complaint_2_but_a_short_no_does() {
    let mut call = answering();
    call.caller_says(AT(6800), MS(180), "No.");
    let reports = call.run(AT(30_000));
    assert!(reports[1].interrupted);
    assert_eq!(reports[2].heard, "No.");
}

#[test]
fn a_click_while_the_agent_speaks_changes_nothing() {
    let mut call = answering();
    call.caller_says(AT(6800), MS(100), "");
    let reports = call.run(AT(30_000));
    assert_eq!(reports[1].reply, "You said 4 words. Is there anything else?");
}

#[test]
fn a_client_can_ask_for_quiet() {
    let mut call = answering();
    call.at(AT(7000), Event::InterruptRequested);
    let reports = call.run(AT(30_000));
    assert!(reports[1].interrupted);
    assert_eq!(call.times(|a| matches!(a, Action::ClearPlayback)), [AT(7000)]);
}

#[test]
fn complaint_10_a_cancelled_reply_leaves_no_trace_when_its_results_come_late() {
    let mut call = answering();
    call.delays.synthesis = MS(900);
    call.caller_says(AT(7000), MS(500), "Sorry, what are your prices?");
    let reports = call.run(AT(30_000));
    let last = reports.last().unwrap();
    assert_eq!(last.heard, "When do you open? Sorry, what are your prices?");
    assert_eq!(last.reply, "You said 9 words. Is there anything else?");
    assert_eq!(call.agent_lines().len(), 2);
}

#[test]
fn a_gateway_that_sends_no_marks_back_does_not_hold_the_call_up() {
    let mut call = answering();
    call.delays.marks = false;
    call.caller_says(AT(20_000), MS(800), "And on Sunday?");
    let reports = call.run(AT(60_000));
    assert_eq!(reports.len(), 3);
    assert!(reports.iter().all(|report| !report.interrupted));
    assert_eq!(reports[2].reply, "You said 3 words. Is there anything else?");
}
