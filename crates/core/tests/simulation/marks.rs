//! Marks that come late, never, twice or in the wrong order: the call goes on, and the record of heard words
//! stays right.

use offhook_core::turns::Action;

use crate::support::simulation::{AT, MS, Marks, Simulation};

const WHOLE: &str = "You said 4 words. Is there anything else?";

fn with(marks: Marks) -> Simulation {
    let mut call = Simulation::answering();
    call.delays.marks = marks;
    call
}

#[test]
fn whatever_a_gateway_does_with_marks_every_reply_is_heard_and_the_call_goes_on() {
    for marks in [Marks::Right, Marks::Late(MS(600)), Marks::None, Marks::Twice, Marks::OutOfOrder] {
        let mut call = with(marks);
        call.caller_says(AT(20_000), MS(800), "And on Sunday?");
        let reports = call.run(AT(60_000));
        assert_eq!(reports.len(), 3, "{marks:?}");
        assert!(reports.iter().all(|report| !report.interrupted && report.hiccups == 0), "{marks:?}");
        assert_eq!(reports[1].reply, WHOLE, "{marks:?}");
        assert_eq!(reports[2].reply, "You said 3 words. Is there anything else?", "{marks:?}");
    }
}

#[test]
fn whatever_a_gateway_does_with_marks_a_cut_reply_ends_at_the_cut() {
    for marks in [Marks::Right, Marks::Late(MS(600)), Marks::None, Marks::Twice, Marks::OutOfOrder] {
        let mut call = with(marks);
        call.caller_says(AT(8000), MS(900), "Stop, please stop.");
        let reports = call.run(AT(60_000));
        // Paused at 8,160, 610 ms into the second sentence.
        assert_eq!(reports[1].reply, "You said 4 words. Is there", "{marks:?}");
    }
}

#[test]
fn whatever_a_gateway_does_with_marks_a_hiccup_repeats_and_loses_nothing() {
    for marks in [Marks::Right, Marks::Late(MS(600)), Marks::None, Marks::Twice, Marks::OutOfOrder] {
        for cough_at in (6300..8900).step_by(100) {
            let mut call = with(marks);
            call.caller_says(AT(cough_at), MS(200), "");
            let reports = call.run(AT(60_000));
            assert_eq!(reports[1].reply, WHOLE, "{marks:?}, a cough at {cough_at}");
            let heard = call.sounded(AT(60_000));
            assert_eq!(
                heard,
                format!("Hello, this is the clinic. {WHOLE}"),
                "{marks:?}, a cough at {cough_at}"
            );
        }
    }
}

#[test]
fn a_mark_that_comes_after_the_agent_is_done_is_not_waited_for_by_the_caller() {
    let mut call = with(Marks::Late(MS(1200)));
    // The agent's last word ends at 8,990; its mark comes at 10,190.
    call.caller_says(AT(9200), MS(400), "Okay.");
    let reports = call.run(AT(30_000));
    assert_eq!((reports[1].reply.as_str(), reports[1].interrupted), (WHOLE, false));
    assert_eq!(reports[2].heard, "Okay.");
}

#[test]
fn the_way_to_the_ear_is_told_by_the_mark_behind_the_first_sound_of_a_reply() {
    for (marks, way) in [
        (Marks::Right, Some(0.0)),
        (Marks::Late(MS(600)), Some(600.0)),
        (Marks::Twice, Some(0.0)),
        (Marks::None, None),
    ] {
        let reports = with(marks).run(AT(30_000));
        assert_eq!(reports[1].mark_return_ms, way, "{marks:?}");
    }
}

#[test]
fn every_reply_has_one_mark_behind_its_first_sound() {
    let mut call = with(Marks::Right);
    call.caller_says(AT(20_000), MS(800), "And on Sunday?");
    call.run(AT(60_000));
    let first = call.times(|action| matches!(action, Action::Send { first: Some(_), .. }));
    assert_eq!(first.len(), 3);
}

#[test]
fn a_mark_that_is_sent_back_for_a_clear_does_not_tell_the_way_to_the_ear() {
    let mut call = with(Marks::Late(MS(600)));
    // The answer begins at 6,250, and its first mark would be back at 6,870; the agent pauses at 6,560 and
    // goes on. The way to the ear is measured by the mark of the first chunk.
    call.caller_says(AT(6400), MS(200), "");
    let reports = call.run(AT(60_000));
    assert_eq!((reports[1].hiccups, reports[1].mark_return_ms), (1, Some(600.0)));
}
